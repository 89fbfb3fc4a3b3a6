"""Dark Room with permuted actions: the goal never moves, but what each action does has to be found out.

From DPT (Lee et al. 2023, arXiv 2306.14892, section 4): the task is one of the 5! orders of the actions, as sorted by
``itertools.permutations``; action a moves as ``order[a]`` does in Dark Room. Episodes start at (0, 0), the goal is the
opposite corner, and every step that ends on it pays 1.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .world import GRID_SIZE, NUM_ACTIONS, Cell, FloatArray, IntArray, Rooms, World, distance, move, toward

#: (120, 5): what each action does, by task.
ORDERS: IntArray = np.array(list(itertools.permutations(range(NUM_ACTIONS))), dtype=np.int64)
#: (120, 5): the action that does each thing.
_ACTIONS: IntArray = ORDERS.argsort(axis=1)


class PermutedRooms(Rooms):
    """Every step that ends in the far corner pays 1."""

    def _rewards(self) -> IntArray:
        rewards: IntArray = (self.states == self.world.size - 1).all(axis=-1).astype(np.int64)
        return rewards

    def target(self) -> IntArray:
        return np.full_like(self.states, self.world.size - 1)

    def optimal(self) -> FloatArray:
        wanted = toward(self.states, self.target())
        return np.take_along_axis(wanted, ORDERS[self.tasks], axis=1)


@dataclass(frozen=True)
class PermutedDarkRoom(World):
    """The rooms of every order of the actions."""

    NAMES: ClassVar[tuple[str, ...]] = ("darkroompermuted",)
    HORIZON: ClassVar[int] = 50
    PLAIN_MOVES: ClassVar[bool] = False
    ONE_PLACE: ClassVar[bool] = True
    ROOMS: ClassVar[type[Rooms]] = PermutedRooms

    env: str = NAMES[0]
    size: int = GRID_SIZE
    horizon: int = HORIZON

    @property
    def n_tasks(self) -> int:
        return len(ORDERS)

    @property
    def start(self) -> Cell:
        return 0, 0

    def move(self, tasks: IntArray, states: IntArray, actions: IntArray) -> IntArray:
        shape = (len(tasks),) + (1,) * (actions.ndim - 1)
        return move(states, ORDERS[tasks.reshape(shape), actions], self.size)

    def does(self, task: int | None) -> IntArray | None:
        return None if task is None else ORDERS[task]

    def optimal_return(self, task: int) -> int:
        del task
        way = distance(self.start, (self.size - 1, self.size - 1))
        return max(0, self.horizon - way + 1)

    def goal(self, task: int) -> Cell:
        del task
        return self.size - 1, self.size - 1

    def words(self, task: int) -> str:
        return f"action order {''.join(map(str, ORDERS[task]))}"

    def landmarks(self, task: int) -> dict[str, Cell]:
        return {"G": self.goal(task)}
