"""Dark Key-to-Door: a dark room in which a key must be found before its door, each paying 1 once in an episode.

The second task of Algorithm Distillation (arXiv 2210.14215, section 4). The observation is the agent's own cell;
nothing shows the key, the door, or whether the key has been found. A task is one index over (key, door) pairs,
``((key x * size + key y) * size + door x) * size + door y``. Where key and door share a cell, staying one step longer
opens the door.

Two codes of users' write it under two names, and draw from different tasks: ``darkkeytodoor`` from all size⁴,
``dark_key_to_door`` from the first min(200, size⁴).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .world import GRID_SIZE, BoolArray, Cell, FloatArray, IntArray, Rooms, World, cells, distance, toward

ALL_PAIRS, FIRST_PAIRS = "darkkeytodoor", "dark_key_to_door"
#: Of the first pairs.
MOST_TASKS = 200


class KeyToDoorRooms(Rooms):
    """Stage 0 is without the key, 1 with it, 2 with the door open, where nothing pays any more."""

    def reset(self) -> IntArray:
        key, door = np.divmod(self.tasks, self.world.size**2)
        self.targets = np.stack([cells(key, self.world.size), cells(door, self.world.size)], axis=1)
        return super().reset()

    @property
    def done(self) -> BoolArray:
        done: BoolArray = self.stage == 2
        return done

    def _target(self) -> IntArray:
        """(B, 2) the cell that an agent wants next; its own where all is done."""
        there = self.targets[np.arange(len(self.tasks)), np.minimum(self.stage, 1)]
        return np.where(self.done[:, None], self.states, there)

    def _rewards(self) -> IntArray:
        rewards: IntArray = ((self.states == self._target()).all(axis=-1) & ~self.done).astype(np.int64)
        self.stage = self.stage + rewards
        return rewards

    def optimal(self) -> FloatArray:
        chance = toward(self.states, self._target())
        chance[self.done] = 1 / chance.shape[1]
        return chance


@dataclass(frozen=True)
class KeyToDoor(World):
    """The rooms of every pair of key and door."""

    NAMES: ClassVar[tuple[str, ...]] = (ALL_PAIRS, FIRST_PAIRS)
    HORIZON: ClassVar[int] = 50
    STAGES: ClassVar[int] = 3
    ROOMS: ClassVar[type[Rooms]] = KeyToDoorRooms

    env: str = ALL_PAIRS
    size: int = GRID_SIZE
    horizon: int = HORIZON

    @property
    def n_tasks(self) -> int:
        return self.size**4 if self.env == ALL_PAIRS else min(MOST_TASKS, self.size**4)

    def key_and_door(self, task: int) -> tuple[Cell, Cell]:
        """Their cells."""
        (key, door), size = divmod(task, self.size**2), self.size
        return (key // size, key % size), (door // size, door % size)

    def optimal_return(self, task: int) -> int:
        """2, where the horizon is long enough for both; whoever starts on the key has it after one step."""
        key, door = self.key_and_door(task)
        with_key = max(1, distance(self.start, key))
        return int(with_key <= self.horizon) + int(with_key + max(1, distance(key, door)) <= self.horizon)

    def words(self, task: int) -> str:
        (kx, ky), (dx, dy) = self.key_and_door(task)
        return f"key ({kx},{ky}) door ({dx},{dy})"

    def landmarks(self, task: int) -> dict[str, Cell]:
        key, door = self.key_and_door(task)
        return {"K": key, "D": door}
