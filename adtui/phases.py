"""The phase of in-context learning that a context is in. Numpy only."""

from __future__ import annotations

import numpy as np

from .records import Sample

EXPLORE, FIRST_REWARD, EXPLOIT = "explore", "first reward", "exploit"
PHASES = (EXPLORE, FIRST_REWARD, EXPLOIT)
WHILE = {
    EXPLORE: "While exploring (no reward in context)",
    FIRST_REWARD: "Around the first reward (one rewarded episode in context)",
    EXPLOIT: "While exploiting (two rewarded episodes or more in context)",
}


def phase_of(sample: Sample) -> str:
    """By the rewarded episodes in the context: none is exploring, one the first reward, more is exploiting.

    Only what the model can see counts: where the rewarded episodes have left the context, it explores again.
    """
    episodes = len(np.unique(sample.episode[: sample.n_context][sample.rewards > 0]))
    return PHASES[min(episodes, 2)]
