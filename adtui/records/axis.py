"""What stands at each position along one side of a matrix: a layout filled with its sample. Numpy only."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .arrays import Ints
from .layout import LATENT, NONE, QUERY, Layout
from .sample import Sample

NO_EPISODE = -1


@dataclass(frozen=True, eq=False)
class Axis:
    """The positions of one view of one sample, tokens or transitions.

    Attributes:
        layout: what each of the N positions stands for; "token" below means a position of this view.
        sample: the sample, whose context the layout's transitions are.
    """

    layout: Layout
    sample: Sample

    @classmethod
    def plain(cls, sample: Sample) -> Axis:
        """One position per transition, then the query."""
        return cls(Layout.plain(sample.n_context), sample)

    @classmethod
    def latents(cls, sample: Sample, count: int) -> Axis:
        """Latent tokens alone: the queries of a compressor."""
        return cls(Layout.of([(LATENT, [NONE] * count)], sample.n_context), sample)

    def __len__(self) -> int:
        return self.layout.n_tokens

    @property
    def read(self) -> int:
        """The position of the query row."""
        return self.layout.read

    @property
    def query(self) -> int | None:
        """The position of the query state; None where there is none, as among the keys of a compressor."""
        found = np.flatnonzero(self.layout.kind == QUERY)
        return int(found[0]) if len(found) else None

    @property
    def n_keys(self) -> int:
        """How many positions there are beside the query: what a uniform row is a share of."""
        return len(self) if self.query is None else max(1, len(self) - 1)

    def transition(self, position: int) -> int | None:
        """The context transition at a position, n for the query, None where there is none."""
        index = int(self.layout.transition[position])
        return None if index == NONE else index

    @cached_property
    def episode(self) -> Ints:
        """(N,) int64 the episode of each position; a mark's is that of what it stands beside, a latent has none: -1."""
        known = self._of_transition(self.sample.episode)
        marks = (self.layout.transition == NONE) & (self.layout.kind != LATENT)
        for position in np.flatnonzero(marks).tolist():
            beside = known[position + 1 :][known[position + 1 :] != NO_EPISODE]
            before = known[:position][known[:position] != NO_EPISODE]  # nothing comes after the tokens of a flow
            known[position] = beside[0] if len(beside) else before[-1] if len(before) else NO_EPISODE
        return known

    @cached_property
    def rewarded(self) -> NDArray[np.bool_]:
        """(N,) bool, positions of transitions with reward > 0."""
        flags = np.append(self.sample.rewarded, False).astype(np.int64)
        return np.asarray(self._of_transition(flags) == 1, dtype=np.bool_)

    @cached_property
    def starts(self) -> Ints:
        """Positions at which an episode begins, the first visible one included."""
        episode = self.episode
        changed = np.ones(len(episode), np.bool_)
        changed[1:] = np.diff(episode) != 0
        return np.flatnonzero(changed & (episode != NO_EPISODE))

    def _of_transition(self, values: Ints) -> Ints:
        """(n + 1,) values of transitions and query → (N,), -1 where there is no transition."""
        index = self.layout.transition
        return np.where(index == NONE, NO_EPISODE, values[np.maximum(index, 0)]).astype(np.int64)
