"""Every knock-out of the open run, with what it found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Protocol

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from ...records.messages import AskKnockOut
from ...records.plain import to_ascii
from .box import BoxScreen


class Found(Protocol):
    """A knock-out and its answer in words, "" while there is none."""

    @property
    def asked(self) -> AskKnockOut: ...

    @property
    def text(self) -> str: ...


class KnockOutsScreen(BoxScreen[bool]):
    """The newest first. Answers whether the newest hiding is to be undone.

    Args:
        entries: the oldest first, at least one.
        plain: ASCII only.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,z,enter", "close(False)", "close"),
        Binding("u", "close(True)", "undo"),
        Binding("y", "copy", "copy"),
    ]

    def __init__(self, entries: Sequence[Found], plain: bool = False) -> None:
        super().__init__()
        self._entries, self._plain = tuple(entries), plain

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="box") as box:
            box.border_title = f"knock-outs: {len(self._entries)}"
            box.border_subtitle = "u undoes  y copies  Esc"
            yield Static(Content(to_ascii("\n\n".join(self._lines()), unless=not self._plain)))

    def _lines(self) -> list[str]:
        return [
            f"s{entry.asked.sample}  {entry.text or entry.asked.label + ': no answer yet'}"
            for entry in reversed(self._entries)
        ]

    def action_close(self, undo: bool) -> None:
        """Back to the explorer."""
        self.dismiss(undo)

    def action_copy(self) -> None:
        """All of them as a table."""
        rows = ["sample\ttaken away\tfound"]
        rows += [f"{one.asked.sample}\t{one.asked.label}\t{one.text}" for one in self._entries]
        self.app.copy_to_clipboard("\n".join(rows) + "\n")
        self.notify(f"copied {len(self._entries)} knock-outs (if your terminal allows OSC 52)")
