"""In-context rollouts: a frozen policy acts in Dark Rooms, and what it did becomes its context. No torch here."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from .darkroom import GRID_SIZE, HORIZON, NUM_ACTIONS, DarkRooms, IntArray
from .sources import FloatArray, Histories, Progress, sample_actions


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


def random_policy(
    states: IntArray, actions: IntArray, rewards: FloatArray, next_states: IntArray, query_states: IntArray
) -> FloatArray:
    """Uniform over the actions, whatever the context."""
    del states, actions, rewards, next_states
    return np.zeros((len(query_states), NUM_ACTIONS), dtype=np.float32)


def rollout(
    policy: Policy,
    goals: IntArray,
    episodes: int,
    n_context: int,
    *,
    size: int = GRID_SIZE,
    horizon: int = HORIZON,
    seed: int = 0,
    greedy: bool = False,
    wipe_each_episode: bool = False,
    zero_rewards: bool = False,
    progress: Progress | None = None,
) -> Histories:
    """Let `policy` act for `episodes` in one room for each entry of `goals` (B,).

    The context starts empty, grows to the last `n_context` transitions and runs across episodes; at an episode's end
    it holds the cell reached, as users' online evaluation does.

    Args:
        greedy: take the most likely action instead of drawing one.
        wipe_each_episode: control; the context is emptied at every reset.
        zero_rewards: control; the policy sees reward 0 everywhere (the returned rewards are the true ones).
        progress: called after each episode with (done, total).

    Returns:
        the histories, with the policy's own action probabilities.
    """
    goals = np.asarray(goals, dtype=np.int64)
    rooms, total = len(goals), episodes * horizon
    rng = np.random.default_rng(seed)
    environment = DarkRooms(goals, size, horizon)
    states = np.zeros((rooms, total, 2), dtype=np.int64)
    next_states = np.zeros_like(states)
    actions = np.zeros((rooms, total), dtype=np.int64)
    rewards = np.zeros((rooms, total), dtype=np.int64)
    probabilities = np.zeros((rooms, total, NUM_ACTIONS), dtype=np.float32)
    for step in range(total):
        if step % horizon == 0:
            environment.reset()
        here = environment.states
        first = max(0, step - n_context)
        if wipe_each_episode:
            first = max(first, step - step % horizon)
        seen = slice(first, step)
        shown = rewards[:, seen].astype(np.float32) * (0.0 if zero_rewards else 1.0)
        logits = policy(states[:, seen], actions[:, seen], shown.astype(np.float32), next_states[:, seen], here)
        probabilities[:, step] = softmax(logits)
        chosen = logits.argmax(axis=1) if greedy else sample_actions(probabilities[:, step], rng)
        reached, reward, ended = environment.step(chosen)
        states[:, step], actions[:, step], rewards[:, step], next_states[:, step] = here, chosen, reward, reached
        if ended and progress is not None:
            progress(step // horizon + 1, episodes)
    return Histories(goals, states, actions, rewards, next_states, probabilities, horizon)


def softmax(logits: FloatArray) -> FloatArray:
    """Probabilities (B, A) of logits (B, A)."""
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float32)
