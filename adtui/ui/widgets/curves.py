"""A curve over the positions: what the query attends to, or what each key receives."""

from __future__ import annotations

from rich.segment import Segment
from rich.text import Text
from textual.strip import Strip

from ...records.arrays import Floats
from ...records.axis import Axis
from ...records.plain import to_ascii_cells
from ..renderables.curve import can_draw, curve_lines, make_ready
from ..renderables.reason import reason_lines
from .pane import LazyPane

LEGENDS = {"query": "▲ rewarded  ⠤ uniform share", "latents": "⠤ uniform share"}
"""What the signs of a curve are, by its kind."""


class CurvePane(LazyPane):
    """Draws (N,) values with plotext."""

    def __init__(self, *, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(name=name, id=id, classes=classes)
        self._values: Floats | None = None
        self._axis: Axis | None = None
        self._reason = "no attention yet"

    def show(self, values: Floats, axis: Axis, query: int, kind: str = "query") -> None:
        """Draw values over tokens.

        Args:
            values: (N,) float32.
            axis: what the positions are.
            query: position of the query row; keys after it are left out where `kind` is "query".
            kind: "query" (attention of one query) or "received" (average that each key receives).
        """
        self._values = values[: query + 1] if kind == "query" else values
        self._axis = axis
        self.explain(to_ascii_cells(LEGENDS.get(kind, LEGENDS["query"]), unless=self.table.utf8))
        self.redraw()

    def prepare(self, values: Floats, axis: Axis, query: int, kind: str) -> None:
        """Draw what `show` may be given next, for the drawing's cache."""
        if self.size.width:
            self._lines(values[: query + 1] if kind == "query" else values, axis)

    def clear(self, reason: str) -> None:
        """Show nothing, and say why."""
        self._values = self._axis = None
        self.explain("")
        self._reason = reason
        self.redraw()

    def _draw(self) -> list[Strip]:
        if self._values is None or self._axis is None:
            return [self.strip([Segment(line)]) for line in reason_lines(self._reason, *self.size)]
        if not can_draw():  # the heatmap's first picture is sent before
            self.call_after_refresh(self._make_ready)
            return []
        return [self.strip(list(line.render(self.app.console))) for line in self._lines(self._values, self._axis)]

    def _make_ready(self) -> None:
        make_ready()
        self.redraw()

    def _lines(self, values: Floats, axis: Axis) -> list[Text]:
        count = len(values)
        return curve_lines(
            values,
            *self.size,
            episode=axis.episode[:count],
            rewarded=axis.rewarded[:count],
            utf8=self.table.utf8,
            color=self.table.name != "ascii",
        )
