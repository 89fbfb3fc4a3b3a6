"""Keep the running episode, and of each earlier one a single transition that stands for what the episode returned.

That is its newest rewarded one, which counts as often as the episode was rewarded (ln of it is added to its attention
scores), or its newest where nothing was.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .base import (
    Bools,
    Contexts,
    Floats,
    Parameters,
    each_stands_for,
    episode_index,
    highest,
    per_episode,
    positions,
    running,
)

NAME = "episode-summaries"
CITES = ""
NEEDS: frozenset[str] = frozenset()
PARAMETERS: type[Parameters] = Parameters
EXACT = False


def keep(contexts: Contexts, budget: int, parameters: Parameters, rng: np.random.Generator) -> Bools:
    """Of the running episode the rewarded first, then the newest; then the earlier episodes, the newer first."""
    del parameters, rng
    n, now, rewarded, place = contexts.n, running(contexts), contexts.rewards > 0, positions(contexts)
    telling = rewarded * n + place
    chosen = telling == of_its_episode(contexts, telling, np.maximum, -1)
    stays = now | chosen
    scores = np.where(now, 2 + rewarded, chosen) * n + place
    return highest(np.where(stays, scores, -1), np.minimum(budget, stays.sum(axis=1)))


def merged(contexts: Contexts, kept: Bools, parameters: Parameters) -> Floats:
    """(B, n) what each that stays stands for: a rewarded one of an earlier episode for all that were rewarded there."""
    del parameters
    own, rewarded = each_stands_for(contexts), contexts.rewards > 0
    earned = of_its_episode(contexts, np.where(rewarded, own, 0), np.add, 0)
    return np.where(kept, np.where(rewarded & ~running(contexts), earned, own), 0).astype(np.float32)


def of_its_episode(contexts: Contexts, values: NDArray[Any], combine: np.ufunc, start: float) -> NDArray[Any]:
    """(B, n) what `per_episode` finds of the episode that a transition is of."""
    found: NDArray[Any] = np.take_along_axis(
        per_episode(contexts, values, combine, start), episode_index(contexts), axis=1
    )
    return found
