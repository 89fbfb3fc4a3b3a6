"""Keep the K transitions that the query attends to least: a control that any use of attention must beat."""

from __future__ import annotations

import numpy as np

from .base import QUERY_ROW, Bools, Contexts, Parameters, asked, highest

NAME = "lowest-attention"
CITES = ""
NEEDS: frozenset[str] = frozenset({QUERY_ROW})
PARAMETERS: type[Parameters] = Parameters
EXACT = True


def keep(contexts: Contexts, budget: int, parameters: Parameters, rng: np.random.Generator) -> Bools:
    """The K smallest of the query row."""
    del parameters, rng
    return highest(-asked(contexts.query_row), budget)
