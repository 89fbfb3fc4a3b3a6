"""The users' HDF5 learning histories: the one reader of the app and of training.

One group per task, named by its index; `states`, `next_states` (T, streams, 2), `actions`, `rewards` (T, streams), and
sometimes `dones` (T, streams): time-major. `optimal_actions` is (streams, T). Other data sets are left alone.

A file may come from anyone: nothing outside it is opened, and no more of it than what is asked for is held in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..records.arrays import Bools, Floats, Ints, Values
from ..records.errors import HistoryError
from ..records.run_settings import RunSettings
from .clock import Clock
from .forms import CELL, Form, form_of, single
from .groups import groups_by_task
from .hdf5 import Column, HDF5File, unusable
from .layout import check_axes, folded, layout
from .npz_histories import NpzHistories
from .paths import METADATA
from .spelled import Spelled

_STATES, _COLUMNS = ("states", "next_states"), ("states", "next_states", "actions", "rewards")
_OPTIMAL = "optimal_actions"
#: What collectors call the marks of an episode's end; those of several names count together.
_DONES = (
    "dones",
    "done",
    "terminals",
    "terminal",
    "terminations",
    "terminated",
    "timeouts",
    "truncations",
    "truncated",
)
#: Numbers of a column that are looked at at once for the cells of rewards, and how often at most.
_SHOWING, _PARTS = 1 << 16, 8


@dataclass(frozen=True)
class Stretch:
    """Steps first…last of one history.

    Attributes:
        states, next_states: (n, 2) int64; actions: (n,) int64; rewards: (n,) float32. Where they are vectors, states
            are (n, S) and actions (n, D), float32.
        episode, step: (n,) int64, the episode of each step within the history, and the time within that episode.
    """

    states: Values
    actions: Values
    rewards: Floats
    next_states: Values
    episode: Ints
    step: Ints


@dataclass(frozen=True)
class Streams:
    """Whole histories of one task.

    Attributes:
        states, next_states: (streams, T, 2) int64; actions: (streams, T) int64; rewards: (streams, T) float32. Vectors
            as in `Stretch`.
    """

    states: Values
    actions: Values
    rewards: Floats
    next_states: Values


class HistoryFile:
    """An open file of histories; use it in a `with` block.

    Args:
        path: the HDF5 file, or the metadata of AD-eps' histories.
        form: what states and actions are.
        horizon: steps per episode, as the run says; the file may show something else, see `Clock`.

    Raises (every method, too):
        HistoryError: unreadable, no tasks, missing data sets, wrong shapes, swapped axes, impossible values, or data
            that lie in another file.
    """

    def __init__(self, path: Path, form: Form, *, horizon: int | None) -> None:
        self.path, self.form, self.horizon = path, form, horizon
        size = form.grid_size
        self._file = NpzHistories(path, size) if path.suffix == METADATA else Spelled(HDF5File(path), size)
        try:
            names = self._file.names()
            self._groups = groups_by_task(path, names, size)
        except HistoryError:
            self._file.close()
            raise
        self._sizes: dict[int, tuple[int, int]] = {}
        self._columns: dict[tuple[int, str], Column] = {}
        self._marks: dict[int, tuple[str, ...]] = {}
        self.passed_over: dict[str, str] = {}
        self.tasks = tuple(sorted(self._groups))
        self.clock = Clock(self)
        if not self.tasks:
            self._file.close()
            raise unusable(path, "one group per goal, named 0, 1, …", ", ".join(sorted(names)[:3]) or "an empty file")

    def __enter__(self) -> HistoryFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def notes(self) -> tuple[str, ...]:
        """What is left out of its states, of its first task as of all; what is special about its episodes."""
        return (*self.form.notes(self._column(self.tasks[0], "states")), *self._file.told, *self.clock.notes)

    @property
    def grid_size(self) -> int | None:
        """None where states are vectors."""
        return self.form.grid_size

    def size(self, task: int) -> tuple[int, int]:
        """(steps, streams) of a task's histories, once their shapes and the order of their axes have been checked."""
        if task in self._sizes:
            return self._sizes[task]
        columns = {name: self._column(task, name) for name in _COLUMNS}
        steps, streams = layout(columns["actions"], self.form.action_width)
        for name in _COLUMNS:
            width = self._width(task, name)
            wanted = (steps, streams) if width is None else (steps, streams, width)
            shape, alone = columns[name].shape, wanted[:1] + wanted[2:]
            if shape != wanted and not (streams == 1 and shape == alone):
                raise unusable(columns[name].at, f"shape {wanted}", f"shape {shape}")
        if self._column(task, "states").shape != self._column(task, "next_states").shape:
            raise unusable(columns["next_states"].at, "the shape of states", f"shape {columns['next_states'].shape}")
        check_axes(columns["states"], columns["next_states"], streams, self.horizon)
        self._sizes[task] = steps, streams
        return steps, streams

    def read(self, task: int, stream: int, first: int, last: int) -> Stretch:
        """Steps first…last (exclusive) of one stream."""
        states = self._cells(task, "states", stream, first, last)
        next_states = self._cells(task, "next_states", stream, first, last)
        actions = self._actions(task, stream, first, last)
        rewards = self._rewards(task, stream, first, last)
        episode, step = self.clock.of(task, stream, first, last)
        return Stretch(states, actions, rewards, next_states, episode, step)

    def read_all(self, task: int, streams: int) -> Streams:
        """Every step of the first `streams` streams, or of as many as there are; checked as in `read`."""
        steps, width = self.size(task)
        kept = slice(0, min(streams, width))

        def stream_major(values: np.ndarray[Any, Any], ndim: int) -> np.ndarray[Any, Any]:
            return np.ascontiguousarray((values if values.ndim == ndim else values[:, None]).swapaxes(0, 1))

        actions = self._actions(task, kept, 0, steps)
        return Streams(
            states=stream_major(self._cells(task, "states", kept, 0, steps), 3),
            actions=stream_major(actions, 2 if self.form.action_width is None else 3),
            rewards=stream_major(self._rewards(task, kept, 0, steps), 2),
            next_states=stream_major(self._cells(task, "next_states", kept, 0, steps), 3),
        )

    def rewarded_cells(self, task: int, pays: Callable[[Floats], Bools]) -> set[tuple[int, int]]:
        """The cells that steps end on which `pays` marks by their rewards, in the last part of a task that has any.

        Those that end no episode count, where there are some.
        """
        steps, streams = self.size(task)
        size = max(1, _SHOWING // streams)
        at_ends: set[tuple[int, int]] = set()
        for last in range(steps, max(0, steps - _PARTS * size), -size):
            first = max(0, last - size)
            rewarded = pays(self.rewards(task, slice(None), first, last))
            if not rewarded.any():
                continue
            reached, sure = self.clock.reached(task, slice(None), first, last)
            rewarded &= sure
            inner = rewarded & ~self.clock.ends(task, first, last)
            cells = {(int(x), int(y)) for x, y in np.unique(reached[inner if inner.any() else rewarded], axis=0)}
            if inner.any():
                return cells
            at_ends = at_ends or cells
        return at_ends

    def optimal_action(self, task: int, stream: int, step: int) -> int | None:
        """What the best policy does at one step, or None where the file does not say (`optimal_actions`, for DPT).

        The users' annotator writes (streams, T), unlike every other data set; (T, streams) files exist too. The shape
        tells which, and a square one is taken for the annotator's.
        """
        if not self._file.has(self._groups[task], _OPTIMAL):
            return None
        steps, streams = self.size(task)
        column = self._column(task, _OPTIMAL)
        if column.shape == (streams, steps):
            place: tuple[int, ...] = (stream, step)
        elif column.shape == (steps, streams):
            place = (step, stream)
        elif streams == 1 and column.shape == (steps,):
            place = (step,)
        else:
            raise unusable(column.at, f"shape {(streams, steps)} or {(steps, streams)}", f"shape {column.shape}")
        return int(self.form.actions(column, np.atleast_1d(column.read(place)))[0])

    # -- columns -------------------------------------------------------------------------------------------------------
    def rewards(self, task: int, stream: int | slice, first: int, last: int) -> Floats:
        """Rewards of steps first…last (exclusive): (n,), of several streams (n, streams)."""
        found = self._rewards(task, stream, first, last)
        return found[:, None] if found.ndim == 1 and isinstance(stream, slice) else found

    def marks(self, task: int, stream: int | slice, first: int, last: int) -> Bools | None:
        """After which of steps first…last (exclusive) an episode ends, as the file says; None where it does not say."""
        found: Bools | None = None
        for name in self._marking(task):
            marked = self._numbers(task, name, stream, first, last) != 0
            marked = marked[:, None] if marked.ndim == 1 and isinstance(stream, slice) else marked
            found = marked if found is None else found | marked
        return found

    def _marking(self, task: int) -> tuple[str, ...]:
        """The data sets that say where episodes end."""
        if task not in self._marks:
            named = [name for name in _DONES if self._file.has(self._groups[task], name)]
            self._marks[task] = tuple(name for name in named if self._of_steps(task, name))
            for name in set(named).difference(self._marks[task]):
                shape, (steps, streams) = self._column(task, name).shape, self.size(task)
                what = f"{name} of {self.path.name} say nothing of episodes"
                self.passed_over[name] = f"{what}: shape {shape}, not {(steps, streams)}"
        return self._marks[task]

    def _of_steps(self, task: int, name: str) -> bool:
        """Whether a data set has one value for each step."""
        steps, streams = self.size(task)
        shape = self._column(task, name).shape
        return shape == (steps, streams) or (streams == 1 and shape == (steps,))

    def cells(self, task: int, name: str, stream: int | slice, first: int, last: int) -> Values:
        """States or next states of steps first…last (exclusive): (n, S), of several streams (n, streams, S)."""
        found = self._cells(task, name, stream, first, last)
        return found[:, None] if found.ndim == CELL and isinstance(stream, slice) else found

    def actions(self, task: int, stream: int | slice, first: int, last: int) -> Values:
        """Actions of steps first…last (exclusive): (n,) or (n, D), of several streams (n, streams, …)."""
        found = self._actions(task, stream, first, last)
        whole = 1 if self.form.action_width is None else 2
        return found[:, None] if found.ndim == whole and isinstance(stream, slice) else found

    def _cells(self, task: int, name: str, stream: int | slice, first: int, last: int) -> Values:
        return self.form.states(self._column(task, name), self._numbers(task, name, stream, first, last))

    def _actions(self, task: int, stream: int | slice, first: int, last: int) -> Values:
        return self.form.actions(self._column(task, "actions"), self._numbers(task, "actions", stream, first, last))

    def _rewards(self, task: int, stream: int | slice, first: int, last: int) -> Floats:
        return single(self._column(task, "rewards"), self._numbers(task, "rewards", stream, first, last), "rewards")

    def _numbers(self, task: int, name: str, stream: int | slice, first: int, last: int) -> np.ndarray[Any, Any]:
        """Finite numbers; in a data set without an axis for streams, of its only one."""
        column = self._column(task, name)
        alone = len(column.shape) == (2 if self._width(task, name) else 1)
        return column.read((slice(first, last),) if alone else (slice(first, last), stream))

    def _width(self, task: int, name: str) -> int | None:
        """Numbers that a data set has of one step, None for one without an axis of them."""
        if name in _STATES:
            return self.form.state_width(self._column(task, name))
        return self.form.action_width if name == "actions" else None

    def _column(self, task: int, name: str) -> Column:
        if (task, name) not in self._columns:
            column = self._file.column(self._groups[task], name)
            if name not in _STATES and not (name == "actions" and self.form.action_width):
                axes = len(self._column(task, "states").shape) - 1
                column = folded(column, axes, self.form.n_actions if name in ("actions", _OPTIMAL) else None)
            self._columns[task, name] = column
        return self._columns[task, name]


def open_histories(path: Path, settings: RunSettings) -> HistoryFile:
    """The file of a run's histories, its values checked against the run's settings."""
    return HistoryFile(path, form_of(settings), horizon=settings.horizon)
