"""What the lab runs: which strategies, budgets, histories and episodes. No widgets here."""

from __future__ import annotations

from dataclasses import dataclass

from ...compression.choice import find
from ...compression.strategies import NAMES, OF_CACHES
from ...compression.trials.plan import FULL, RANDOM, RECENT, sweep
from ...records.defaults import BUDGETS, EPISODES, TRIAL_STREAMS
from ...records.defaults import STRATEGIES as FIRST
from ...records.errors import ConfigError

STRATEGIES = tuple(name for name in NAMES if name not in (FULL, *OF_CACHES))
"""The lab drops transitions; what was made for caches is left to `adtui compress`."""
BESIDE = (RECENT, RANDOM)
"""Always run: the gate compares with them at every budget."""
LETTERS = dict(zip(STRATEGIES, "abcdefghijklmnopqrstuvwxyz", strict=False))
"""How the picture names strategies."""
MOST = 10_000
"""Histories per goal, and episodes: more is a slip of the finger."""


def says(strategy: str) -> str:
    """What a strategy keeps, in a line: the beginning of its own documentation."""
    text = (find(strategy).__doc__ or "").strip().partition("\n")[0]
    return text.removeprefix("Keep ").rstrip(".")


@dataclass(frozen=True)
class LabSettings:
    """What will be run; `streams` is the number of histories per held-out goal."""

    strategies: frozenset[str] = frozenset((*FIRST, *BESIDE))
    budgets: tuple[int, ...] = BUDGETS
    streams: int = TRIAL_STREAMS
    episodes: int = EPISODES

    def names(self) -> tuple[str, ...]:
        """The strategies in the order of the list."""
        return tuple(name for name in STRATEGIES if name in self.strategies)

    def cells(self) -> int:
        """How many cells that is, full context and its control included."""
        return len(sweep(self.names(), self.budgets)) + 2


def whole(text: str, least: int, most: int) -> bool:
    """Whether a text is a whole number between two others."""
    return text.isascii() and text.isdecimal() and len(text) < 10 and least <= int(text) <= most


def number(name: str, text: str, least: int) -> int:
    """The number that was typed.

    Raises:
        ConfigError: it is none, or out of bounds.
    """
    if not whole(text.strip(), least, MOST):
        expected = f"a number from {least} to {MOST}"
        raise ConfigError(name, expected=expected, found=text.strip(), action="type another")
    return int(text)
