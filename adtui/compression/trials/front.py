"""Return against kept transitions: what a cell gives for what it keeps, and which cells no other one beats in both.

Numpy only; the screen and the figures draw the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ...records.interval import Interval
from ...records.trial import Trial
from .plan import FULL


@dataclass(frozen=True)
class Point:
    """A cell in the plane.

    Attributes:
        kept: mean number of transitions that stay; the budget where that was not measured.
        last: return over the last episodes.
        front: no other cell keeps at most as many and returns at least as much, one of them strictly.
    """

    label: str
    strategy: str
    kept: float
    last: Interval
    front: bool


def points(trials: Iterable[Trial]) -> list[Point]:
    """Every cell that was rolled out, but the full context, in the order given."""
    found = []
    for trial in trials:
        if trial.cell.strategy == FULL or trial.closed_loop is None:
            continue
        kept = trial.open_loop.kept if trial.open_loop is not None else float(trial.cell.budget or 0)
        found.append((trial.cell.label, trial.cell.strategy, kept, trial.closed_loop.last))
    plane = [(kept, last.mean) for _, _, kept, last in found]
    return [Point(*one, undominated(index, plane)) for index, one in enumerate(found)]


def undominated(index: int, plane: Sequence[tuple[float, float]]) -> bool:
    """Whether no other (kept, return) is at least as good in both and better in one."""
    kept, gained = plane[index]
    return not any(k <= kept and r >= gained and (k, r) != (kept, gained) for k, r in plane)
