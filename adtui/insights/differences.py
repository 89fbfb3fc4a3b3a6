"""In which claims the heads of two models differ. Numpy only.

That a claim is observed in one model and not in another is no difference yet: both may lie close to the threshold, on
either side. So what the claim measures is compared itself, for every kind at every pair of heads, and false discoveries
are held at 5 % among all these tests; then it is asked where the claim holds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..records.arrays import Doubles
from ..records.head_comparison import ClaimTest, Head
from ..statistics.intervals import average_within
from ..statistics.significance import benjamini_hochberg, p_difference, p_greater
from .evidence import MIN_HISTORIES, Evidence
from .judging import Judging
from .kind import Kind
from .kinds import INSIGHT_KINDS

KINDS = tuple(kind for kind in INSIGHT_KINDS if "head" in kind.scopes and kind.across is None)
"""Those of a head in all phases together."""


def claim_tests(
    first: Evidence, second: Evidence, pairs: Sequence[tuple[Head, Head]], *, paired: bool
) -> tuple[ClaimTest, ...]:
    """Every kind at every pair that both models define, with at least MIN_HISTORIES histories.

    Args:
        pairs: heads of the first model with heads of the second.
        paired: both were shown the same contexts: the test is of differences per context, averaged within tasks where
            these are known; else Welch's, over histories.
    """
    measured: dict[tuple[object, int], tuple[Doubles, Doubles]] = {}
    tasks = _tasks(first)
    found: list[ClaimTest] = []
    for kind in KINDS:
        key = (kind.measure, kind.rule.min_keys)
        if key not in measured:  # recency, primacy and spread are about one number
            keys = kind.rule.min_keys
            measured[key] = (
                first.per_history(kind.measure, min_keys=keys),
                second.per_history(kind.measure, min_keys=keys),
            )
        holding = _holding(kind, first), _holding(kind, second)
        for one, other in pairs:
            here, there = first.scopes.index(one), second.scopes.index(other)
            a, b = measured[key][0][:, here], measured[key][1][:, there]
            p = _p_paired(a, b, tasks) if paired else _p_apart(a, b)
            if p is not None:
                held = here in holding[0], there in holding[1]
                found.append(ClaimTest(kind.name, one, other, _effect(kind, a), _effect(kind, b), *held, p, False))
    return _discovered(found)


def _tasks(evidence: Evidence) -> list[int]:
    """(G,) the task of each history, the history itself where it is not known; histories in their order."""
    known = {one.history: one.history if one.task is None else -1 - one.task for one in evidence.samples}
    return [known[history] for history in sorted(known)]


def _holding(kind: Kind, evidence: Evidence) -> set[int]:
    """Indices of the scopes where the kind is observed."""
    observed = [one for one in Judging(kind, evidence).find() if one.status == "observed"]
    return {evidence.scopes.index((one.layer, one.head)) for one in observed}


def _p_paired(first: Doubles, second: Doubles, tasks: Sequence[int]) -> float | None:
    change = second - first
    known = ~np.isnan(change)
    if known.sum() < MIN_HISTORIES:
        return None
    by_task = average_within(change[known, None], np.array(tasks)[known])[:, 0]
    values = by_task if len(by_task) >= MIN_HISTORIES else change[known]
    return min(1.0, 2 * min(p_greater(values, 0.0), p_greater(-values, 0.0)))


def _p_apart(first: Doubles, second: Doubles) -> float | None:
    a, b = first[~np.isnan(first)], second[~np.isnan(second)]
    if min(len(a), len(b)) < MIN_HISTORIES:
        return None
    return min(1.0, 2 * min(p_difference(a, b, 0.0), p_difference(b, a, 0.0)))


def _effect(kind: Kind, values: Doubles) -> float:
    mean = float(np.nanmean(values))
    return float(np.exp(mean)) if kind.is_log else mean


def _discovered(tests: Sequence[ClaimTest]) -> tuple[ClaimTest, ...]:
    """The tests, each with whether it is a discovery; kinds about one number count it once."""
    distinct: dict[tuple[object, Head, Head], float] = {}
    measures = {kind.name: kind.measure for kind in KINDS}
    keys = [(measures[one.kind], one.first, one.second) for one in tests]
    for key, one in zip(keys, tests, strict=True):
        distinct[key] = one.p
    verdicts = dict(zip(distinct, benjamini_hochberg(list(distinct.values())), strict=True))
    return tuple(ClaimTest(**{**vars(one), "differs": verdicts[key]}) for key, one in zip(keys, tests, strict=True))
