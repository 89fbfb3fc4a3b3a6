"""Whether other ablations say the same as the first test: the panel of ratios behind an insight.

The first test (`confirmation`) masks what is named and measures the KL. What it would confirm or refute is ablated in
the other ways too (`attention.ablations`), in both directions and by both metrics. Agreement can only take a verdict
away, so that the level of the first test is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from ..records.ablation import DENOISING, DIRECTIONS, KL, LOGIT, MASK, METRICS, NOISING, WAYS, Ablation
from ..records.arrays import Doubles, Ints
from ..records.insight import KnockOut
from ..records.interval import Estimate
from ..statistics.intervals import average_within, over_histories
from .thresholds import TESTS
from .wording import brief

CONTEXTS = int(TESTS["ablation contexts"].value)
"""In how many contexts the other ablations are tried, at most."""
FLOORS = {KL: TESTS["KL"].value, LOGIT: TESTS["logit difference"].value}
"""What less than this is taken as, by metric: changes that nobody could see are alike."""
FIRST = (MASK, NOISING)
Tried = Mapping[tuple[str, str], Mapping[int, KnockOut]]
"""(way, direction) → context → knock-out, of one insight."""


def log_ratios(values: Doubles, tasks: Ints, floor: float) -> Estimate:
    """For each of K sets in turn: mean over tasks of ln of its value over the geometric mean of the others' values.

    Args:
        values: (C, K), in each of C contexts.
        tasks: (C,) the task of each context.
    """
    K = values.shape[1]
    logs = np.log(np.maximum(values, floor))
    return over_histories(average_within((K * logs - logs.sum(axis=1, keepdims=True)) / (K - 1), tasks))


def chosen_contexts(tasks: Mapping[int, int]) -> list[int]:
    """At most CONTEXTS of the contexts (context → task), in order: the first of every task, then the second, …"""
    seen: dict[int, int] = {}
    turns = []
    for context, task in sorted(tasks.items()):
        turns.append((seen.get(task, 0), context))
        seen[task] = seen.get(task, 0) + 1
    return sorted(context for _, context in sorted(turns)[:CONTEXTS])


def panel(tried: Tried, tasks: Mapping[int, int], larger: bool | None) -> tuple[Ablation, ...]:
    """Every way, direction and metric, those that were not tried too.

    Args:
        tried: contexts without controls left out.
        tasks: context → task.
        larger: whether the first test says that what is named matters more than chance sets; None where it says
            neither.
    """
    return tuple(
        _line(tried.get((way, direction), {}), tasks, larger, way, direction, metric)
        for direction in DIRECTIONS
        for way in WAYS
        for metric in METRICS
    )


def _line(
    each: Mapping[int, KnockOut], tasks: Mapping[int, int], larger: bool | None, way: str, direction: str, metric: str
) -> Ablation:
    if not each:
        return Ablation(way, direction, metric)
    of = np.array([tasks[context] for context in each])
    values = np.array([_values(one, metric) for one in each.values()])
    found = log_ratios(values, of, FLOORS[metric])
    mean, low, high = (float(part[0]) for part in (found.mean, found.low, found.high))
    if direction == DENOISING:  # the smaller the change with only the named set kept, the more it matters
        mean, low, high = -mean, -high, -low
    least = np.log(TESTS["ratio"].value) if (direction, metric) == (NOISING, KL) else 0.0
    side = None if larger is None else bool((mean if larger else -mean) > least)
    ratio, ends = float(np.exp(mean)), (float(np.exp(low)), float(np.exp(high)))
    return Ablation(way, direction, metric, ratio, ends, len(each), len(set(of.tolist())), side)


def _values(one: KnockOut, metric: str) -> list[float]:
    """The named set's, then its controls'."""
    return [one.kl, *one.control_kl] if metric == KL else [one.logit, *one.control_logit]
