"""What the heads of one layer hold, each as many entries as it likes: flat, so that nothing is held for what is not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..records.arrays import Doubles, Floats, Ints
from .strategies.base import Bools

BYTES_EACH = 4 + 8 + 8 + 8
"""Of an entry, beside its key and value: reward float32, episode int64, received float64, came int64."""
BYTES_HEAD = 8
"""How many entries a head holds: int64."""


@dataclass
class Entries:
    """Padded: (B, H, M) places, of which each head has its last ones, the older first.

    Attributes:
        k, v: (B, H, M, d/H).
        present: where a head holds something.
        rewards, episode: of the transition.
        received: attention that the key received so far, its own query's included.
        came: the step at which it came.
    """

    k: Tensor
    v: Tensor
    present: Bools
    rewards: Floats
    episode: Ints
    received: Doubles
    came: Ints

    @property
    def counts(self) -> Ints:
        """(B, H)."""
        counts: Ints = self.present.sum(axis=2)
        return counts

    @property
    def seen(self) -> Tensor | None:
        """`present` on the model's device; None where every place is taken."""
        return None if self.present.all() else torch.as_tensor(self.present, device=self.k.device)


@dataclass
class HeldLayer:
    """The same packed: all entries of a head, then those of the next; T in all.

    Attributes:
        counts: (B, H) entries of each head.
        k, v: (T, d/H); the others (T,), see `Entries`.
    """

    counts: Ints
    k: Tensor
    v: Tensor
    rewards: Floats
    episode: Ints
    received: Doubles
    came: Ints

    @property
    def nbytes(self) -> tuple[int, int]:
        """Of keys and values; of all else."""
        keys = sum(part.numel() * part.element_size() for part in (self.k, self.v))
        beside = (self.counts, self.rewards, self.episode, self.received, self.came)
        return keys, sum(part.nbytes for part in beside)


def packed(entries: Entries, stays: Bools) -> HeldLayer:
    """What stays (B, H, M) of some entries."""
    at = torch.as_tensor(stays, device=entries.k.device)
    return HeldLayer(
        stays.sum(axis=2),
        entries.k[at],
        entries.v[at],
        entries.rewards[stays],
        entries.episode[stays],
        entries.received[stays],
        entries.came[stays],
    )


def padded(held: HeldLayer) -> Entries:
    """To the number of entries of the head that holds most."""
    B, H = held.counts.shape
    most = int(held.counts.max(initial=0))
    present = np.arange(most) >= most - held.counts[..., None]
    if present.all():
        shape = B, H, most, held.k.shape[1]
        beside = (one.reshape(B, H, most) for one in (held.rewards, held.episode, held.received, held.came))
        return Entries(held.k.view(shape), held.v.view(shape), present, *beside)  # type: ignore[arg-type]
    at = torch.as_tensor(present, device=held.k.device)
    keys = [
        torch.zeros((*present.shape, part.shape[1]), dtype=part.dtype, device=part.device) for part in (held.k, held.v)
    ]
    for part, flat in zip(keys, (held.k, held.v), strict=True):
        part[at] = flat
    rest = (_spread_out(one, present) for one in (held.rewards, held.episode, held.received, held.came))
    return Entries(keys[0], keys[1], present, *rest)  # type: ignore[arg-type]


def _spread_out(flat: NDArray[np.generic], present: Bools) -> NDArray[np.generic]:
    found = np.zeros(present.shape, flat.dtype)
    found[present] = flat
    return found
