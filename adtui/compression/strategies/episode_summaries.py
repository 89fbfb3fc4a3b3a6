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
    by_episode,
    each_stands_for,
    episode_index,
    highest,
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
    of_episode = by_episode(contexts)
    telling = np.where(of_episode, (rewarded * n + place)[:, None], -1)  # (B, E, n)
    chosen = (of_episode & (telling == telling.max(axis=2, initial=-1, keepdims=True))).any(axis=1)
    stays = now | chosen
    scores = np.where(now, 2 + rewarded, chosen) * n + place
    return highest(np.where(stays, scores, -1), np.minimum(budget, stays.sum(axis=1)))


def merged(contexts: Contexts, kept: Bools, parameters: Parameters) -> Floats:
    """(B, n) what each that stays stands for: a rewarded one of an earlier episode for all that were rewarded there."""
    del parameters
    own, rewarded = each_stands_for(contexts), contexts.rewards > 0
    paid = np.where(by_episode(contexts) & rewarded[:, None], own[:, None], 0).sum(axis=2, dtype=np.float32)  # (B, E)
    earned = np.take_along_axis(paid, episode_index(contexts), axis=1)
    return np.where(kept, np.where(rewarded & ~running(contexts), earned, own), 0).astype(np.float32)
