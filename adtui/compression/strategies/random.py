"""Keep K transitions drawn at random, without replacement: a control."""

from __future__ import annotations

import numpy as np

from .base import Bools, Contexts, Parameters, highest

NAME = "random"
CITES = ""
NEEDS: frozenset[str] = frozenset()
PARAMETERS: type[Parameters] = Parameters
EXACT = True


def keep(contexts: Contexts, budget: int, parameters: Parameters, rng: np.random.Generator) -> Bools:
    """K of n, equally likely. Rows draw from `rng` in their order."""
    del parameters
    return highest(rng.random(contexts.actions.shape), budget)
