"""Keep the K transitions that the query attends to most, mean over layers and heads."""

from __future__ import annotations

import numpy as np

from .base import QUERY_ROW, Bools, Contexts, Doubles, Parameters, asked, highest, protected

NAME = "top-attention"
CITES = ""
NEEDS: frozenset[str] = frozenset({QUERY_ROW})
PARAMETERS: type[Parameters] = Parameters
EXACT = True


def keep(contexts: Contexts, budget: int, parameters: Parameters, rng: np.random.Generator) -> Bools:
    """The K largest of the query row."""
    del rng
    return highest(scores(contexts, budget, parameters), budget)


def scores(contexts: Contexts, budget: int, parameters: Parameters) -> Doubles:
    """The query row."""
    del budget, parameters
    return protected(asked(contexts.query_row))
