"""A training run over its checkpoints: frozen records that travel between modules, processes and files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrays import Bools, Doubles
from .interval import Interval
from .trial import plain

SCHEMA = "adtui.timeline/1"
ENTROPY, RECENCY, REWARD = "entropy", "recency", "reward-seeking"
SHOWN = {ENTROPY: "H/ln n", RECENCY: "newest/oldest quarter", REWARD: "reward lift"}
"""What small multiples show: of `Point.effects` the name, and what it is."""


@dataclass(frozen=True)
class Effects:
    """One measure of every head at one checkpoint; every array is (L, H).

    Attributes:
        mean, low, high: over histories, with the 95 % interval; NaN where undefined.
        n: histories that define it, int64.
        holds: whether the claim of this kind is made; False everywhere for what is no claim.
        lacks: whether the whole interval is where the claim's rule does not want it.
    """

    mean: Doubles
    low: Doubles
    high: Doubles
    n: NDArray[np.int64]
    holds: Bools
    lacks: Bools


@dataclass(frozen=True)
class Returns:
    """In-context return at one checkpoint.

    Attributes:
        first: of the first episode, with the interval over histories.
        last: mean of the last `episodes` episodes.
    """

    first: Interval
    last: Interval
    episodes: int
    histories: int


@dataclass(frozen=True)
class Point:
    """One checkpoint.

    Attributes:
        step: of training.
        name: the file's.
        effects: ENTROPY, and every kind of claim about heads that query rows tell.
        returns: None where none was measured.
    """

    step: int
    name: str
    effects: Mapping[str, Effects]
    returns: Returns | None = None


@dataclass(frozen=True)
class Emergence:
    """A claim about a head that holds at the newest checkpoint, and since when.

    Attributes:
        kind, layer, head: the claim.
        step: the first checkpoint's from which on it holds at every later one.
        after: the step of the last one before it at which the whole interval was where the rule does not want it; None
            where there is none: then it may have emerged at any time before `step`.
        first: whether `step` is that of the first checkpoint: it may have emerged earlier.
        held: at how many of the `of` checkpoints up to `step` and later the claim holds.
        effect: at the newest one, with its interval.
    """

    kind: str
    layer: int
    head: int
    step: int
    after: int | None
    first: bool
    held: int
    of: int
    effect: Interval

    @property
    def when(self) -> str:
        """ "step 300 (after 200)", "step 300 or before"."""
        if self.first:
            return f"by the first checkpoint, step {self.step}"
        return f"step {self.step} ({'undecided from the first' if self.after is None else f'after {self.after}'})"


@dataclass(frozen=True)
class Timeline:
    """All that was measured of a run.

    Attributes:
        about: run, contexts and settings.
        points: in order of step.
        emergences: in order of step.
        random, optimal: mean return of random actions and the best possible on these goals; None where none was
            measured.
        missing: checkpoints that were left out or not reached, and why.
    """

    about: Mapping[str, Any]
    points: tuple[Point, ...]
    emergences: tuple[Emergence, ...]
    random: float | None = None
    optimal: float | None = None
    missing: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain values, schema "adtui.timeline/1" (docs/timeline.md); NaN becomes None."""
        document: dict[str, Any] = plain(
            {
                "schema": SCHEMA,
                "about": dict(self.about),
                "points": [point_json(point) for point in self.points],
                "emergences": [asdict(one) for one in self.emergences],
                "random": self.random,
                "optimal": self.optimal,
                "missing": list(self.missing),
            }
        )
        return document


def point_json(point: Point) -> dict[str, Any]:
    """One checkpoint as lists and numbers; NaN becomes None."""
    document: dict[str, Any] = plain(
        {
            "step": point.step,
            "name": point.name,
            "effects": {
                kind: {name: getattr(one, name).tolist() for name in Effects.__dataclass_fields__}
                for kind, one in point.effects.items()
            },
            "returns": None if point.returns is None else asdict(point.returns),
        }
    )
    return document
