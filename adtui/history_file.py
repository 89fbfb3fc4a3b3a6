"""The users' HDF5 learning histories, read a slice at a time.

One group per task, named by its index; `states`, `next_states` (T, streams, 2), `actions`, `rewards` (T, streams), and
sometimes `dones` (T, streams): time-major. `optimal_actions` is (streams, T). Other data sets are left alone.

A file may come from anyone: nothing outside it is opened, and no more of it than the slice asked for is held in memory.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import h5py
import numpy as np

from .chunks import Unsound, check_chunks
from .errors import HistoryError
from .records import Floats, Ints

#: Steps of one history; `dones` are read from its beginning, so that they cost what a file claims to have.
MAX_STEPS = 50_000_000
#: Bytes of one chunk: a compressed one is unpacked whole, and a few kilobytes can unpack to gigabytes.
MAX_CHUNK = 1 << 29
_BLOCK = 1 << 20
_WIDTHS = {"states": 2, "next_states": 2, "actions": None, "rewards": None}
_OPTIMAL = "optimal_actions"
_TASK = re.compile(r"[0-9]{1,9}")
_CHECK = "check the file, or collect it anew with `adtui collect`"
_COPY = "copy the data into one file (h5repack, or h5py's `copy`)"
T = TypeVar("T")


@dataclass(frozen=True)
class Stretch:
    """Steps first…last of one history.

    Attributes:
        states, next_states: (n, 2) int64; actions: (n,) int64; rewards: (n,) float32.
        episode, step: (n,) int64, the episode of each step within the history, and the time within that episode.
    """

    states: Ints
    actions: Ints
    rewards: Floats
    next_states: Ints
    episode: Ints
    step: Ints


class HistoryFile:
    """An open file of histories; use it in a `with` block.

    Args:
        path: the HDF5 file.
        grid_size: states must lie in 0 … grid_size − 1.
        n_actions: actions must lie in 0 … n_actions − 1.
        horizon: steps per episode, used where the file has no `dones`; None makes a history one episode.

    Raises (every method, too):
        HistoryError: unreadable, no tasks, missing data sets, wrong shapes, impossible values, or data that lie in
            another file.
    """

    def __init__(self, path: Path, *, grid_size: int, n_actions: int, horizon: int | None) -> None:
        self.path, self.grid_size, self.n_actions, self.horizon = path, grid_size, n_actions, horizon
        try:
            # Without locking: a file on NFS, in a read-only directory, or still open in a collector can be read.
            self._file = h5py.File(path, "r", locking=False)
        except FileNotFoundError:
            raise _wrong(path, "an HDF5 file of histories", "nothing", "check the path") from None
        except OSError as error:
            raise _wrong(path, "an HDF5 file of histories", str(error)) from None
        names = self._guard(lambda: list(self._file))
        # The longest first, so that of "07" and "7" the plain one stays.
        found = sorted(filter(_TASK.fullmatch, names), key=len, reverse=True)
        self._groups = {int(name): name for name in found}
        self._sizes: dict[int, tuple[int, int]] = {}
        self.tasks = tuple(sorted(self._groups))
        if not self.tasks:
            self._file.close()
            raise _wrong(path, "one group per goal, named 0, 1, …", ", ".join(sorted(names)[:3]) or "an empty file")

    def __enter__(self) -> HistoryFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def size(self, task: int) -> tuple[int, int]:
        """(steps, streams) of a task's histories, once their shapes have been checked."""
        if task in self._sizes:
            return self._sizes[task]
        columns = {name: self._column(task, name) for name in _WIDTHS}
        steps, streams = self._layout(task, columns["actions"].shape)
        for name, width in _WIDTHS.items():
            wanted = (steps, streams) if width is None else (steps, streams, width)
            single = wanted[:1] + wanted[2:]
            shape = tuple(columns[name].shape)
            if shape != wanted and not (streams == 1 and shape == single):
                raise _wrong(self._at(task, name), f"shape {wanted}", f"shape {shape}")
        self._sizes[task] = steps, streams
        return steps, streams

    def read(self, task: int, stream: int, first: int, last: int) -> Stretch:
        """Steps first…last (exclusive) of one stream."""
        states = self._cells(task, "states", stream, first, last)
        next_states = self._cells(task, "next_states", stream, first, last)
        actions = self._actions(task, "actions", self._numbers(task, "actions", stream, first, last))
        with np.errstate(over="ignore"):
            rewards = self._numbers(task, "rewards", stream, first, last).astype(np.float32)
        if not np.isfinite(rewards).all():
            raise _wrong(self._at(task, "rewards"), "rewards within the range of float32", "larger ones")
        episode, step = self._clock(task, stream, first, last)
        return Stretch(states, actions, rewards, next_states, episode, step)

    def optimal_action(self, task: int, stream: int, step: int) -> int | None:
        """What the best policy does at one step, or None where the file does not say (`optimal_actions`, for DPT).

        The users' annotator writes (streams, T), unlike every other data set; (T, streams) files exist too. The shape
        tells which, and a square one is taken for the annotator's.
        """
        if not self._has(task, _OPTIMAL):
            return None
        steps, streams = self.size(task)
        column = self._column(task, _OPTIMAL)
        shape = tuple(column.shape)
        if shape == (streams, steps):
            place: tuple[int, ...] = (stream, step)
        elif shape == (steps, streams):
            place = (step, stream)
        elif streams == 1 and shape == (steps,):
            place = (step,)
        else:
            wanted = f"shape {(streams, steps)} or {(steps, streams)}"
            raise _wrong(self._at(task, _OPTIMAL), wanted, f"shape {shape}")
        values = np.atleast_1d(self._read(task, _OPTIMAL, column, place))
        return int(self._actions(task, _OPTIMAL, values)[0])

    # -- columns of one stream -----------------------------------------------------------------------------------------
    def _clock(self, task: int, stream: int, first: int, last: int) -> tuple[Ints, Ints]:
        """(episode, step) of steps first…last, from `dones` where the file has them, else from the horizon."""
        time = np.arange(first, last, dtype=np.int64)
        if self._has_dones(task):
            ended, begun = 0, 0  # episodes that ended before `first`, and where the next one began
            for start in range(0, first, _BLOCK):
                stop = min(start + _BLOCK, first)
                ends = np.flatnonzero(self._numbers(task, "dones", stream, start, stop))
                if ends.size:
                    ended, begun = ended + ends.size, start + int(ends[-1]) + 1
            ends = np.flatnonzero(self._numbers(task, "dones", stream, first, last))
            if ended or ends.size:
                starts = np.concatenate([[begun], first + ends + 1]).astype(np.int64)
                place = np.searchsorted(starts, time, side="right").astype(np.int64) - 1
                return place + ended, time - starts[place]
        horizon = self.horizon or max(last, 1)
        return time // horizon, time % horizon

    def _cells(self, task: int, name: str, stream: int, first: int, last: int) -> Ints:
        cells = self._whole_numbers(task, name, self._numbers(task, name, stream, first, last))
        if cells.size and not 0 <= cells.min() <= cells.max() < self.grid_size:
            found = f"{cells.min()} to {cells.max()}"
            raise _wrong(self._at(task, name), f"cells from 0 to {self.grid_size - 1}", found)
        return cells

    def _actions(self, task: int, name: str, values: np.ndarray[Any, Any]) -> Ints:
        actions = self._whole_numbers(task, name, values)
        if actions.size and not 0 <= actions.min() <= actions.max() < self.n_actions:
            found = f"{actions.min()} to {actions.max()}"
            raise _wrong(self._at(task, name), f"actions from 0 to {self.n_actions - 1}", found)
        return actions

    def _whole_numbers(self, task: int, name: str, values: np.ndarray[Any, Any]) -> Ints:
        with np.errstate(invalid="ignore"):  # beyond int64; unequal, then
            whole = values.astype(np.int64)
        if not np.array_equal(whole, values):
            raise _wrong(self._at(task, name), "whole numbers", "fractions")
        return whole

    def _numbers(self, task: int, name: str, stream: int, first: int, last: int) -> np.ndarray[Any, Any]:
        column = self._column(task, name)
        single = len(column.shape) == (2 if _WIDTHS.get(name) else 1)
        place: tuple[slice | int, ...] = (slice(first, last),) if single else (slice(first, last), stream)
        return self._read(task, name, column, place)

    def _read(self, task: int, name: str, column: Any, place: tuple[slice | int, ...]) -> np.ndarray[Any, Any]:
        """A part of a data set, all of it finite numbers."""
        try:
            self._guard(lambda: check_chunks(column, place))
        except Unsound as fault:
            raise _wrong(self._at(task, name), "sound chunks, packed by gzip or lzf if at all", str(fault)) from None
        values = self._guard(lambda: np.asarray(column[place]))
        if not np.isfinite(values).all():
            raise _wrong(self._at(task, name), "finite numbers", "NaN or infinite ones")
        return values

    def _layout(self, task: int, shape: tuple[int, ...]) -> tuple[int, int]:
        if len(shape) not in (1, 2) or 0 in shape:
            raise _wrong(self._at(task, "actions"), "shape (steps, streams)", f"shape {tuple(shape)}")
        if shape[0] > MAX_STEPS:
            raise _wrong(self._at(task, "actions"), f"at most {MAX_STEPS} steps", f"{shape[0]}")
        return int(shape[0]), int(shape[1]) if len(shape) == 2 else 1

    def _has_dones(self, task: int) -> bool:
        if not self._has(task, "dones"):
            return False
        steps, streams = self.size(task)
        shape = tuple(self._column(task, "dones").shape)
        return shape == (steps, streams) or (streams == 1 and shape == (steps,))

    # -- objects of the file -------------------------------------------------------------------------------------------
    def _has(self, task: int, name: str) -> bool:
        """Whether the task has an entry of this name."""
        group = self._guard(lambda: self._group(task))
        return self._guard(lambda: _holds(group, name))

    def _column(self, task: int, name: str) -> Any:
        """A data set of numbers that lie in this file. Nothing of it has been read yet."""
        column = self._guard(lambda: self._data_set(task, name))
        at = self._at(task, name)
        if self._guard(lambda: column.is_virtual or column.external):
            raise _wrong(at, "data within the file", "data in other files", _COPY)
        if column.dtype.kind not in "biuf":
            raise _wrong(at, "numbers", f"values of type {column.dtype}")
        if column.shape is None:
            raise _wrong(at, "an array", "an empty data set")
        if column.chunks and (size := column.dtype.itemsize * int(np.prod(column.chunks, dtype=object))) > MAX_CHUNK:
            raise _wrong(
                at, f"chunks of at most {MAX_CHUNK >> 20} MB", f"{size >> 20} MB", "store it in smaller chunks"
            )
        return column

    def _data_set(self, task: int, name: str) -> Any:
        group = self._group(task)
        column = self._entry(group, name) if _holds(group, name) else None
        if not isinstance(column, h5py.Dataset):
            inside = ", ".join(sorted(group)[:9]) or "nothing"
            raise _wrong(f"{self.path}, group {task}", f"a data set {name}", f"only {inside}")
        return column

    def _group(self, task: int) -> h5py.Group:
        group = self._entry(self._file, self._groups[task])
        if not isinstance(group, h5py.Group):
            raise _wrong(f"{self.path}, {task}", "a group", "a data set")
        return group

    def _entry(self, group: h5py.Group, name: str, followed: bool = False) -> Any:
        """The object of a name in `group`. Links are followed by hand, since h5py would open another file for one."""
        link = group.get(name, getlink=True)
        if isinstance(link, h5py.HardLink):
            return group[name]
        if followed or not isinstance(link, h5py.SoftLink):  # a chain of links could be made to take forever
            found = f"a link to {link.filename}" if isinstance(link, h5py.ExternalLink) else "a link to a link"
            raise _wrong(f"{self.path}, {group.name}/{name}".replace("//", "/"), "data within the file", found, _COPY)
        entry: Any = self._file if link.path.startswith("/") else group
        for part in link.path.split("/"):
            if part not in ("", "."):
                entry = self._entry(entry, part, followed=True)
        return entry

    def _at(self, task: int, name: str) -> str:
        return f"{self.path}, {task}/{name}"

    def _guard(self, work: Callable[[], T]) -> T:
        """h5py reports damage inside a file as any of these."""
        try:
            return work()
        except Unsound:
            raise
        except (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError, MemoryError) as error:
            raise _wrong(self.path, "readable HDF5 data", str(error) or type(error).__name__) from None


def _holds(group: h5py.Group, name: str) -> bool:
    """Whether the group has an entry of this name. h5py's `in` would follow a link to see whether it leads anywhere."""
    return bool(group.id.links.exists(name.encode()))


def _wrong(subject: str | Path, expected: str, found: str, action: str = _CHECK) -> HistoryError:
    return HistoryError(subject, expected=expected, found=found, action=action)
