"""The strip above the panes that answers what the model uses."""

from __future__ import annotations

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from ...records.answer import Answer
from ..key_words import filled_for
from ..renderables.answer import answer_lines
from .pane import color_table, on_own_colors

HIGH, LOW = 34, 24
"""From so many lines of a screen on, the whole answer is there; from so many on, its first line."""


class AnswerStrip(Widget):
    """Three lines, or one."""

    DEFAULT_CSS = """
    AnswerStrip { width: 1fr; height: 3; padding: 0 1; background: $surface; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.answer: Answer | None = None

    def show(self, answer: Answer | None) -> None:
        """Show this answer, or none."""
        if answer != self.answer:
            self.answer = answer
            self.refresh()

    def fold(self, height: int) -> None:
        """Take as many lines as a screen of this height has to spare."""
        lines = 3 if height >= HIGH else 1 if height >= LOW else 0
        self.display = bool(lines)
        if lines:
            self.styles.height = lines

    def render_line(self, y: int) -> Strip:
        if self.answer is None:
            return on_own_colors(self, [])
        lab = filled_for(self.app, "<explorer.lab>")
        lines = answer_lines(self.answer, *self.size, color_table(self.app).utf8, lab=lab)
        line: list[Segment] = list(lines[y].render(self.app.console)) if y < len(lines) else []
        return on_own_colors(self, line)
