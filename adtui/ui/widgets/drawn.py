"""A pane whose lines are made by a function of its size."""

from __future__ import annotations

from collections.abc import Callable

from rich.segment import Segment
from rich.text import Text
from textual.strip import Strip

from .pane import Pane

Draw = Callable[[int, int], list[Text]]
"""(width, height) → lines."""


class DrawnPane(Pane):
    """Draws when it is first painted and after `redraw`, so a pane that is hidden costs nothing.

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
        self._strips: list[Strip] | None = None

    def redraw(self) -> None:
        """What is shown has changed."""
        self._strips = None
        self.refresh()

    def render_line(self, y: int) -> Strip:
        if self._strips is None:
            self._strips = self._draw()
        return self._strips[y] if y < len(self._strips) else self.strip([])

    def _draw(self) -> list[Strip]:
        width, height = self.size
        lines = self._make(width, height)
        if not lines:
            reason = self._empty()[:width]
            return [self.strip([])] * ((height - 1) // 2) + [self.strip([Segment(reason.center(width))])]
        return [self.strip(list(line.render(self.app.console))) for line in lines]

    def on_resize(self) -> None:
        self.redraw()
