"""In-context rollouts: a frozen policy acts in a world's rooms, and what it did becomes its context. No torch here."""

from __future__ import annotations

from collections.abc import Generator
from typing import Protocol, TypedDict, Unpack

import numpy as np

from ..records.steps import at_one_go
from .agents import Histories, ProgressCallback, Step, empty_histories, sample_actions
from .draws import Use, uniforms
from .world import NUM_ACTIONS, Chance, FloatArray, IntArray, World


class Policy(Protocol):
    """Action logits (B, A) for contexts of n transitions, n ≥ 0, and a query state.

    states, next_states (B, n, 2) int64; actions (B, n) int64; rewards (B, n) float32; query_states (B, 2) int64.
    """

    def __call__(
        self,
        states: IntArray,
        actions: IntArray,
        rewards: FloatArray,
        next_states: IntArray,
        query_states: IntArray,
    ) -> FloatArray: ...


def uniform_policy(num_actions: int) -> Policy:
    """Uniform over so many actions, whatever the context."""

    def policy(
        states: IntArray, actions: IntArray, rewards: FloatArray, next_states: IntArray, query_states: IntArray
    ) -> FloatArray:
        del states, actions, rewards, next_states
        return np.zeros((len(query_states), num_actions), dtype=np.float32)

    return policy


random_policy = uniform_policy(NUM_ACTIONS)
"""Of a grid's actions."""


class Conditions(TypedDict, total=False):
    """How a rollout is made; see `rolling`, which has the defaults."""

    seed: int
    use: Use
    first_room: int
    greedy: bool
    wipe_each_episode: bool
    zero_rewards: bool
    stride: int
    progress: ProgressCallback | None


def rollout(
    policy: Policy, world: World, tasks: IntArray, episodes: int, n_context: int, **conditions: Unpack[Conditions]
) -> Histories:
    """`rolling` at one go."""
    return at_one_go(rolling(policy, world, tasks, episodes, n_context, **conditions))


def rolling(
    policy: Policy,
    world: World,
    tasks: IntArray,
    episodes: int,
    n_context: int,
    *,
    seed: int = 0,
    use: Use = Use.ROOMS,
    first_room: int = 0,
    greedy: bool = False,
    wipe_each_episode: bool = False,
    zero_rewards: bool = False,
    stride: int = 1,
    progress: ProgressCallback | None = None,
) -> Generator[None, None, Histories]:
    """Let `policy` act for `episodes` in one room for each entry of `tasks` (B,).

    The context starts empty, grows to the last `n_context` transitions and runs across episodes; at an episode's end
    it holds the cell reached, as users' online evaluation does.

    Every room draws from a stream of its own, so what happens in it depends on its number and not on the rooms beside
    it, up to the rounding of the policy's logits.

    Args:
        seed, use, first_room: row b draws its actions from stream `first_room + b`, see `draws`.
        greedy: take the most likely action instead of drawing one.
        wipe_each_episode: control; the context is emptied at every reset.
        zero_rewards: control; the policy sees reward 0 everywhere (the returned rewards are the true ones).
        stride: the context begins at a multiple of so many steps: models that read batches get whole ones.
        progress: called after each episode with (done, total).

    Yields:
        After every step, so that others can be answered in between.

    Returns:
        the histories, with the policy's own action probabilities.
    """
    tasks, horizon = np.asarray(tasks, dtype=np.int64), world.horizon
    uniform = uniforms(seed, use, first_room, len(tasks), episodes * horizon)
    environment = world.rooms(tasks, Chance(seed, use, first_room))
    past = empty_histories(world, tasks, episodes * horizon)
    for step in range(episodes * horizon):
        if step % horizon == 0:
            environment.reset()
        here = environment.states
        first = max(first_seen(step, n_context, stride), step - step % horizon if wipe_each_episode else 0)
        seen = slice(first, step)
        shown = np.where(zero_rewards, 0, past.rewards[:, seen]).astype(np.float32)
        logits = policy(past.states[:, seen], past.actions[:, seen], shown, past.next_states[:, seen], here)
        chance = softmax(logits)
        chosen = logits.argmax(axis=1) if greedy else sample_actions(chance, uniform[:, step])
        reached, reward, ended = environment.step(chosen)
        past.write(step, Step(here, chosen, reward, reached), chance)
        if ended and progress is not None:
            progress(step // horizon + 1, episodes)
        yield
    return past


def first_seen(step: int, n_context: int, stride: int = 1) -> int:
    """The step at which the context of a step begins, where nothing wipes it; see `rolling`."""
    return max(0, -((n_context - step) // stride) * stride)


def softmax(logits: FloatArray) -> FloatArray:
    """Probabilities (B, A) of logits (B, A)."""
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float32)
