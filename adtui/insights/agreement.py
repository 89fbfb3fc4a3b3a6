"""Whether other ablations say the same as the first test: the panel of ratios behind an insight.

The first test (`confirmation`) masks what is named and measures the KL. What it would confirm or refute is ablated in
the other ways too (`attention.ablations`), in both directions and by both metrics, with the same draws. The verdict
stands where

- in each direction and by each metric, the geometric mean of the three ways' ratios is on the side of the first test:
  noising, by the KL, with the minimum effect, else by its sign;
- no line contradicts it. Noising, by the KL, that is a ratio on the other side, or one whose whole interval falls short
  of the minimum effect; else a ratio whose whole interval is on the other side.

To ask every line for its sign would turn on chance: of nine ratios near 1 some are below. Agreement can only take a
verdict away, so that the level of the first test is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from ..records.ablation import DENOISING, DIRECTIONS, KL, LOGIT, MASK, METRICS, NOISING, WAYS, Ablation
from ..records.arrays import Doubles, Ints
from ..records.insight import KnockOut
from ..statistics.intervals import average_within, over_histories
from .thresholds import TESTS
from .wording import brief

CONTEXTS = int(TESTS["ablation contexts"].value)
"""In how many contexts the other ablations are tried, at most."""
DRAWS = int(TESTS["ablation draws"].value)
"""Of the random sets of the first test, how many stand beside what is named there: its first ones."""
FLOORS = {KL: TESTS["KL"].value, LOGIT: TESTS["logit difference"].value}
"""What less than this is taken as, by metric: changes that nobody could see are alike."""
FIRST = (MASK, NOISING)
OTHERS = tuple((way, direction) for direction in DIRECTIONS for way in WAYS if (way, direction) != FIRST)
"""What is tried besides."""
Tried = Mapping[tuple[str, str], Mapping[int, KnockOut]]
"""(way, direction) → context → knock-out, of one insight."""


def log_ratios(values: Doubles, tasks: Ints, floor: float) -> Doubles:
    """For each of K sets in turn: ln of its value over the geometric mean of the others' values.

    Args:
        values: (C, K), in each of C contexts.
        tasks: (C,) the task of each context.

    Returns:
        (T, K) the mean over the contexts of each of T tasks.
    """
    K = values.shape[1]
    logs = np.log(np.maximum(values, floor))
    return average_within((K * logs - logs.sum(axis=1, keepdims=True)) / (K - 1), tasks)


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
    found = over_histories(log_ratios(values, of, FLOORS[metric])[:, :1])
    mean, low, high = (float(part[0]) for part in (found.mean, found.low, found.high))
    if direction == DENOISING:  # the smaller the change with only the named set kept, the more it matters
        mean, low, high = -mean, -high, -low
    ratio, ends = float(np.exp(mean)), (float(np.exp(low)), float(np.exp(high)))
    line = Ablation(way, direction, metric, ratio, ends, len(each), len(set(of.tolist())))
    return line if larger is None else replace(line, agrees=_agrees(line, larger))


def _agrees(line: Ablation, larger: bool) -> bool | None:
    """Whether a line says the same as the first test; None where its interval leaves it open."""
    mean, far = (line.ratio, line.interval[1]) if larger else (1 / line.ratio, 1 / line.interval[0])
    least = _least(line.direction, line.metric)
    if mean >= least and mean > 1:
        return True
    return False if far < least or (least > 1 and mean <= 1) else None


def _least(direction: str, metric: str) -> float:
    """The ratio that is asked for; 1 asks for the side only."""
    return TESTS["ratio"].value if (direction, metric) == (NOISING, KL) else 1.0


def _values(one: KnockOut, metric: str) -> list[float]:
    """The named set's, then its controls'."""
    return [one.kl, *one.control_kl] if metric == KL else [one.logit, *one.control_logit]


def agreement(lines: Sequence[Ablation]) -> tuple[bool, str]:
    """Whether the verdict of the first test stands, and how the ablations went, in words; "" where no other was tried.

    Args:
        lines: of `panel`, the first test having decided.
    """
    tried = [one for one in lines if one.n]
    if {(one.way, one.direction) for one in tried} <= {FIRST}:
        return True, ""
    larger = next(one.ratio for one in tried if (one.way, one.direction, one.metric) == (*FIRST, KL)) > 1
    against = [f"{one.direction} by {one.way}" for one in tried if one.agrees is False]
    for direction, metric in product(DIRECTIONS, METRICS):
        logs = [np.log(one.ratio) for one in tried if (one.direction, one.metric) == (direction, metric)]
        mean = float(np.exp(np.mean(logs) if larger else -np.mean(logs)))
        if not (mean > 1 and mean >= _least(direction, metric)):
            against.append(f"{direction} as a whole ({metric})")
    said = ", ".join(_said(tried, direction) for direction in DIRECTIONS)
    if against:
        return False, f"the ablations disagree: {said}; against it: {', '.join(dict.fromkeys(against))}"
    clear = all(one.agrees for one in tried)
    return True, f"{'the other ablations agree' if clear else 'no other ablation contradicts it'}: {said}"


def _said(lines: Sequence[Ablation], direction: str) -> str:
    """ "noising mask 12, mean 7.5, resampled 2.1": the ratios of KLs."""
    each = (f"{one.way} {brief(one.ratio)}" for one in lines if (one.direction, one.metric) == (direction, KL))
    return f"{direction} {', '.join(each)}"
