"""The gate opens only to evidence, and says what the evidence is."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from adtui.compression.trials.gate import LEAST_HISTORIES, judge
from adtui.records.interval import Interval
from adtui.records.trial import Baselines, ClosedLoop, Trial, TrialCell, Verdict
from adtui.records.trial_cost import Cost, Spread

H = 128
GOALS = np.arange(H) % 8
NOISE = np.random.default_rng(0).normal(size=H) * 0.05


def closed(values: Any) -> ClosedLoop:
    last = np.asarray(values, np.float64)
    difference = last - (16 + NOISE)[: len(last)]
    half = 2.2 * float(difference.std(ddof=1)) / math.sqrt(H)
    mean = float(difference.mean())
    nothing = Interval(0.0, 0.0, 0.0)
    return ClosedLoop(
        episodes=(nothing,),
        last=Interval(float(last.mean()), 0.0, 0.0),
        difference=Interval(mean, mean - half, mean + half),
        regret=nothing,
        improvement=nothing,
        first_by_history=(1.0,) * len(last),
        last_by_history=tuple(last.tolist()),
    )


def trial(name: str, budget: int, mean: float | None, seed: int = 1) -> Trial:
    noise = np.random.default_rng(seed + budget).normal(size=H) * 0.05
    loop = None if mean is None else closed(mean + noise)
    return Trial(TrialCell(f"{name}:{budget}", name, budget, {}, "reindexed"), H, None, loop, None)


def baselines(full: float = 16, wiped: float = 1, histories: int = H) -> Baselines:
    whole = closed((full + NOISE)[:histories] if histories < H else full + NOISE)
    return Baselines(whole, closed(wiped + NOISE), (0.3,) * len(whole.last_by_history), (17.0,) * H)


GOOD, BAD = 15.9, 12.0


@pytest.mark.parametrize(
    ("trials", "recommended", "said"),
    [
        ([("medoids", 20, GOOD), ("recent", 20, 15.0), ("random", 20, 5)], "medoids:20", "Keep medoids:20"),
        ([("medoids", 20, BAD), ("recent", 20, 11.0), ("random", 20, 5)], None, "may lose more than the margin"),
        ([("medoids", 20, GOOD), ("recent", 20, GOOD + 0.05), ("random", 20, 5)], "recent:20", "Keep recent:20"),
        ([("medoids", 20, GOOD), ("recent", 20, 15.0), ("random", 20, GOOD + 0.05)], None, "not better than random:20"),
        ([("medoids", 20, GOOD), ("random", 20, 5)], None, "no candidate was rolled out beside its comparisons"),
        ([("medoids", 20, GOOD), ("recent", 20, 15.0)], None, "no candidate was rolled out beside its comparisons"),
        ([("medoids", 20, None), ("recent", 20, BAD), ("random", 20, 5)], None, "No evidence"),
        ([("random", 20, GOOD), ("lowest-attention", 20, GOOD), ("recent", 20, BAD)], None, "No evidence"),
        (
            [
                *(("medoids", K, GOOD) for K in (10, 40)),
                *(("recent", K, 14.0) for K in (10, 40)),
                *(("random", K, 5) for K in (10, 40)),
            ],
            "medoids:10",
            "Keep medoids:10",
        ),
    ],
)
def test_what_the_gate_lets_through(trials: list[Any], recommended: str | None, said: str) -> None:
    verdict = judge(
        baselines(), [trial(name, K, mean, seed=index) for index, (name, K, mean) in enumerate(trials)], GOALS, 79
    )
    assert verdict.recommended == recommended
    assert said in verdict.sentence
    assert verdict.learns


@pytest.mark.parametrize(
    ("base", "said"),
    [
        (baselines(histories=LEAST_HISTORIES - 1), "too few"),
        (baselines(full=0.3), "that the model improves in context could not be shown with"),
        (baselines(wiped=16.5), "its context wiped at every reset"),
    ],
)
def test_a_model_that_is_not_judged(base: Baselines, said: str) -> None:
    trials = [trial("medoids", 20, GOOD), trial("recent", 20, 15.0), trial("random", 20, 5)]
    verdict = judge(base, trials, GOALS[: len(base.random)], 79)
    assert verdict.recommended is None
    assert not verdict.learns
    assert said in verdict.sentence


@pytest.mark.parametrize(
    ("histories", "goals", "said"),
    [
        (64, 8, "64 histories on 8 goals are too few: even if none of them lost anything, a mean loss of up to 0.9"),
        (H, 7, "128 histories on 7 goals are too few, at least 8 goals are needed"),
    ],
)
def test_a_number_that_could_show_nothing(histories: int, goals: int, said: str) -> None:
    base = replace(baselines(histories=histories), wiped=closed((1 + NOISE)[:histories]))
    verdict = judge(base, [], np.arange(histories) % goals, 79)
    assert said in verdict.sentence
    assert verdict.learns


def test_a_margin_too_small_for_so_few_goals() -> None:
    """1 % needs more witnesses than 8 goals can give, and more streams of them would not help."""
    count = 512
    returns = {at: tuple((at + np.tile(NOISE, count // H)).tolist()) for at in (1, 16)}
    full, wiped = (
        replace(closed(at + NOISE), first_by_history=(1.0,) * count, last_by_history=returns[at]) for at in (16, 1)
    )
    base = Baselines(full, wiped, (0.3,) * count, (17.0,) * count)
    assert "a margin of 0.16 needs at least 12 goals" in judge(base, [], np.arange(count) % 8, 79, 0.01).sentence


def _beside(lost: Any, ratio: float = 0.5) -> Verdict:
    """The verdict on a candidate that returns what full context does, less what it lost."""
    own = replace(
        trial("medoids", 20, 0.0),
        closed_loop=closed(16 + NOISE - lost),
        cost=Cost(Spread(ratio, ratio - 0.1, ratio + 0.1)),
    )
    return judge(baselines(), [own, trial("recent", 20, 13.0), trial("random", 20, 5)], GOALS, 79)


def test_collapses_that_the_mean_hides() -> None:
    """17 of 128 histories lose 1.5: the mean loses 0.2, far from the margin of 0.79."""
    verdict = _beside(np.where(np.arange(H) < 17, 1.5, 0.0))
    assert verdict.recommended is None
    assert "Nearest is medoids:20: 13% of its histories lose more than the margin, and up to" in verdict.sentence
    assert "mean loss" not in verdict.sentence
    reason = verdict.reasons[0]
    assert reason.collapses is not None
    assert reason.collapses.share == 17 / H
    assert reason.collapses.upper > reason.collapses.share
    assert _beside(np.where(np.arange(H) < 2, 1.5, 0.0)).recommended == "medoids:20"


def test_collapses_on_one_goal_say_less_of_others() -> None:
    """As many on one goal as over all: the limit is of goals that were not tried."""
    scattered, one = np.zeros(H), np.zeros(H)
    scattered[:4], one[GOALS == 3] = 1.5, np.where(np.arange(H // 8) < 4, 1.5, 0.0)
    first, second = _beside(scattered).reasons[0].collapses, _beside(one).reasons[0].collapses
    assert first is not None
    assert second is not None
    assert first.share == second.share
    assert first.upper < 0.1 < second.upper


def test_what_could_not_be_shown_is_said_with_how_much_data() -> None:
    verdict = _beside(0.5 + 0.2 * np.cos(np.arange(H)))
    assert verdict.recommended is None
    assert "and with 128 histories on 8 goals a mean loss of up to 0.9" in verdict.sentence


def test_a_step_that_is_slower_than_full_context_is_not_recommended() -> None:
    assert _beside(0.0, ratio=0.99).recommended == "medoids:20"
    verdict = _beside(0.0, ratio=1.67)
    assert verdict.recommended is None
    assert "it saves no time: a step takes 1.67 times that of full context" in verdict.sentence


def test_a_budget_of_the_whole_context_is_no_compression() -> None:
    trials = [trial("medoids", 79, GOOD), trial("recent", 79, 15.0), trial("random", 79, 5)]
    assert judge(baselines(), trials, GOALS, 79).recommended is None


def test_many_candidates_make_it_harder() -> None:
    """Holm: what passes alone may not pass among many."""
    one = [trial("medoids", 20, GOOD), trial("random", 20, 5)]
    near = replace(trial("recent", 20, 0.0), closed_loop=closed(GOOD - 0.03 + NOISE[::-1]))
    alone = judge(baselines(), [*one, near], GOALS, 79)
    crowd = [trial(f"medoids{i}", 20, BAD, seed=i) for i in range(200)]
    among = judge(baselines(), [*one, near, *crowd], GOALS, 79)
    first = {reason.label: reason.adjusted for reason in alone.reasons}["medoids:20"]
    later = {reason.label: reason.adjusted for reason in among.reasons}["medoids:20"]
    assert first is not None
    assert later is not None
    assert later > first
