"""Titles of panes: as long as their border has room for, sent as one line."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual.content import Content
from textual.geometry import Region
from textual.widget import Widget

from ..renderables.title import PARTS, SIGNS, fitted, fitted_legend

CORNERS = 4
"""Cells of a border's edge that its title cannot have."""


class Titled(Widget):
    """A widget that keeps its title and its legend in the forms that they can take, and shows those that fit."""

    _forms: tuple[str, ...] = ()
    _between = PARTS
    _legend: str | tuple[Text, ...] = ""

    def entitle(self, forms: Sequence[str], between: str = PARTS) -> bool:
        """Give it a title, see `fitted`. Returns False where it has that already."""
        forms = tuple(forms)
        if forms == self._forms:
            return False
        self._forms, self._between = forms, between
        _retitle(self, self._fitting(forms, between))
        return True

    def explain(self, legend: str | Sequence[Text]) -> None:
        """Say below what its signs or colours are.

        Args:
            legend: signs with two spaces between, of which what has no room is left out from the end; or ways to say
                it, see `fitted_legend`; "" takes it away.
        """
        self._legend = legend if isinstance(legend, str) else tuple(legend)
        if isinstance(self._legend, str):
            self.border_subtitle = self._fitting((self._legend,), SIGNS) or None
        else:
            self.border_subtitle = fitted_legend(self._legend, self._room) if self._room > 0 else self._legend[0]

    def title(self, width: int) -> str:
        """Its title in `width` cells."""
        return fitted(self._forms, width, self._between)

    def on_resize(self) -> None:
        if self._forms:
            _retitle(self, self._fitting(self._forms, self._between))
        if self._legend:
            self.explain(self._legend)

    def _fitting(self, forms: Sequence[str], between: str) -> str:
        return fitted(forms, self._room, between) if self._room > 0 else forms[0]

    @property
    def _room(self) -> int:
        """Cells that the border has for a title."""
        return self.outer_size.width - CORNERS


def _retitle(pane: Widget, title: str) -> None:
    """Set a title and repaint its line only; assigning to `border_title` sends the whole pane, tens of kilobytes."""
    content = Content(title)
    if pane._border_title == content:
        return
    pane._border_title = content
    pane.refresh(Region(-1, -1, pane.outer_size.width, 1))
