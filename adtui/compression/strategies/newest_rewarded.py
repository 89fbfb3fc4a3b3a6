"""Keep the newest half of the budget, then the newest rewarded of the older transitions, filled with recent ones."""

from __future__ import annotations

import numpy as np

from .base import Bools, Contexts, Parameters, half, rewarded_then_recent, with_newest

NAME = "newest+rewarded"
CITES = ""
NEEDS: frozenset[str] = frozenset()
PARAMETERS: type[Parameters] = Parameters
EXACT = True


def keep(contexts: Contexts, budget: int, parameters: Parameters, rng: np.random.Generator) -> Bools:
    """The newest half of K, then rewarded (reward > 0) before others, the newer first."""
    del parameters, rng
    return with_newest(half(budget), rewarded_then_recent(contexts), budget)
