"""One room of any world with the Gymnasium API."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np

from .world import Chance, IntArray, World


class Environment(gym.Env[IntArray, int]):
    """A task of a world; an episode is truncated after `world.horizon` steps.

    Raises:
        ValueError: the world has no such task.
    """

    metadata: dict[str, Any] = {"render_modes": ["ansi"], "render_fps": 4}

    def __init__(self, world: World, task: int = 0, render_mode: str | None = None) -> None:
        if not 0 <= task < world.n_tasks:
            raise ValueError(
                f"{world.env} of size {world.size}: expected a task in 0..{world.n_tasks - 1}, found {task}"
            )
        self.world, self.task, self.render_mode = world, task, render_mode
        self.observation_space = (
            gym.spaces.Box(0, world.size - 1, shape=(2,), dtype=np.int64)
            if world.STATES
            else gym.spaces.MultiDiscrete([1, 1])
        )
        self.action_space = gym.spaces.Discrete(world.num_actions)  # type: ignore[assignment]
        self._rooms = world.rooms(np.array([task], dtype=np.int64))

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[IntArray, dict[str, Any]]:
        """Back to the start; `seed` begins the stream that the world pays by anew, where chance has a part in it."""
        super().reset(seed=seed, options=options)
        if seed is not None:
            self._rooms = self.world.rooms(self._rooms.tasks, Chance(seed))
        return self._rooms.reset()[0].copy(), {}

    def step(self, action: int) -> tuple[IntArray, float, bool, bool, dict[str, Any]]:
        """(state, reward, terminated, truncated, info); never terminated, truncated at the horizon."""
        states, rewards, ended = self._rooms.step(np.array([action], dtype=np.int64))
        return states[0].copy(), float(rewards[0]), False, ended, {}

    def render(self) -> str | None:
        """The room as text: `A` agent, the landmarks' letters, `.` elsewhere; x downwards, y to the right.

        Of a world without states, what its task is called.
        """
        if self.render_mode != "ansi":
            return None
        if not self.world.STATES:
            return self.world.words(self.task)
        rows = [["."] * self.world.size for _ in range(self.world.size)]
        for letter, (x, y) in [*self.world.landmarks(self.task).items(), ("A", tuple(self._rooms.states[0].tolist()))]:
            rows[x][y] = letter
        return "\n".join("".join(row) for row in rows)
