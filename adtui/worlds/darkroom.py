"""Dark Room: an unmarked square room in which an agent must find, and remember, one rewarded cell.

The task of Algorithm Distillation (Laskin et al. 2022, arXiv 2210.14215, section 4): the observation is the agent's
own cell, nothing shows the goal, and every step that ends on the goal pays 1. A goal is stored as one index,
``(index // size, index % size)``, as in the HDF5 histories.
"""

from __future__ import annotations

import random
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

#: Displacement of each action: x+1, x-1, y+1, y-1, stay.
MOVES: IntArray = np.array([[1, 0], [-1, 0], [0, 1], [0, -1], [0, 0]], dtype=np.int64)
NUM_ACTIONS = len(MOVES)
GRID_SIZE = 9
HORIZON = 20


def goal_cell(goal: int, size: int = GRID_SIZE) -> IntArray:
    """The (x, y) cell of a goal index; ValueError when the index lies outside the room."""
    if not 0 <= goal < size * size:
        raise ValueError(f"goal {goal} is outside a {size}x{size} room: expected 0..{size * size - 1}")
    return np.array([goal // size, goal % size], dtype=np.int64)


def goal_cells(goals: IntArray, size: int = GRID_SIZE) -> IntArray:
    """Cells (..., 2) of goal indices (...)."""
    cells: IntArray = np.stack([goals // size, goals % size], axis=-1).astype(np.int64)
    return cells


def move(states: IntArray, actions: IntArray, size: int = GRID_SIZE) -> IntArray:
    """Cells (..., 2) after taking `actions` (...) in `states` (..., 2); walls stop the agent."""
    reached: IntArray = np.clip(states + MOVES[actions], 0, size - 1)
    return reached


def start_cell(size: int = GRID_SIZE) -> IntArray:
    """Every episode starts at the centre."""
    return np.array([size // 2, size // 2], dtype=np.int64)


def optimal_return(goal: int, size: int = GRID_SIZE, horizon: int = HORIZON) -> int:
    """Largest return of one episode: walk straight to the goal, then stay on it."""
    distance = int(np.abs(goal_cell(goal, size) - start_cell(size)).sum())
    return max(0, min(horizon, horizon - distance + 1))


class Split(NamedTuple):
    """Goal indices for training and for testing."""

    train: tuple[int, ...]
    test: tuple[int, ...]


def split_goals(seed: int, train_ratio: float, size: int = GRID_SIZE) -> Split:
    """The split of users' training code: Python's `random`, the first round(n * ratio) goals train.

    The order matters (it is the order of the users' dataset), so it is kept.
    """
    return split_tasks(seed, train_ratio, size * size)


def split_tasks(seed: int, train_ratio: float, total: int) -> Split:
    """The same split of the tasks 0 … total − 1 of any environment."""
    tasks = list(range(total))
    random.Random(seed).shuffle(tasks)
    count = round(total * train_ratio)
    return Split(tuple(tasks[:count]), tuple(tasks[count:]))


class DarkRoom(gym.Env[IntArray, int]):
    """One Dark Room with the Gymnasium API; an episode is truncated after `horizon` steps."""

    metadata: dict[str, Any] = {"render_modes": ["ansi"], "render_fps": 4}

    def __init__(
        self, goal: int = 0, size: int = GRID_SIZE, horizon: int = HORIZON, render_mode: str | None = None
    ) -> None:
        self.goal = goal_cell(goal, size)
        self.size = size
        self.horizon = horizon
        self.render_mode = render_mode
        self.observation_space = gym.spaces.Box(0, size - 1, shape=(2,), dtype=np.int64)
        self.action_space = gym.spaces.Discrete(NUM_ACTIONS)  # type: ignore[assignment]
        self._state = start_cell(size)
        self._elapsed = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[IntArray, dict[str, Any]]:
        """Back to the centre. The task has no chance in it; `seed` only seeds `np_random`."""
        super().reset(seed=seed, options=options)
        self._state = start_cell(self.size)
        self._elapsed = 0
        return self._state.copy(), {}

    def step(self, action: int) -> tuple[IntArray, float, bool, bool, dict[str, Any]]:
        """(state, reward, terminated, truncated, info); never terminated, truncated at the horizon."""
        self._state = move(self._state, np.asarray(action), self.size)
        self._elapsed += 1
        reward = float(np.array_equal(self._state, self.goal))
        return self._state.copy(), reward, False, self._elapsed >= self.horizon, {}

    def render(self) -> str | None:
        """The room as text: `A` agent, `G` goal, `.` elsewhere; x downwards, y to the right."""
        if self.render_mode != "ansi":
            return None
        rows = [["."] * self.size for _ in range(self.size)]
        rows[self.goal[0]][self.goal[1]] = "G"
        rows[self._state[0]][self._state[1]] = "A"
        return "\n".join("".join(row) for row in rows)


class DarkRooms:
    """Many rooms stepped together: `goals` (B,) indices, one room for each goal and stream.

    All rooms share the clock, so one flag says that the episode of every room has ended.
    """

    def __init__(self, goals: IntArray, size: int = GRID_SIZE, horizon: int = HORIZON) -> None:
        self.cells = goal_cells(np.asarray(goals, dtype=np.int64), size)
        self.size = size
        self.horizon = horizon
        self.reset()

    def reset(self) -> IntArray:
        """States (B, 2), all at the centre."""
        self.elapsed = 0
        self.states: IntArray = np.tile(start_cell(self.size), (len(self.cells), 1))
        return self.states

    def step(self, actions: IntArray) -> tuple[IntArray, IntArray, bool]:
        """(next states (B, 2), rewards (B,) of 0 or 1, whether the episode ended).

        The returned states are the ones reached, also at the end of an episode; call `reset` for the next.
        """
        self.states = move(self.states, actions, self.size)
        self.elapsed += 1
        rewards = (self.states == self.cells).all(axis=-1).astype(np.int64)
        return self.states, rewards, self.elapsed >= self.horizon
