"""Keep the first transitions, on which attention may rest without reading them, and the newest."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from .base import Bools, Contexts, Parameters, positions


class Sinks(Parameters):
    """How many of the oldest stay."""

    sinks: int = Field(default=4, ge=0, le=1_000_000, description="first transitions to keep")

    def of(self, budget: int) -> int:
        """How many of K: one place is left for the newest."""
        return min(self.sinks, max(budget - 1, 0))


NAME = "sink-recent"
CITES = "Xiao et al. 2023, arXiv 2309.17453"
NEEDS: frozenset[str] = frozenset()
PARAMETERS: type[Parameters] = Sinks
EXACT = True


def keep(contexts: Contexts, budget: int, parameters: Sinks, rng: np.random.Generator) -> Bools:
    """The first `sinks`, never more than K - 1 of them, and the newest for the rest of the budget."""
    del rng
    sinks = parameters.of(budget)
    place = positions(contexts)
    return (place < sinks) | (place >= contexts.n - (budget - sinks))
