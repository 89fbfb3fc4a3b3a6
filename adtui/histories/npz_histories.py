"""Learning histories as AD-eps' code writes them (Zisman et al. 2023, arXiv 2312.12275): one .npz file for each goal.

A file `metadata.metadata` beside them, JSON, names the files (`ordered_trajectories`) and the goal of each (`goal`, a
cell). A file has `states`, the numbers of cells, `actions`, `rewards` and `dones`, all of shape (episodes, steps).
"""

from __future__ import annotations

import json
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .hdf5 import Column, unusable

#: Bytes of the metadata, and of what one file of histories unpacks to.
_MOST_TOLD, _MOST = 1 << 24, 1 << 31
_NAMES = ("states", "actions", "rewards", "dones")
#: What to do with files that are not read.
_FLAT = "store np.concatenate of the episodes, with dones of the same length: objects are never unpickled"
_GROUPS = "write them into an HDF5 file, one group a task, with dones, and give that with --histories"
Arrays = dict[str, np.ndarray[Any, Any]]


@dataclass(frozen=True)
class Held(Column):
    """A column that is held in memory."""

    def _values(self, place: tuple[slice | int, ...]) -> np.ndarray[Any, Any]:
        return np.asarray(self.data[place])


class NpzHistories:
    """The histories of one file of metadata, read as an HDF5 file's are: groups are goals, by their numbers.

    One goal is held at a time. The next state of a step is the state of the step after, that of the reset included.

    Args:
        grid_size: of the grid that cells are numbered in.

    Raises (every method, too):
        HistoryError: unreadable, no such metadata, files elsewhere or of other arrays.
    """

    told: tuple[str, ...] = ()

    def __init__(self, path: Path, grid_size: int | None) -> None:
        self.path = path
        if grid_size is None:
            raise unusable(path, "histories of vectors", "cells of a grid", "use histories of the model's world")
        self._size = grid_size
        self._files = self._told()
        self._held: tuple[str, Arrays] | None = None

    def close(self) -> None:
        """Let the arrays go."""
        self._held = None

    def names(self) -> list[str]:
        """The groups."""
        return list(self._files)

    def has(self, group: str, name: str) -> bool:
        """Whether a group has this column."""
        return name in self._arrays(group)

    def column(self, group: str, name: str) -> Column:
        """A column of (T, 1) numbers, or (T, 1, 2) cells."""
        at = f"{self._files[group]}, {name}"
        arrays = self._arrays(group)
        if name not in arrays:
            raise unusable(at, f"an array {name}", f"only {', '.join(arrays)}")
        return Held(at, arrays[name])

    def _told(self) -> dict[str, Path]:
        """Group → file, by the metadata."""
        try:
            if self.path.stat().st_size > _MOST_TOLD:
                raise unusable(self.path, f"metadata of at most {_MOST_TOLD >> 20} MB", "more")
            told = json.loads(self.path.read_bytes())
        except (OSError, ValueError, RecursionError) as error:
            why = getattr(error, "strerror", None) or "no JSON"
            raise unusable(self.path, "metadata of AD-eps' histories", why) from None
        files = told.get("ordered_trajectories") if isinstance(told, dict) else None
        goals = told.get("goal") if isinstance(told, dict) else None
        if not isinstance(files, list) or not isinstance(goals, list) or len(files) != len(goals) or not files:
            raise unusable(self.path, "as many files (ordered_trajectories) as cells (goal)", "others")
        found: dict[str, Path] = {}
        for name, goal in zip(files, goals, strict=True):
            if not isinstance(name, str) or os.path.basename(name) != name or not name.endswith(".npz"):
                raise unusable(self.path, "names of .npz files beside it", repr(name)[:80])
            number = self._number(goal)
            if number in found:
                raise unusable(self.path, "one file for each goal", f"two of goal {goal}")
            found[number] = self.path.parent / name
        return found

    def _number(self, goal: Any) -> str:
        if isinstance(goal, list) and len(goal) == 2 and all(isinstance(one, list) for one in goal):
            raise unusable(self.path, "a cell for each goal, as in Dark Room", "two, a key's and a door's", _GROUPS)
        whole = isinstance(goal, list) and len(goal) == 2 and all(type(one) is int for one in goal)
        if not whole or not all(0 <= one < self._size for one in goal):
            raise unusable(self.path, f"goals in a grid of {self._size}", repr(goal)[:80])
        return str(goal[0] * self._size + goal[1])

    def _arrays(self, group: str) -> Arrays:
        if self._held is None or self._held[0] != group:
            self._held = None
            self._held = group, self._read(self._files[group])
        return self._held[1]

    def _read(self, path: Path) -> Arrays:
        try:
            if path.is_symlink():
                raise unusable(path, "data beside the metadata", "a link")
            with zipfile.ZipFile(path) as archive:
                if sum(entry.file_size for entry in archive.infolist()) > _MOST:
                    raise unusable(path, f"at most {_MOST >> 20} MB of histories", "more")
            with np.load(path, allow_pickle=False) as file:
                found = {name: np.asarray(file[name]) for name in _NAMES if name in file.files}
        except FileNotFoundError:
            raise unusable(path, "the file that the metadata names", "nothing") from None
        except (OSError, ValueError, zipfile.BadZipFile, EOFError, MemoryError) as error:
            expected = "arrays of numbers, (episodes, steps)"
            if "allow_pickle" in str(error):
                raise unusable(path, expected, "episodes of several lengths, pickled", _FLAT) from None
            raise unusable(path, expected, str(error)[:200] or type(error).__name__) from None
        if missing := [name for name in _NAMES[:3] if name not in found]:
            raise unusable(path, f"an array {missing[0]}", f"only {', '.join(found) or 'others'}")
        if found["states"].ndim == 1 and "dones" in found:  # all episodes on end, which they mark
            found = {name: values[None] for name, values in found.items()}
        for name, values in found.items():
            if values.dtype.kind not in "biuf" or values.ndim != 2 or values.shape != found["states"].shape:
                raise unusable(path, f"numbers of shape (episodes, steps) in {name}", f"{values.dtype} {values.shape}")
        return self._unrolled(path, found)

    def _unrolled(self, path: Path, found: Arrays) -> Arrays:
        """The columns of one stream."""
        flat = {name: values.reshape(-1, 1) for name, values in found.items()}
        cells = flat["states"]
        with np.errstate(invalid="ignore"):  # NaN: no cell
            whole = cells.astype(np.int64)
        if not np.array_equal(whole, cells) or not whole.size or whole.min() < 0 or whole.max() >= self._size**2:
            raise unusable(path, f"numbers of cells from 0 to {self._size**2 - 1} in states", "others")
        states = np.stack(np.divmod(whole, self._size), axis=-1)
        if "dones" not in flat:  # a row is an episode
            marks = np.zeros(found["states"].shape, np.bool_)
            marks[:, -1] = True
            flat["dones"] = marks.reshape(-1, 1)
        return {**flat, "states": states, "next_states": np.concatenate([states[1:], states[-1:]])}
