"""Dark Room: an unmarked square room in which an agent must find, and remember, one rewarded cell.

The task of Algorithm Distillation (Laskin et al. 2022, arXiv 2210.14215, section 4): the observation is the agent's
own cell, nothing shows the goal, and every step that ends on the goal pays 1. A goal is stored as one index,
``(index // size, index % size)``, as in the HDF5 histories.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .world import GRID_SIZE, Cell, FloatArray, IntArray, Rooms, World, cells, distance, numbers, toward

DARK_ROOM = "darkroom"
HORIZON = 20


class DarkRooms(Rooms):
    """Every step that ends on the goal pays 1."""

    def reset(self) -> IntArray:
        self.goals = cells(self.tasks, self.world.size)
        return super().reset()

    def _rewards(self) -> IntArray:
        rewards: IntArray = (self.states == self.goals).all(axis=-1).astype(np.int64)
        return rewards

    def target(self) -> IntArray:
        return self.goals

    def optimal(self) -> FloatArray:
        return toward(self.states, self.goals)


@dataclass(frozen=True)
class DarkRoom(World):
    """The rooms of every goal."""

    NAMES: ClassVar[tuple[str, ...]] = (DARK_ROOM,)
    HORIZON: ClassVar[int] = HORIZON
    ROOMS: ClassVar[type[Rooms]] = DarkRooms

    env: str = DARK_ROOM
    size: int = GRID_SIZE
    horizon: int = HORIZON

    @property
    def n_tasks(self) -> int:
        return self.size**2

    def optimal_return(self, task: int) -> int:
        """Walk straight to the goal, then stay on it."""
        way = distance(self.start, self.goal(task))
        return max(0, min(self.horizon, self.horizon - way + 1))

    def goal(self, task: int) -> Cell:
        return task // self.size, task % self.size

    def tasks_at(self, places: IntArray) -> IntArray:
        return np.unique(numbers(places, self.size))

    def words(self, task: int) -> str:
        x, y = self.goal(task)
        return f"goal ({x},{y})"

    def landmarks(self, task: int) -> dict[str, Cell]:
        return {"G": self.goal(task)}
