"""Keep the K transitions that the query attends to least: a control that any use of attention must beat."""

from __future__ import annotations

import numpy as np

from .base import QUERY_ROW, Bools, Contexts, Doubles, Parameters, asked, highest, protected

NAME = "lowest-attention"
CITES = ""
NEEDS: frozenset[str] = frozenset({QUERY_ROW})
PARAMETERS: type[Parameters] = Parameters
EXACT = True


def keep(contexts: Contexts, budget: int, parameters: Parameters, rng: np.random.Generator) -> Bools:
    """The K smallest of the query row."""
    del rng
    return highest(scores(contexts, budget, parameters), budget)


def scores(contexts: Contexts, budget: int, parameters: Parameters) -> Doubles:
    """The query row, turned round."""
    del budget, parameters
    return protected(-asked(contexts.query_row))
