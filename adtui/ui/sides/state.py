"""What the screen of two runs shows: a pair of heads, a context, a query. No widgets here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...records.head_comparison import INDEX, ROWS, Head, HeadComparison, Pair
from ...records.look import SCALES
from ...records.pair_view import PairView
from ...records.place import Frame
from ...records.run import RunInfo
from ...records.side_messages import GetPair

LAST = -1


@dataclass
class SidesState:
    """Kept while the app is open, one for each two checkpoints.

    Attributes:
        sample: a context of the first run.
        query: the transition at whose state rows are read; LAST is the context's query.
        scale: of both matrices, one of `look.SCALES`.
        found, run: the comparison, and the first run with the contexts; None while it is made.
        view: the newest pair.
        why: what to say while there is none.
    """

    sample: int = 0
    query: int = LAST
    scale: str = SCALES[0]
    found: HeadComparison | None = None
    run: RunInfo | None = None
    view: PairView | None = None
    why: str = "comparing …"
    _at: int = 0

    def take(self, found: HeadComparison, run: RunInfo) -> None:
        """A comparison is there: its most different pair is shown first, after a change of matching the same head."""
        head = None if self.pair is None else self.pair.first
        self.found, self.run = found, run
        self.sample = min(self.sample, len(run.samples) - 1)
        self._at = 0
        if head is not None:
            self.go_to(head)

    @property
    def at(self) -> int:
        """Index of the chosen pair in the table."""
        return self._at

    @property
    def pair(self) -> Pair | None:
        """The chosen pair."""
        return None if self.found is None else self.found.pairs[self._at]

    @property
    def n_context(self) -> int:
        """Transitions of the context on display."""
        return 0 if self.run is None else self.run.samples[self.sample].n_context

    def question(self, frame: Frame) -> GetPair | None:
        """What is to be shown."""
        pair = self.pair
        return None if pair is None else GetPair(0, self.sample, pair.first, pair.second, self.query, frame)

    # -- moves -------------------------------------------------------------------------------------------------------
    def step(self, by: int) -> None:
        """Up or down the table."""
        if self.found is not None:
            self._at = max(0, min(self._at + by, len(self.found.pairs) - 1))

    def beside(self, by: int) -> None:
        """To the pair of the first run's next or previous head."""
        if self.found is not None and self.pair is not None:
            heads = sorted(pair.first for pair in self.found.pairs)
            place = heads.index(self.pair.first) + by
            self.go_to(heads[max(0, min(place, len(heads) - 1))])

    def go_to(self, head: Head) -> None:
        """To the pair of a head of the first run, where it has one."""
        pairs = () if self.found is None else self.found.pairs
        self._at = next((index for index, pair in enumerate(pairs) if pair.first == head), self._at)

    def other_sample(self, by: int) -> None:
        """Another context; its query is read."""
        if self.run is not None:
            self.sample = max(0, min(self.sample + by, len(self.run.samples) - 1))
            self.query = LAST

    def other_query(self, by: int) -> None:
        """The next or previous transition's row."""
        n = self.n_context
        self._read((n if self.query == LAST else self.query) + by)

    def other_episode(self, by: int) -> None:
        """The row at the start of the next episode, or of this one and then of the one before."""
        if self.run is None:
            return
        n = self.n_context
        here = n if self.query == LAST else self.query
        starts = self.run.samples[self.sample].episode_starts
        after, before = starts[starts > here], starts[starts < here]
        if by > 0:
            self._read(int(after[0]) if len(after) else n)
        elif len(before):
            self._read(int(before[-1]))

    def _read(self, transition: int) -> None:
        n = self.n_context
        self.query = LAST if transition >= n else max(0, transition)

    def next_scale(self) -> str:
        """Another colour scale of the matrices."""
        self.scale = SCALES[(SCALES.index(self.scale) + 1) % len(SCALES)]
        return self.scale

    @property
    def other_matching(self) -> str:
        """How heads are matched after `m`."""
        return ROWS if self.found is not None and self.found.matched == INDEX else INDEX

    # -- what is copied ----------------------------------------------------------------------------------------------
    def table(self) -> str:
        """The pairs as tab-separated lines."""
        ranges = [f"{name}{part}" for name in ("rows_differ", "writes_differ") for part in ("", "_low", "_high")]
        lines = ["\t".join(["first", "second", *ranges, "writes_first", "writes_second", "in_one_only"])]
        found = self.found
        for pair in () if found is None else found.pairs:
            numbers = [
                *(value for one in (pair.divergence, pair.difference) for value in (one.mean, one.low, one.high)),
                pair.writes_first,
                pair.writes_second,
            ]
            texts = ["" if np.isnan(value) else f"{value:.6g}" for value in numbers]
            alone = [
                f"{'A' if one.holds_first else 'B'} {one.kind}"
                for one in (() if found is None else found.in_one_only)
                if (one.first, one.second) == (pair.first, pair.second)
            ]
            names = [f"L{layer}H{head}" for layer, head in (pair.first, pair.second)]
            lines.append("\t".join([*names, *texts, ", ".join(alone)]))
        return "\n".join(lines) + "\n"
