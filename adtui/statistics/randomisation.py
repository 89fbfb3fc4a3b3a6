"""An exact randomisation test of "what was named is one random draw among the others". Numpy only.

In each of C contexts one set of transitions is named and R others of its size are drawn at random; each has a number.
Under the null hypothesis the named set is a draw like the others, so that given the R + 1 numbers of a context each is
equally likely to be its number, in every context apart. The distribution of Σ_c w_c x_c over all (R + 1)^C assignments
is then known without any assumption on the numbers: how skewed they are, how they differ between contexts, and how
contexts resemble each other (Fisher 1935; Pitman 1937, J. R. Stat. Soc. Suppl. 4; Edgington & Onghena 2007).

It is computed, not sampled: the numbers are rounded to a grid so fine that the rounding is far below the spread of the
sum, and the distributions of the contexts are convolved by a Fourier transform. Of the rounded numbers the test is
exact, and equal inputs give equal answers without a seed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..records.arrays import Doubles

GRID = 1 << 13
"""Points of the grid, which spans all sums that can occur; more where contexts are many."""
SMALLEST = 1e-12
"""What Fourier transforms of doubles can tell from nothing; smaller p-values are given as this."""


@dataclass(frozen=True)
class Sides:
    """p-values of a draw's sum being as large, or as small, as it is.

    Attributes:
        greater, less: of the same shape, in (0, 1].
    """

    greater: Doubles
    less: Doubles

    @property
    def either(self) -> Doubles:
        """Of the sum being as far out on whichever side it is: twice the smaller, at most 1."""
        twice: Doubles = 2 * np.minimum(self.greater, self.less)
        return np.minimum(1.0, twice)


def randomisation_test(values: Doubles, weights: Doubles) -> Sides:
    """For each of the K draws of a context in turn: were it the named one, how far out would its sum be?

    Args:
        values: (C, K) numbers of K exchangeable draws in each context.
        weights: (C,) how much each context counts in the sum.

    Returns:
        Sides of shape (K,): the p-values of Σ_c w_c values[c, k] among all K^C sums.
    """
    weighted = weights[:, None] * (values - values.min(axis=1, keepdims=True))  # each row begins at 0
    span = float(weighted.max(axis=1).sum(initial=0.0))
    if span <= 0:  # all draws alike: every sum is as large as every other
        return Sides(np.ones(values.shape[1]), np.ones(values.shape[1]))
    grid = max(GRID, 1 << (32 * len(values)).bit_length())
    steps = np.rint(weighted * ((grid - len(values) - 1) / span)).astype(np.int64)
    transform: NDArray[np.complex128] = np.ones(grid // 2 + 1, np.complex128)
    for places in steps:  # a context each: O(grid) memory
        transform *= np.fft.rfft(np.bincount(places, minlength=grid) / len(places))
    upto = np.cumsum(np.clip(np.fft.irfft(transform, grid), 0.0, None))
    reached = steps.sum(axis=0)
    below = np.where(reached > 0, upto[reached - 1], 0.0)
    return Sides(*(np.clip(part, SMALLEST, 1.0) for part in (1.0 - below, upto[reached])))
