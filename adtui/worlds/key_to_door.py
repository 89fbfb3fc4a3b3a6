"""Dark Key-to-Door: a dark room in which a key must be found before its door, each paying 1 once in an episode.

The second task of Algorithm Distillation (arXiv 2210.14215, section 4). The observation is the agent's own cell;
nothing shows the key, the door, or whether the key has been found. A task is one index over (key, door) pairs,
``((key x * size + key y) * size + door x) * size + door y``. Where key and door share a cell, staying one step longer
opens the door.

Two codes of users' write it under two names, and number different tasks: ``darkkeytodoor`` all size⁴ in the order
above, ``dark_key_to_door`` the first min(200, size⁴) of all pairs, shuffled by Python's ``random`` with env_split_seed.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np

from .world import GRID_SIZE, BoolArray, Cell, FloatArray, IntArray, Rooms, World, cells, distance, numbers, toward

ALL_PAIRS, FIRST_PAIRS = "darkkeytodoor", "dark_key_to_door"
#: Of the first pairs.
MOST_TASKS = 200


class KeyToDoorRooms(Rooms):
    """Stage 0 is without the key, 1 with it, 2 with the door open, where nothing pays any more."""

    def reset(self) -> IntArray:
        assert isinstance(self.world, KeyToDoor)
        key, door = np.divmod(self.world.pairs(self.tasks), self.world.size**2)
        self.targets = np.stack([cells(key, self.world.size), cells(door, self.world.size)], axis=1)
        return super().reset()

    @property
    def done(self) -> BoolArray:
        done: BoolArray = self.stage == 2
        return done

    def target(self) -> IntArray:
        there = self.targets[np.arange(len(self.tasks)), np.minimum(self.stage, 1)]
        return np.where(self.done[:, None], self.states, there)

    def _rewards(self) -> IntArray:
        rewards: IntArray = ((self.states == self.target()).all(axis=-1) & ~self.done).astype(np.int64)
        self.stage = self.stage + rewards
        return rewards

    def optimal(self) -> FloatArray:
        chance = toward(self.states, self.target())
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

    @property
    def n_drawn_from(self) -> int:
        return self.size**4

    def pairs(self, tasks: IntArray) -> IntArray:
        """The pair that each task (B,) is, as one index."""
        return tasks if self.env == ALL_PAIRS else _first_pairs(self.size, self.seed)[tasks]

    def tasks_at(self, places: IntArray) -> IntArray:
        at = np.unique(numbers(places, self.size))
        pairs: IntArray = (at[:, None] * self.size**2 + at).reshape(-1)
        return pairs if self.env == ALL_PAIRS else np.flatnonzero(np.isin(self.pairs(np.arange(self.n_tasks)), pairs))

    def key_and_door(self, task: int) -> tuple[Cell, Cell]:
        """Their cells."""
        (key, door), size = divmod(int(self.pairs(np.array(task))), self.size**2), self.size
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


@lru_cache(maxsize=8)
def _first_pairs(size: int, seed: int) -> IntArray:
    """The first pairs of all as their collector shuffles them."""
    pairs = list(range(size**4))
    random.Random(seed).shuffle(pairs)
    return np.array(pairs[:MOST_TASKS], dtype=np.int64)
