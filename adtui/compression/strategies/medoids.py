"""Keep one transition for each of K clusters of what the model embeds: few copies of what is repeated.

Centres start farthest-first from the newest transition (Gonzalez 1985) and move to the medoids of their clusters.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field

from .base import EMBEDDINGS, Bools, Contexts, Doubles, Ints, Parameters, asked, each_stands_for

ROUNDING = 1e-12
"""Squared distances below this share of the squared norms are rounding."""


class Rounds(Parameters):
    """How long to look for better centres."""

    rounds: int = Field(default=10, ge=0, le=1000, description="most times that the centres move; 0 is farthest-first")


NAME = "medoids"
CITES = "Park and Jun 2009, Expert Systems with Applications 36"
NEEDS: frozenset[str] = frozenset({EMBEDDINGS})
PARAMETERS: type[Parameters] = Rounds
EXACT = True


def keep(contexts: Contexts, budget: int, parameters: Rounds, rng: np.random.Generator) -> Bools:
    """Each row's medoids; of equally good transitions the later.

    Rows go one by one: distances are n × n, and one context at a time needs them.
    """
    del rng
    embeddings = np.nan_to_num(asked(contexts.embeddings)).astype(np.float64)
    kept = np.zeros(contexts.actions.shape, np.bool_)
    count, weight = min(budget, contexts.n), each_stands_for(contexts).astype(np.float64)
    for row in range(contexts.count if count else 0):
        gap = distances(embeddings[row, ::-1])  # newest first: argmin and argmax take the first of equals
        centres = farthest_first(gap, count)
        for _ in range(parameters.rounds):
            moved = medoids(gap, centres, weight[row, ::-1])
            if np.array_equal(moved, centres):
                break
            centres = moved
        kept[row, contexts.n - 1 - centres] = True
    return kept


def distances(points: Doubles) -> Doubles:
    """(n, d) → (n, n) Euclidean; copies of one point are exactly 0 apart."""
    gram = points @ points.T
    squares = np.diag(gram)
    both = squares[:, None] + squares
    square = both - 2 * gram
    return np.sqrt(np.where(square > ROUNDING * both, square, 0))


def farthest_first(gap: Doubles, count: int) -> Ints:
    """(count,) points, from point 0 on each time the one farthest from all before; no point twice."""
    chosen = np.zeros(count, np.int64)
    nearest = gap[0].copy()
    nearest[0] = -1
    for rank in range(1, count):
        chosen[rank] = nearest.argmax()
        nearest = np.minimum(nearest, gap[chosen[rank]])
        nearest[chosen[: rank + 1]] = -1
    return chosen


def medoids(gap: Doubles, centres: Ints, weight: Doubles) -> Ints:
    """(K,) for each centre the point with the least distance to all points nearest to that centre, weighted (n,)."""
    cluster = gap[:, centres].argmin(axis=1)
    cluster[centres] = np.arange(len(centres))  # copies of one point may be several centres
    cost = np.where(cluster[:, None] == cluster, gap * weight, 0).sum(axis=1)
    within = np.where(cluster == np.arange(len(centres))[:, None], cost, np.inf)  # (K, n)
    best: Ints = within.argmin(axis=1)
    return best
