"""Titles of panes: as long as their border has room for, sent as one line."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.geometry import Region
from textual.widget import Widget

from ..renderables.title import PARTS, SIGNS, fitted

CORNERS = 4
"""Cells of a border's edge that its title cannot have."""


class Titled(Widget):
    """A widget that keeps its title and its legend in the forms that they can take, and shows those that fit."""

    _forms: tuple[str, ...] = ()
    _between = PARTS
    _legend = ""

    def entitle(self, forms: Sequence[str], between: str = PARTS) -> bool:
        """Give it a title, see `fitted`. Returns False where it has that already."""
        forms = tuple(forms)
        if forms == self._forms:
            return False
        self._forms, self._between = forms, between
        _retitle(self, self._fitting(forms, between))
        return True

    def explain(self, legend: str) -> None:
        """Say below what its signs are, two spaces between; what has no room is left out from the end."""
        self._legend = legend
        self.border_subtitle = self._fitting((legend,), SIGNS)

    def title(self, width: int) -> str:
        """Its title in `width` cells."""
        return fitted(self._forms, width, self._between)

    def on_resize(self) -> None:
        if self._forms:
            _retitle(self, self._fitting(self._forms, self._between))
        if self._legend:
            self.explain(self._legend)

    def _fitting(self, forms: Sequence[str], between: str) -> str:
        room = self.outer_size.width - CORNERS
        return fitted(forms, room, between) if room > 0 else forms[0]


def _retitle(pane: Widget, title: str) -> None:
    """Set a title and repaint its line only; assigning to `border_title` sends the whole pane, tens of kilobytes."""
    content = Content(title)
    if pane._border_title == content:
        return
    pane._border_title = content
    pane.refresh(Region(-1, -1, pane.outer_size.width, 1))
