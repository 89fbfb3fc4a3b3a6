"""Keep the newest half of the budget, then the newest rewarded of the older transitions, filled with recent ones."""

from __future__ import annotations

from pydantic import Field

from .base import Contexts, Doubles, Parameters, by_scores, half, protected, rewarded_then_recent

NAME = "newest+rewarded"
CITES = ""
NEEDS: frozenset[str] = frozenset()
EXACT = True


class Split(Parameters):
    """How many are kept because they are the newest; the larger half of K where it is not said."""

    newest: int | None = Field(None, ge=0, description="kept because they are the newest (default: half of K)")

    def of(self, budget: int) -> int:
        """How many of K."""
        return half(budget) if self.newest is None else min(self.newest, budget)


PARAMETERS: type[Parameters] = Split


def scores(contexts: Contexts, budget: int, parameters: Split) -> Doubles:
    """Rewarded ones above others, the newer above the older, and the newest above all."""
    return protected(rewarded_then_recent(contexts), newest=parameters.of(budget))


keep = by_scores(scores)
"""The newest half of K, or as many as said, then rewarded (reward > 0) before others, the newer first."""
