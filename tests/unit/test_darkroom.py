"""Dark Room: the Gymnasium contract, the users' transitions and split, the vectorised form."""

from __future__ import annotations

import random
import warnings
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from adtui.worlds.darkroom import DarkRoom, DarkRooms, goal_cell, move, optimal_return, split_goals

HISTORIES = Path(__file__).parents[3] / "shared/fixtures/datasets/history_darkroom_PPO_alg-seed42.hdf5"


def test_gymnasium_accepts_the_environment() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message=".*alternative render modes.*")  # it has no registered spec
        check_env(DarkRoom(goal=7, render_mode="ansi"))


def test_stored_histories_are_reproduced() -> None:
    """Every stored step follows from ours, except that an episode's last next state is the reset state."""
    if not HISTORIES.exists():
        pytest.skip("the fixture histories are not here")
    import h5py

    with h5py.File(HISTORIES) as file:
        assert len(file) == 81
        for name, group in file.items():
            states, actions = group["states"][:].astype(np.int64), group["actions"][:].astype(np.int64)
            reached = move(states, actions)
            inside = np.arange(1, len(actions) + 1) % 20 != 0
            np.testing.assert_array_equal(reached[inside], group["next_states"][:][inside])
            assert (group["next_states"][:][~inside] == 4).all()
            np.testing.assert_array_equal((reached == goal_cell(int(name))).all(axis=-1), group["rewards"][:])


@pytest.mark.parametrize("goal", [0, 40, 44, 80])
def test_walking_straight_earns_the_optimal_return(goal: int) -> None:
    room = DarkRoom(goal)
    state, _ = room.reset(seed=0)
    total, truncated = 0.0, False
    while not truncated:
        dx, dy = room.goal - state
        action = (0 if dx > 0 else 1) if dx else (2 if dy > 0 else 3) if dy else 4
        state, reward, terminated, truncated, _ = room.step(action)
        assert not terminated
        total += reward
    assert total == optimal_return(goal)


def test_optimal_return_counts_the_step_that_arrives() -> None:
    assert [optimal_return(goal) for goal in (40, 41, 42, 0)] == [20, 20, 19, 13]
    assert optimal_return(0, horizon=5) == 0


@pytest.mark.parametrize(("seed", "ratio"), [(0, 0.9), (3, 0.5), (1, 1.0)])
def test_split_is_the_users_one(seed: int, ratio: float) -> None:
    random.seed(seed)
    goals = list(range(81))
    random.shuffle(goals)
    split = split_goals(seed, ratio)
    assert list(split.train) == goals[: round(81 * ratio)]
    assert list(split.test) == goals[round(81 * ratio) :]


def test_split_leaves_the_global_generator_alone() -> None:
    random.seed(5)
    before = random.getstate()
    split_goals(0, 0.9)
    assert random.getstate() == before


def test_many_rooms_step_like_single_ones() -> None:
    goals = np.array([0, 40, 41, 80, 12])
    rng = np.random.default_rng(0)
    together = DarkRooms(goals)
    alone = [DarkRoom(int(goal)) for goal in goals]
    for room in alone:
        room.reset(seed=0)
    for _ in range(20):
        actions = rng.integers(5, size=len(goals))
        states, rewards, ended = together.step(actions)
        for row, (room, action) in enumerate(zip(alone, actions, strict=True)):
            state, reward, _, truncated, _ = room.step(int(action))
            assert (state == states[row]).all()
            assert (reward, truncated) == (rewards[row], ended)


def test_goal_outside_the_room_is_refused() -> None:
    with pytest.raises(ValueError, match=r"0\.\.80"):
        goal_cell(81)


def test_rendering_shows_agent_and_goal() -> None:
    room = DarkRoom(0, size=3, render_mode="ansi")
    room.reset(seed=0)
    assert room.render() == "G..\n.A.\n..."
    assert isinstance(room, gymnasium.Env)
