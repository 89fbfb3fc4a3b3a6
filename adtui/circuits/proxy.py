"""How far a set of heads is from the full model on fixed contexts: KL(full ‖ circuit) of the action at the query."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from torch import Tensor

from ..compression.strategies.base import Contexts
from ..models.ablation import Ablation
from ..models.edit import Edit
from ..models.model import Model
from ..records.arrays import Bools, Doubles, Floats
from ..statistics.divergence import divergence

#: Tokens × width of a layer's widest input in one pass: what stays in a CPU's caches is fastest.
ENTRIES = 1 << 18
#: Sets of heads in one pass, at most: those in order share most of their layers.
SETS = 256


@dataclass(frozen=True, eq=False)
class Proxy:
    """Contexts to compare on, and what heads give there that are not kept.

    Attributes:
        contexts: C of them.
        means: (L, H, N, d_h), see `means.head_means`, for their length.
    """

    model: Model
    contexts: Contexts
    means: Tensor

    @property
    def shape(self) -> tuple[int, int]:
        """(L, H)."""
        return self.model.n_layer, self.model.n_head

    def divergence(self, kept: Bools) -> Doubles:
        """(V,) mean over the contexts of KL(full ‖ circuit) in nats, of V sets of heads (V, L, H)."""
        return np.concatenate([part.mean(axis=1) for part in self.by_context(kept)])

    def by_context(self, kept: Bools) -> Iterator[Doubles]:
        """The same for every context, (V′, C), after every SETS sets."""
        for first in range(0, len(kept), SETS):
            sets = kept[first : first + SETS]
            yield np.concatenate([self._divergence(sets, group) for group in self._groups(sets)], axis=1)

    def _divergence(self, kept: Bools, group: slice) -> Doubles:
        """(V, C′)."""
        logits = self._logits(Ablation(self.means, kept), group).reshape(len(kept), -1, self.model.n_actions)
        return divergence(self._full[group], logits)

    @cached_property
    def _full(self) -> Floats:
        """(C, A) logits of the full model."""
        sets = np.ones((1, *self.shape), np.bool_)
        return np.concatenate([self._logits(None, group) for group in self._groups(sets)])

    def _logits(self, ablated: Ablation | None, group: slice) -> Floats:
        return self.model.policy(*self.contexts.part(group).inputs, edit=Edit(ablated=ablated))

    def _groups(self, kept: Bools) -> list[slice]:
        """Contexts that go together, so many that the layer before the last is not too wide."""
        rows = len(np.unique(kept[:, :-1].reshape(len(kept), -1), axis=0))
        tokens = int(self.means.shape[2])
        size = max(1, ENTRIES // (rows * tokens * self.model.d_model))
        return [slice(first, first + size) for first in range(0, self.contexts.count, size)]
