"""What rewards of a file mark: steps that pay more than 0, or, where a file has costs instead, those that cost less."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..records.arrays import Bools, Floats
from ..records.errors import HistoryError
from ..worlds.world import World, numbers
from .file import HistoryFile
from .looks import STEPS, STREAMS, some

#: Cells that a world of cells pays in, at most: key and door.
_FEW = 2


@dataclass(frozen=True)
class Pays:
    """Which rewards mark what the world pays for.

    Attributes:
        value: those of this value; None for those above 0.
        line: what a user should know; "" where the world pays so.
    """

    value: float | None = None
    line: str = ""

    def __call__(self, rewards: Floats) -> Bools:
        """Which of the steps are marked; any shape."""
        return np.asarray(rewards > 0 if self.value is None else rewards == np.float32(self.value))


USUAL = Pays()


def pays_of(file: HistoryFile, world: World) -> Pays:
    """How a file tells the steps that a world pays 1 for and all others 0.

    Seen as well are costs, less at the goal (−1 and 0), and rewards the other way about (1 − r).
    """
    values: set[float] = set()
    turned = straight = False
    for task in some(file.tasks):
        try:
            rewards, cells = _latest(file, task)
        except HistoryError:  # said where its histories are needed
            continue
        values |= set(np.unique(rewards).tolist())
        paid, free = (len(np.unique(cells[at])) for at in (rewards > 0, rewards == 0))
        turned |= paid > _FEW >= free > 0
        straight |= free > _FEW >= paid > 0
    if not values:
        return USUAL
    least, most, name = min(values), max(values), file.path.name
    if most <= 0 and least < most:
        span = "and" if len(values) == _FEW else "to"
        line = f"rewards of {name} are {least:g} {span} {most:g}, not 0 and 1: no step counts as rewarded"
        return Pays(most, f"{line}; rescale them to 0 and 1 to have them told")
    if most < 0:
        return Pays(None, f"every reward of {name} is {most:g}: no step counts as rewarded")
    if values == {0, 1} and turned and not straight:
        line = f"rewards of {name} are 0 where {world.env} pays and 1 elsewhere: all steps but the rewarded count so"
        return Pays(0, f"{line}; store 1 minus them")
    return USUAL


def _latest(file: HistoryFile, task: int) -> tuple[Floats, np.ndarray[tuple[int, ...], np.dtype[np.int64]]]:
    """(k,) rewards and the numbers of the cells that they were paid in, of the last steps that ended no episode."""
    steps, streams = file.size(task)
    first, part = max(0, steps - STEPS), slice(0, min(streams, STREAMS))
    there = file.cells(task, "next_states", part, first, steps)
    near = np.abs(there - file.cells(task, "states", part, first, steps)).sum(axis=-1) <= 1
    kept = near & ~file.clock.ends(task, first, steps)[:, part]
    return file.rewards(task, part, first, steps)[kept], numbers(there[kept], file.grid_size or 1)
