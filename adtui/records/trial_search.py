"""The search for the smallest context that passes: what was tried, what was chosen, and the one test of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from .defaults import LEVEL, POSITIONS
from .interval import Interval
from .levels import at_level
from .trial import SweepReport

SCHEMA = "adtui.search/1"


def named(label: str, positions: str, level: str = LEVEL) -> str:
    """A candidate in words: where transitions stand if not at the first places; what a cache holds stays anyway."""
    return at_level(label if positions == POSITIONS or level != LEVEL else f"{label}, {positions}", level)


@dataclass(frozen=True)
class Tried:
    """One candidate in one round.

    Attributes:
        label: as `choice.parse` reads it.
        budget: K.
        positions: where what is kept stands, see `trial.TrialCell`.
        loss: return of the last episodes lost against full context in the same rooms; 95 % over histories.
        collapses: share of the rooms in which it lost more than the margin.
        kept: whether it went on to the next round, or was good enough after the last.
        level: what is dropped, see `levels`.
    """

    label: str
    budget: int
    positions: str
    loss: Interval
    collapses: float
    kept: bool
    level: str = LEVEL

    @property
    def name(self) -> str:
        """See `named`."""
        return named(self.label, self.positions, self.level)


@dataclass(frozen=True)
class Round:
    """A round of the search, the best candidates first.

    Attributes:
        histories: rooms that each candidate acted in, on training tasks.
        margin: the loss that counts as none, in return per episode, from this round's full context.
        full: mean return of the last episodes with full context.
    """

    histories: int
    margin: float
    full: float
    tried: tuple[Tried, ...]


@dataclass(frozen=True)
class SearchReport:
    """The path and its end.

    Attributes:
        about: checkpoint, plan, notes, as of a sweep.
        chosen: the candidate that was tested, None where none looked good enough.
        positions: of the chosen one.
        why: in words what was chosen, or why nothing was.
        confirmation: the one test of it, on held-out tasks and other draws; None where nothing was chosen.
    """

    about: dict[str, Any]
    rounds: tuple[Round, ...]
    chosen: str | None
    why: str
    confirmation: SweepReport | None
    positions: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "schema": SCHEMA,
            "about": self.about,
            "rounds": [asdict(one) for one in self.rounds],
            "chosen": self.chosen,
            "positions": self.positions,
            "why": self.why,
            "confirmation": None if self.confirmation is None else self.confirmation.to_json(),
        }
