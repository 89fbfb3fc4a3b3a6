"""In-context rollouts: what the policy is shown, and the controls."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from policies import goal_seeker

from adtui.worlds.darkroom import DarkRoom
from adtui.worlds.draws import Use, uniforms
from adtui.worlds.rollouts import random_policy, rollout, softmax
from adtui.worlds.world import NUM_ACTIONS, FloatArray, IntArray, cells, move

ROOM = DarkRoom()
GOALS = np.array([0, 41, 80])


@dataclass
class Spy:
    """Remembers what it was shown; acts at random."""

    seen: list[tuple[IntArray, IntArray, FloatArray, IntArray, IntArray]] = field(default_factory=list)

    def __call__(
        self,
        states: IntArray,
        actions: IntArray,
        rewards: FloatArray,
        next_states: IntArray,
        query_states: IntArray,
    ) -> FloatArray:
        self.seen.append(tuple(part.copy() for part in (states, actions, rewards, next_states, query_states)))  # type: ignore[arg-type]
        return np.zeros((len(query_states), NUM_ACTIONS), dtype=np.float32)


def test_context_grows_from_nothing_and_slides() -> None:
    spy = Spy()
    histories = rollout(spy, ROOM, GOALS, 2, 25, seed=3)
    assert [len(shown[1][0]) for shown in spy.seen] == [min(step, 25) for step in range(40)]
    for step, (states, actions, rewards, next_states, query) in enumerate(spy.seen):
        context = slice(max(0, step - 25), step)
        np.testing.assert_array_equal(states, histories.states[:, context])
        np.testing.assert_array_equal(actions, histories.actions[:, context])
        np.testing.assert_array_equal(rewards, histories.rewards[:, context])
        np.testing.assert_array_equal(next_states, histories.next_states[:, context])
        np.testing.assert_array_equal(query, histories.states[:, step])


def test_a_stride_begins_contexts_at_its_multiples() -> None:
    spy = Spy()
    histories = rollout(spy, ROOM, GOALS, 2, 11, stride=6)
    for step, (states, _, _, _, _) in enumerate(spy.seen):
        first = max(0, step // 6 * 6 - 6)  # the batch before the present one
        np.testing.assert_array_equal(states, histories.states[:, first:step])


def test_context_holds_the_cell_reached_at_the_end_of_an_episode() -> None:
    histories = rollout(random_policy, ROOM, GOALS, 2, 30)
    np.testing.assert_array_equal(move(histories.states, histories.actions), histories.next_states)
    np.testing.assert_array_equal((histories.next_states == cells(GOALS, 9)[:, None]).all(-1), histories.rewards)
    assert (histories.states[:, 20] == 4).all()
    assert (histories.next_states[:, 19] != 4).any()


def test_wiped_context_never_crosses_a_reset() -> None:
    spy = Spy()
    rollout(spy, ROOM, GOALS, 3, 79, wipe_each_episode=True)
    assert [shown[1].shape[1] for shown in spy.seen] == list(range(20)) * 3


def test_zeroed_rewards_are_hidden_and_still_counted() -> None:
    spy = Spy()
    histories = rollout(spy, ROOM, np.full(40, 41), 2, 40, zero_rewards=True)
    assert histories.rewards.sum() > 0
    assert all((shown[2] == 0).all() for shown in spy.seen)


def test_remembering_the_goal_reaches_the_optimal_return() -> None:
    goals = np.full(30, 41)
    learnt = rollout(goal_seeker, ROOM, goals, 8, 79, seed=1).returns()
    assert learnt[:, -1].mean() > 0.9 * ROOM.optimal_return(41)
    wiped = rollout(goal_seeker, ROOM, goals, 8, 79, seed=1, wipe_each_episode=True).returns()
    assert wiped[:, -1].mean() < 0.9 * learnt[:, -1].mean()


def test_seed_decides_and_greedy_does_not_draw() -> None:
    first, again, other = (rollout(random_policy, ROOM, GOALS, 2, 5, seed=seed).actions for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    greedy = [rollout(goal_seeker, ROOM, GOALS, 2, 5, seed=seed, greedy=True).actions for seed in (0, 1)]
    np.testing.assert_array_equal(greedy[0], greedy[1])


def test_a_room_acts_the_same_in_any_company() -> None:
    """Row b of a rollout draws from stream `first_room + b` alone."""
    goals = np.arange(12) * 5
    together = rollout(goal_seeker, ROOM, goals, 4, 40, seed=3).actions
    parts = [rollout(goal_seeker, ROOM, goals[a : a + 5], 4, 40, seed=3, first_room=a).actions for a in (0, 5, 10)]
    np.testing.assert_array_equal(np.concatenate(parts), together)


def test_neighbouring_seeds_and_other_uses_share_nothing() -> None:
    drawn = {
        (seed, use): uniforms(seed, use, 0, 4, 500)
        for seed in (0, 1, 2)
        for use in (Use.ROOMS, Use.CHANCE, Use.CONTEXTS)
    }
    rows = np.concatenate(list(drawn.values()))
    assert len(np.unique(rows[:, 0])) == len(rows)
    assert np.abs(np.corrcoef(rows) - np.eye(len(rows))).max() < 0.2
    assert len({int(use) for use in Use}) == len(Use)


def test_softmax_survives_large_logits() -> None:
    rows = softmax(np.array([[1000.0, 0, 0], [0, 0, 0]], dtype=np.float32))
    np.testing.assert_allclose(rows, [[1.0, 0, 0], [1 / 3] * 3], atol=1e-6)


def test_progress_counts_episodes() -> None:
    seen: list[tuple[int, int]] = []
    rollout(random_policy, ROOM, GOALS, 3, 5, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize("size", [3, 5])
def test_other_room_sizes(size: int) -> None:
    histories = rollout(random_policy, DarkRoom(size=size, horizon=6), np.array([0]), 1, 5)
    assert histories.states.shape == (1, 6, 2)
    assert histories.states.max() < size
