"""What the lab runs: what is dropped, which strategies, budgets, histories and episodes. No widgets here."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ...compression.choice import find
from ...compression.sharing import KEY, SHARINGS
from ...compression.strategies import NAMES, OF_CACHES, OF_HEADS
from ...compression.trials.plan import FULL, RANDOM, RECENT, least_episodes, sweep
from ...records.defaults import BUDGETS, EPISODES, LEVEL, TRIAL_STREAMS
from ...records.defaults import STRATEGIES as FIRST
from ...records.errors import ConfigError
from ...records.levels import CACHE, TRANSITION, Level
from ...records.trial import EVENLY
from ...records.trial_messages import LabReady

STRATEGIES: dict[Level, tuple[str, ...]] = {
    TRANSITION: tuple(name for name in NAMES if name not in (FULL, *OF_CACHES)),
    CACHE: OF_HEADS,
}
"""What can be chosen at each level. Rules that were made for caches are left out where transitions are dropped."""
BESIDE = (RECENT, RANDOM)
"""Always run: the gate compares with them at every budget."""
LETTERS = dict(zip((*STRATEGIES[TRANSITION], *OF_CACHES), "abcdefghijklmnopqrstuvwxyz", strict=False))
"""How the picture names strategies."""
SETTINGS = ("budgets", "histories", "episodes", "start", "search")
"""The lines below the strategies; of a cache also how heads share a budget."""
SHARED = "shared"
MOST = 10_000
"""Histories per goal, and episodes: more is a slip of the finger."""


def says(strategy: str) -> str:
    """What a strategy keeps, in a line: the beginning of its own documentation."""
    text = (find(strategy).__doc__ or "").strip().partition("\n")[0]
    return text.removeprefix("Keep ").rstrip(".")


@dataclass(frozen=True)
class LabSettings:
    """What will be run.

    Attributes:
        strategies: chosen at either level; those that a level does not have are left out there.
        streams: histories per held-out goal.
        level: what is dropped.
        shared: of a cache, how heads share budgets: one of `sharing.SHARINGS`, with its usual parameters.
    """

    strategies: frozenset[str] = frozenset((*FIRST, *BESIDE))
    budgets: tuple[int, ...] = BUDGETS
    streams: int = TRIAL_STREAMS
    episodes: int = EPISODES
    level: Level = LEVEL
    shared: str = EVENLY

    def names(self) -> tuple[str, ...]:
        """The strategies in the order of the list, with how heads share; `sweep` adds what the gate needs beside."""
        names = self.chosen()
        if self.level != CACHE or self.shared == EVENLY:
            return names
        return tuple(name if name in BESIDE else f"{name}:{KEY}={self.shared}" for name in names)

    def chosen(self) -> tuple[str, ...]:
        """The strategies of this level that are chosen, in the order of the list."""
        return tuple(name for name in STRATEGIES[self.level] if name in self.strategies)

    def rows(self) -> tuple[str, ...]:
        """The lines of the list: strategies, then SETTINGS."""
        return (*STRATEGIES[self.level], *((SHARED,) if self.level == CACHE else ()), *SETTINGS)

    def toggled(self, name: str) -> LabSettings:
        """With a strategy, or without it; those that the gate needs stay."""
        return self if name in BESIDE else replace(self, strategies=self.strategies ^ {name})

    def turned(self) -> LabSettings:
        """With the next way of sharing."""
        ways = tuple(SHARINGS)
        return replace(self, shared=ways[(ways.index(self.shared) + 1) % len(ways)])

    @property
    def searchable(self) -> bool:
        """Whether the smallest can be searched: not where some heads keep all."""
        return self.level != CACHE or self.shared != "duo"

    def cells(self) -> int:
        """How many cells that is, full context and its control included."""
        return len(sweep(self.names(), self.budgets)) + 2


def typed(settings: LabSettings, name: str, text: str, ready: LabReady | None) -> LabSettings:
    """The settings with one of them as it was typed: "budgets", "histories" or "episodes"; "" changes nothing.

    Args:
        ready: what is known of the run.

    Raises:
        ConfigError: it is no number, or one that cannot be used.
    """
    if not text.strip():
        return settings
    if name == "budgets":
        return replace(settings, budgets=_budgets(text, MOST if ready is None else ready.n_context - 1))
    if name == "histories":
        return replace(settings, streams=_number("histories per goal", text, 1))
    # Some of a history must be left when the context is full.
    least = 1 if ready is None else least_episodes(ready.n_context, ready.horizon)
    return replace(settings, episodes=_number("episodes", text, least))


def _budgets(text: str, most: int) -> tuple[int, ...]:
    """ "10, 20" → (10, 20), in order."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    wrong = next((part for part in parts if not _whole(part, 1, most)), None if parts else text)
    if wrong is not None:
        raise ConfigError(
            "budgets",
            expected=f"numbers from 1 to {most} with commas between (a full context has {most + 1} transitions)",
            found=wrong,
            action="write such as 10,20,40",
        )
    return tuple(sorted({int(part) for part in parts}))


def _whole(text: str, least: int, most: int) -> bool:
    """Whether a text is a whole number between two others."""
    return text.isascii() and text.isdecimal() and len(text) < 10 and least <= int(text) <= most


def _number(name: str, text: str, least: int) -> int:
    """The number that was typed.

    Raises:
        ConfigError: it is none, or out of bounds.
    """
    if not _whole(text.strip(), least, MOST):
        expected = f"a number from {least} to {MOST}"
        raise ConfigError(name, expected=expected, found=text.strip(), action="type another")
    return int(text)
