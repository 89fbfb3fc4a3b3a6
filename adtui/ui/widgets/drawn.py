"""A pane whose lines are made by a function of its size."""

from __future__ import annotations

from collections.abc import Callable

from rich.segment import Segment
from rich.text import Text
from textual.strip import Strip

from ..key_words import filled_for
from ..renderables.reason import reason_lines
from .pane import LazyPane

Draw = Callable[[int, int], list[Text]]
"""(width, height) → lines."""


class DrawnPane(LazyPane):
    """Draws what a function gives.

    Args:
        draw: gives the lines; none where there is nothing to show.
        empty: gives what to say then.
    """

    def __init__(
        self,
        draw: Draw,
        empty: Callable[[], str],
        *,
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._make, self._empty = draw, empty

    def _draw(self) -> list[Strip]:
        width, height = self.size
        lines = self._make(width, height)
        if not lines:
            reason = filled_for(self.app, self._empty())
            return [self.strip([Segment(line)]) for line in reason_lines(reason, width, height)]
        return [self.strip(list(line.render(self.app.console))) for line in lines]
