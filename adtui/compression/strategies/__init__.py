"""Compression strategies: which transitions of a context stay. Numpy only.

A new strategy is one file beside this one, with what `base.Strategy` asks for, and one line in STRATEGIES.
"""

from __future__ import annotations

from . import (
    adaptive,
    episode_best,
    episode_rewarded,
    episodes,
    exponential,
    heavy_hitters,
    lowest_attention,
    medoids,
    newest_rewarded,
    none,
    observation_window,
    random,
    recent,
    rewarded_first,
    sink_recent,
    threshold,
    top_attention,
    uniform,
    value_weighted,
)
from .base import Contexts, Parameters, Strategy, name_of

__all__ = [
    "NAMES",
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
    top_attention,
    threshold,
    adaptive,
    heavy_hitters,
    observation_window,
    value_weighted,
    medoids,
    random,
    lowest_attention,
)
NAMES = tuple(name_of(strategy) for strategy in STRATEGIES)
