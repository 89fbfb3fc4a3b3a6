"""Keep the running episode, then the best earlier ones up to their last reward, filled with the newest others.

What an episode does after its last reward has paid nothing; until then it shows a whole way that has.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field

from .base import Bools, Contexts, Parameters, by_episode, episode_index, highest, positions, running


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
    index, of_episode = episode_index(contexts), by_episode(contexts)
    first = np.where(of_episode, place[:, None], n).min(axis=2, initial=n)
    last = np.where(of_episode & rewarded[:, None], place[:, None], -1).max(axis=2, initial=-1)
    returns = np.where(of_episode, np.nan_to_num(contexts.rewards.astype(np.float64))[:, None], 0).sum(axis=2)
    good = (last >= 0) & ~(of_episode & now[:, None]).any(axis=2)
    newer = np.broadcast_to(-np.arange(good.shape[1]), good.shape)
    order = np.lexsort((newer, last - first, -returns, ~good), axis=-1)
    rank = np.argsort(order, axis=1)  # 0 is the best
    chosen = np.where(good & (rank < parameters.best), good.shape[1] - rank, 0)
    useful = np.where(place <= np.take_along_axis(last, index, axis=1), np.take_along_axis(chosen, index, axis=1), 0)
    tier = np.where(now, good.shape[1] + 1 + rewarded, useful)
    return highest(tier * n + place, budget)
