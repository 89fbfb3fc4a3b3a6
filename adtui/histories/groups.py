"""Which task each group of a file is of, as its name says."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from .hdf5 import unusable

_KIND = r"(?:(goal|task|env|room)[_-]?)?"
_TASK = re.compile(_KIND + r"([0-9]{1,9})", re.IGNORECASE)
_CELL = re.compile(_KIND + r"[(\[]?([0-9]{1,4})[,_ x-]+([0-9]{1,4})[)\]]?", re.IGNORECASE)


def groups_by_task(path: Path, names: Iterable[str], size: int | None) -> dict[int, str]:
    """Task → group. Of "goal_7", "07" and "7" the plain one counts; "goal_0_7" is named by its cell.

    Args:
        size: of the grid; None where there is none.

    Raises:
        HistoryError: two groups of one task.
    """
    groups: dict[int, str] = {}
    kinds: dict[int, str] = {}
    for name in sorted(names, key=len, reverse=True):
        if (found := _TASK.fullmatch(name)) is not None:
            task, kind = int(found[2]), (found[1] or "").lower()
        elif size and (found := _CELL.fullmatch(name)) is not None and max(int(found[2]), int(found[3])) < size:
            task, kind = int(found[2]) * size + int(found[3]), "cell"
        else:
            continue
        if kind and kinds.get(task, kind) != kind:
            raise unusable(path, "one group per goal", f"{groups[task]} and {name}")
        groups[task], kinds[task] = name, kind
    return groups
