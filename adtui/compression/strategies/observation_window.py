"""Keep the newest transitions, and of the older ones those that the last few queries attend to, with their neighbours.

As in the paper the queries of the window choose by the mean over `pool` neighbours; unlike there the window itself
takes at most half of the budget, which may be smaller than the window.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field, field_validator

from .base import WINDOW, WINDOW_QUERIES, Contexts, Doubles, Parameters, by_scores, half, masses, protected


class Pool(Parameters):
    """How far a transition lends its attention to its neighbours."""

    pool: int = Field(default=5, ge=1, le=101, description="transitions to average over, an odd number")

    @field_validator("pool")
    @classmethod
    def _odd(cls, pool: int) -> int:
        if pool % 2 == 0:
            raise ValueError("an odd number")
        return pool


NAME = "observation-window"
CITES = "Li et al. 2024, arXiv 2404.14469"
NEEDS: frozenset[str] = frozenset({WINDOW})
PARAMETERS: type[Parameters] = Pool
EXACT = True


def scores(contexts: Contexts, budget: int, parameters: Pool) -> Doubles:
    """The pooled `window`, below the window itself."""
    newest = min(half(budget), WINDOW_QUERIES, contexts.n)
    row = masses(contexts.window)
    row[:, contexts.n - newest :] = 0  # neighbours within the window have no say
    side = parameters.pool // 2
    padded = np.pad(row, ((0, 0), (side, side)))
    pooled = np.zeros_like(row)
    for shift in range(parameters.pool):
        pooled += padded[:, shift : shift + contexts.n]
    return protected(pooled, newest=newest)


keep = by_scores(scores)
"""The window, then the largest of the pooled `window` among the older."""
