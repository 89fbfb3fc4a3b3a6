"""Keep the running episode, and of each earlier one a single transition that stands for what the episode returned.

That is its newest rewarded one, which counts as often as the episode was rewarded (ln of it is added to its attention
scores), or its newest where nothing was.
"""

from __future__ import annotations

import numpy as np

from .base import (
    Bools,
    Contexts,
    Floats,
    Parameters,
    each_stands_for,
    highest,
    of_its_episode,
    positions,
    rewarded_then_recent,
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
    now, telling = running(contexts), rewarded_then_recent(contexts)
    chosen = telling == of_its_episode(contexts, telling, np.maximum, -1)
    stays = now | chosen
    scores = np.where(now, 2 + (contexts.rewards > 0), chosen) * contexts.n + positions(contexts)
    return highest(np.where(stays, scores, -1), np.minimum(budget, stays.sum(axis=1)))


def merged(contexts: Contexts, kept: Bools, parameters: Parameters) -> Floats:
    """(B, n) what each that stays stands for: a rewarded one of an earlier episode for all that were rewarded there."""
    del parameters
    own, rewarded = each_stands_for(contexts), contexts.rewards > 0
    earned = of_its_episode(contexts, np.where(rewarded, own, 0), np.add, 0)
    return np.where(kept, np.where(rewarded & ~running(contexts), earned, own), 0).astype(np.float32)
