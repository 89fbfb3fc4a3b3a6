"""Keep the running episode, then the best earlier ones up to their last reward, filled with the newest others.

What an episode does after its last reward has paid nothing; until then it shows a whole way that has.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field

from .base import Bools, Contexts, Parameters, episode_index, highest, per_episode, positions, running


class Best(Parameters):
    """How many earlier episodes come before the newest transitions."""

    best: int = Field(default=1, ge=0, description="earlier episodes, of the highest return, of these the shortest")


NAME = "episode+best"
CITES = ""
NEEDS: frozenset[str] = frozenset()
PARAMETERS: type[Parameters] = Best
EXACT = True


def keep(contexts: Contexts, budget: int, parameters: Best, rng: np.random.Generator) -> Bools:
    """Of the running episode the rewarded first; of an episode, and of equally good ones, the newer."""
    del rng
    n, now, rewarded, place = contexts.n, running(contexts), contexts.rewards > 0, positions(contexts)
    index = episode_index(contexts)
    first = per_episode(contexts, place, np.minimum, n)
    last = per_episode(contexts, np.where(rewarded, place, -1), np.maximum, -1)
    returns = per_episode(contexts, np.nan_to_num(contexts.rewards.astype(np.float64)), np.add, 0)
    good = (last >= 0) & (per_episode(contexts, now.astype(np.int64), np.maximum, 0) == 0)
    newer = np.broadcast_to(-np.arange(good.shape[1]), good.shape)
    order = np.lexsort((newer, last - first, -returns, ~good), axis=-1)
    rank = np.argsort(order, axis=1)  # 0 is the best
    chosen = np.where(good & (rank < parameters.best), good.shape[1] - rank, 0)
    useful = np.where(place <= np.take_along_axis(last, index, axis=1), np.take_along_axis(chosen, index, axis=1), 0)
    tier = np.where(now, good.shape[1] + 1 + rewarded, useful)
    return highest(tier * n + place, budget)
