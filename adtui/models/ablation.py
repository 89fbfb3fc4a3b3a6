"""Mean ablation: heads that give what they give on average, for many sets of heads in one pass.

Sets that agree on the heads of the first layers share what these layers compute: a layer is run once for each different
choice of heads below it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..records.arrays import Bools


@dataclass(frozen=True, eq=False)
class Branch:
    """How the rows of one layer's input become those of its output; u rows of B contexts each.

    Attributes:
        parents: (u′,) which of the u rows each row of the output comes from.
        kept: (u′, H) bool, heads with their own output.
        means: (H, N, d_h), the output of the others, token by token.
        rows: u.
    """

    parents: Tensor
    kept: Tensor
    means: Tensor
    rows: int

    def spread(self, x: Tensor) -> Tensor:
        """(u · B, …) → (u′ · B, …). As each of the u rows has descendants, in order, equal numbers mean equal rows."""
        return x if len(self.parents) == self.rows else _taken(x, self.parents, self.rows)

    def outputs(self, y: Tensor, read: int | None) -> Tensor:
        """Heads' outputs (u · B, H, N, d_h) → (u′ · B, H, N, d_h).

        Args:
            read: the only token that y holds; None where it holds all.
        """
        means = self.means if read is None else self.means[:, read : read + 1]
        y = self.spread(y)
        by_set = y.reshape(len(self.parents), -1, *y.shape[1:])
        return torch.where(self.kept[:, None, :, None, None], by_set, means).flatten(0, 1)


@dataclass(frozen=True, eq=False)
class Ablation:
    """Sets of heads that keep their own output, while every other head's is replaced by a mean.

    The output of a head is its attention-weighted values, before the output projection. Every context of a batch is run
    with each set.

    Attributes:
        means: (L, H, N, d_h), on the model's device; see `Branch`.
        kept: (V, L, H) bool, the V sets.
    """

    means: Tensor
    kept: Bools

    @cached_property
    def _prefixes(self) -> list[NDArray[np.int64]]:
        """For 0 … L layers, (V,) which of the different choices of heads in so many layers each set makes."""
        found = [np.zeros(len(self.kept), np.int64)]
        for layer in range(self.kept.shape[1]):
            choice = np.column_stack([found[-1], self.kept[:, layer]])
            found.append(np.unique(choice, axis=0, return_inverse=True)[1].reshape(-1))
        return found

    def branch(self, layer: int) -> Branch:
        """Of one layer."""
        before, after = self._prefixes[layer : layer + 2]
        _, first = np.unique(after, return_index=True)
        device = self.means.device
        return Branch(
            torch.as_tensor(before[first], device=device),
            torch.as_tensor(self.kept[first, layer], device=device),
            self.means[layer],
            int(before.max()) + 1,
        )

    def sets(self, x: Tensor) -> Tensor:
        """(u · B, …) after the last layer → (V · B, …): all contexts with the first set, then with the second, …"""
        last = self._prefixes[-1]
        if np.array_equal(last, np.arange(len(last))):
            return x
        return _taken(x, torch.as_tensor(last, device=x.device), int(last.max()) + 1)


def _taken(x: Tensor, chosen: Tensor, rows: int) -> Tensor:
    """Some of the rows of x (rows · B, …), each with its B contexts."""
    return x.reshape(rows, -1, *x.shape[1:])[chosen].flatten(0, 1)
