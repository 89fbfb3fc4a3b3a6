"""Keep the K transitions whose keys point away most from the mean direction of all keys: what is alike adds little."""

from __future__ import annotations

from .base import DIFFERENCE, Contexts, Doubles, Parameters, asked, by_scores, protected

NAME = "key-difference"
CITES = "Park et al. 2025, arXiv 2504.15364"
NEEDS: frozenset[str] = frozenset({DIFFERENCE})
PARAMETERS: type[Parameters] = Parameters
EXACT = True


def scores(contexts: Contexts, budget: int, parameters: Parameters) -> Doubles:
    """Minus the cosine."""
    del budget, parameters
    return protected(asked(contexts.difference))


keep = by_scores(scores)
"""The K largest of `difference`: KeyDiff."""
