"""Training windows: pieces of learning histories, n_transit steps long, with the source's action probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..worlds.agents import Histories
from ..worlds.world import FloatArray, IntArray


@dataclass(frozen=True)
class TrainingBatch:
    """A batch of B windows of n steps; `probabilities` (B, n, A) are what the model learns, `starts` (B,) the step of
    its history at which each window begins."""

    states: IntArray  # (B, n, 2)
    actions: IntArray  # (B, n)
    rewards: FloatArray  # (B, n)
    next_states: IntArray  # (B, n, 2)
    probabilities: FloatArray  # (B, n, A)
    starts: IntArray  # (B,)

    def reward_seen(self) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """(B, n), whether a reward came before each step, so that the goal can be known."""
        paid = self.rewards != 0
        seen: np.ndarray[tuple[int, ...], np.dtype[np.bool_]] = paid.cumsum(axis=1) > paid
        return seen


def draw_windows(
    histories: Histories, count: int, length: int, start_share: float, rng: np.random.Generator
) -> TrainingBatch:
    """Cut `count` windows of `length` steps out of random histories.

    Args:
        start_share: share of windows that begin at a history's first step, so that short contexts are learnt as a
            rollout meets them: with an agent that knows nothing yet.

    At the end of an episode half of the windows show the cell reached and half the reset state: online evaluation
    gives the first, stored histories the second, and the model should read both.
    """
    rows = rng.integers(len(histories.tasks), size=count)
    starts = rng.integers(histories.actions.shape[1] - length + 1, size=count)
    starts[rng.random(count) < start_share] = 0
    steps = starts[:, None] + np.arange(length)
    place = (rows[:, None], steps)
    reached = histories.next_states[place]
    last = steps % histories.horizon == histories.horizon - 1
    as_stored = rng.random((count, 1)) < 0.5
    reset = histories.states[rows, :1]
    return TrainingBatch(
        states=histories.states[place],
        actions=histories.actions[place],
        rewards=histories.rewards[place].astype(np.float32),
        next_states=np.where((last & as_stored)[..., None], reset, reached),
        probabilities=histories.probabilities[place],
        starts=starts,
    )
