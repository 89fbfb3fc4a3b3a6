"""Keep whole episodes: a transition stays with its episode or not at all."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from .base import Bools, Contexts, Parameters, episode_index, per_episode


class Preference(Parameters):
    """Which episodes come first."""

    prefer: Literal["newest", "return"] = Field(default="newest", description="newest, or highest return")


NAME = "episodes"
CITES = ""
NEEDS: frozenset[str] = frozenset()
PARAMETERS: type[Parameters] = Preference
EXACT = False


def keep(contexts: Contexts, budget: int, parameters: Preference, rng: np.random.Generator) -> Bools:
    """Episodes in the order of preference, each if all its transitions in the context still fit.

    One that does not fit is passed over, so that a budget below an episode's length may keep only a running one, or
    nothing. Equal returns: the newer first.
    """
    del rng
    B, index = contexts.count, episode_index(contexts)
    sizes = per_episode(contexts, np.ones_like(index), np.add, 0)
    returns = per_episode(contexts, np.nan_to_num(contexts.rewards.astype(np.float64)), np.add, 0)
    scores = returns if parameters.prefer == "return" else np.zeros_like(returns)
    scores = np.where(sizes > 0, scores, -np.inf)
    order = sizes.shape[1] - 1 - np.argsort(-scores[:, ::-1], axis=1, kind="stable")
    taken = np.zeros(sizes.shape, np.bool_)
    left = np.full(B, budget)
    for rank in range(sizes.shape[1]):
        rows, episode = np.arange(B), order[:, rank]
        size = sizes[rows, episode]
        taken[rows, episode] = size <= left
        left -= np.where(size <= left, size, 0)
    return np.take_along_axis(taken, index, axis=1)
