"""What a model did on every task, and the contexts that are taken from it. No torch.

Every room gives one context in each of the same blocks of its history, mostly its episodes, at a moment of the block
that is drawn for each room by itself. So the age of a context is the same for all tasks, up to the moment within the
block, and that is drawn by lot. All contexts have one length: the query's position tells nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..compression.strategies.base import Contexts
from ..histories.rolled_out import EPISODES_AFTER, MAX_ROLLOUT
from ..records.arrays import Bools, Ints
from ..records.errors import ConfigError
from ..worlds.agents import Histories
from ..worlds.draws import Use, generator
from ..worlds.returns import ROOMS_AT_ONCE
from ..worlds.rollouts import Policy, first_seen, rollout
from ..worlds.world import World


@dataclass(frozen=True)
class Plan:
    """What is rolled out.

    Attributes:
        tasks: (G,) different ones.
        rooms: K, histories of each task.
        n_context: transitions of every context.
        stride: see `rollouts.rollout`.
    """

    world: World
    tasks: Ints
    rooms: int
    n_context: int
    stride: int
    seed: int

    @property
    def episodes(self) -> int:
        """Until the context is full, and as many more as contexts are taken from."""
        return self.n_context // self.world.horizon + 1 + EPISODES_AFTER * -(-self.stride // self.world.horizon)

    @property
    def times(self) -> Ints:
        """The steps of a history at which the context has n transitions."""
        n, steps = self.n_context, np.arange(self.episodes * self.world.horizon, dtype=np.int64)
        return steps[[t >= n and t - first_seen(t, n, self.stride) == n for t in steps.tolist()]]

    def check(self) -> None:
        """Raises ConfigError where rollouts would be too long."""
        if self.episodes * self.world.horizon > MAX_ROLLOUT:
            raise ConfigError(
                "--context",
                expected=f"rollouts of at most {MAX_ROLLOUT} steps",
                found=f"{self.episodes} episodes of {self.world.horizon}, for a context of {self.n_context}",
                action="give a shorter one",
            )


def tasks_of(world: World, samples: int, seed: int) -> tuple[Ints, int]:
    """(G,) the tasks, in order, and how many rooms each has: all tasks, or so many of them, drawn by lot."""
    if samples >= world.n_tasks:
        return np.arange(world.n_tasks, dtype=np.int64), samples // world.n_tasks
    drawn = generator(seed, Use.PROBE_TASKS).choice(world.n_tasks, samples, replace=False)
    return np.sort(drawn).astype(np.int64), 1


@dataclass(frozen=True, eq=False)
class Lived:
    """The histories of all rooms, task after task, and the moments that contexts are taken at.

    Attributes:
        past: of G · K rooms.
        moments: (G, K, E) steps of the history, each in the block of its column.
    """

    plan: Plan
    past: Histories
    moments: Ints

    @property
    def shape(self) -> tuple[int, int, int]:
        """(G, K, E): tasks, rooms of a task, contexts of a room."""
        G, K, E = self.moments.shape
        return G, K, E

    @cached_property
    def contexts(self) -> Contexts:
        """All G · K · E contexts, room after room."""
        rows = np.repeat(np.arange(len(self.past.tasks)), self.shape[2])
        return Contexts.before(self.past, rows, self.moments.reshape(-1), self.plan.n_context)

    @cached_property
    def found(self) -> Bools:
        """(G, K, T) whether a reward is among the n transitions before each step of a room."""
        n = self.plan.n_context
        so_far = np.cumsum(self.past.rewards > 0, axis=1)
        so_far = np.pad(so_far, ((0, 0), (1, 0)))[:, :-1]  # before each step
        earlier = np.pad(so_far, ((0, 0), (n, 0)))[:, : so_far.shape[1]]
        return np.asarray((so_far > earlier).reshape(*self.shape[:2], -1))

    @cached_property
    def task(self) -> Ints:
        """(G · K · E,) which task a context is of, as an index into the plan's tasks."""
        G, K, E = self.shape
        return np.repeat(np.arange(G, dtype=np.int64), K * E)


def live(policy: Policy, plan: Plan) -> Iterator[tuple[int, int] | Lived]:
    """Let the model act in every room; yields (groups of rooms done, in all), and last what it did."""
    rooms = np.repeat(plan.tasks, plan.rooms)
    groups = range(0, len(rooms), ROOMS_AT_ONCE)
    parts = []
    for first in groups:
        parts.append(
            rollout(
                policy,
                plan.world,
                rooms[first : first + ROOMS_AT_ONCE],
                plan.episodes,
                plan.n_context,
                seed=plan.seed,
                use=Use.PROBE_ROOMS,
                first_room=first,
                stride=plan.stride,
            )
        )
        yield len(parts), len(groups)
    names = ("tasks", "states", "actions", "rewards", "next_states", "probabilities")
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    yield Lived(plan, Histories(**joined, horizon=plan.world.horizon), _moments(plan))


def _moments(plan: Plan) -> Ints:
    """(G, K, E) one moment of every whole episode that has such, for each room by itself."""
    horizon = plan.world.horizon
    whole = plan.times[plan.times >= -(-plan.n_context // horizon) * horizon]
    blocks = [whole[whole // horizon == episode] for episode in np.unique(whole // horizon)]
    rooms = range(len(plan.tasks) * plan.rooms)
    drawn = [
        [rng.choice(block) for block in blocks] for rng in (generator(plan.seed, Use.PROBE_MOMENTS, r) for r in rooms)
    ]
    return np.array(drawn, dtype=np.int64).reshape(len(plan.tasks), plan.rooms, len(blocks))
