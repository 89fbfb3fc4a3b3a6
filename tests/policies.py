"""Policies whose in-context return is known beforehand."""

from __future__ import annotations

import numpy as np

from adtui.worlds.world import NUM_ACTIONS, FloatArray, IntArray, toward


def goal_seeker(
    states: IntArray, actions: IntArray, rewards: FloatArray, next_states: IntArray, query_states: IntArray
) -> FloatArray:
    """Walks to where a reward was last seen in context, else at random."""
    logits = np.zeros((len(query_states), NUM_ACTIONS), dtype=np.float32)
    for row in np.flatnonzero(rewards.any(axis=1)):
        goal = next_states[row, np.flatnonzero(rewards[row])[-1]]
        logits[row] = np.log(toward(query_states[row : row + 1], goal[None]) + 1e-9)[0]
    return logits
