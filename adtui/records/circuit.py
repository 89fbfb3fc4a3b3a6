"""What a search for circuits found: frozen records that travel between modules, processes and files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .interval import Interval
from .trial import plain

SCHEMA = "adtui.circuit/1"
Heads = tuple[tuple[int, int], ...]
"""(layer, head), in order."""


@dataclass(frozen=True)
class Optimum:
    """Every set of one size, tried.

    Attributes:
        heads, kl: of the best one.
        median: of all divergences.
        rank: of the set that elimination found, 1 where none is better.
        sets: how many there are.
    """

    heads: Heads
    kl: float
    median: float
    rank: int
    sets: int


@dataclass(frozen=True)
class Share:
    """What a set of heads returns of what the full model returns, over the last (up to ten) episodes.

    Attributes:
        share: mean return over that of the full model, paired by goal and draws; the interval is over goals.
        all_episodes: the same over all episodes: what is lost while learning counts too.
        circuit, full: mean returns; random: that of uniformly random actions on the same goals.
        p: of "it returns at most `least` of the full model's", by a one-sided t-test over goals.
        least: the share to keep.
        goals, histories: how many there are.
        faults: why it does not pass; empty where it does.
    """

    share: Interval
    all_episodes: Interval
    circuit: float
    full: float
    random: float
    p: float
    least: float
    goals: int
    histories: int
    faults: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether it keeps the share to keep, with what the histories say."""
        return not self.faults


@dataclass(frozen=True)
class PathSet:
    """The set that elimination found for one size.

    Attributes:
        heads: those that keep their own output.
        kl: mean over contexts of KL(full ‖ circuit) of the action at the query, nats.
        optimum: None where not every set was tried.
        share: on the goals that a size is chosen on, None where it was not rolled out.
    """

    heads: Heads
    kl: float
    optimum: Optimum | None = None
    share: Share | None = None


@dataclass(frozen=True)
class CircuitReport:
    """A search and its one test.

    Attributes:
        about: checkpoint, step, settings, plan, and what contexts it is about.
        path: from all heads down to none.
        chosen: number of heads of the set that was tested; None where none was.
        test: of that set on the held-out goals; None where none was tested.
        sentence: what may be said.
    """

    about: dict[str, Any]
    path: tuple[PathSet, ...]
    chosen: int | None
    test: Share | None
    sentence: str

    @property
    def certified(self) -> Heads | None:
        """The certified circuit, or None."""
        if self.test is None or not self.test.passed:
            return None
        return next(one.heads for one in self.path if len(one.heads) == self.chosen)

    def to_json(self) -> dict[str, Any]:
        """Plain values, schema "adtui.circuit/1" (docs/validity.md); NaN becomes None."""
        document: dict[str, Any] = plain({"schema": SCHEMA, **asdict(self), "certified": self.certified})
        return document


@dataclass(frozen=True)
class KnownCircuit:
    """What the app shows of a stored report.

    Attributes:
        heads: of the certified circuit; empty where there is none, or where it is about other weights.
        words: a line that says what it is, or why it is not shown.
    """

    heads: Heads
    words: str


def named(heads: Sequence[tuple[int, int]]) -> str:
    """ "L0H1 L2H3"."""
    return " ".join(f"L{layer}H{head}" for layer, head in heads) or "none"
