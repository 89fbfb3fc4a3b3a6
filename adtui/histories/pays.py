"""What rewards of a file mark: steps that pay more than 0, or, where the world pays otherwise, steps of one value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..records.arrays import Bools, Floats
from ..records.errors import HistoryError
from ..worlds.darkroom import DarkRoom
from ..worlds.world import World, numbers
from .file import HistoryFile
from .looks import STEPS, STREAMS, some

#: Cells that a world of cells pays in, at most: key and door.
_FEW = 2
_TWO = 2
#: So many paid steps must have ended their episodes for all to be said to.
_ENOUGH = 8


@dataclass(frozen=True)
class Pays:
    """Which rewards mark what the world pays for.

    Attributes:
        values: of marked steps, and of all others; None where those above 0 are marked.
        line: what a user should know; "" where the world pays so.
    """

    values: tuple[float, float] | None = None
    line: str = ""

    def __call__(self, rewards: Floats) -> Bools:
        """Which of the steps are marked; any shape."""
        return np.asarray(rewards > 0 if self.values is None else rewards == np.float32(self.values[0]))


USUAL = Pays()


def pays_of(file: HistoryFile, world: World) -> Pays:
    """How a file tells the steps that a world pays 1 for and all others 0.

    Of two values that one marks which is paid in few cells, where the other is paid all over the room: costs of a step
    that are none at the goal (−1 and 0), or are there alone, rewards the other way about (1 − r).
    """
    values: set[float] = set()
    few: set[float] = set()  # what few cells pay in a task in which many pay something else
    for task in some(file.tasks):
        try:
            rewards, cells = _latest(file, task)
        except HistoryError:  # said where its histories are needed
            continue
        found = (np.unique(rewards) + 0.0).tolist()  # no −0
        values |= set(found)
        counts = {value: len(np.unique(cells[rewards == np.float32(value)])) for value in found[:3]}
        if len(found) == _TWO and min(counts.values()) <= _FEW < max(counts.values()):
            few.add(min(counts, key=lambda value: counts[value]))
    if not values:
        return USUAL
    least, most, name = min(values), max(values), file.path.name
    if len(values) == _TWO and len(few) == 1:
        (marked,) = few
        other = least if marked == most else most
        if other <= 0 < marked:
            return USUAL
        line = f"rewards of {name} are {marked:.4g} where {world.env} pays and {other:.4g} elsewhere, not 1 and 0"
        line += f": {marked:.4g} counts as rewarded, and the model gets them as they are; rollouts pay 1 and 0"
        return Pays((marked, other), line)
    if least == most != 0:
        count = "every step counts" if most > 0 else "no step counts"
        return Pays(None, f"every reward of {name} is {most:.4g}: {count} as rewarded")
    if most <= 0 and least < most:
        return Pays(None, f"rewards of {name} are {_span(values)}, not 0 and 1: no step counts as rewarded")
    if least > 0:
        return Pays(None, f"rewards of {name} are {_span(values)}, not 0 and 1: every step counts as rewarded")
    return USUAL


def ends_where_paid(file: HistoryFile, world: World, pays: Pays) -> str:
    """What a user should know where every episode ends with the first step that is paid; "" elsewhere."""
    if not isinstance(world, DarkRoom):  # elsewhere there is more to be had in an episode
        return ""
    found = 0
    for task in some(file.tasks):
        try:
            steps, streams = file.size(task)
            last, part = min(steps, STEPS) - 1, slice(0, min(streams, STREAMS))
            paid, ends = pays(file.rewards(task, part, 0, last)), file.clock.ends(task, 0, last)[:, part]
            look = file.clock.look(task)
            if (paid & ~ends).any() and look is not None and file.rewarded_cells(task, pays) == {look.start}:
                continue  # nobody sees a reset from the start to the start
        except HistoryError:  # said where its histories are needed
            continue
        if (paid & ~ends).any():
            return ""
        found += int(paid.sum())
    name = file.path.name
    return "" if found < _ENOUGH else f"episodes of {name} end at their reward; rollouts go on to step {world.horizon}"


def _span(values: set[float]) -> str:
    return f"{min(values):.4g} {'and' if len(values) == _TWO else 'to'} {max(values):.4g}"


def _latest(file: HistoryFile, task: int) -> tuple[Floats, np.ndarray[tuple[int, ...], np.dtype[np.int64]]]:
    """(k,) rewards and the numbers of the cells that they were paid in, of the last steps for which these are sure."""
    steps, streams = file.size(task)
    first, part = max(0, steps - STEPS), slice(0, min(streams, STREAMS))
    there, sure = file.clock.reached(task, part, first, steps)
    return file.rewards(task, part, first, steps)[sure], numbers(there[sure], file.grid_size or 1)
