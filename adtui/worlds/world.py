"""What a world is: an environment family that in-context RL trains on, its tasks and their split.

A world is one family of rooms, mostly of grids: the state is the agent's cell, an episode is truncated after `horizon`
steps, and nothing but the task differs between two of its rooms. A file each, a line each in `registry`. Bandits are a
world without states: every state is the one cell (0, 0), and what is paid hangs on the action and on chance.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..records.arrays import Doubles
from ..records.sample import ARROWS

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float32]
Rewards = NDArray[Any]
"""int64 of 0 and 1, or float32 where a world pays other sums."""
Cell = tuple[int, int]

#: Displacement of each action: x+1, x-1, y+1, y-1, stay.
MOVES: IntArray = np.array([[1, 0], [-1, 0], [0, 1], [0, -1], [0, 0]], dtype=np.int64)
NUM_ACTIONS = len(MOVES)
GRID_SIZE = 9


class Split(NamedTuple):
    """Task indices for training and for testing."""

    train: tuple[int, ...]
    test: tuple[int, ...]


def split_tasks(seed: int, train_ratio: float, total: int) -> Split:
    """The split of users' training code: Python's `random`, the first round(n * ratio) of tasks 0 … total − 1 train.

    The order matters (it is the order of the users' dataset), so it is kept.
    """
    tasks = list(range(total))
    random.Random(seed).shuffle(tasks)
    count = round(total * train_ratio)
    return Split(tuple(tasks[:count]), tuple(tasks[count:]))


class Chance(NamedTuple):
    """The streams of numbers that rooms pay by, in worlds where chance has a part: room b has stream `first + b`.

    Attributes:
        seed: see `draws.generator`.
        use: what else tells these streams apart: that of the actions in the rooms.
        first: the number of the first room.
    """

    seed: int = 0
    use: int = 0
    first: int = 0


NO_CHANCE = Chance()


class Rooms(ABC):
    """Many rooms of one world stepped together, one for each of `tasks` (B,).

    All rooms share the clock, so one flag says that the episode of every room has ended.

    Attributes:
        states: (B, 2) the agents' cells.
        stage: (B,) how many of the episode's one-time rewards an agent has had: what it may know, and its cell does
            not show.
    """

    def __init__(self, world: World, tasks: IntArray, chance: Chance) -> None:
        self.world, self.tasks, self.chance = world, np.asarray(tasks, dtype=np.int64), chance
        self.reset()

    def reset(self) -> IntArray:
        """States (B, 2) at the start of an episode."""
        self.elapsed = 0
        self.stage: IntArray = np.zeros(len(self.tasks), dtype=np.int64)
        self.states: IntArray = np.tile(np.array(self.world.start, dtype=np.int64), (len(self.tasks), 1))
        return self.states

    def step(self, actions: IntArray) -> tuple[IntArray, Rewards, bool]:
        """(next states (B, 2), rewards (B,), whether the episode ended).

        The returned states are the ones reached, also at the end of an episode; call `reset` for the next.
        """
        rewards = self.arrive(self.world.move(self.tasks, self.states, actions))
        self.elapsed += 1
        return self.states, rewards, self.elapsed >= self.world.horizon

    def arrive(self, states: IntArray) -> IntArray:
        """(B,) what a step that ends in `states` (B, 2) pays, wherever it came from."""
        self.states = states
        return self._rewards()

    @property
    def done(self) -> BoolArray:
        """(B,) where nothing pays any more in this episode."""
        return np.zeros(len(self.tasks), dtype=np.bool_)

    @abstractmethod
    def target(self) -> IntArray:
        """(B, 2) the cell that pays next; the agent's own where nothing pays any more."""

    @abstractmethod
    def _rewards(self) -> IntArray:
        """(B,) of the step that led to `states`; keeps `stage`."""

    @abstractmethod
    def optimal(self) -> FloatArray:
        """(B, A) uniform over the actions that lose nothing, for whoever knows the task."""


@dataclass(frozen=True)
class World(ABC):
    """Rooms of one kind and size.

    Attributes:
        env: its name in the users' configs, one of NAMES.
        size: side of the grid, cells.
        horizon: steps of an episode.
        seed: the run's env_split_seed, for worlds whose collectors shuffle their tasks before they number them.
    """

    NAMES: ClassVar[tuple[str, ...]]
    HORIZON: ClassVar[int]
    """The users' own, where a config states none."""
    STAGES: ClassVar[int] = 1
    """Values that `Rooms.stage` takes."""
    STATES: ClassVar[bool] = True
    """Whether there are states to tell apart, cells of a floor plan. Where not, nothing is walked, and what a step pays
    is of its action and of chance."""
    PLAIN_MOVES: ClassVar[bool] = True
    """Whether actions 0 to 4 are x+1, x−1, y+1, y−1 and stay in every task."""
    ONE_PLACE: ClassVar[bool] = False
    """Whether every task pays at the same place, so that no reward can be moved."""
    ROOMS: ClassVar[type[Rooms]]
    env: str
    size: int
    horizon: int
    seed: int = 0

    @classmethod
    def of(cls, env: str, size: int, horizon: int | None, seed: int, num_actions: int, reward_std: float) -> World:
        """The world of a name and of those settings that it has; its own horizon for None."""
        del num_actions, reward_std
        return cls(env, size, cls.HORIZON if horizon is None else horizon, seed)

    @property
    def num_actions(self) -> int:
        """A, how many actions there are."""
        return NUM_ACTIONS

    @property
    def whole_rewards(self) -> bool:
        """Whether a step pays 0 or 1 and nothing else."""
        return True

    @property
    def marked(self) -> bool:
        """Whether steps that pay more than 0 are few and mark something, so that rewarded transitions can be told."""
        return True

    @property
    def where(self) -> str:
        """Its size, for people: "9 x 9"."""
        return f"{self.size} x {self.size}"

    @property
    @abstractmethod
    def n_tasks(self) -> int:
        """How many tasks the users' training code draws from: indices 0 … n_tasks − 1."""

    @property
    def n_drawn_from(self) -> int:
        """How many tasks these are the first of."""
        return self.n_tasks

    @property
    def start(self) -> Cell:
        """Where every episode starts: the centre."""
        return self.size // 2, self.size // 2

    @abstractmethod
    def optimal_return(self, task: int) -> float:
        """Largest return of one episode; where chance has a part, its expectation."""

    @abstractmethod
    def words(self, task: int) -> str:
        """The task as labels name it: "goal (3,4)"."""

    def landmarks(self, task: int) -> dict[str, Cell]:
        """The cells of the floor plan that matter, by the letter that marks them."""
        del task
        return {}

    def goal(self, task: int) -> Cell | None:
        """The one rewarded cell, in worlds that have one for each task."""
        del task
        return None

    def tasks_at(self, places: IntArray) -> IntArray:
        """(T,) the tasks that pay at some of these cells (P, 2) and nowhere else, in order; none where ONE_PLACE."""
        del places
        return np.zeros(0, np.int64)

    def move(self, tasks: IntArray, states: IntArray, actions: IntArray) -> IntArray:
        """Cells (B, …, 2) after `actions` (B, …) in `states` (B, …, 2); walls stop the agent."""
        del tasks
        return move(states, actions, self.size)

    def does(self, task: int | None) -> IntArray | None:
        """(A,) which of MOVES each action makes in a task; None where the task must be known and is not."""
        del task
        return np.arange(NUM_ACTIONS)

    def arrows(self, task: int | None) -> str:
        """What each action does, drawn, a sign each; "" where that is not known. For readers of a sample."""
        does = self.does(task)
        return "" if does is None else "".join(ARROWS[move] for move in does.tolist())

    def rooms(self, tasks: IntArray, chance: Chance = NO_CHANCE) -> Rooms:
        """One room for each of `tasks` (B,); `chance` matters where the world does not pay the same every time."""
        return self.ROOMS(self, tasks, chance)

    def random_returns(self, tasks: IntArray) -> Doubles | None:
        """(B,) expected return of an episode of uniformly random actions, exactly; None where it has to be measured."""
        del tasks
        return None

    def regrets(self, tasks: IntArray, actions: IntArray, returns: Rewards) -> Doubles:
        """(B, E) what episodes lost against the best: (optimal return − return).

        Args:
            actions: (B, E · horizon) that were taken; returns: (B, E). Where chance pays, the arms' means count.
        """
        del actions
        lost: Doubles = self.optimal_returns(tasks)[:, None] - returns
        return lost

    def optimal_returns(self, tasks: IntArray) -> Doubles:
        """`optimal_return` of tasks (B,)."""
        known = {task: self.optimal_return(task) for task in np.unique(tasks).tolist()}
        return np.array([known[task] for task in tasks.tolist()], dtype=np.float64)

    def split(self, seed: int, train_ratio: float) -> Split:
        """The users' split of the tasks."""
        return split_tasks(seed, train_ratio, self.n_tasks)


def move(states: IntArray, actions: IntArray, size: int = GRID_SIZE) -> IntArray:
    """Cells (..., 2) after taking `actions` (...) in `states` (..., 2); walls stop the agent."""
    reached: IntArray = np.clip(states + MOVES[actions], 0, size - 1)
    return reached


def toward(states: IntArray, targets: IntArray) -> FloatArray:
    """Probabilities (B, A), uniform over the moves that shorten the way; stay when already there."""
    offset = targets - states
    better = np.stack(
        [offset[:, 0] > 0, offset[:, 0] < 0, offset[:, 1] > 0, offset[:, 1] < 0, (offset == 0).all(axis=1)], axis=1
    ).astype(np.float32)
    return np.asarray(better / better.sum(axis=1, keepdims=True), dtype=np.float32)


def distance(one: Cell, other: Cell) -> int:
    """Steps from one cell to another."""
    return abs(one[0] - other[0]) + abs(one[1] - other[1])


def numbers(places: IntArray, size: int) -> IntArray:
    """(…) the indices of cells (…, 2), as `cells` reads them."""
    found: IntArray = places[..., 0] * size + places[..., 1]
    return found


def cells(indices: IntArray, size: int) -> IntArray:
    """Cells (..., 2) of indices (...): (index // size, index % size), as users number them."""
    found: IntArray = np.stack([indices // size, indices % size], axis=-1).astype(np.int64)
    return found
