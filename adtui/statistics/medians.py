"""The median of independent values, and an interval of it that asks nothing of how they are spread."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..records.trial_cost import Spread

OUTSIDE = 0.05
"""Chance that the interval misses the median, at most."""


def spread(values: Sequence[float]) -> Spread:
    """Median and 95 % interval: the narrowest symmetric pair of order statistics that is wide enough.

    The number of n values below the median is Binomial(n, ½), whatever their distribution (Hahn & Meeker 1991, section
    5.2). With fewer than six values not even their range is wide enough: the interval is NaN.
    """
    ordered = sorted(values)
    n = len(ordered)
    middle = (ordered[(n - 1) // 2] + ordered[n // 2]) / 2
    below, tail = -1, 0.0
    while 2 * (tail := tail + math.comb(n, below + 1) / 2**n) <= OUTSIDE:
        below += 1
    if below < 0:
        return Spread(middle, math.nan, math.nan)
    return Spread(middle, ordered[below], ordered[n - 1 - below])
