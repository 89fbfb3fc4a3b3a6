"""Keep the K transitions whose keys point away most from the mean direction of all keys: what is alike adds little."""

from __future__ import annotations

import numpy as np

from .base import DIFFERENCE, Bools, Contexts, Doubles, Parameters, asked, highest, protected

NAME = "key-difference"
CITES = "Park et al. 2025, arXiv 2504.15364"
NEEDS: frozenset[str] = frozenset({DIFFERENCE})
PARAMETERS: type[Parameters] = Parameters
EXACT = True


def keep(contexts: Contexts, budget: int, parameters: Parameters, rng: np.random.Generator) -> Bools:
    """The K largest of `difference`: KeyDiff."""
    del rng
    return highest(scores(contexts, budget, parameters), budget)


def scores(contexts: Contexts, budget: int, parameters: Parameters) -> Doubles:
    """Minus the cosine."""
    del budget, parameters
    return protected(asked(contexts.difference))
