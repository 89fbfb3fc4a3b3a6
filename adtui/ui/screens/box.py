"""A box over the screen whose text scrolls."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen

Answer = TypeVar("Answer")


class BoxScreen(ModalScreen[Answer]):
    """What such boxes share: one `VerticalScroll`, and the keys that scroll it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "scroll(1)", "down"),
        Binding("up,k", "scroll(-1)", "up"),
        Binding("pagedown,space", "page(1)", "page down"),
        Binding("pageup,b", "page(-1)", "page up"),
        Binding("home,g", "edge(True)", "top"),
        Binding("end,G", "edge(False)", "end"),
    ]
    PAGE: ClassVar[int] = 10
    """Lines of a page."""

    def action_scroll(self, lines: int) -> None:
        """Scroll by some lines."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    def action_edge(self, top: bool) -> None:
        """To the first line, or to the last."""
        box = self.query_one(VerticalScroll)
        (box.scroll_home if top else box.scroll_end)(animate=False)

    def action_page(self, pages: int) -> None:
        """Scroll by some pages."""
        self.action_scroll(pages * self.PAGE)


def inner_width(screen: int) -> int:
    """Columns of text in a box on a screen so wide: border, padding and scroll bar go off; see `adtui.tcss`."""
    return min(110, screen * 9 // 10) - 5
