"""Keep the transitions that get at least a share of what uniform attention would give each, at most K."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from .base import QUERY_ROW, Bools, Contexts, Parameters, highest, masses

TOLERANCE = 1e-6
"""Attention is in float32: a uniform row does not fall to its rounding."""


class Share(Parameters):
    """What is enough."""

    share: float = Field(default=1, gt=0, le=1e6, description="times the uniform share that a transition must get")


NAME = "threshold"
CITES = ""
NEEDS: frozenset[str] = frozenset({QUERY_ROW})
PARAMETERS: type[Parameters] = Share
EXACT = False


def keep(contexts: Contexts, budget: int, parameters: Share, rng: np.random.Generator) -> Bools:
    """Those with a_j ≥ share · mean(a), the largest K of them; none where the query attends to no transition."""
    del rng
    row = masses(contexts.query_row)
    line = parameters.share * row.sum(axis=1, keepdims=True) / max(contexts.n, 1)
    kept = highest(row, budget)
    kept &= (row > 0) & (row >= line * (1 - TOLERANCE))
    return kept
