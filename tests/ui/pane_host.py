"""A host for one pane: collects its messages and reads its lines, nothing else."""

from __future__ import annotations

from typing import Any

from textual.app import App, ComposeResult
from textual.message import Message
from textual.widget import Widget

from adtui.ui.renderables.colors import ColorTable


class Host(App[None]):
    """Shows one pane on the whole screen and keeps the messages that it posts."""

    def __init__(self, pane: Widget, table: ColorTable | None = None) -> None:
        super().__init__()
        self.pane = pane
        self.color_table = table
        self.messages: list[Message] = []

    def compose(self) -> ComposeResult:
        yield self.pane

    def on_mount(self) -> None:
        if self.pane.can_focus:
            self.pane.focus()

    def collect(self, message: Message) -> None:
        self.messages.append(message)

    def of(self, kind: type[Message]) -> list[Any]:
        """Messages of one kind, oldest first."""
        return [message for message in self.messages if isinstance(message, kind)]


def lines(pane: Widget) -> list[str]:
    """What the pane shows now, without its border."""
    return [pane.render_line(y).text.rstrip() for y in range(pane.size.height)]
