"""The ratios behind the insights, one insight at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from ...records.insight import Insight
from ...records.plain import to_ascii_cells
from ..renderables.ablations import panel_lines
from .box import BoxScreen, inner_width


class AblationsScreen(BoxScreen[bool]):
    """The panel of one insight; the arrows go to the next. Answers whether the pane is wanted at full size.

    Args:
        insights: in the order of the log, at least one.
        first: the one to begin with.
        plain: ASCII only.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "close(False)", "close"),
        Binding("enter", "close(True)", "the insights at full size"),
        Binding("right,l,n", "insight(1)", "next insight"),
        Binding("left,h,p", "insight(-1)", "previous insight"),
    ]
    PAGE = 5

    def __init__(self, insights: Sequence[Insight], first: int = 0, plain: bool = False) -> None:
        super().__init__()
        self._insights = tuple(insights)
        self.at = first
        self._plain = plain
        self._text = Static(id="text")

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="box"):
            yield self._text

    def on_mount(self) -> None:
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        box = self.query_one(VerticalScroll)
        width, plain = self.app.size.width, self._plain
        box.border_title = f"ablations {self.at + 1}/{len(self._insights)}"
        hint = "←→ insight  ↑↓ scroll  Enter full size  Esc" if width >= 60 else "←→ ↑↓ Enter: full  Esc"
        box.border_subtitle = to_ascii_cells(hint, unless=not plain)
        inner = inner_width(width)
        self._text.update(Content("\n".join(panel_lines(self._insights[self.at], inner, not plain))))

    def action_insight(self, step: int) -> None:
        """The next or previous insight, round and round."""
        self.at = (self.at + step) % len(self._insights)
        self.query_one(VerticalScroll).scroll_home(animate=False)
        self._draw()

    def action_close(self, full: bool) -> None:
        """Back to the explorer."""
        self.dismiss(full)
