"""What the explorer shows at one moment, as one record: its titles and its copies are made of nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...records.arrays import Floats
from ...records.attention import HeadView, Sheet, Window
from ...records.axis import Axis
from ...records.chances import Chances
from ...records.insight import Insight
from ...records.layout import LATENT
from ...records.run import RunInfo
from ...records.sample import Sample
from ...records.statistics import SampleStats
from . import zoom
from .selection import Selection


@dataclass(frozen=True, eq=False)
class Display:
    """A selection in an open run, and the answers about it; None where there is none yet.

    While answers are on their way, those on display are still about the selection before.

    Attributes:
        view: the heatmap's picture; round_view: that of the compressor.
        waiting: the heatmap's picture is still that of before.
        stats: of the selected sample.
        chances: at the selected row's state.
        stopped: in words how far the analysis was when it was stopped.
        said: in words which insights alone are on display, and why fewer are found than before; "" is nothing.
    """

    run: RunInfo
    selection: Selection
    view: HeadView | None = None
    waiting: bool = False
    sheet: Sheet | None = None
    round_view: HeadView | None = None
    stats: SampleStats | None = None
    insights: Sequence[Insight] = ()
    chances: Chances | None = None
    stopped: str = ""
    said: tuple[str, str] = ("", "")

    @property
    def sample(self) -> Sample:
        """The selected sample."""
        return self.run.samples[self.selection.sample]

    @property
    def axis(self) -> Axis:
        """The positions of the selected sample."""
        return self.selection.axis(self.run)

    @property
    def row(self) -> int:
        """The selected query row, a position from 0."""
        return self.selection.row(self.axis)

    @property
    def rounds(self) -> int:
        """How many rounds the compressor, if there is one, made of the selected sample."""
        return 0 if self.run.compressor is None else len(self.run.compressor.rounds[self.selection.sample])

    @property
    def window_label(self) -> str:
        """The part of the matrix that is shown, or is about to be; nothing where that is all of it."""
        window: Window | None = self.selection.window
        if window is not None and self.view is not None and not self.waiting:
            rows, cols = self.view.row_edges, self.view.col_edges  # what was asked for, to the edges of blocks
            window = int(rows[0]), int(rows[-1]), int(cols[0]), int(cols[-1])
        return "" if window is None else f" · {zoom.label(window)}"

    @property
    def on_latents(self) -> tuple[Floats, Axis] | None:
        """Attention of the query row on the latents of the context, and what they are; None where it has none."""
        latents = self.axis.layout.kind == LATENT
        if self.view is None or not latents.any():
            return None
        return self.view.query_row[latents], Axis.latents(self.sample, int(latents.sum()))

    @property
    def of_round(self) -> tuple[HeadView, Axis, Axis] | None:
        """The compressor's picture, what its rows are (latents) and its columns; None where there is none."""
        view, memory = self.round_view, self.run.compressor
        if view is None or memory is None:
            return None
        keys = memory.rounds[view.place.sample][view.place.round or 0].view(view.place.unit)
        return view, Axis.latents(self.sample, memory.n_latents), Axis(keys, self.sample)
