"""What a search tries: strategies, budgets, splits, and where what is kept stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...records.defaults import POSITIONS
from ...records.trial_search import named
from ..choice import Choice, parse
from ..strategies.base import Positions
from .cell import opened
from .plan import FULL, RANDOM, ModelSource, Plan, sweep

SMALLEST = (4, 5, 6, 8, 10, 12, 16, 20, 28, 40)
"""Budgets."""
NEWEST = (1, 2, 3, 4, 6, 8)
"""Of `newest+rewarded`: how many are kept because they are the newest."""


@dataclass(frozen=True)
class Candidate:
    """A choice, and where what it keeps stands."""

    choice: Choice
    positions: Positions

    @property
    def name(self) -> str:
        """In words; no two candidates share one."""
        return named(self.choice.label, self.positions)

    @property
    def budget(self) -> int:
        """K."""
        return self.choice.budget or 0


WHOLE = Candidate(parse(FULL), POSITIONS)


def places_of(opening: ModelSource, plan: Plan) -> tuple[Positions, ...]:
    """Where kept transitions may stand in this model, as far as the search tries it."""
    able = opened(opening)[0].network.keeps_positions
    return tuple(dict.fromkeys((plan.positions, "spread"))) if able else (plan.positions,)


def candidates_of(strategies: Sequence[str], n_context: int, places: Sequence[Positions]) -> tuple[Candidate, ...]:
    """Every strategy at every budget below the context's length, `newest+rewarded` with every split; no controls.

    Args:
        places: where kept transitions stand; each is tried.
    """
    budgets = [K for K in SMALLEST if n_context > K]
    plain = [choice for choice in sweep(strategies, budgets) if choice.strategy.NAME != RANDOM]
    splits = [
        parse(f"newest+rewarded:{K}:newest={newest}")
        for K in budgets
        for newest in NEWEST
        if newest < K and any(one.split(":")[0] == "newest+rewarded" for one in strategies)
    ]
    choices = {choice.label: choice for choice in (*plain, *splits)}.values()
    return tuple(Candidate(choice, where) for choice in choices for where in places)
