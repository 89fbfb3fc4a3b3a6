"""Checkpoints in order → since when every claim that holds at the newest one has held. Numpy only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..records.interval import Interval
from ..records.timeline import Emergence, Point


def emergences(points: Sequence[Point]) -> tuple[Emergence, ...]:
    """Every claim about a head that holds at the last of these, by the step from which on it has.

    A claim emerges at the first checkpoint from which on it holds at every later one. Its interval begins after the
    last checkpoint before that at which it was clearly not so: the whole interval of the effect on the other side of
    the rule. In between, the histories do not decide.
    """
    if not points:
        return ()
    found = []
    for kind, newest in points[-1].effects.items():
        if not newest.holds.any():
            continue
        holds = np.stack([point.effects[kind].holds for point in points])  # (T, L, H)
        lacks = np.stack([point.effects[kind].lacks for point in points])
        for layer, head in np.argwhere(newest.holds).tolist():
            column = holds[:, layer, head]
            index = len(points) - int(np.argmin(column[::-1])) if not column.all() else 0
            before = np.flatnonzero(lacks[:index, layer, head])
            effect = Interval(*(float(part[layer, head]) for part in (newest.mean, newest.low, newest.high)))
            found.append(
                Emergence(
                    kind=kind,
                    layer=layer,
                    head=head,
                    step=points[index].step,
                    after=points[before[-1]].step if len(before) else None,
                    first=index == 0,
                    held=int(column.sum()),
                    of=len(points),
                    effect=effect,
                )
            )
    return tuple(sorted(found, key=lambda one: (one.step, one.kind, one.layer, one.head)))


def coarse_to_fine(count: int) -> list[int]:
    """0 … count − 1, the last first, then the first, then each time the middle of what lies between: whoever stops
    early has the whole run, coarsely."""
    order = [count - 1, 0][: max(count, 0)] if count > 1 else list(range(count))
    gaps = [(0, count - 1)]
    while gaps:
        later = []
        for low, high in gaps:
            if high - low > 1:
                middle = (low + high) // 2
                order.append(middle)
                later += [(low, middle), (middle, high)]
        gaps = later
    return order


def spread(count: int, some: int) -> frozenset[int]:
    """`some` of 0 … count − 1, evenly, the first and the last among them; all where there are no more."""
    if some >= count:
        return frozenset(range(count))
    return frozenset(np.rint(np.linspace(count - 1, 0, some)).astype(int).tolist())
