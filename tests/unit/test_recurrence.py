"""Contexts drawn anew: what is far from every line comes back always, what is at one comes back at times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from test_agreement import knock_out
from test_insights import FLAT, RECENT, TILTED, make

from adtui.insights.agreement import OTHERS
from adtui.insights.confirmation import KnockOuts, settle
from adtui.insights.log import find_insights
from adtui.insights.recurrence import REDRAWS, Recurrence, recurring
from adtui.records.ablation import DENOISING
from adtui.records.insight import Insight
from adtui.records.steps import at_one_go

HISTORIES, TASKS = 24, 4


def claim_of(insight: Insight, ratios: Sequence[float]) -> KnockOuts:
    """Tested in every history by these ratios, by all ablations alike."""
    made = KnockOuts(insight)
    made.others = {how: {} for how in OTHERS}
    for context, ratio in enumerate(ratios):
        made.add(knock_out(0.1 * ratio, ratio), context, context % TASKS)
        for way, direction in OTHERS:
            turned = 1 / ratio if direction == DENOISING else ratio
            made.others[way, direction][context] = knock_out(0.1 * turned, turned)  # type: ignore[index]
    return made


def recurrence(ratios: Sequence[float], shape: str = "recent", tasks: int = TASKS) -> Recurrence:
    stats, samples = make([[RECENT if shape == "recent" else TILTED, FLAT]], histories=HISTORIES, noise=0.3)
    samples = [replace(one, task=i % tasks if tasks else None) for i, one in enumerate(samples)]
    (seen,) = [one for one in find_insights(stats, samples) if one.key == ("recency", 0, 0, "")]
    return Recurrence(stats, samples, [claim_of(seen, ratios)])


def share(of: Recurrence) -> float:
    confirmed = settle(of.tests)
    assert [one.status for one in confirmed] == ["confirmed"]
    return at_one_go(of.shares(confirmed))[confirmed[0].key]


SPREAD = [ratio for ratio in (0.85, 1.15, 1.5, 2.0, 1.0, 1.7) for _ in range(TASKS)]
"""Of every task's histories; the geometric mean is 1.3, a little more than what is asked for."""


def test_what_is_clear_comes_back_and_what_is_at_the_line_does_not_always() -> None:
    assert share(recurrence([3.0, 4.0, 5.0] * (HISTORIES // 3))) == 1.0
    near = share(recurrence(SPREAD))
    assert 0.2 < near < 1.0
    assert near == share(recurrence(SPREAD)), "equal inputs, equal shares"


def test_what_is_seen_in_few_of_the_draws_comes_back_in_few() -> None:
    sure = recurrence([3.0, 4.0, 5.0] * (HISTORIES // 3))
    flat, _ = make([[FLAT, FLAT]], histories=HISTORIES)
    mixed = [one if i in (0, 1) else other for i, (one, other) in enumerate(zip(sure.stats, flat, strict=True))]
    unseen = replace(sure, stats=mixed)
    assert at_one_go(unseen.shares(settle(unseen.tests))) == {("recency", 0, 0, ""): 0.0}


def test_without_confirmed_claims_nothing_is_drawn() -> None:
    assert list(recurrence(SPREAD).shares([])) == []


def test_histories_are_drawn_within_their_task_and_stay_whole() -> None:
    made = recurrence(SPREAD)
    twice = replace(made, stats=[*made.stats, *made.stats], samples=[*made.samples, *made.samples])
    for number in range(5):
        drawn = twice.redrawn(number)
        assert Counter(one.task for one in drawn) == Counter(one.cluster for one in made.samples)
        for one in drawn:
            assert one.contexts == (one.contexts[0], one.contexts[0] + HISTORIES)
            assert made.samples[one.contexts[0]].cluster == one.task


@pytest.mark.parametrize("tasks", [0, HISTORIES])
def test_histories_alone_in_their_task_are_drawn_among_each_other_as_tasks_of_their_own(tasks: int) -> None:
    made = recurrence(SPREAD, tasks=tasks)
    drawn = made.redrawn(0)
    assert len({one.task for one in drawn}) == len(drawn) == HISTORIES
    times = Counter(one.contexts for one in drawn)
    assert max(times.values()) > 1
    assert made.redrawn(1) != drawn


def test_a_draw_of_a_draw_varies_twice_as_much_as_the_mean_does() -> None:
    made = recurrence(SPREAD, tasks=0)
    values = np.arange(HISTORIES, dtype=float)
    means = [np.mean([values[one.contexts[0]] for one in made.redrawn(number)]) for number in range(2000)]
    assert np.var(means) / (values.var() / HISTORIES) == pytest.approx(2 - 1 / HISTORIES, rel=0.15)


def test_the_insight_says_how_often() -> None:
    (found,) = settle(recurrence(SPREAD).tests)
    said = recurring(found, 0.95)
    assert said.recurs == 0.95
    assert said.tested.endswith(f"; confirmed again in 19 of {REDRAWS} redraws of its contexts")
