"""Keep the newest half of the budget, and of the older transitions those that received most attention from all queries.

The paper sums what a key received; old keys are seen by more queries, so here it is per query that sees the key.
"""

from __future__ import annotations

import numpy as np

from .base import RECEIVED, Bools, Contexts, Doubles, Parameters, asked, half, highest, protected

NAME = "heavy-hitters"
CITES = "Zhang et al. 2023, arXiv 2306.14048"
NEEDS: frozenset[str] = frozenset({RECEIVED})
PARAMETERS: type[Parameters] = Parameters
EXACT = True


def keep(contexts: Contexts, budget: int, parameters: Parameters, rng: np.random.Generator) -> Bools:
    """The newest half of K, then the largest of `received` among the older."""
    del rng
    return highest(scores(contexts, budget, parameters), budget)


def scores(contexts: Contexts, budget: int, parameters: Parameters) -> Doubles:
    """`received`, below the newest half of K."""
    del parameters
    return protected(asked(contexts.received), newest=half(budget))
