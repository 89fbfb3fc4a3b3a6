"""Keep everything: what every compression is compared with."""

from __future__ import annotations

import numpy as np

from .base import Bools, Contexts, Parameters

NAME = "none"
CITES = ""
NEEDS: frozenset[str] = frozenset()
PARAMETERS: type[Parameters] = Parameters
EXACT = True


def keep(contexts: Contexts, budget: int, parameters: Parameters, rng: np.random.Generator) -> Bools:
    """All n, whatever the budget."""
    del budget, parameters, rng
    return np.ones(contexts.actions.shape, np.bool_)
