"""Keep the newest K transitions: the baseline that any other strategy has to beat."""

from __future__ import annotations

import numpy as np

from .base import Bools, Contexts, Parameters, highest, positions

NAME = "recent"
CITES = ""
NEEDS: frozenset[str] = frozenset()
PARAMETERS: type[Parameters] = Parameters
EXACT = True


def keep(contexts: Contexts, budget: int, parameters: Parameters, rng: np.random.Generator) -> Bools:
    """The last K."""
    del parameters, rng
    return highest(positions(contexts), budget)
