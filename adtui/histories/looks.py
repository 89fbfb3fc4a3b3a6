"""What a file of histories shows of its episodes, by its beginning: some tasks, some streams, some steps."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np

from ..records.arrays import Bools, Values
from ..records.errors import HistoryError, OtherWorldError
from .borders import Seen, seen

#: Numbers of a column that are looked at in a task; how many tasks are, where it is asked of the whole file.
_LOOKED_AT, _TASKS = 1 << 16, 16
STEPS, STREAMS = 2048, 4
"""Of a task, at most."""


def some(tasks: tuple[int, ...]) -> tuple[int, ...]:
    """As many of the tasks, from all over the file, as are looked at where it is asked of the whole of it."""
    return tuple(tasks[i] for i in np.unique(np.linspace(0, len(tasks) - 1, min(len(tasks), _TASKS)).astype(int)))


class Columns(Protocol):
    """What has to be known of a file."""

    path: Path
    horizon: int | None
    tasks: tuple[int, ...]
    passed_over: dict[str, str]
    """Data sets that should mark ends and cannot, of the tasks looked at so far → why, in words."""

    @property
    def grid_size(self) -> int | None:
        """None where states are vectors."""

    def size(self, task: int) -> tuple[int, int]: ...

    def cells(self, task: int, name: str, stream: int | slice, first: int, last: int) -> Values:
        """(n, S) of a stream, (n, streams, S) of several."""

    def actions(self, task: int, stream: int | slice, first: int, last: int) -> Values:
        """The same of actions."""

    def marks(self, task: int, stream: int | slice, first: int, last: int) -> Bools | None:
        """After which steps an episode ends, as the file says; None where it does not. Shapes of `cells`, less S."""


class Looks:
    """What the tasks of an open file show.

    Raises (`resets` alone: what cannot be read shows nothing):
        HistoryError: see `HistoryFile`.
    """

    def __init__(self, file: Columns) -> None:
        self._file = file
        self._found: dict[int, Seen | None] = {}

    @cached_property
    def marked(self) -> set[int]:
        """Lengths of the episodes that the file marks, of the tasks looked at; empty where it marks none."""
        found: set[int] = set()
        for task in some(self._file.tasks):
            try:
                steps, streams = self._file.size(task)
                marks = self._file.marks(task, slice(0, min(streams, STREAMS)), 0, min(steps, STEPS))
            except HistoryError:  # said where its histories are needed
                continue
            if marks is not None:
                found |= {int(n) for one in marks.T for n in np.diff(np.flatnonzero(one), prepend=-1)}
        return found

    @cached_property
    def seen(self) -> list[Seen]:
        """What the states of the tasks looked at show."""
        return [look for task in some(self._file.tasks) if (look := self.of(task)) is not None]

    def of(self, task: int) -> Seen | None:
        """What the states of a task show; None where they cannot be read.

        Raises:
            OtherWorldError: they are not of the model's world.
        """
        if task not in self._found:
            try:
                self._found[task] = self._read(task)
            except OtherWorldError:  # then so are the others, whatever their numbers
                raise
            except HistoryError:  # said where its histories are needed
                self._found[task] = None
        return self._found[task]

    def _read(self, task: int) -> Seen:
        steps, streams = self._file.size(task)
        width = self._file.cells(task, "states", slice(0, 1), 0, 1).shape[-1]
        streams = min(streams, STREAMS, max(1, _LOOKED_AT // (min(steps, STEPS) * width)))
        last = min(steps, STEPS, max(2, _LOOKED_AT // (streams * width)))
        part = slice(0, streams)
        states, there = (self._file.cells(task, name, part, 0, last) for name in ("states", "next_states"))
        return seen(states, self._file.actions(task, part, 0, last), there, self._file.grid_size)

    def resets(self, task: int, stream: int | slice, first: int, last: int, look: Seen) -> Bools:
        """After which steps the states show a reset; shapes of `Columns.marks`."""
        steps, _ = self._file.size(task)
        states = self._file.cells(task, "states", stream, first, min(last + 1, steps))
        there = self._file.cells(task, "next_states", stream, first, last)
        following = states[1:] if last < steps else np.concatenate([states[1:], there[-1:]])
        actions = self._file.actions(task, stream, first, last)
        found = look.ways.leaps(states[: last - first], actions, there, following)
        return found if look.start is None else found & (following == look.start).all(axis=-1)
