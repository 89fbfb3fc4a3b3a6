"""Which heads to keep for every size: floating backward elimination, and every set there is where there are few heads.

Elimination drops the head whose loss costs least, then takes heads back as long as that gives a better set than the
best known of its size: sequential floating backward selection (Pudil, Novovičová & Kittler, Pattern Recognition Letters
15, 1994). Sets of different sizes so need not be nested. Conmy et al. 2023 (ACDC, arXiv 2304.14997) prune edges by the
same KL, without taking back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..records.arrays import Bools, Doubles, Ints
from ..records.circuit import Heads, Optimum
from .proxy import SETS, Proxy

#: Heads of which every set can be tried: 65,536 sets.
FEW = 16
#: Divergences in nats that differ by less are rounding: without it, elimination could go in circles.
SAME = 1e-9
Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Found:
    """A set of heads and its divergence in nats.

    Attributes:
        kept: (L, H) bool.
    """

    kept: Bools
    kl: float

    @property
    def size(self) -> int:
        """How many heads it keeps."""
        return int(self.kept.sum())


def eliminate(proxy: Proxy, progress: Progress | None = None) -> list[Found]:
    """The best set met of every size, from all heads down to none. Of equal ones the first in order.

    Args:
        progress: called with (heads dropped at most so far, heads) after each drop.
    """
    everything = np.ones(proxy.shape, np.bool_)
    total, here = everything.size, _best(proxy, everything[None])
    best = {total: here}
    while size := here.size:
        smaller = _best(proxy, _changed(here.kept, drop=True))
        if size - 1 not in best or smaller.kl < best[size - 1].kl - SAME:
            best[size - 1] = smaller
        here = best[size - 1]
        if progress is not None:
            progress(total - min(best), total)
        while here.size < total - 1:
            larger = _best(proxy, _changed(here.kept, drop=False))
            if larger.kl >= best[larger.size].kl - SAME:
                break
            here = best[larger.size] = larger
    return [best[size] for size in range(total, -1, -1)]


def _changed(kept: Bools, *, drop: bool) -> Bools:
    """(V, L, H): the set without each of its heads, or with each of the others."""
    places = np.argwhere(kept == drop)
    sets = np.repeat(kept[None], len(places), axis=0)
    sets[(np.arange(len(places)), *places.T)] = not drop
    return sets


def _best(proxy: Proxy, sets: Bools) -> Found:
    costs = proxy.divergence(sets)
    first = int(costs.argmin())
    return Found(sets[first], float(costs[first]))


def exhaustive(proxy: Proxy, progress: Progress | None = None) -> Doubles:
    """(2^(L·H),) divergence of every set of heads, in the order of `every`.

    Args:
        progress: called with (sets done, sets in all), after every SETS sets.
    """
    total = 1 << int(np.prod(proxy.shape))
    parts = []
    for first in range(0, total, SETS):
        parts.append(proxy.divergence(every(np.arange(first, min(first + SETS, total)), proxy.shape)))
        if progress is not None:
            progress(min(first + SETS, total), total)
    return np.concatenate(parts)


def every(numbers: Ints, shape: tuple[int, int]) -> Bools:
    """(V, L, H) sets by number, a bit for each head: the first layer's stand first, so that neighbours share it."""
    count = shape[0] * shape[1]
    bits = (numbers[:, None] >> np.arange(count - 1, -1, -1)) & 1
    return bits.astype(np.bool_).reshape(-1, *shape)


def optima(divergence: Doubles, path: list[Found]) -> list[Optimum]:
    """The best set of every size of the path, and where the path's own set ranks among all of that size.

    Args:
        divergence: see `exhaustive`.
    """
    shape = path[0].kept.shape
    numbers = np.arange(len(divergence))
    sizes = np.bitwise_count(numbers.astype(np.uint64))
    found = []
    for one in path:
        members = numbers[sizes == one.size]
        costs = divergence[members]
        own = divergence[_number(one.kept)]
        best = int(members[costs.argmin()])
        kept = every(np.array([best]), (shape[0], shape[1]))[0]
        rank = int((costs < own).sum()) + 1
        found.append(Optimum(heads(kept), float(divergence[best]), float(np.median(costs)), rank, len(members)))
    return found


def heads(kept: NDArray[np.bool_]) -> Heads:
    """(layer, head) of those kept, in order."""
    return tuple((int(layer), int(head)) for layer, head in np.argwhere(kept))


def _number(kept: Bools) -> int:
    """Of a set in `every`."""
    return int("".join("1" if one else "0" for one in kept.ravel()), 2)
