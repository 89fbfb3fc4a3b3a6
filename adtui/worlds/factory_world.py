"""An environment family of the user's as a world of cells and single actions: what trials, circuits and probes act in.

These let many rooms share one clock, and replay what was done: so every episode has the horizon's length, and an
environment that is seeded and given the same actions does the same again, as Gymnasium asks of it.
"""

from __future__ import annotations

import hashlib
import inspect
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import ClassVar

import numpy as np

from ..records.action_head import ActionHead
from ..records.arrays import Doubles, Values
from ..records.defaults import GOALS
from ..records.run_settings import RunSettings
from .draws import Use, generator
from .rollouts import rollout, uniform_policy
from .settings import Arena
from .user_world import Shape, UserWorld, horizon_in
from .world import Chance, FloatArray, IntArray, Rewards, Rooms, Split, World

#: Histories and episodes of random actions in each task; environments of users may be slow.
_RANDOM_ROOMS, _RANDOM_EPISODES = 4, 10
_NO_MOVES = "only the environment itself knows where a step leads"
_MOST_CELLS = 1000


class FactoryRooms(Rooms):
    """One environment for each task, all on one clock."""

    def __init__(self, world: World, tasks: IntArray, chance: Chance) -> None:
        assert isinstance(world, FactoryWorld)
        self.world, self.tasks, self.chance, self.elapsed = world, np.asarray(tasks, np.int64), chance, 0
        self.stage = np.zeros(len(self.tasks), dtype=np.int64)
        self._user, self._shape = world.user, Shape(2, ActionHead("categorical", world.actions))
        numbers = np.array(world.numbers)[self.tasks].tolist()
        self._made = [self._user.make(number) for number in numbers]
        streams = (
            generator(chance.seed, Use.WORLD_SEEDS, chance.first + room, chance.use) for room in range(len(numbers))
        )
        self._seeds: list[int | None] = [int(stream.integers(1 << 31)) for stream in streams]

    def reset(self) -> IntArray:
        """States (B, 2) at the start of an episode; only the first one is seeded."""
        self.elapsed = 0
        both = zip(self._made, self._seeds, strict=True)
        found = [self._user.call(partial(one.reset, seed=seed), "reset()")[0] for one, seed in both]
        self._seeds = [None] * len(self._made)
        self.states = self._cells(found)
        return self.states

    def step(self, actions: IntArray) -> tuple[IntArray, Rewards, bool]:
        """The cells reached, rewards (B,) float32, and whether the episodes ended.

        Raises:
            ConfigError: one ended before the horizon, a state is no cell of the model's grid, or the user's code fails.
        """
        assert isinstance(self.world, FactoryWorld)
        observed, rewards = [], np.zeros(len(self._made), np.float32)
        self.elapsed += 1
        for room, (one, action) in enumerate(zip(self._made, actions.tolist(), strict=True)):
            state, reward, terminated, truncated, _ = self._user.call(partial(one.step, action), "step()")
            observed.append(state)
            rewards[room] = float(reward)
            if (terminated or truncated) and self.elapsed < self.world.horizon:
                raise self._user.wrong(
                    f"episodes of {self.world.horizon} steps each, as contexts of all tasks grow together here",
                    f"one that ended after {self.elapsed}",
                    "let it go on until the horizon, or give the factory another",
                )
        self.states = self._cells(observed)
        return self.states, rewards, self.elapsed >= self.world.horizon

    def _cells(self, observed: list[Values]) -> IntArray:
        cells: IntArray = np.stack([self._shape.state_of(state, self._user) for state in observed])
        if cells.min() < 0 or cells.max() >= self.world.size:
            expected = f"states from 0 to {self.world.size - 1}, the model's grid"
            raise self._user.wrong(expected, f"{cells.min()} to {cells.max()}", "let an ObservationWrapper make them")
        return cells

    def target(self) -> IntArray:
        raise AssertionError(_NO_MOVES)

    def _rewards(self) -> IntArray:
        raise AssertionError(_NO_MOVES)

    def optimal(self) -> FloatArray:
        raise AssertionError(_NO_MOVES)


@dataclass(frozen=True)
class FactoryWorld(World):
    """Tasks 0 … n − 1 are the factory's own, those for training first; nobody knows the best return.

    Attributes:
        env: MODULE:FACTORY.
        size: side of the model's grid.
        actions: A.
        train, test: the factory's numbers of its tasks.
        code: a digest of the file that the factory is in, so that what is kept of another is not taken for it.
    """

    NAMES: ClassVar[tuple[str, ...]] = ()
    HORIZON: ClassVar[int] = 1
    PLAIN_MOVES: ClassVar[bool] = False
    ONE_PLACE: ClassVar[bool] = True
    ROOMS: ClassVar[type[Rooms]] = FactoryRooms

    actions: int = 1
    train: tuple[int, ...] = ()
    test: tuple[int, ...] = ()
    code: str = ""

    @property
    def user(self) -> UserWorld:
        """The factory, once in a process: it travels by its name."""
        return _named(self.env)

    @property
    def numbers(self) -> tuple[int, ...]:
        """The factory's number of every task."""
        return self.train + self.test

    @property
    def num_actions(self) -> int:
        return self.actions

    @property
    def whole_rewards(self) -> bool:
        return False

    @property
    def where(self) -> str:
        return f"{self.n_tasks} tasks"

    @property
    def n_tasks(self) -> int:
        return len(self.numbers)

    def optimal_return(self, task: int) -> float:
        """NaN: nobody knows it."""
        del task
        return float("nan")

    def random_returns(self, tasks: IntArray) -> Doubles:
        """(B,) measured, the same at every call."""
        known, rows = np.unique(tasks, return_inverse=True)
        rooms = np.repeat(known, _RANDOM_ROOMS)
        past = rollout(uniform_policy(self.actions), self, rooms, _RANDOM_EPISODES, 0, use=Use.WORLD_CHANCE)
        by_task: Doubles = past.returns().reshape(len(known), -1).mean(axis=1, dtype=np.float64)
        return by_task[rows]

    def does(self, task: int | None) -> None:
        del task

    def words(self, task: int) -> str:
        return f"task {self.numbers[task]}"


@lru_cache(maxsize=4)
def _named(name: str) -> UserWorld:
    return UserWorld(name)


def arena_in(named: str, head: ActionHead, vector_size: int, grid_size: int | None, settings: RunSettings) -> Arena:
    """A factory's tasks to act in; without tasks for testing, those that there are stand on the test side.

    Args:
        head, vector_size: the model's, see `Model`.
        grid_size: side of the model's grid, None where its weights tell none.

    Raises:
        ConfigError: the factory cannot be used, or the model acts on or by vectors.
    """
    user = _named(named)
    if head.continuous or vector_size:
        raise user.wrong(
            "a model of cells and single actions, as contexts are shortened, patched and replayed here",
            f"one of vectors, {head.words}",
            "`adtui evaluate --world` and the app itself act in it",
        )
    horizon = horizon_in(user, Shape.of_model(vector_size, head), settings)
    train, test = (user.train, user.test) if user.test else ((), user.measured)
    source = inspect.getsourcefile(inspect.unwrap(user.factory)) or ""
    code = hashlib.sha256(Path(source).read_bytes()).hexdigest() if source else ""
    world = FactoryWorld(named, grid_size or _MOST_CELLS, horizon, 0, head.size, train, test, code)
    measured = tuple(range(len(train), world.n_tasks))
    notes = [f"in {named}, episodes of {horizon} steps; the best return there is not known"]
    if len(measured) > GOALS:
        notes.append(f"measured on {GOALS} of its {len(measured)} {user.words}, the first")
    if not user.test:
        notes.append("nobody says that the model was not trained on these tasks")
    split = Split(tuple(range(len(train))), measured[:GOALS])
    return Arena(world, split, len(measured), user.words, tuple(notes))
