"""Dark Room as two public codes have it: the same room with other starts and splits, or actions in another order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .darkroom import HORIZON, DarkRoom, DarkRooms
from .world import GRID_SIZE, Cell, FloatArray, IntArray, Split, move, toward

#: What AD-eps' actions do in the order of `world.MOVES`: stay, x−1, y+1, x+1, y−1.
ORDER: IntArray = np.array([4, 1, 2, 0, 3], dtype=np.int64)


@dataclass(frozen=True)
class DPTDarkRoom(DarkRoom):
    """DPT's (Lee et al. 2023, arXiv 2306.14892, section 4): every episode starts in the corner (0, 0).

    Goals are shuffled by NumPy's RandomState; the first int(n * ratio) are for training.
    """

    NAMES: ClassVar[tuple[str, ...]] = ("darkroom_heldout",)
    HORIZON: ClassVar[int] = 100

    env: str = NAMES[0]
    size: int = 10
    horizon: int = HORIZON

    @property
    def start(self) -> Cell:
        return 0, 0

    def split(self, seed: int, train_ratio: float) -> Split:
        order = np.arange(self.n_tasks)
        np.random.RandomState(seed).shuffle(order)
        return _cut(order, int(self.n_tasks * train_ratio))


class ADEpsRooms(DarkRooms):
    """Dark Rooms whose actions stand in another order."""

    def optimal(self) -> FloatArray:
        return toward(self.states, self.goals)[:, ORDER]


@dataclass(frozen=True)
class ADEpsDarkRoom(DarkRoom):
    """AD-eps' (Zisman et al. 2023, arXiv 2312.12275): its actions are stay, up, right, down, left, with x downwards.

    Goals are permuted by NumPy's RandomState; the first round(n * ratio) are for training.
    """

    NAMES: ClassVar[tuple[str, ...]] = ("DarkRoom-v0", "DarkRoomMedium-v0")
    HORIZON: ClassVar[int] = HORIZON
    PLAIN_MOVES: ClassVar[bool] = False
    ROOMS: ClassVar[type[DarkRooms]] = ADEpsRooms

    env: str = NAMES[0]
    size: int = GRID_SIZE
    horizon: int = HORIZON

    def move(self, tasks: IntArray, states: IntArray, actions: IntArray) -> IntArray:
        del tasks
        return move(states, ORDER[actions], self.size)

    def does(self, task: int | None) -> IntArray:
        del task
        return ORDER

    def split(self, seed: int, train_ratio: float) -> Split:
        order = np.random.RandomState(seed).permutation(self.n_tasks)
        return _cut(order, round(self.n_tasks * train_ratio))


def _cut(order: IntArray, count: int) -> Split:
    tasks = tuple(int(task) for task in order)
    return Split(tasks[:count], tasks[count:])
