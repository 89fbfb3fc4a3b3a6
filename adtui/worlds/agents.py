"""Source agents whose learning histories are distilled: vectorised over goals and streams.

A source acts episode after episode in one room and improves. Each returns its histories together with the
probabilities it gave its actions, which are the training targets ("soft labels": the same expectation as the
sampled actions, with less variance).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from .world import NO_CHANCE, BoolArray, Chance, FloatArray, IntArray, Rewards, Rooms, World, cells, toward

#: Called after each episode with (done, total).
ProgressCallback = Callable[[int, int], None]


class Step(NamedTuple):
    """One step of B rooms."""

    states: IntArray  # (B, 2)
    actions: IntArray  # (B,)
    rewards: Rewards  # (B,)
    next_states: IntArray  # (B, 2), the cells reached


@dataclass(frozen=True)
class Histories:
    """Histories of B rooms over T steps, room-major. `next_states` are the cells reached, also at episode ends."""

    tasks: IntArray  # (B,) index of each room's task
    states: IntArray  # (B, T, 2)
    actions: IntArray  # (B, T)
    rewards: Rewards  # (B, T)
    next_states: IntArray  # (B, T, 2)
    probabilities: FloatArray  # (B, T, A) of the source
    horizon: int

    def write(self, step: int, taken: Step, probabilities: FloatArray) -> None:
        """Fill in column `step` of histories that are being made."""
        self.states[:, step], self.actions[:, step], self.rewards[:, step] = taken.states, taken.actions, taken.rewards
        self.next_states[:, step], self.probabilities[:, step] = taken.next_states, probabilities

    def returns(self) -> Rewards:
        """Return of each episode, (B, episodes)."""
        returns: Rewards = self.rewards.reshape(len(self.tasks), -1, self.horizon).sum(axis=-1)
        return returns


def empty_histories(world: World, tasks: IntArray, length: int) -> Histories:
    """Zeros for one room of a world for each of `tasks` (B,), `length` steps long, to be written step by step."""
    shape = (len(tasks), length)
    states, next_states = (np.zeros((*shape, 2), dtype=np.int64) for _ in range(2))
    actions = np.zeros(shape, dtype=np.int64)
    rewards: Rewards = np.zeros(shape, dtype=np.int64 if world.whole_rewards else np.float32)
    probabilities = np.zeros((*shape, world.num_actions), dtype=np.float32)
    return Histories(tasks, states, actions, rewards, next_states, probabilities, world.horizon)


class Source(Protocol):
    """What `collect` needs of a source agent."""

    def start(self, rooms: Rooms, rng: np.random.Generator) -> None:
        """Forget everything and face B new rooms. Only a demonstrator may read their tasks."""

    def begin_episode(self, episode: int) -> None:
        """The rooms were reset."""

    def act(self, states: IntArray) -> FloatArray:
        """Action probabilities (B, A) in `states` (B, 2)."""

    def observe(self, step: Step) -> None:
        """Learn from one step of every room."""


def with_noise(probabilities: FloatArray, noise: FloatArray) -> FloatArray:
    """A uniformly random action with probability `noise` (B,), else the agent's own."""
    mixed = (1 - noise[:, None]) * probabilities + noise[:, None] / probabilities.shape[1]
    return np.asarray(mixed, dtype=np.float32)


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
    first reward goes to the goal. Where rewards come one after another in an episode (a key, then its door), it has a
    belief for each, and stays when none is left. It knows nothing of which goals are for training, and takes actions
    to move as Dark Room's do.
    """

    noise_start: tuple[float, float] = (0.3, 1.0)
    noise_episodes: tuple[int, int] = (5, 12)

    def start(self, rooms: Rooms, rng: np.random.Generator) -> None:
        count, self._rooms, self._rng = len(rooms.tasks), rooms, rng
        self._rows, self._stage = np.arange(count), rooms.stage
        self._open: BoolArray = np.ones((count, rooms.world.STAGES, rooms.world.size**2), dtype=np.bool_)
        self._found: BoolArray = np.zeros((count, rooms.world.STAGES), dtype=np.bool_)
        self._target: IntArray = np.zeros((count, rooms.world.STAGES), dtype=np.int64)
        self._draw_schedule(count, rng)

    def begin_episode(self, episode: int) -> None:
        del episode  # every episode begins alike
        self._stage = self._rooms.stage
        self._retarget(~self._now(self._found))

    def _now(self, values: NDArray[Any]) -> NDArray[Any]:
        """Of (B, stages, …) what the present stage has."""
        return values[self._rows, self._stage]

    def _retarget(self, rooms: BoolArray) -> None:
        chosen = np.flatnonzero(rooms)
        keys = self._rng.random((len(chosen), self._open.shape[2]), dtype=np.float32)
        self._target[chosen, self._stage[chosen]] = (keys * self._now(self._open)[chosen]).argmax(axis=1)

    def act(self, states: IntArray) -> FloatArray:
        world = self._rooms.world
        targets = np.where(self._rooms.done[:, None], states, cells(self._now(self._target), world.size))
        probabilities = with_noise(toward(states, targets), self._noise())
        self._clock += 1 / world.horizon
        return probabilities

    def observe(self, step: Step) -> None:
        cell = step.next_states[:, 0] * self._rooms.world.size + step.next_states[:, 1]
        rewarded = step.rewards > 0
        self._open[self._rows[~rewarded], self._stage[~rewarded], cell[~rewarded]] = False
        self._target[rewarded, self._stage[rewarded]] = cell[rewarded]
        self._found[rewarded, self._stage[rewarded]] = True
        moved_on = self._stage != self._rooms.stage
        self._stage = self._rooms.stage
        astray = ~self._open[self._rows, self._stage, self._now(self._target)]
        self._retarget(~self._now(self._found) & (astray | moved_on))


@dataclass
class Demonstrator(_Annealed):
    """AD^eps (Zisman et al. 2023, arXiv 2312.12275): a policy that knows the goal, under annealed action noise.

    It never explores on purpose: early episodes are noise, so rewards are found by chance.
    """

    noise_start: tuple[float, float] = (1.0, 1.0)
    noise_episodes: tuple[int, int] = (12, 24)

    def start(self, rooms: Rooms, rng: np.random.Generator) -> None:
        self._rooms = rooms
        self._draw_schedule(len(rooms.tasks), rng)

    def begin_episode(self, episode: int) -> None:
        pass

    def act(self, states: IntArray) -> FloatArray:
        del states  # those of the rooms
        probabilities = with_noise(self._rooms.optimal(), self._noise())
        self._clock += 1 / self._rooms.world.horizon
        return probabilities

    def observe(self, step: Step) -> None:
        pass


@dataclass
class QLearning:
    """Tabular Q-learning with optimistic start values and an annealed epsilon (Watkins 1989).

    Its states are those of the room together with how many of the episode's one-time rewards it has had.
    """

    learning_rate: float = 0.5
    discount: float = 0.9
    epsilon_start: float = 1.0
    epsilon_end: float = 0.02
    epsilon_episodes: int = 60
    start_value: float = 0.3

    def start(self, rooms: Rooms, rng: np.random.Generator) -> None:
        self._rooms, self._size = rooms, rooms.world.size
        self._rows, self._stage = np.arange(len(rooms.tasks)), rooms.stage
        jitter = 0.01 * rng.random((len(rooms.tasks), rooms.world.STAGES * self._size**2, rooms.world.num_actions))
        self._values = self.start_value + jitter
        self._epsilon = self.epsilon_start

    def begin_episode(self, episode: int) -> None:
        self._stage = self._rooms.stage
        share = min(1.0, episode / max(1, self.epsilon_episodes))
        self._epsilon = self.epsilon_start + share * (self.epsilon_end - self.epsilon_start)

    def _index(self, states: IntArray, stage: IntArray) -> IntArray:
        index: IntArray = (stage * self._size + states[:, 0]) * self._size + states[:, 1]
        return index

    def act(self, states: IntArray) -> FloatArray:
        greedy = self._values[self._rows, self._index(states, self._stage)].argmax(axis=1)
        one_hot = np.eye(self._rooms.world.num_actions, dtype=np.float32)[greedy]
        return with_noise(one_hot, np.full(len(greedy), self._epsilon, dtype=np.float32))

    def observe(self, step: Step) -> None:
        # The horizon is a time limit and not an end of the task, so the last step bootstraps as well.
        stage, self._stage = self._stage, self._rooms.stage
        following = self._values[self._rows, self._index(step.next_states, self._stage)].max(axis=1)
        target = step.rewards + self.discount * following
        place = (self._rows, self._index(step.states, stage), step.actions)
        self._values[place] += self.learning_rate * (target - self._values[place])


def run_source(
    source: Source,
    world: World,
    tasks: IntArray,
    episodes: int,
    rng: np.random.Generator,
    progress: ProgressCallback | None = None,
    chance: Chance | None = None,
) -> Histories:
    """Let `source` live through `episodes` in one room for each entry of `tasks` (B,).

    Args:
        chance: what rooms pay by where it has a part; drawn by `rng` where it is not given.
    """
    tasks, horizon = np.asarray(tasks, dtype=np.int64), world.horizon
    if chance is None:
        chance = NO_CHANCE if world.STATES else Chance(int(rng.integers(1 << 31)))
    environment = world.rooms(tasks, chance)
    past = empty_histories(world, tasks, episodes * horizon)
    source.start(environment, rng)
    for step in range(episodes * horizon):
        if step % horizon == 0:
            environment.reset()
            source.begin_episode(step // horizon)
        here = environment.states
        weights = source.act(here)
        chosen = sample_actions(weights, rng.random(len(weights), dtype=np.float32))
        reached, reward, ended = environment.step(chosen)
        taken = Step(here, chosen, reward, reached)
        source.observe(taken)
        past.write(step, taken, weights)
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
