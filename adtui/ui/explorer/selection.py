"""What the explorer shows: sample, layer, head or the mean over heads, query row, view. Pure values, pure moves."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...records.attention import Window
from ...records.axis import Axis
from ...records.layout import TOKENS, TRANSITIONS
from ...records.place import Place, head_name
from ...records.run import RunInfo
from . import zoom

LAST = -1


@dataclass(frozen=True)
class Selection:
    """Indices count from 0, as in the figures' file names.

    Attributes:
        head: the head that the sheet highlights; it stays while `mean` shows the mean over heads.
        query: position of the query row on display; LAST (-1) is where the action is read, whatever the length.
        unit: "transitions" or "tokens", what a position is.
        window: the part of the matrix that the heatmap shows, in positions; None is all of it.
        round, memory_layer, memory_head: what is shown of a compressor, where the model has one.
    """

    sample: int = 0
    layer: int = 0
    head: int = 0
    mean: bool = False
    query: int = LAST
    unit: str = TRANSITIONS
    round: int = 0
    memory_layer: int = 0
    memory_head: int = 0
    window: Window | None = None

    @property
    def shown_head(self) -> int | None:
        """The head that requests name: None is the mean over heads."""
        return None if self.mean else self.head

    @property
    def where(self) -> str:
        """ "L2H3", or "L2 mean"."""
        return head_name(self.layer, self.shown_head)

    @property
    def memory_where(self) -> str:
        """The compressor's head, like `where`."""
        return head_name(self.memory_layer, None if self.mean else self.memory_head)

    def axis(self, run: RunInfo) -> Axis:
        """The positions of the sample on display."""
        return Axis(run.layout(self.sample).view(self.unit), run.samples[self.sample])

    def row(self, axis: Axis) -> int:
        """The query row as a position from 0."""
        return axis.read if self.query == LAST else min(self.query, len(axis) - 1)

    def moment(self, run: RunInfo) -> int | None:
        """The transition at whose state the query row stands; None where that is the query, or no state."""
        return None if self.query == LAST else self.axis(run).transition(self.row(self.axis(run)))

    def place(self, run: RunInfo) -> Place:
        """What the heatmap is asked for."""
        return Place(self.sample, self.layer, self.shown_head, self.row(self.axis(run)), self.unit)

    @property
    def memory_place(self) -> Place:
        """What the compressor's pane is asked for."""
        head = None if self.mean else self.memory_head
        return Place(self.sample, self.memory_layer, head, 0, self.unit, self.round)

    def clamped(self, run: RunInfo) -> Selection:
        """The nearest selection that exists in this run: a reload keeps what it can."""
        sample = _clamp(self.sample, len(run.samples))
        layout = run.layout(sample).view(self.unit)
        query = min(self.query, layout.n_tokens - 1)
        if query == layout.read:
            query = LAST
        chosen = replace(
            self,
            sample=sample,
            layer=_clamp(self.layer, run.n_layer),
            head=_clamp(self.head, run.n_head),
            query=query,
            window=zoom.clamped(self.window, layout.n_tokens),
        )
        if (memory := run.compressor) is None:
            return chosen
        return replace(
            chosen,
            round=_clamp(self.round, len(memory.rounds[sample])),
            memory_layer=_clamp(self.memory_layer, memory.n_layer),
            memory_head=_clamp(self.memory_head, memory.n_head),
        )

    def moved(self, run: RunInfo, layers: int = 0, heads: int = 0, samples: int = 0) -> Selection:
        """Step through layers, heads and samples. Stepping to another head leaves the mean over heads."""
        return replace(
            self,
            layer=self.layer + layers,
            head=self.head + heads,
            sample=self.sample + samples,
            mean=self.mean and heads == 0,
        ).clamped(run)

    def rows_moved(self, run: RunInfo, rows: int) -> Selection:
        """Step through query rows, staying within the sample."""
        axis = self.axis(run)
        return replace(self, query=max(0, min(self.row(axis) + rows, len(axis) - 1))).clamped(run)

    def episodes_moved(self, run: RunInfo, episodes: int) -> Selection:
        """Step to the first position of an earlier episode, or of a later one; past the last, to the query row."""
        axis = self.axis(run)
        row, starts = self.row(axis), axis.starts.tolist()
        if episodes < 0:
            target = max((start for start in starts if start < row), default=0)
        else:
            target = min((start for start in starts if start > row), default=axis.read)
        return replace(self, query=target).clamped(run)

    def other_view(self, run: RunInfo) -> Selection:
        """Tokens instead of transitions, or the reverse; the query row stays on the same transition.

        The whole matrix is shown again: a window counts other positions.
        """
        layout = run.layout(self.sample)
        unit = TOKENS if self.unit == TRANSITIONS else TRANSITIONS
        query = self.query
        if query != LAST:
            leads = layout.leads
            query = int(leads[query]) if unit == TOKENS else int(np.searchsorted(leads, query, side="right")) - 1
        return replace(self, unit=unit, query=query, window=None).clamped(run)

    def memory_moved(self, run: RunInfo, layers: int = 0, heads: int = 0, rounds: int = 0) -> Selection:
        """Step through the compressor's layers and heads; its rounds go round in a circle."""
        count = len(run.compressor.rounds[self.sample]) if run.compressor is not None else 0
        return replace(
            self,
            memory_layer=self.memory_layer + layers,
            memory_head=self.memory_head + heads,
            round=(self.round + rounds) % count if count else 0,
            mean=self.mean and heads == 0,
        ).clamped(run)


def _clamp(index: int, count: int) -> int:
    return max(0, min(index, count - 1))
