"""`/`: type a place, go there."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from ...errors import AdtuiError
from ..goto import EXAMPLES, Target, parse
from ..plain import ascii_only


class GotoScreen(ModalScreen[Target | None]):
    """Reads a place. What is wrong with it is said below the line, and the line stays for another try.

    Args:
        check: raises AdtuiError when a well-formed place does not exist in this run.
        plain: ASCII only.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "close")]

    def __init__(self, check: Callable[[Target], object], plain: bool = False) -> None:
        super().__init__()
        self._plain = plain
        self._check = check

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = "Go to"
            yield Input(placeholder=ascii_only(EXAMPLES) if self._plain else EXAMPLES, id="place")
            yield Static(Content("layer and head, query row, key, episode, sample; several at once"), id="hint")

    def on_key(self, event: events.Key) -> None:
        """Keys that came in one packet with the `/` arrive before the line has the focus: they are meant for it."""
        line = self.query_one(Input)
        if line.has_focus or self.focused is line:
            return
        if event.key == "enter":
            self._submit(line.value)
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
            target = parse(text)
            self._check(target)
        except AdtuiError as error:
            note = self.query_one("#hint", Static)
            note.update(Content(ascii_only(str(error)) if self._plain else str(error)))
            note.add_class("error")
            return
        self.dismiss(target)

    def action_close(self) -> None:
        """Stay where we were."""
        self.dismiss(None)
