"""One-sided tests of what may be rarely and badly wrong: means with a worst value, and shares, over tasks. Numpy only.

A t-test takes the spread of a sample for that of the population. Where most histories lose nothing and a few lose all,
a sample without the few has hardly any spread, and the test is surest where it has seen least.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from ..records.arrays import Doubles, Ints
from .significance import t_quantile

DRAWS = 2000
SEED = 0
FEWEST_TASKS = 5
"""With fewer the widened Dirichlet weights have hardly any concentration left, or none."""
HISTORIES_EACH = 32
"""No more of one task count as witnesses that nobody loses all: a task where some do is not seen by more of the others.
Without this, 8 goals × 128 of the bundled run let 9 % pass that lose the margin, and with it about 1 %."""
TWO_SIDED = 0.025


def p_above(values: ArrayLike, tasks: ArrayLike, bound: float, worst: float) -> float:
    """p-value of "the mean is at most `bound`", for values that are never below `worst`.

    The mean is drawn again with random weights: one history more than there are has the worst value, and its weight is
    Beta(1, n), as that of one in n + 1 equally likely ones, n being the `witnesses`; the rest goes to the tasks by
    Dirichlet weights, and in each to its histories likewise. Over histories alone this is the bound of Gaffke (2004)
    and Learned-Miller & Thomas (arXiv 1905.06208). Where all values are equal, p is exactly the chance that n histories
    show none of the losses of the worst kind that would bring the mean down to the bound. The concentration of the
    tasks' weights gives their mean the spread of a t interval, as few tasks are more alike than all (Hesterberg, arXiv
    1411.5279, widens the bootstrap so).

    Args:
        values: (H,).
        tasks: (H,) the task of each; values of one task are not independent.

    Returns:
        1 where there are fewer than FEWEST_TASKS, or the bound is not above the worst.
    """
    drawn = _drawn_means(values, tasks)
    return 1.0 if drawn is None else _p_above(drawn, witnesses(tasks), bound, worst)


def lower(values: ArrayLike, tasks: ArrayLike, worst: float, level: float) -> float:
    """The largest bound that `p_above` does not call exceeded at this level: the mean may be as low as that."""
    low, high = worst, float(np.mean(np.asarray(values, np.float64)))
    drawn, count = _drawn_means(values, tasks), witnesses(tasks)
    if drawn is None:
        return low
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if _p_above(drawn, count, middle, worst) <= level else (low, middle)
    return low


def witnesses(tasks: ArrayLike) -> int:
    """How many histories count: at most HISTORIES_EACH of a task."""
    _, sizes = np.unique(np.asarray(tasks), return_counts=True)
    return int(np.minimum(sizes, HISTORIES_EACH).sum())


def least(bound: float, worst: float, level: float) -> float:
    """How many witnesses without any loss put the mean above `bound` < 0 at this level; infinite where none do."""
    return math.ceil(math.log(level) / math.log(1 - bound / worst)) if worst < bound < 0 else math.inf


def p_rarer(hits: ArrayLike, tasks: ArrayLike, share: float) -> float:
    """p-value of "at least this share hits", by the binomial distribution of as many histories as the tasks are worth.

    Clopper & Pearson (Biometrika 26, 1934) with the effective number of Korn & Graubard (Survey Methodology 24, 1998):
    the number of histories over the design effect (the variance of the share between tasks over the binomial one, at
    least 1; 1 where none or all hit, as there is nothing to see it by), times (t of H − 1 over t of k − 1 degrees)².

    Args:
        hits: (H,) bool.
        tasks: (H,) the task of each.

    Returns:
        1 where the share that was seen is not below, or there are fewer than two tasks.
    """
    return _p_rarer(*_effective(hits, tasks), share)


def upper(hits: ArrayLike, tasks: ArrayLike, level: float) -> float:
    """The least share that `p_rarer` calls too large at this level: no smaller one can be ruled out."""
    seen, count = _effective(hits, tasks)
    low, high = seen, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if _p_rarer(seen, count, middle) <= level else (middle, high)
    return high


def _p_above(drawn: Doubles, count: int, bound: float, worst: float) -> float:
    """See `p_above`, for means of the values there are by random weights."""
    if bound <= worst:
        return 1.0
    # Given the other weights, the mean is at most the bound where a Beta(1, n) weight is at least so large.
    rest = (bound - worst) / np.maximum(drawn - worst, bound - worst)
    return float(np.mean(rest**count))


def _drawn_means(values: ArrayLike, tasks: ArrayLike) -> Doubles | None:
    """(DRAWS,) means by random weights; None for fewer than FEWEST_TASKS."""
    _, members = np.unique(np.asarray(tasks), return_inverse=True)
    if not len(members) or members.max() + 1 < FEWEST_TASKS:
        return None
    order = np.argsort(members, kind="stable")
    drawn: Doubles = _weights(tuple(np.bincount(members).tolist())) @ np.asarray(values, np.float64)[order]
    return drawn


def _p_rarer(seen: float, count: float, share: float) -> float:
    """P(X ≤ seen · count) of `count` draws of which each hits with probability `share`, also for broken numbers."""
    if seen >= share or count <= 0:
        return 1.0
    # The incomplete beta integral with 1 − share = sin²θ, by midpoints: the ends may be poles.
    a, b = count * (1 - seen), count * seen + 1
    end = math.asin(math.sqrt(1 - share))
    theta = (np.arange(DRAWS) + 0.5) * end / DRAWS
    logs = (2 * a - 1) * np.log(np.sin(theta)) + (2 * b - 1) * np.log(np.cos(theta))
    scale = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    return min(1.0, 2 * end / DRAWS * float(np.exp(logs + scale).sum()))


def _effective(hits: ArrayLike, tasks: ArrayLike) -> tuple[float, float]:
    """The share of hits, and how many independent histories those of these tasks are worth."""
    shares, sizes = _by_task(np.asarray(hits, np.float64), np.asarray(tasks))
    H, k = int(sizes.sum()), len(shares)
    seen = float(sizes @ shares / H)
    if k < 2:
        return seen, 0.0
    between = float((sizes**2 * (shares - seen) ** 2).sum()) / H**2 * k / (k - 1)
    binomial = seen * (1 - seen) / (H - 1)
    effect = max(1.0, between / binomial) if binomial > 0 else 1.0
    return seen, H / effect * (t_quantile(TWO_SIDED, H - 1) / t_quantile(TWO_SIDED, k - 1)) ** 2


def _by_task(values: Doubles, tasks: Ints) -> tuple[Doubles, Ints]:
    """(k,) mean of each task, and its number of values."""
    _, members = np.unique(tasks, return_inverse=True)
    sizes = np.bincount(members)
    means: Doubles = np.bincount(members, values) / sizes
    return means, sizes


@lru_cache(maxsize=2)  # 16 kB for each history
def _weights(sizes: tuple[int, ...]) -> Doubles:
    """(DRAWS, n) weights of the values of tasks with so many, task by task. A fixed seed: equal input, equal output."""
    k, z = len(sizes), t_quantile(TWO_SIDED, math.inf)
    concentration = (k - 1) * (z / t_quantile(TWO_SIDED, k - 1)) ** 2 - 1
    alpha = concentration * np.array(sizes) / sum(sizes)
    rng = np.random.default_rng(SEED)
    by_task, within = rng.dirichlet(alpha, DRAWS), rng.exponential(size=(DRAWS, sum(sizes)))
    first = np.cumsum((0, *sizes[:-1]))
    weights: Doubles = within * np.repeat(by_task / np.add.reduceat(within, first, axis=1), sizes, axis=1)
    return weights
