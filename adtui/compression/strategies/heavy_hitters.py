"""Keep the newest half of the budget, and of the older transitions those that received most attention from all queries.

The paper sums what a key received; old keys are seen by more queries, so here it is per query that sees the key.
"""

from __future__ import annotations

from .base import RECEIVED, Contexts, Doubles, Parameters, asked, by_scores, half, protected

NAME = "heavy-hitters"
CITES = "Zhang et al. 2023, arXiv 2306.14048"
NEEDS: frozenset[str] = frozenset({RECEIVED})
PARAMETERS: type[Parameters] = Parameters
EXACT = True


def scores(contexts: Contexts, budget: int, parameters: Parameters) -> Doubles:
    """`received`, below the newest half of K."""
    del parameters
    return protected(asked(contexts.received), newest=half(budget))


keep = by_scores(scores)
"""The newest half of K, then the largest of `received` among the older."""
