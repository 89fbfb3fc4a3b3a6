"""The users' HDF5 learning histories, read a slice at a time.

One group per task, named by its index; `states`, `next_states` (T, streams, 2), `actions`, `rewards` (T, streams), and
sometimes `dones` (T, streams): time-major. Other data sets (`compress_markers`, `optimal_actions`) are left alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import h5py
import numpy as np

from .errors import HistoryError
from .records import Floats, Ints

_WIDTHS = {"states": 2, "next_states": 2, "actions": None, "rewards": None}
_CHECK = "check the file, or collect it anew with `adtui collect`"
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
        HistoryError: unreadable, no tasks, missing data sets, wrong shapes, or impossible values.
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
        self.tasks = self._guard(lambda: tuple(sorted(int(name) for name in self._file if name.isdecimal())))
        if not self.tasks:
            names = self._guard(lambda: sorted(self._file)[:3])
            raise _wrong(path, "one group per goal, named 0, 1, …", ", ".join(names) or "an empty file")

    def __enter__(self) -> HistoryFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def size(self, task: int) -> tuple[int, int]:
        """(steps, streams) of a task's histories, once their shapes have been checked."""
        columns = {name: self._column(task, name) for name in _WIDTHS}
        steps, streams = self._guard(lambda: self._layout(task, columns["actions"].shape))
        for name, width in _WIDTHS.items():
            wanted = (steps, streams) if width is None else (steps, streams, width)
            single = wanted[:1] + wanted[2:]
            shape = tuple(columns[name].shape)
            if shape != wanted and not (streams == 1 and shape == single):
                raise _wrong(self._at(task, name), f"shape {wanted}", f"shape {shape}")
        return steps, streams

    def read(self, task: int, stream: int, first: int, last: int) -> Stretch:
        """Steps first…last (exclusive) of one stream."""
        states = self._cells(task, "states", stream, first, last)
        next_states = self._cells(task, "next_states", stream, first, last)
        actions = self._whole_numbers(task, "actions", stream, first, last)
        if actions.size and not 0 <= actions.min() <= actions.max() < self.n_actions:
            found = f"{actions.min()} to {actions.max()}"
            raise _wrong(self._at(task, "actions"), f"actions from 0 to {self.n_actions - 1}", found)
        rewards = self._numbers(task, "rewards", stream, first, last).astype(np.float32)
        episode, step = self._clock(task, stream, first, last)
        return Stretch(states, actions, rewards, next_states, episode, step)

    def _clock(self, task: int, stream: int, first: int, last: int) -> tuple[Ints, Ints]:
        """(episode, step) of steps first…last, from `dones` where the file has them, else from the horizon."""
        time = np.arange(first, last, dtype=np.int64)
        if self._has_dones(task):
            ends = self._numbers(task, "dones", stream, 0, last) != 0
            if ends.any():
                starts = np.concatenate([[0], np.flatnonzero(ends[:-1]) + 1]).astype(np.int64)
                episode = np.searchsorted(starts, time, side="right").astype(np.int64) - 1
                return episode, time - starts[episode]
        horizon = self.horizon or max(last, 1)
        return time // horizon, time % horizon

    def _cells(self, task: int, name: str, stream: int, first: int, last: int) -> Ints:
        cells = self._whole_numbers(task, name, stream, first, last)
        if cells.size and not 0 <= cells.min() <= cells.max() < self.grid_size:
            found = f"{cells.min()} to {cells.max()}"
            raise _wrong(self._at(task, name), f"cells from 0 to {self.grid_size - 1}", found)
        return cells

    def _whole_numbers(self, task: int, name: str, stream: int, first: int, last: int) -> Ints:
        values = self._numbers(task, name, stream, first, last)
        with np.errstate(invalid="ignore"):  # beyond int64; unequal, then
            whole = values.astype(np.int64)
        if not np.array_equal(whole, values):
            raise _wrong(self._at(task, name), "whole numbers", "fractions")
        return whole

    def _numbers(self, task: int, name: str, stream: int, first: int, last: int) -> np.ndarray[Any, Any]:
        column = self._column(task, name)
        values = self._guard(lambda: np.asarray(self._slice(column, name, stream, first, last)))
        if values.dtype.kind not in "biuf":
            raise _wrong(self._at(task, name), "numbers", f"values of type {values.dtype}")
        if not np.isfinite(values).all():
            raise _wrong(self._at(task, name), "finite numbers", "NaN or infinite ones")
        return values

    def _slice(self, column: Any, name: str, stream: int, first: int, last: int) -> Any:
        single = len(column.shape) == (2 if _WIDTHS.get(name) else 1)
        return column[first:last] if single else column[first:last, stream]

    def _layout(self, task: int, shape: tuple[int, ...]) -> tuple[int, int]:
        if len(shape) not in (1, 2) or 0 in shape:
            raise _wrong(self._at(task, "actions"), "shape (steps, streams)", f"shape {tuple(shape)}")
        return int(shape[0]), int(shape[1]) if len(shape) == 2 else 1

    def _has_dones(self, task: int) -> bool:
        if not self._guard(lambda: "dones" in self._file[str(task)]):
            return False
        return bool(self._column(task, "dones").shape == self._column(task, "actions").shape)

    def _column(self, task: int, name: str) -> Any:
        return self._guard(lambda: self._data_set(task, name))

    def _data_set(self, task: int, name: str) -> Any:
        group = self._file[str(task)]
        inside = sorted(group) if isinstance(group, h5py.Group) else []
        column = group[name] if name in inside else None
        if not isinstance(column, h5py.Dataset):
            raise _wrong(f"{self.path}, group {task}", f"a data set {name}", f"only {', '.join(inside) or 'nothing'}")
        return column

    def _at(self, task: int, name: str) -> str:
        return f"{self.path}, {task}/{name}"

    def _guard(self, work: Callable[[], T]) -> T:
        """h5py reports damage inside a file as any of these."""
        try:
            return work()
        except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
            raise _wrong(self.path, "readable HDF5 data", str(error)) from None


def _wrong(subject: str | Path, expected: str, found: str, action: str = _CHECK) -> HistoryError:
    return HistoryError(subject, expected=expected, found=found, action=action)
