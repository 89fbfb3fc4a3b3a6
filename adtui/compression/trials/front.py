"""Return against cost: what a cell gives for what it keeps or takes, and which cells no other one beats in both.

Numpy only; the screen and the figures draw the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from ...records.interval import Interval
from ...records.trial import Trial
from .plan import FULL

Axis = Literal["kept", "bytes", "time"]
AXES: tuple[Axis, ...] = ("kept", "bytes", "time")
"""Transitions that stay; bytes that an agent holds from one step to the next; milliseconds of a step."""


@dataclass(frozen=True)
class Point:
    """A cell in the plane.

    Attributes:
        name: of the strategy, and how heads share.
        spent: along the axis.
        last: return over the last episodes.
        front: no other cell spends at most as much and returns at least as much, one of them strictly.
    """

    label: str
    strategy: str
    name: str
    spent: float
    last: Interval
    front: bool


def points(trials: Iterable[Trial], axis: Axis = "kept") -> list[Point]:
    """Every cell that was rolled out and whose cost is known, but the full context, in the order given."""
    found = []
    for trial in trials:
        if trial.cell.strategy == FULL or trial.closed_loop is None:
            continue
        if (at := spent(trial, axis)) is not None:
            found.append((trial.cell.label, trial.cell.strategy, trial.cell.name, at, trial.closed_loop.last))
    plane = [(at, last.mean) for _, _, _, at, last in found]
    return [Point(*one, undominated(index, plane)) for index, one in enumerate(found)]


def spent(trial: Trial, axis: Axis) -> float | None:
    """What a cell spends along an axis; None where it was not measured.

    Where it was not measured how many transitions stay, it is as many as may.
    """
    if axis == "kept":
        return trial.open_loop.kept if trial.open_loop is not None else float(trial.cell.budget or 0)
    if trial.cost is None:
        return None
    if axis == "bytes":
        held = trial.cost.held
        if held is None:
            return None
        reads_again = trial.cell.level != "cache" or trial.cell.strategy == FULL
        return float(held.state if reads_again else held.total)
    return None if trial.cost.milliseconds is None else trial.cost.milliseconds.median


def undominated(index: int, plane: Sequence[tuple[float, float]]) -> bool:
    """Whether no other (spent, return) is at least as good in both and better in one."""
    at, gained = plane[index]
    return not any(a <= at and r >= gained and (a, r) != (at, gained) for a, r in plane)
