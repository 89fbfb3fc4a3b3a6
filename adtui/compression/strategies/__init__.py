"""Compression strategies: which transitions of a context stay. Numpy only.

A new strategy is one file beside this one, with what `base.Strategy` asks for, and one line in STRATEGIES.
"""

from __future__ import annotations

from . import (
    adaptive,
    distinct,
    episode_best,
    episode_rewarded,
    episode_summaries,
    episodes,
    expected_attention,
    exponential,
    heavy_hitters,
    key_difference,
    layer_attention,
    lowest_attention,
    medoids,
    merged_medoids,
    newest_rewarded,
    none,
    observation_window,
    random,
    recent,
    retrieval,
    rewarded_first,
    sink_recent,
    threshold,
    top_attention,
    uniform,
    value_weighted,
)
from .base import EMBEDDINGS, PER_CONTEXT, Contexts, Merging, Parameters, Strategy, name_of

__all__ = [
    "NAMES",
    "OF_CACHES",
    "OF_HEADS",
    "STRATEGIES",
    "Contexts",
    "Parameters",
    "Strategy",
]

STRATEGIES: tuple[Strategy, ...] = (
    none,
    recent,
    uniform,
    exponential,
    sink_recent,
    rewarded_first,
    newest_rewarded,
    episodes,
    episode_rewarded,
    episode_best,
    episode_summaries,
    distinct,
    retrieval,
    top_attention,
    threshold,
    adaptive,
    heavy_hitters,
    observation_window,
    value_weighted,
    layer_attention,
    expected_attention,
    key_difference,
    medoids,
    merged_medoids,
    random,
    lowest_attention,
)
NAMES = tuple(name_of(strategy) for strategy in STRATEGIES)
OF_CACHES = tuple(name_of(strategy) for strategy in (layer_attention, expected_attention, key_difference))
"""Rules that were made for the heads of a cache; they can drop transitions as well."""
_READS_CELLS = (distinct, retrieval)


def _for_heads(strategy: Strategy) -> bool:
    """Whether a head can go by it, which holds keys, values, rewards and episodes, and nothing else."""
    if strategy in (none, *_READS_CELLS) or isinstance(strategy, Merging):
        return False
    return strategy.EXACT and strategy.NEEDS.issubset(set(PER_CONTEXT) - {EMBEDDINGS})


OF_HEADS = tuple(name_of(strategy) for strategy in STRATEGIES if _for_heads(strategy))
"""Rules that the heads of a cache can follow, each by itself."""
