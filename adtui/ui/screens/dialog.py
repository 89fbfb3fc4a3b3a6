"""A box in the middle of the screen with a title and a text; any dialog of the app is one of these."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from ..key_words import filled_for
from ..terminal.dialog_keys import add_key


class Dialog(ModalScreen[str]):
    """Shows a message; each of its keys closes it with that key's answer, Esc with "".

    Args:
        title: what happened, a few words.
        text: one line for what, further lines for the details; shown as they are, without markup.
        choices: key → (answer, what pressing it does).
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,enter", "answer('')", "close")]

    def __init__(self, title: str, text: str, choices: dict[str, tuple[str, str]] | None = None) -> None:
        super().__init__()
        self.title = title
        self.text = text
        self._choices = choices or {}
        for key, (answer, what) in self._choices.items():
            add_key(self, key, f"answer('{answer}')", what)

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="box") as box:
            box.border_title = self.title
            yield Static(Content(filled_for(self.app, self.text)), id="text")
            keys = [*((key, what) for key, (_, what) in self._choices.items()), ("Esc", "close")]
            yield Static("   ".join(f"[b $accent]{key}[/] {what}" for key, what in keys), id="choices")

    def action_answer(self, answer: str) -> None:
        """Close with an answer."""
        self.dismiss(answer)
