"""Keep the newest rewarded transitions (reward > 0), filled with the newest of the others."""

from __future__ import annotations

import numpy as np

from .base import Bools, Contexts, Parameters, highest, rewarded_then_recent

NAME = "rewarded-first"
CITES = ""
NEEDS: frozenset[str] = frozenset()
PARAMETERS: type[Parameters] = Parameters
EXACT = True


def keep(contexts: Contexts, budget: int, parameters: Parameters, rng: np.random.Generator) -> Bools:
    """Up to K rewarded, the newer first, then recent ones."""
    del parameters, rng
    return highest(rewarded_then_recent(contexts), budget)
