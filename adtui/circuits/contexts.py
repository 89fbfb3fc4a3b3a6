"""Contexts of any length that a model meets in its own rooms, or those of samples. No torch.

As everywhere, a context at some step is what a rollout would show there: while a history is young, all of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..compression.strategies.base import Contexts
from ..histories.rolled_out import EPISODES_AFTER, moment, phases
from ..records.arrays import Ints
from ..records.sample import PHASES, Sample
from ..worlds.agents import Histories
from ..worlds.draws import Use, generator
from ..worlds.returns import ROOMS_AT_ONCE, EvaluationPlan
from ..worlds.rollouts import Policy, first_seen, rollout


@dataclass(frozen=True)
class Lives:
    """What the full model did in some rooms, to take contexts from.

    Attributes:
        parts: histories of groups of rooms, one after the other.
        plan: how they were made.
        first_room: the first one's number.
    """

    parts: tuple[Histories, ...]
    plan: EvaluationPlan
    first_room: int

    @property
    def tasks(self) -> Ints:
        """(R,) the goal of each room."""
        return np.concatenate([part.tasks for part in self.parts])

    def contexts(self, n: int, per_room: int = 1) -> Contexts:
        """Contexts of n transitions from every room, up to so many from each, room after room.

        Moments are drawn from all at which a rollout's context has n transitions, in that phase of learning that has
        been drawn fewest times so far, as far as the room's history has it; see `rolled_out.moment`.
        """
        plan, horizon = self.plan, self.plan.world.horizon
        steps = self.parts[0].actions.shape[1]
        times = np.array([t for t in range(steps) if t - first_seen(t, plan.n_context, plan.stride) == n], np.int64)
        taken: Ints = np.zeros(len(PHASES), np.int64)
        found, number = [], self.first_room
        for part in self.parts:
            rows, moments = [], []
            for row, rewards in enumerate(part.rewards):
                rng = generator(plan.seed, Use.CIRCUIT_MOMENTS, number + row, n)
                free = times
                for _ in range(min(per_room, len(times))):
                    moments.append(moment(phases(rewards, horizon, free, n), free, taken, rng))
                    rows.append(row)
                    free = free[free != moments[-1]]
            found.append(Contexts.before(part, np.array(rows, np.int64), np.array(moments, np.int64), n))
            number += len(part.tasks)
        return Contexts.joined(found)


def lives(policy: Policy, plan: EvaluationPlan, goals: Ints, first_room: int = 0) -> Iterator[Lives | int]:
    """Roll the full model out in one room for each goal; yields the episodes done, of `episodes(plan)` for each group
    of rooms, and last what it did."""
    parts = []
    for first in range(0, len(goals), ROOMS_AT_ONCE):
        parts.append(
            rollout(
                policy,
                plan.world,
                goals[first : first + ROOMS_AT_ONCE],
                episodes(plan),
                plan.n_context,
                seed=plan.seed,
                use=Use.CIRCUIT_LIVES,
                first_room=first_room + first,
                stride=plan.stride,
            )
        )
        yield len(parts) * episodes(plan)
    yield Lives(tuple(parts), plan, first_room)


def episodes(plan: EvaluationPlan) -> int:
    """Of a life: until the context is full, and some more, as samples are taken from."""
    return plan.n_context // plan.world.horizon + 1 + EPISODES_AFTER


def of_samples(samples: Sequence[Sample]) -> Contexts:
    """Samples of one length as contexts."""
    return Contexts(
        np.stack([one.states for one in samples]),
        np.stack([one.actions for one in samples]),
        np.stack([one.rewards for one in samples]),
        np.stack([one.next_states for one in samples]),
        np.stack([one.query_state for one in samples]),
        np.stack([one.episode[:-1] for one in samples]),
    )
