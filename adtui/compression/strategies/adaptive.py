"""Keep as many of the most attended transitions as hold a share of the attention, at most K."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from .base import QUERY_ROW, Bools, Contexts, Parameters, highest, masses

TOLERANCE = 1e-6
"""Attention is in float32: what sums to the share but for rounding is enough."""


class Mass(Parameters):
    """How much to hold."""

    mass: float = Field(default=0.9, gt=0, le=1, description="share of the query's attention to hold")


NAME = "adaptive"
CITES = ""
NEEDS: frozenset[str] = frozenset({QUERY_ROW})
PARAMETERS: type[Parameters] = Mass
EXACT = False


def keep(contexts: Contexts, budget: int, parameters: Mass, rng: np.random.Generator) -> Bools:
    """The fewest that hold `mass` of the query row, few where it is peaked and many where it is flat.

    None where the query attends to no transition.
    """
    del rng
    row = masses(contexts.query_row)
    held = np.cumsum(-np.sort(-row, axis=1), axis=1)
    total = row.sum(axis=1)
    needed = 1 + (held < parameters.mass * total[:, None] * (1 - TOLERANCE)).sum(axis=1)
    return highest(row, np.where(total > 0, np.minimum(needed, budget), 0))
