"""A matrix of one of two runs, or their difference, as a picture with its axes: no cursor, no read-out."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual.strip import Strip

from ...records.attention import HeadView
from ...records.axis import Axis
from ..renderables.colors import ColorTable
from ..renderables.diverging import diverging
from ..renderables.heatmap import Heatmap, fit, gutter_width, room
from ..renderables.scales import Levels
from .picture import PicturePane


class SidePicture(PicturePane):
    """Draws levels of a pair's matrices.

    Args:
        apart: it shows their difference.
    """

    def __init__(self, *, id: str, apart: bool = False) -> None:  # noqa: A002
        super().__init__("comparing …", name=None, id=id, classes="pane")
        self._apart = apart
        self._shown: tuple[Levels, HeadView, Axis, ColorTable] | None = None
        self._picture: Heatmap | None = None

    def show(self, levels: Levels, view: HeadView, axis: Axis, table: ColorTable, legend: Sequence[Text]) -> None:
        """Draw levels of the view's pixels.

        Args:
            axis: what its positions are.
            table: how levels are coloured.
            legend: what the colours mean, see `fitted_legend`.
        """
        self._shown = levels, view, axis, table
        self.explain(legend)
        self._redraw()

    def clear(self, reason: str) -> None:
        """Show nothing, and say why."""
        self._shown = self._picture = None
        self.explain("")
        super().clear(reason)

    def pixels_wanted(self) -> tuple[int, int]:
        gutter = gutter_width(self._shown[2].episode) if self._shown is not None else 4
        table = diverging(self.table) if self._apart else self.table
        return room(*self.size, gutter, table.rows_per_cell)

    def _draw(self, y: int) -> Strip:
        return self._draw_reason(y) if self._picture is None else self.strip(self._picture.line(y))

    def _redraw(self) -> None:
        if self._shown is None or not self.size:
            return
        levels, view, axis, table = self._shown
        down, across = view.row_edges, view.col_edges
        self._picture = Heatmap(
            levels=levels,
            row_edges=down,
            col_edges=across,
            episode=axis.episode,
            rewarded=axis.rewarded,
            query=view.place.query,
            frame=fit(levels.shape, *self.size, gutter_width(axis.episode), table.rows_per_cell),
            table=table,
            query_key=axis.query,
        )
        self._repaint()
