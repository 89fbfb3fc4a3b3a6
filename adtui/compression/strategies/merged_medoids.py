"""Keep one transition for each of K clusters of what the model embeds, which stands for all of its cluster.

As `medoids`, and what stands for m has ln m added to its attention scores, as m copies of it would get together. So an
agent that forgets still holds how often what it met was met.
"""

from __future__ import annotations

import numpy as np

from .base import EMBEDDINGS, Bools, Contexts, Floats, Parameters, asked, each_stands_for
from .medoids import Rounds, distances
from .medoids import keep as medoids

NAME = "merged-medoids"
CITES = "Park and Jun 2009, Expert Systems with Applications 36"
NEEDS: frozenset[str] = frozenset({EMBEDDINGS})
PARAMETERS: type[Parameters] = Rounds
EXACT = True


def keep(contexts: Contexts, budget: int, parameters: Rounds, rng: np.random.Generator) -> Bools:
    """The medoids; a transition counts for as many as it stands for already."""
    return medoids(contexts, budget, parameters, rng)


def merged(contexts: Contexts, kept: Bools, parameters: Rounds) -> Floats:
    """(B, n) what each that stays stands for: all that are nearest to it, of equally near ones the newest."""
    del parameters
    total, own = np.zeros(kept.shape, np.float32), each_stands_for(contexts)
    embeddings = np.nan_to_num(asked(contexts.embeddings)).astype(np.float64)
    for row in range(contexts.count if kept.any() else 0):
        stay = np.flatnonzero(kept[row])[::-1]
        nearest = stay[distances(embeddings[row])[:, stay].argmin(axis=1)]
        nearest[stay] = stay  # copies of one point may both stay
        total[row] = np.bincount(nearest, own[row], minlength=contexts.n)
    return total
