"""Keep K transitions evenly spaced over the whole context, the newest among them."""

from __future__ import annotations

import numpy as np

from .base import Bools, Contexts, Parameters

NAME = "uniform"
CITES = ""
NEEDS: frozenset[str] = frozenset()
PARAMETERS: type[Parameters] = Parameters
EXACT = True


def keep(contexts: Contexts, budget: int, parameters: Parameters, rng: np.random.Generator) -> Bools:
    """The newest of each of K stretches of equal length."""
    del parameters, rng
    kept = np.zeros(contexts.actions.shape, np.bool_)
    n, count = contexts.n, min(budget, contexts.n)
    ages = np.arange(count) * n // max(count, 1)
    kept[:, n - 1 - ages] = True
    return kept
