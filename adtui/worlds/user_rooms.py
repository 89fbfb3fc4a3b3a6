"""A policy lives in environments of the user's, many at a time: each has its own clock, and ends its own episodes."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from ..records.action_head import CATEGORICAL, GAUSSIAN, ActionHead
from ..records.arrays import Doubles, Floats, Ints, Values
from ..records.steps import at_one_go
from .draws import Use, generator, number
from .rollouts import first_seen, softmax
from .user_world import Shape, UserWorld, clipped, drawn

Outputs = Callable[[Values, Values, Floats, Values, Values], Floats]
"""What `Model.policy` takes and gives: contexts of n transitions and query states → (B, K) outputs."""


@dataclass(frozen=True)
class Lives:
    """What happened in B rooms over T steps.

    Attributes:
        tasks: (B,).
        states, next_states: (B, T, S), the second those reached, also at an episode's end; actions: (B, T, D), as they
            were said, before the environment's bounds, or (B, T); rewards: (B, T) float32.
        episode, step: (B, T) the episode of each step, and the time within it.
        last: (B, S) the states after the last step.
        returns: (B, E) of the first E episodes of each room.
    """

    tasks: Ints
    states: Values
    actions: Values
    rewards: Floats
    next_states: Values
    episode: Ints
    step: Ints
    last: Values
    returns: Doubles

    def until(self, steps: int, last: Values) -> Lives:
        """The first steps alone, `last` (B, S) being the states after them."""
        columns = ("states", "actions", "rewards", "next_states", "episode", "step")
        return replace(self, last=last, **{name: getattr(self, name)[:, :steps] for name in columns})


@dataclass
class Rooms:
    """One environment for each of `tasks`.

    Attributes:
        states: (B, S) where each stands; observed: the same as the environments said it.
        episode, clock: (B,) the episode that each is in, and the time within it.
    """

    world: UserWorld
    shape: Shape
    tasks: Ints
    horizon: int
    seed: int
    first_room: int = 0

    def __post_init__(self) -> None:
        self.made = [self.world.make(int(task)) for task in self.tasks]
        self.episode, self.clock = (np.zeros(len(self.made), np.int64) for _ in range(2))
        self.observed: list[Any] = [None] * len(self.made)
        seeds = [number(self.seed, Use.WORLD_SEEDS, self.first_room + b) for b in range(len(self.made))]
        self.states = np.stack([self._reset(b, seed) for b, seed in enumerate(seeds)])

    def step(self, actions: Values) -> tuple[Values, Floats]:
        """(B, S) the states reached and (B,) rewards; `states` are the next ones, episodes that ended having begun
        anew."""
        reached, rewards = self.states.copy(), np.zeros(len(self.made), np.float32)
        for b, environment in enumerate(self.made):
            found = self.world.call(partial(environment.step, clipped(environment, actions[b])), "step()")
            self.observed[b], reward, terminated, truncated, _ = found
            reached[b], rewards[b] = self.shape.state_of(self.observed[b], self.world), float(reward)
            self.clock[b] += 1
            self.states[b] = reached[b]
            if terminated or truncated or self.clock[b] >= self.horizon:
                self.states[b] = self._reset(b, None)
                self.episode[b], self.clock[b] = self.episode[b] + 1, 0
        return reached, rewards

    def close(self) -> None:
        """Let the environments go."""
        for environment in self.made:
            self.world.call(environment.close, "close()")

    def _reset(self, b: int, seed: int | None) -> Values:
        self.observed[b], _ = self.world.call(partial(self.made[b].reset, seed=seed), "reset()")
        return self.shape.state_of(self.observed[b], self.world)


def living(act: Callable[[int, Rooms, Lives], Values], rooms: Rooms, episodes: int) -> Generator[None, None, Lives]:
    """Let `act` choose every room's action until each has lived through `episodes`; yields after every step.

    Rooms that are through go on, as all contexts grow together; what they do then counts in no return.

    Args:
        act: (step, rooms, lives so far) → actions (B, D) or (B,).
    """
    B, T, S = len(rooms.tasks), episodes * rooms.horizon, rooms.shape.state
    wide = (rooms.shape.head.size,) if rooms.shape.head.continuous else ()
    dtype = rooms.shape.dtype
    past = Lives(
        tasks=rooms.tasks,
        states=np.zeros((B, T, S), dtype),
        actions=np.zeros((B, T, *wide), dtype),
        rewards=np.zeros((B, T), np.float32),
        next_states=np.zeros((B, T, S), dtype),
        episode=np.zeros((B, T), np.int64),
        step=np.zeros((B, T), np.int64),
        last=rooms.states,
        returns=np.zeros((B, episodes)),
    )
    for step in range(T):
        past.states[:, step], past.episode[:, step], past.step[:, step] = rooms.states, rooms.episode, rooms.clock
        counted = np.flatnonzero(rooms.episode < episodes)
        at = counted, rooms.episode[counted]
        past.actions[:, step] = act(step, rooms, past)
        past.next_states[:, step], past.rewards[:, step] = rooms.step(past.actions[:, step])
        past.returns[at] += past.rewards[counted, step]
        yield
        if (rooms.episode >= episodes).all():
            break
    rooms.close()
    return past.until(step + 1, rooms.states)


@dataclass(frozen=True)
class Acting:
    """The model acts: by draws from what it says, by the numbers themselves where it says no spread.

    Attributes:
        seed, first_room: room b draws from stream `first_room + b`.
        stride: see `rollouts.rolling`.
        wipe, zero: controls; the context is emptied at every reset, the rewards in it are 0.
        greedy: take the mean, or the likeliest action.
    """

    policy: Outputs
    head: ActionHead
    n_context: int
    seed: int
    first_room: int = 0
    stride: int = 1
    wipe: bool = False
    zero: bool = False
    greedy: bool = False

    def __call__(self, step: int, rooms: Rooms, past: Lives) -> Values:
        first = first_seen(step, self.n_context, self.stride)
        begun = step - rooms.clock if self.wipe else np.full(len(rooms.tasks), first)
        outputs = np.zeros((len(rooms.tasks), self.head.outputs), np.float32)
        for start in np.unique(np.maximum(begun, first)).tolist():  # one length for all rooms, but where wiped
            at = np.flatnonzero(np.maximum(begun, first) == start)
            seen = slice(start, step)
            rewards = past.rewards[at, seen] * (not self.zero)
            parts = past.states[at, seen], past.actions[at, seen], rewards, past.next_states[at, seen]
            outputs[at] = self.policy(*parts, rooms.states[at])
        return self._chosen(outputs, step)

    def _chosen(self, outputs: Floats, step: int) -> Values:
        rngs = [generator(self.seed, Use.WORLD_ROOMS, self.first_room + b, step) for b in range(len(outputs))]
        if self.head.kind == CATEGORICAL:
            if self.greedy:
                return np.asarray(outputs.argmax(axis=1), np.int64)
            levels = softmax(outputs).cumsum(axis=1)
            uniform = np.array([rng.random() for rng in rngs])
            drawn_below = (levels <= uniform[:, None]).sum(axis=1)
            return np.asarray(np.minimum(drawn_below, outputs.shape[1] - 1), np.int64)
        means = outputs[:, : self.head.size]
        if self.head.kind != GAUSSIAN or self.greedy:
            return means
        noise = np.stack([rng.standard_normal(self.head.size) for rng in rngs])
        return np.asarray(means + np.exp(outputs[:, self.head.size :] / 2) * noise, np.float32)


def uniformly(seed: int, first_room: int = 0) -> Callable[[int, Rooms, Lives], Values]:
    """Random actions, whatever happened."""

    def act(step: int, rooms: Rooms, past: Lives) -> Values:
        del past
        rngs = [generator(seed, Use.WORLD_CHANCE, first_room + b, step) for b in range(len(rooms.tasks))]
        if rooms.shape.head.continuous:
            return np.stack([drawn(environment, rng) for environment, rng in zip(rooms.made, rngs, strict=True)])
        return np.array([int(rng.integers(rooms.shape.head.size)) for rng in rngs], np.int64)

    return act


def lived(steps: Generator[None, None, Lives], progress: Callable[[], None] = lambda: None) -> Lives:
    """All steps at one go; `progress` is called after each."""
    return at_one_go(steps, lambda _: progress())


def by_source(rooms: Rooms) -> Callable[[int, Rooms, Lives], Values] | None:
    """The factory's own policy in every room; None where it has none."""
    make = rooms.world.policy
    if make is None:
        return None
    policies = [rooms.world.call(partial(make, one), "policy(env)") for one in rooms.made]

    def act(step: int, rooms: Rooms, past: Lives) -> Values:
        del step, past
        both = zip(policies, rooms.observed, strict=True)
        said = [rooms.world.call(partial(policy, observed), "the policy of the factory") for policy, observed in both]
        return np.stack([rooms.shape.action_of(one, rooms.world) for one in said])

    return act
