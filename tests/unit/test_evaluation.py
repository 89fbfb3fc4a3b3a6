"""Evaluation: the numbers that a known policy must get."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from policies import goal_seeker

from adtui.worlds.darkroom import DarkRoom
from adtui.worlds.returns import ROOMS_AT_ONCE, EvaluationPlan, Lives, evaluate, lives_by_room, make_curve
from adtui.worlds.rollouts import random_policy
from adtui.worlds.world import IntArray, Split


def evaluation_returns(plan: EvaluationPlan, goals: IntArray) -> IntArray:
    return lives_by_room(lambda _: random_policy, plan, goals, "rooms", None).returns


PLAN = EvaluationPlan(
    DarkRoom(), Split((3, 4), (41, 49)), n_context=79, episodes=12, streams=6, control_streams=4, seed=2
)


def test_a_policy_that_uses_its_context_is_told_from_the_controls() -> None:
    result = evaluate(goal_seeker, PLAN)
    held_out = result.held_out
    assert held_out.episodes[-1].mean > 0.8 * held_out.optimal
    assert held_out.episodes[0].mean < held_out.episodes[-1].mean
    assert result.reward_zeroed.last.high < held_out.last.low
    assert result.context_wiped.last.mean < held_out.last.mean
    assert held_out.optimal == pytest.approx(DarkRoom().optimal_returns(np.array([41, 49])).mean())
    assert result.train is not None
    assert result.train.histories == held_out.histories == 12
    assert set(result.train.by_goal) == {3, 4}


def test_random_policy_measures_as_random() -> None:
    curve = evaluate(random_policy, PLAN).held_out
    assert curve.last.low <= curve.random + 0.5
    assert curve.share_of_optimal.mean < 0.3


def test_equal_seeds_give_equal_json() -> None:
    first, again = (json.dumps(evaluate(goal_seeker, PLAN).to_json()) for _ in range(2))
    assert first == again
    assert set(json.loads(first)) == {"held_out", "train", "context_wiped", "reward_zeroed"}


def test_numbers_do_not_depend_on_the_workers() -> None:
    plan = replace(PLAN, streams=20, episodes=2)
    assert evaluate(goal_seeker, plan) == evaluate(goal_seeker, replace(plan, workers=3))


def test_neighbouring_seeds_measure_apart() -> None:
    """A second group of rooms drew what the next seed's first group drew: two seeds were then one and a half."""
    plan = replace(PLAN, streams=2 * ROOMS_AT_ONCE, episodes=2, split=Split((3,), (41,)))
    rooms = np.full(2 * ROOMS_AT_ONCE, 41)
    first, second = (evaluation_returns(replace(plan, seed=seed), rooms) for seed in (0, 1))
    assert (first[ROOMS_AT_ONCE:] != second[:ROOMS_AT_ONCE]).any()
    np.testing.assert_array_equal(evaluation_returns(replace(plan, seed=0), rooms[:40]), first[:40])


def test_an_interrupt_ends_the_evaluation() -> None:
    def interrupt(name: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(random_policy, replace(PLAN, streams=40, workers=2), interrupt)


def test_curve_averages_rooms_and_keeps_goals_apart() -> None:
    goals = np.array([41, 41, 49, 49])
    returns = np.array([[0, 4], [0, 6], [0, 10], [0, 20]])
    curve = make_curve(goals, Lives(returns, 20.0 - returns), 0.3, PLAN)
    assert [point.mean for point in curve.episodes] == [0, 10]
    assert curve.by_goal == {41: 2.5, 49: 7.5}
    assert curve.regret.mean == 40 - 10
    assert curve.last.low <= curve.last.mean <= curve.last.high


def test_progress_names_the_condition() -> None:
    seen: list[tuple[str, int, int]] = []
    evaluate(random_policy, PLAN, lambda *report: seen.append(report))
    assert seen[-1] == ("reward zeroed", 12, 12)
    assert len({name for name, _, _ in seen}) == 4


def test_compressed_contexts_are_compared_on_the_same_goals_and_seeds() -> None:
    """What keeps everything returns the same to the digit; what keeps nothing does not learn."""
    plan = replace(PLAN, streams=4)
    same = evaluate(goal_seeker, plan, compressed=lambda _: goal_seeker)
    assert same.compressed == same.held_out
    assert list(same.curves())[-1] == "compressed"
    worse = evaluate(goal_seeker, plan, compressed=lambda _: random_policy)
    assert worse.compressed is not None
    assert worse.compressed.last.high < worse.held_out.last.low
    assert worse.held_out == same.held_out
