"""Values per sample → mean and 95 % bootstrap interval over independent histories. Numpy only.

Samples of one learning history resemble each other, so they are averaged first and histories are resampled, never
samples. The percentile bootstrap is too narrow for a handful of histories (five: about 83 % coverage instead of 95 %);
its tails are therefore widened as by Hesterberg (2015, arXiv 1411.5279): the t quantile of n − 1 degrees
times √(n / (n − 1)) replaces the normal one. With three histories or fewer that amounts to their range, which is all
that they can say.
"""

from __future__ import annotations

from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from ..records.arrays import Doubles, Ints
from ..records.interval import Estimate, Interval

RESAMPLES = 1000
SEED = 0
CONFIDENCE = 0.95
LOG_LIMIT = float(np.log(1e6))  # a quarter with a millionth of the other's attention is as good as empty


def estimate(values: Doubles, histories: ArrayLike) -> Estimate:
    """Mean and interval of each column over histories.

    Args:
        values: (S, K) one row per sample, NaN where a sample does not define the value.
        histories: (S,) the history of each sample.

    Returns:
        Estimate of shape (K,).
    """
    return over_histories(average_within(values, np.asarray(histories)))


def over_histories(per_history: Doubles) -> Estimate:
    """(G, K) one row per history → Estimate of shape (K,)."""
    known = ~np.isnan(per_history)
    n = known.sum(axis=0)
    with np.errstate(invalid="ignore"):
        mean = np.where(known, per_history, 0.0).sum(axis=0) / np.where(n, n, np.nan)
    low, high = np.full_like(mean, np.nan), np.full_like(mean, np.nan)
    # Columns that are defined by the same histories are resampled together; there are few such sets.
    patterns, members = np.unique(known, axis=1, return_inverse=True)
    for index, pattern in enumerate(patterns.T):
        if pattern.sum() < 2:
            continue
        columns = np.flatnonzero(members.reshape(-1) == index)
        low[columns], high[columns] = _percentiles(per_history[np.ix_(pattern, columns)])
    # Rounding in the resampled means must not put the mean of equal values outside its interval.
    return Estimate(mean, np.minimum(low, mean), np.maximum(high, mean), n.astype(np.int64))


def difference(before: Doubles, after: Doubles) -> Estimate:
    """Mean of `after` less mean of `before`, both (G, K) per history with NaN where undefined, and its interval.

    The two are resampled apart, as they come from different histories. n is the smaller of their numbers.
    """
    K = before.shape[1]
    mean, low, high = (np.full(K, np.nan) for _ in range(3))
    n = np.zeros(K, np.int64)
    for k in range(K):
        a, b = (values[~np.isnan(values[:, k]), k] for values in (before, after))
        n[k] = min(len(a), len(b))
        if n[k]:
            mean[k] = b.mean() - a.mean()
        if n[k] >= 2:
            cut = int(tail(int(n[k])) * RESAMPLES)
            drawn = np.sort(_weights(len(b), SEED + 1) @ b - _weights(len(a)) @ a)
            low[k], high[k] = min(drawn[cut], mean[k]), max(drawn[RESAMPLES - 1 - cut], mean[k])
    return Estimate(mean, low, high, n)


def ratio(above: Doubles, below: Doubles) -> Interval:
    """Mean of `above` over mean of `below`, both (G,), paired, and its interval; G are what is independent.

    NaN where the mean below is not positive; its ends also where there are fewer than two, or it is 0 in a resample.
    """
    unknown = float("nan")
    n = len(below)
    if not n or below.mean() <= 0:
        return Interval(unknown, unknown, unknown)
    value = float(above.sum() / below.sum())
    if n < 2:
        return Interval(value, unknown, unknown)
    weights = _weights(n)
    with np.errstate(divide="ignore", invalid="ignore"):
        drawn = np.sort((weights @ above) / (weights @ below))
    if not np.isfinite(drawn).all():
        return Interval(value, unknown, unknown)
    cut = int(tail(n) * RESAMPLES)
    return Interval(value, min(float(drawn[cut]), value), max(float(drawn[RESAMPLES - 1 - cut]), value))


def tail(n: int) -> float:
    """Share of resamples to leave out at either end, for n histories (0.025 as n grows).

    The t quantile comes from the Cornish–Fisher expansion (Abramowitz & Stegun 26.7.5), whose error matters only below
    four degrees of freedom, where the range of the data is the interval anyway.
    """
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    v = n - 1
    t = z + (z**3 + z) / (4 * v) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
    t += (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)
    return NormalDist().cdf(-t * float(np.sqrt(n / v)))


def average_within(values: Doubles, histories: Ints) -> Doubles:
    """(S, K) → (G, K): mean over the samples of each history that define the value."""
    names, members = np.unique(histories, return_inverse=True)
    one_hot = (np.arange(len(names))[:, None] == members.reshape(-1)).astype(np.float64)  # (G, S)
    known = ~np.isnan(values)
    counts = one_hot @ known.astype(np.float64)
    means: Doubles = one_hot @ np.where(known, values, 0.0) / np.where(counts, counts, np.nan)
    return means


def _percentiles(values: Doubles) -> tuple[Doubles, Doubles]:
    """Ends of the interval of each column's mean; values (G, K) without NaN."""
    n = values.shape[0]
    cut = int(tail(n) * RESAMPLES)
    means = np.ascontiguousarray((_weights(n) @ values).T)  # (K, RESAMPLES)
    means.partition((cut, RESAMPLES - 1 - cut), axis=1)
    return means[:, cut], means[:, RESAMPLES - 1 - cut]


@lru_cache(maxsize=4)  # 8 kB per history each: all sizes of a long log would add up
def _weights(n: int, seed: int = SEED) -> Doubles:
    """(RESAMPLES, n): how often each history is drawn, over n. Fixed seeds, so that equal input gives equal output."""
    draws = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=RESAMPLES)
    weights: Doubles = draws / n
    return weights
