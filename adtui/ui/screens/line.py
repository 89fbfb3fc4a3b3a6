"""One line to type, checked before it is taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Generic, TypeVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from ...records.errors import AdtuiError
from ...records.plain import to_ascii
from ..terminal.ordered_input import OrderedInput

Result = TypeVar("Result")


class LineScreen(ModalScreen[Result | None], Generic[Result]):
    """Reads a line. What is wrong with it is said below, and the line stays for another try.

    Args:
        title: what the line is.
        read: what the line means; raises AdtuiError where it means nothing.
        hint: how to write it.
        placeholder: shown while it is empty.
        plain: ASCII only.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "close")]

    def __init__(
        self,
        title: str,
        read: Callable[[str], Result],
        *,
        hint: str,
        placeholder: str = "",
        plain: bool = False,
    ) -> None:
        super().__init__()
        self._title, self._read = title, read
        self._hint, self._placeholder = (to_ascii(text, unless=not plain) for text in (hint, placeholder))
        self._plain = plain

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = self._title
            yield OrderedInput(placeholder=self._placeholder, id="place")
            yield Static(Content(self._hint), id="hint")

    def on_key(self, event: events.Key) -> None:
        """Keys in one packet with the one that opened this arrive before the line has the focus: they are for it."""
        line = self.query_one(Input)
        if line.has_focus or self.focused is line:
            return
        if event.key == "enter":
            self._submit(line.value)
        elif event.key == "backspace":
            line.value = line.value[:-1]
        elif event.is_printable and event.character:
            line.value += event.character

    @on(Input.Changed)
    def _clear_note(self) -> None:
        self.query_one("#hint", Static).remove_class("error")

    @on(Input.Submitted)
    def _go(self, event: Input.Submitted) -> None:
        self._submit(event.value)

    def _submit(self, text: str) -> None:
        try:
            result = self._read(text)
        except AdtuiError as error:
            note = self.query_one("#hint", Static)
            note.update(Content(to_ascii(str(error), unless=not self._plain)))
            note.add_class("error")
            return
        self.dismiss(result)

    def action_close(self) -> None:
        """Leave it as it was."""
        self.dismiss(None)
