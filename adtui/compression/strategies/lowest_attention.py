"""Keep the K transitions that the query attends to least: a control that any use of attention must beat."""

from __future__ import annotations

from .base import QUERY_ROW, Contexts, Doubles, Parameters, asked, by_scores, protected

NAME = "lowest-attention"
CITES = ""
NEEDS: frozenset[str] = frozenset({QUERY_ROW})
PARAMETERS: type[Parameters] = Parameters
EXACT = True


def scores(contexts: Contexts, budget: int, parameters: Parameters) -> Doubles:
    """The query row, turned round."""
    del budget, parameters
    return protected(-asked(contexts.query_row))


keep = by_scores(scores)
"""The K smallest of the query row."""
