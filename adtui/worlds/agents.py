"""Source agents whose learning histories are distilled: vectorised over goals and streams.

A source acts episode after episode in one room and improves. Each returns its histories together with the
probabilities it gave its actions, which are the training targets ("soft labels": the same expectation as the
sampled actions, with less variance).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from .darkroom import NUM_ACTIONS, BoolArray, DarkRooms, IntArray, goal_cells

FloatArray = NDArray[np.float32]
#: Called after each episode with (done, total).
ProgressCallback = Callable[[int, int], None]


class Step(NamedTuple):
    """One step of B rooms."""

    states: IntArray  # (B, 2)
    actions: IntArray  # (B,)
    rewards: IntArray  # (B,)
    next_states: IntArray  # (B, 2), the cells reached


@dataclass(frozen=True)
class Histories:
    """Histories of B rooms over T steps, room-major. `next_states` are the cells reached, also at episode ends."""

    goals: IntArray  # (B,) goal index
    states: IntArray  # (B, T, 2)
    actions: IntArray  # (B, T)
    rewards: IntArray  # (B, T)
    next_states: IntArray  # (B, T, 2)
    probabilities: FloatArray  # (B, T, A) of the source
    horizon: int

    def write(self, step: int, taken: Step, probabilities: FloatArray) -> None:
        """Fill in column `step` of histories that are being made."""
        self.states[:, step], self.actions[:, step], self.rewards[:, step] = taken.states, taken.actions, taken.rewards
        self.next_states[:, step], self.probabilities[:, step] = taken.next_states, probabilities

    def returns(self) -> IntArray:
        """Return of each episode, (B, episodes)."""
        returns: IntArray = self.rewards.reshape(len(self.goals), -1, self.horizon).sum(axis=-1)
        return returns


def empty_histories(goals: IntArray, length: int, horizon: int) -> Histories:
    """Zeros for one room for each of `goals` (B,), `length` steps long, to be written step by step."""
    shape = (len(goals), length)
    states, next_states = (np.zeros((*shape, 2), dtype=np.int64) for _ in range(2))
    actions, rewards = (np.zeros(shape, dtype=np.int64) for _ in range(2))
    probabilities = np.zeros((*shape, NUM_ACTIONS), dtype=np.float32)
    return Histories(goals, states, actions, rewards, next_states, probabilities, horizon)


class Source(Protocol):
    """What `collect` needs of a source agent."""

    def start(self, rooms: DarkRooms, rng: np.random.Generator) -> None:
        """Forget everything and face B new rooms. Only a demonstrator may read their goals."""

    def begin_episode(self, episode: int) -> None:
        """The rooms were reset."""

    def act(self, states: IntArray) -> FloatArray:
        """Action probabilities (B, A) in `states` (B, 2)."""

    def observe(self, step: Step) -> None:
        """Learn from one step of every room."""


def toward(states: IntArray, targets: IntArray) -> FloatArray:
    """Probabilities (B, A), uniform over the moves that shorten the way; stay when already there."""
    offset = targets - states
    better = np.stack(
        [offset[:, 0] > 0, offset[:, 0] < 0, offset[:, 1] > 0, offset[:, 1] < 0, (offset == 0).all(axis=1)], axis=1
    ).astype(np.float32)
    return np.asarray(better / better.sum(axis=1, keepdims=True), dtype=np.float32)


def with_noise(probabilities: FloatArray, noise: FloatArray) -> FloatArray:
    """A uniformly random action with probability `noise` (B,), else the agent's own."""
    return ((1 - noise[:, None]) * probabilities + noise[:, None] / NUM_ACTIONS).astype(np.float32)


@dataclass
class _Annealed:
    """Action noise that falls linearly to 0, with its start and its length drawn for each history."""

    noise_start: tuple[float, float]
    noise_episodes: tuple[int, int]

    def _draw_schedule(self, count: int, rng: np.random.Generator) -> None:
        low, high = self.noise_start
        self._first = rng.uniform(low, high, count)
        self._length = rng.integers(self.noise_episodes[0], self.noise_episodes[1] + 1, count)
        self._clock = 0.0

    def _noise(self) -> FloatArray:
        """Noise (B,) at the present step; the clock counts episodes, in fractions."""
        return (self._first * np.clip(1 - self._clock / self._length, 0, 1)).astype(np.float32)


@dataclass
class Explorer(_Annealed):
    """Noise-annealed explorer: posterior sampling over where the goal can be (Thompson 1933).

    It believes in every cell that it has not seen unrewarded, walks to one drawn from that belief, and after the
    first reward goes to the goal. It knows nothing of which goals are for training.
    """

    noise_start: tuple[float, float] = (0.3, 1.0)
    noise_episodes: tuple[int, int] = (5, 12)

    def start(self, rooms: DarkRooms, rng: np.random.Generator) -> None:
        count, self._size, self._horizon, self._rng = len(rooms.cells), rooms.size, rooms.horizon, rng
        self._open: BoolArray = np.ones((count, rooms.size**2), dtype=np.bool_)
        self._found: BoolArray = np.zeros(count, dtype=np.bool_)
        self._target: IntArray = np.zeros(count, dtype=np.int64)
        self._draw_schedule(count, rng)

    def begin_episode(self, episode: int) -> None:
        del episode  # every episode begins alike
        self._retarget(~self._found)

    def _retarget(self, rooms: BoolArray) -> None:
        chosen = np.flatnonzero(rooms)
        keys = self._rng.random((len(chosen), self._open.shape[1]), dtype=np.float32)
        self._target[chosen] = (keys * self._open[chosen]).argmax(axis=1)

    def act(self, states: IntArray) -> FloatArray:
        probabilities = with_noise(toward(states, goal_cells(self._target, self._size)), self._noise())
        self._clock += 1 / self._horizon
        return probabilities

    def observe(self, step: Step) -> None:
        cell = step.next_states[:, 0] * self._size + step.next_states[:, 1]
        rewarded = step.rewards > 0
        self._open[np.flatnonzero(~rewarded), cell[~rewarded]] = False
        self._target[rewarded] = cell[rewarded]
        self._found |= rewarded
        self._retarget(~self._found & ~self._open[np.arange(len(cell)), self._target])


@dataclass
class Demonstrator(_Annealed):
    """AD^eps (Zisman et al. 2023, arXiv 2312.12275): a policy that knows the goal, under annealed action noise.

    It never explores on purpose: early episodes are noise, so rewards are found by chance.
    """

    noise_start: tuple[float, float] = (1.0, 1.0)
    noise_episodes: tuple[int, int] = (12, 24)

    def start(self, rooms: DarkRooms, rng: np.random.Generator) -> None:
        self._cells, self._horizon = rooms.cells, rooms.horizon
        self._draw_schedule(len(rooms.cells), rng)

    def begin_episode(self, episode: int) -> None:
        pass

    def act(self, states: IntArray) -> FloatArray:
        probabilities = with_noise(toward(states, self._cells), self._noise())
        self._clock += 1 / self._horizon
        return probabilities

    def observe(self, step: Step) -> None:
        pass


@dataclass
class QLearning:
    """Tabular Q-learning with optimistic start values and an annealed epsilon (Watkins 1989)."""

    learning_rate: float = 0.5
    discount: float = 0.9
    epsilon_start: float = 1.0
    epsilon_end: float = 0.02
    epsilon_episodes: int = 60
    start_value: float = 0.3

    def start(self, rooms: DarkRooms, rng: np.random.Generator) -> None:
        self._size = rooms.size
        self._rows = np.arange(len(rooms.cells))
        jitter = 0.01 * rng.random((len(rooms.cells), rooms.size**2, NUM_ACTIONS))
        self._values = self.start_value + jitter
        self._epsilon = self.epsilon_start

    def begin_episode(self, episode: int) -> None:
        share = min(1.0, episode / max(1, self.epsilon_episodes))
        self._epsilon = self.epsilon_start + share * (self.epsilon_end - self.epsilon_start)

    def _index(self, states: IntArray) -> IntArray:
        index: IntArray = states[:, 0] * self._size + states[:, 1]
        return index

    def act(self, states: IntArray) -> FloatArray:
        greedy = self._values[self._rows, self._index(states)].argmax(axis=1)
        one_hot = np.eye(NUM_ACTIONS, dtype=np.float32)[greedy]
        return with_noise(one_hot, np.full(len(greedy), self._epsilon, dtype=np.float32))

    def observe(self, step: Step) -> None:
        # The horizon is a time limit and not an end of the task, so the last step bootstraps as well.
        following = self._values[self._rows, self._index(step.next_states)].max(axis=1)
        target = step.rewards + self.discount * following
        place = (self._rows, self._index(step.states), step.actions)
        self._values[place] += self.learning_rate * (target - self._values[place])


def run_source(
    source: Source,
    goals: IntArray,
    episodes: int,
    rng: np.random.Generator,
    size: int,
    horizon: int,
    progress: ProgressCallback | None = None,
) -> Histories:
    """Let `source` live through `episodes` in one room for each entry of `goals` (B,)."""
    goals = np.asarray(goals, dtype=np.int64)
    environment = DarkRooms(goals, size, horizon)
    past = empty_histories(goals, episodes * horizon, horizon)
    source.start(environment, rng)
    for step in range(episodes * horizon):
        if step % horizon == 0:
            environment.reset()
            source.begin_episode(step // horizon)
        here = environment.states
        chance = source.act(here)
        chosen = sample_actions(chance, rng.random(len(chance), dtype=np.float32))
        reached, reward, ended = environment.step(chosen)
        taken = Step(here, chosen, reward, reached)
        source.observe(taken)
        past.write(step, taken, chance)
        if ended and progress is not None:
            progress(step // horizon + 1, episodes)
    return past


def sample_actions(probabilities: FloatArray, uniform: FloatArray) -> IntArray:
    """One action (B,) for each row of `probabilities` (B, A), which sum to 1 up to rounding.

    Args:
        uniform: (B,) drawn from [0, 1), one for each row.
    """
    cumulative = probabilities.cumsum(axis=1)
    draw = uniform[:, None] * cumulative[:, -1:]
    chosen: IntArray = np.minimum((draw >= cumulative).sum(axis=1), probabilities.shape[1] - 1)
    return chosen
