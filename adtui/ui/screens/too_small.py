"""What is shown while the terminal is smaller than the app can be read in."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Static

MIN_WIDTH, MIN_HEIGHT = 40, 10


class TooSmallScreen(Screen[None]):
    """Covers everything. The app puts it up and takes it away as the terminal changes its size."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("q", "app.quit", "quit")]

    class Uncovered(Message):
        """A dialog above this screen has closed: there may be room again by now."""

    def compose(self) -> ComposeResult:
        yield Static(id="message")

    def on_resize(self) -> None:
        width, height = self.app.size
        text = f"too small: needs {MIN_WIDTH}×{MIN_HEIGHT}, is {width}×{height}"
        self.query_one("#message", Static).update(Content(text))

    def on_screen_resume(self) -> None:
        self.post_message(self.Uncovered())


def fits(width: int, height: int) -> bool:
    """True when the app can be read at this size."""
    return width >= MIN_WIDTH and height >= MIN_HEIGHT
