"""Whether other ablations say the same as the first test: the panel of ratios behind an insight.

The first test (`confirmation`) masks what is named and measures the KL, or the divergence that the model's actions have
instead: of the two metrics of `ActionHead` the first. What it would confirm or refute is ablated in
the other ways too (`attention.ablations`), in both directions and by both metrics, with the same draws. The verdict
stands where

- in each direction and by each metric, the geometric mean of the three ways' ratios is on the side of the first test:
  noising, by the KL, with the minimum effect, else by its sign;
- no line contradicts it: noising, by the KL, a ratio short of the minimum effect; else one on the other side. Each
  line's is a one-sided t-test over tasks, and the tests of the eleven lines beside the first are corrected for their
  number (Holm 1979): where all agree, one at least contradicts by chance in at most 5 % of the claims.

To ask every line for its sign would turn on chance: of nine ratios near 1 some are below. So would eleven lines at the
level of one: at 2.5 % a line, up to one claim in four would be contradicted by chance. Agreement can only take a
verdict away, so that the level of the first test is kept.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from ..records.ablation import DENOISING, DIRECTIONS, MASK, NOISING, WAYS, Ablation
from ..records.action_head import SINGLE, ActionHead
from ..records.arrays import Doubles, Ints
from ..records.insight import KnockOut
from ..statistics.intervals import average_within, over_histories
from ..statistics.significance import holm, p_greater
from ..statistics.turns import in_turn
from .thresholds import TESTS
from .wording import brief

CONTEXTS = int(TESTS["ablation contexts"].value)
"""In how many contexts the other ablations are tried, at most."""
DRAWS = int(TESTS["ablation draws"].value)
"""Of the random sets of the first test, how many stand beside what is named there: its first ones."""


def floor_of(metric: str) -> float:
    """What less than this is taken as, by metric: changes that nobody could see are alike."""
    return TESTS[metric].value


CONTRADICTION = TESTS["contradiction"].value
"""Of a claim's lines together: how often one contradicts by chance."""
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
    return sorted(in_turn(((task, context) for context, task in sorted(tasks.items())), CONTEXTS))


def panel(
    tried: Tried, tasks: Mapping[int, int], larger: bool | None, head: ActionHead = SINGLE
) -> tuple[Ablation, ...]:
    """Every way, direction and metric, those that were not tried too.

    Args:
        tried: contexts without controls left out.
        tasks: context → task.
        larger: whether the first test says that what is named matters more than chance sets; None where it says
            neither.
        head: of the model, whose metrics these are.
    """
    first = head.divergence
    found = {
        how: _per_task(tried[how[:2]], tasks, *how[1:], first) if tried.get(how[:2]) else np.zeros(0)
        for how in ((way, direction, metric) for direction in DIRECTIONS for way in WAYS for metric in head.metrics)
    }
    lines = [_line(*how, logs, len(tried.get(how[:2], {}))) for how, logs in found.items()]
    if larger is None:
        return tuple(lines)
    signed = [logs if larger else -logs for logs in found.values()]
    asked = [i for i, line in enumerate(lines) if line.n and (line.way, line.direction, line.metric) != (*FIRST, first)]
    adjusted = holm([p_greater(-signed[i], -math.log(_least(lines[i], first))) for i in asked])
    against = {i for i, p in zip(asked, adjusted, strict=True) if p <= CONTRADICTION}
    return tuple(
        replace(line, agrees=False if i in against else _holds(line, larger, first)) if line.n else line
        for i, line in enumerate(lines)
    )


def _per_task(
    each: Mapping[int, KnockOut], tasks: Mapping[int, int], direction: str, metric: str, first: str
) -> Doubles:
    """(T,) ln of the ratio of each task, above 0 where what is named matters more."""
    of = np.array([tasks[context] for context in each])
    values = np.array([_values(one, metric == first) for one in each.values()])
    logs: Doubles = log_ratios(values, of, floor_of(metric))[:, 0]
    return (
        -logs if direction == DENOISING else logs
    )  # the less changes with only the named set kept, the more it matters


def _line(way: str, direction: str, metric: str, logs: Doubles, contexts: int) -> Ablation:
    if not len(logs):
        return Ablation(way, direction, metric)
    found = over_histories(logs[:, None])
    ratio, low, high = (float(np.exp(part[0])) for part in (found.mean, found.low, found.high))
    return Ablation(way, direction, metric, ratio, (low, high), contexts, len(logs))


def _holds(line: Ablation, larger: bool, first: str) -> bool | None:
    """Whether a line's ratio is where the first test's is; None where not, which is left open."""
    mean = line.ratio if larger else 1 / line.ratio
    return True if mean > 1 and mean >= _least(line, first) else None


def _least(line: Ablation, first: str) -> float:
    """The ratio that is asked for; 1 asks for the side only."""
    return TESTS["ratio"].value if (line.direction, line.metric) == (NOISING, first) else 1.0


def _values(one: KnockOut, divergence: bool) -> list[float]:
    """The named set's, then its controls'."""
    return [one.kl, *one.control_kl] if divergence else [one.logit, *one.control_logit]


def agreement(lines: Sequence[Ablation], head: ActionHead = SINGLE) -> tuple[bool, str]:
    """Whether the verdict of the first test stands, and how the ablations went, in words; "" where no other was tried.

    Args:
        lines: of `panel`, the first test having decided.
        head: as there.
    """
    first = head.divergence
    tried = [one for one in lines if one.n]
    if {(one.way, one.direction) for one in tried} <= {FIRST}:
        return True, ""
    larger = next(one.ratio for one in tried if (one.way, one.direction, one.metric) == (*FIRST, first)) > 1
    against = [f"{one.direction} by {one.way}" for one in tried if one.agrees is False]
    for direction, metric in product(DIRECTIONS, head.metrics):
        mine = [one for one in tried if (one.direction, one.metric) == (direction, metric)]
        logs = [np.log(one.ratio) for one in mine]
        mean = float(np.exp(np.mean(logs) if larger else -np.mean(logs)))
        if not (mean > 1 and mean >= _least(mine[0], first)):
            against.append(f"{direction} as a whole ({metric})")
    said = ", ".join(_said(tried, direction, first) for direction in DIRECTIONS)
    if against:
        return False, f"the ablations disagree: {said}; against it: {', '.join(dict.fromkeys(against))}"
    clear = all(one.agrees for one in tried)
    return True, f"{'the other ablations agree' if clear else 'no other ablation contradicts it'}: {said}"


def _said(lines: Sequence[Ablation], direction: str, first: str) -> str:
    """ "noising mask 12, mean 7.5, resampled 2.1": the ratios of divergences."""
    each = (f"{one.way} {brief(one.ratio)}" for one in lines if (one.direction, one.metric) == (direction, first))
    return f"{direction} {', '.join(each)}"
