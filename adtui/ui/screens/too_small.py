"""What is shown while the terminal is smaller than the app can be read in."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

MIN_WIDTH, MIN_HEIGHT = 40, 10


class TooSmallScreen(Screen[None]):
    """Covers everything and leaves by itself when there is room again."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("q", "app.quit", "quit")]

    def compose(self) -> ComposeResult:
        yield Static(id="message")

    def on_resize(self) -> None:
        self._look()

    def on_screen_resume(self) -> None:
        self._look()

    def _look(self) -> None:
        width, height = self.app.size
        if fits(width, height):
            if self.is_current:
                self.dismiss(None)
            return
        self.query_one("#message", Static).update(
            Content(f"too small: needs {MIN_WIDTH}×{MIN_HEIGHT}, is {width}×{height}")
        )


def fits(width: int, height: int) -> bool:
    """True when the app can be read at this size."""
    return width >= MIN_WIDTH and height >= MIN_HEIGHT
