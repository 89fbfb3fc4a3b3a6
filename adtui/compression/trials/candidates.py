"""What a search tries: strategies, budgets, splits, and where what is kept stands; and how much work that is.

No torch: the lab says beforehand how long a search takes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ...records.defaults import LEVEL, POSITIONS
from ...records.errors import ConfigError
from ...records.levels import CACHE, Level
from ...records.trial_search import named
from ..choice import Choice, parse
from ..sharing import KEY, Duo
from ..strategies.base import Positions
from .plan import FULL, RANDOM, sweep

HISTORIES = (16, 32, 64)
"""Rooms of a candidate in each round."""
HISTORIES_TESTED = 256
"""Of the one test, where nobody says how many: what 128 cannot rule out is half of the usual margin."""
SMALLEST = (4, 5, 6, 8, 10, 12, 16, 20, 28, 40)
"""Budgets, where nobody says any; beyond these the last is doubled as long as the context is longer."""
SPLIT = "newest+rewarded"
NEWEST = (1, 2, 3, 4, 6, 8)
"""Of SPLIT: how many are kept because they are the newest."""
OVERHEAD = 6
"""Of a step, in transitions: what does not depend on how many there are."""


@dataclass(frozen=True)
class Candidate:
    """A choice, where what it keeps stands, and what is dropped."""

    choice: Choice
    positions: Positions
    level: Level = LEVEL

    @property
    def name(self) -> str:
        """In words; no two candidates share one."""
        return named(self.choice.label, self.positions, self.level)

    @property
    def budget(self) -> int:
        """K."""
        return self.choice.budget or 0


WHOLE = Candidate(parse(FULL), POSITIONS)


def whole_of(level: Level) -> Candidate:
    """The full context that candidates of a level are held against."""
    return Candidate(parse(FULL), "kept", level) if level == CACHE else WHOLE


def candidates_of(
    strategies: Sequence[str],
    n_context: int,
    places: Sequence[Positions],
    budgets: Sequence[int] = (),
    level: Level = LEVEL,
) -> tuple[Candidate, ...]:
    """Every strategy at every budget below the context's length; no controls.

    `newest+rewarded` with every split, where none is said.

    Args:
        places: where kept transitions stand; each is tried.
        budgets: () for the usual ones.

    Raises:
        ConfigError: as `plan.sweep`, or a choice that keeps more than K.
    """
    budgets = [K for K in budgets or usual_budgets(n_context) if n_context > K]
    swept = sweep(strategies, budgets)
    for choice in swept:
        _check_size(choice)
    plain = [one for one in swept if one.strategy.NAME != RANDOM and one.limit(n_context) < n_context]
    splits = [
        parse(f"{SPLIT}:{K}:newest={newest}")
        for K in budgets
        for newest in NEWEST
        if newest < K and SPLIT in map(str.strip, strategies)
    ]
    choices = {choice.label: choice for choice in (*plain, *splits)}.values()
    return tuple(Candidate(choice, where, level) for choice in choices for where in places)


def usual_budgets(n_context: int) -> tuple[int, ...]:
    """Those that a search tries in a context of so many: in a long one few transitions need not be enough."""
    doubled = [SMALLEST[-1] << power for power in range(1, n_context.bit_length())]
    return tuple(K for K in (*SMALLEST, *doubled) if n_context > K)


def none_below(n_context: int) -> ConfigError:
    """What is said where there is nothing to try."""
    return ConfigError(
        "--budgets",
        expected=f"at least one below {n_context}, the transitions of a full context",
        found="none",
        action="give smaller ones, or a longer --context",
    )


def _check_size(choice: Choice) -> None:
    """Raise ConfigError for a choice that keeps more than K: a search is for the smallest."""
    if isinstance(choice.shared, Duo):
        raise ConfigError(
            f"{choice.strategy.NAME}: {KEY}=duo",
            expected="choices of K entries in a head on average, as the smallest is searched",
            found="one whose retrieval heads keep all",
            action="leave out --search, or share the budget another way",
        )


def work(candidates: Sequence[Candidate], n_context: int, rounds: Sequence[int], tested: int) -> int:
    """About how much a search has still to do, in `weight`s.

    Args:
        candidates: of the next round.
        rounds: histories of each round to come.
        tested: histories of the test.
    """
    each = sum(weight(one.budget) for one in candidates) / max(len(candidates), 1)
    total, count = 0.0, len(candidates)
    for histories in rounds:
        total += histories * (weight(n_context) + count * each)
        count = math.ceil(count / 2)
    return round(total + tested * (2 * weight(n_context) + 3 * each))  # full, wiped; chosen, random, recent


def weight(transitions: int) -> int:
    """Of one history that acts on so many: on two cores its time grew as this, with 4 to 79 transitions."""
    return transitions + OVERHEAD
