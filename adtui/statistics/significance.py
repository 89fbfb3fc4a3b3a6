"""One-sided t-tests, and corrections for their number. Numpy only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike


def p_greater(values: ArrayLike, bound: float) -> float:
    """p-value of "the mean of `values` is at most `bound`", by a one-sided t-test over independent histories.

    Equal values leave nothing to estimate: 0 where they are above the bound, else 1.
    """
    x = np.asarray(values, np.float64) - bound
    if len(x) < 2:
        return 1.0
    spread = float(x.std(ddof=1))
    if spread <= 1e-12 * max(1.0, abs(float(x.mean()))):
        return 0.0 if x.mean() > 1e-12 else 1.0
    return t_tail(float(x.mean()) / spread * math.sqrt(len(x)), len(x) - 1)


def p_difference(before: ArrayLike, after: ArrayLike, bound: float) -> float:
    """p-value of "the mean of `after` exceeds that of `before` by at most `bound`", by Welch's one-sided t-test."""
    a, b = np.asarray(before, np.float64), np.asarray(after, np.float64)
    if min(len(a), len(b)) < 2:
        return 1.0
    gap = float(b.mean() - a.mean()) - bound
    parts = [float(x.var(ddof=1)) / len(x) for x in (a, b)]
    error = math.sqrt(sum(parts))
    if error <= 1e-12 * max(1.0, abs(gap)):
        return 0.0 if gap > 1e-12 else 1.0
    freedom = sum(parts) ** 2 / sum(part**2 / (len(x) - 1) for part, x in zip(parts, (a, b), strict=True))
    return t_tail(gap / error, freedom)


def t_tail(t: float, freedom: float) -> float:
    """P(T > t) of Student's t, from ∫ cosᵛ⁻¹θ dθ with t = √v tan θ."""
    if t < 0:
        return 1.0 - t_tail(-t, freedom)
    start = math.atan(t / math.sqrt(freedom))
    theta = np.linspace(start, math.pi / 2, 2001)
    heights = np.abs(np.cos(theta)) ** (freedom - 1)
    weights = np.where(np.arange(2001) % 2, 4.0, 2.0)  # Simpson's rule
    weights[[0, -1]] = 1.0
    integral = float(weights @ heights) * (math.pi / 2 - start) / 2000 / 3
    scale = math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)) / math.sqrt(math.pi)
    return min(0.5, scale * integral)


@lru_cache
def t_quantile(tail: float, freedom: float) -> float:
    """The t that Student's t exceeds with this probability below ½; for infinite freedom that of the normal one."""
    if math.isinf(freedom):
        return NormalDist().inv_cdf(1 - tail)
    low, high = 0.0, 1.0
    while t_tail(high, freedom) > tail:
        high *= 2
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if t_tail(middle, freedom) > tail else (low, middle)
    return high


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values adjusted for their number (Holm 1979): rejecting those ≤ α errs anywhere with probability ≤ α."""
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, p_values[index] * (len(p_values) - rank)))
        adjusted[index] = highest
    return adjusted


def benjamini_hochberg(p_values: Sequence[float], rate: float = 0.05) -> list[bool]:
    """Which are discoveries when at most `rate` of them may be false on average (Benjamini and Hochberg 1995).

    It holds for independent or positively dependent tests; heads of one model are mostly that.
    """
    m = len(p_values)
    order = sorted(range(m), key=p_values.__getitem__)
    last = max((rank for rank, index in enumerate(order, 1) if p_values[index] <= rate * rank / m), default=0)
    found = set(order[:last])
    return [index in found for index in range(m)]
