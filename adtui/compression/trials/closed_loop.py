"""Closed loop: the model acts in its world on its own shortened contexts.

Common random numbers: every cell has the same goals, and the same draw for each room's action at each step, so that
cells differ by what they keep and by nothing else. What a strategy draws comes from another generator.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ...models.model import Model
from ...records.arrays import Doubles, Ints
from ...worlds.agents import Histories, Step, empty_histories
from ...worlds.draws import Use, generator
from ...worlds.returns import ROOMS_AT_ONCE, random_by_goal
from ...worlds.rollouts import Policy, rollout
from ...worlds.world import Chance, IntArray, Rewards, World
from ..acting import OnlinePolicy, ShortenedPolicy
from ..caching import CachePolicy, budgets_of
from ..choice import Choice, Draws
from ..remembered import remembering
from ..strategies.base import Contexts
from .plan import Plan

GROUPS_AT_ONCE = 4
"""Groups of ROOMS_AT_ONCE rooms that act side by side."""


def returns_and_actions(
    model: Model,
    plan: Plan,
    choice: Choice | None,
    progress: Callable[[int, int], None] | None = None,
    budgets: Ints | None = None,
) -> tuple[Rewards, IntArray]:
    """Returns (H, E) and actions (H, E · horizon) of a choice; None: full contexts, emptied at every reset.

    Rooms act side by side, some groups of them at once: what is drawn in a room depends on its group alone.

    Args:
        progress: called with (episodes done, episodes in all) of what acts at once, one after the other.
        budgets: (L, H) of a cache's heads; None for those of `caching.budgets_of` without retrieval heads.
    """
    returns, actions = [], []
    model, rooms = remembering(model), plan.rooms
    starts = range(0, len(rooms), ROOMS_AT_ONCE * GROUPS_AT_ONCE)
    for number, first in enumerate(starts):

        def ended(done: int, of: int, before: int = number) -> None:
            if progress is not None:
                progress(before * of + done, len(starts) * of)

        goals = rooms[first : first + ROOMS_AT_ONCE * GROUPS_AT_ONCE]
        past = rollout(
            model.policy if choice is None else _policy(model, plan, choice, _draws(plan, first, len(goals)), budgets),
            plan.world,
            goals,
            plan.episodes,
            plan.n_context,
            seed=plan.seed,
            first_room=first,
            wipe_each_episode=choice is None,
            stride=plan.stride,
            progress=ended,
        )
        returns.append(past.returns())
        actions.append(past.actions)
    return np.concatenate(returns), np.concatenate(actions)


def _draws(plan: Plan, first: int, count: int) -> Draws:
    """What strategies draw in `count` rooms from `first` on."""
    groups = range(first // ROOMS_AT_ONCE, -(-(first + count) // ROOMS_AT_ONCE))
    return Draws(tuple(generator(plan.seed, Use.STRATEGIES, index) for index in groups), ROOMS_AT_ONCE)


def _policy(model: Model, plan: Plan, choice: Choice, rng: Draws, budgets: Ints | None) -> Policy:
    if plan.memory == "online" and choice.budget is not None:
        choice = replace(choice, budget=choice.limit(plan.n_context))
        if plan.level == "cache":
            held = budgets_of(model, choice, plan.n_context) if budgets is None else budgets
            return CachePolicy(model, choice, plan.n_context, plan.world.horizon, rng, held)
        return OnlinePolicy(model, choice, plan.positions, plan.n_context, plan.world.horizon, rng)
    return ShortenedPolicy(model, choice, plan.positions, plan.world.horizon, rng)


def random_returns(plan: Plan) -> Doubles:
    """(H,) measured return of uniformly random actions on the goal of each history: it costs next to nothing."""
    by_goal = random_by_goal(plan.world, np.array(plan.goals, dtype=np.int64), plan.seed)
    by_history: Doubles = np.repeat(by_goal, plan.streams)
    return by_history


def replay(world: World, tasks: IntArray, actions: IntArray, seed: int) -> Histories:
    """The histories that `actions` (H, T) made in rollouts of this seed: what chance pays there, it pays again."""
    rooms, horizon = world.rooms(tasks, Chance(seed, Use.ROOMS)), world.horizon
    past = empty_histories(world, tasks, actions.shape[1])
    nothing = np.zeros_like(past.probabilities[:, 0])
    for step in range(actions.shape[1]):
        here = rooms.reset() if step % horizon == 0 else rooms.states
        reached, rewards, _ = rooms.step(actions[:, step])
        past.write(step, Step(here, actions[:, step], rewards, reached), nothing)
    return past


def query_steps(plan: Plan) -> IntArray:
    """The steps at which the open loop asks, closer together early: contexts without rewards are found only there."""
    last = plan.episodes * plan.world.horizon - 1
    steps = np.round(np.geomspace(plan.n_context, last, plan.queries)).astype(np.int64)
    aligned = plan.n_context + (steps - plan.n_context) // plan.stride * plan.stride
    return np.unique(aligned)


def contexts_of(past: Histories, plan: Plan) -> tuple[Contexts, IntArray]:
    """Full contexts at the query steps of every history, and the history (C,) of each."""
    parts = []
    for query in query_steps(plan).tolist():
        seen = slice(query - plan.n_context, query)
        episode = np.broadcast_to(np.arange(seen.start, query) // plan.world.horizon, past.actions[:, seen].shape)
        parts.append(
            Contexts(
                past.states[:, seen],
                past.actions[:, seen],
                past.rewards[:, seen].astype(np.float32),
                past.next_states[:, seen],
                past.states[:, query],
                episode,
            )
        )
    return Contexts.joined(parts), np.tile(np.arange(len(past.tasks)), len(parts))
