"""Every bookmark of the open checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from ...files.bookmarks import Bookmark
from ...records.plain import to_ascii
from .lists import step


@dataclass(frozen=True)
class Wanted:
    """What was chosen: to go to a bookmark, or to take it away."""

    bookmark: Bookmark
    away: bool = False


class BookmarksScreen(ModalScreen[Wanted | None]):
    """The newest first. Enter goes to one, d takes it away.

    Args:
        bookmarks: the oldest first, at least one.
        kept: whether they are there after the app has ended.
        plain: ASCII only.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,apostrophe", "close", "close"),
        Binding("down,j", "cursor(1)", "next"),
        Binding("up,k", "cursor(-1)", "previous"),
        Binding("d", "take_away", "take away"),
    ]

    def __init__(self, bookmarks: Sequence[Bookmark], kept: bool, plain: bool = False) -> None:
        super().__init__()
        self._bookmarks, self._kept, self._plain = tuple(reversed(bookmarks)), kept, plain
        lines = [to_ascii(one.words, unless=not plain) for one in self._bookmarks]
        self._list = OptionList(*(Option(Content(line)) for line in lines), id="bookmarks", compact=True)

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = f"bookmarks: {len(self._bookmarks)}" + ("" if self._kept else ", until you quit")
            box.border_subtitle = "Enter goes  d away  Esc"
            yield self._list

    def on_mount(self) -> None:
        self._list.highlighted = 0
        self._list.focus()

    def action_cursor(self, by: int) -> None:
        """The next or previous one."""
        step(self._list, by)

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(Wanted(self._bookmarks[event.option_index]))

    def action_take_away(self) -> None:
        """The one under the cursor is not needed any more."""
        if (at := self._list.highlighted) is not None:
            self.dismiss(Wanted(self._bookmarks[at], away=True))

    def action_close(self) -> None:
        """Back to the explorer."""
        self.dismiss(None)
