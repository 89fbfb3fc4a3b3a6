"""Keep the K transitions that the query attends to most, mean over layers and heads."""

from __future__ import annotations

from .base import QUERY_ROW, Contexts, Doubles, Parameters, asked, by_scores, protected

NAME = "top-attention"
CITES = ""
NEEDS: frozenset[str] = frozenset({QUERY_ROW})
PARAMETERS: type[Parameters] = Parameters
EXACT = True


def scores(contexts: Contexts, budget: int, parameters: Parameters) -> Doubles:
    """The query row."""
    del budget, parameters
    return protected(asked(contexts.query_row))


keep = by_scores(scores)
"""The K largest of the query row."""
