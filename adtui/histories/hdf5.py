"""An HDF5 file that may come from anyone, read a slice at a time.

Nothing outside it is opened, whatever its links and data sets point to, and nothing reaches the HDF5 library that would
make it read beyond its buffers or unpack more than MAX_CHUNK at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import h5py
import numpy as np

from ..files.other_kinds import other_kind
from ..records.errors import HistoryError
from .chunks import Unsound, check_chunks

#: Bytes of one chunk: a compressed one is unpacked whole, and a few kilobytes can unpack to gigabytes.
MAX_CHUNK = 1 << 29
_CHECK = "check the file, or collect it anew with `adtui collect`"
_WRITE = "write its arrays into an HDF5 file, one group for each goal (README)"
_COPY = "copy the data into one file (h5repack, or h5py's `copy`)"
T = TypeVar("T")


def unusable(subject: str | Path, expected: str, found: str, action: str = _CHECK) -> HistoryError:
    """The error of a file, a group or a data set that holds no histories."""
    return HistoryError(subject, expected=expected, found=found, action=action)


@dataclass(frozen=True)
class Column:
    """A data set of numbers within the file; nothing of it has been read yet.

    Attributes:
        at: names it in messages.
        folded: each value lies along a last axis, which `shape` leaves out: by itself, or as a single 1 among zeros, of
            which the place is the value.
    """

    at: str
    data: Any
    folded: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.data.shape)[: -1 if self.folded else None]

    def read(self, place: tuple[slice | int, ...]) -> np.ndarray[Any, Any]:
        """A part, all of it finite numbers.

        Raises:
            HistoryError: damaged, or packed in a way that cannot be unpacked safely; NaN or infinite numbers.
        """
        values = self._values(place)
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise unusable(self.at, "finite numbers", "NaN or infinite ones")
        return self.unfolded(values) if self.folded else values

    def _values(self, place: tuple[slice | int, ...]) -> np.ndarray[Any, Any]:
        try:
            _guarded(self.at, lambda: check_chunks(self.data, place))
        except Unsound as fault:
            raise unusable(self.at, "sound chunks, packed by gzip or lzf if at all", str(fault)) from None
        return _guarded(self.at, lambda: np.asarray(self.data[place]))

    def unfolded(self, values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Values without their last axis."""
        if values.shape[-1] == 1:
            single: np.ndarray[Any, Any] = values[..., 0]
            return single
        if not ((values == 0) | (values == 1)).all() or (np.count_nonzero(values, axis=-1) != 1).any():
            raise unusable(self.at, "a single 1 among zeros for each step", "other values")
        return np.asarray(values.argmax(axis=-1))


class HDF5File:
    """An open file of groups that hold columns.

    Raises (every method, too):
        HistoryError: not there, unreadable, or data that lie in another file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._groups: dict[str, h5py.Group] = {}
        try:
            # Without locking: a file on NFS, in a read-only directory, or still open in a collector can be read.
            self._file = h5py.File(path, "r", locking=False)
        except FileNotFoundError:
            raise unusable(path, "an HDF5 file of histories", "nothing", "check the path") from None
        except OSError as error:
            found, action = _other_kind(path) or (str(error), _CHECK)
            raise unusable(path, "an HDF5 file of histories", found, action) from None

    def close(self) -> None:
        self._file.close()

    def names(self) -> list[str]:
        """What lies at the top."""
        return _guarded(self.path, lambda: list(self._file))

    def has(self, group: str, name: str) -> bool:
        """Whether the group has an entry of this name."""
        return _guarded(f"{self.path}, {group}", lambda: _holds(self._group(group), name))

    def column(self, group: str, name: str) -> Column:
        """A data set of numbers that lie in this file."""
        at = f"{self.path}, {group}/{name}"
        data = _guarded(at, lambda: self._data_set(group, name))
        if _guarded(at, lambda: data.is_virtual or data.external):
            raise unusable(at, "data within the file", "data in other files", _COPY)
        if h5py.check_vlen_dtype(data.dtype) not in (None, str, bytes):
            action = "store episodes on end, as one row of steps, with dones"
            raise unusable(at, "steps in a row", "rows of several lengths", action)
        if data.dtype.kind not in "biuf":
            raise unusable(at, "numbers", f"values of type {data.dtype}")
        if data.shape is None:
            raise unusable(at, "an array", "an empty data set")
        if data.chunks and (size := data.dtype.itemsize * int(np.prod(data.chunks, dtype=object))) > MAX_CHUNK:
            expected = f"chunks of at most {MAX_CHUNK >> 20} MB"
            raise unusable(at, expected, f"{size >> 20} MB", "store it in smaller chunks")
        return Column(at, data)

    def _data_set(self, group: str, name: str) -> Any:
        parent = self._group(group)
        data = self._entry(parent, name) if _holds(parent, name) else None
        if not isinstance(data, h5py.Dataset):
            inside = ", ".join(sorted(parent)[:9]) or "nothing"
            raise unusable(f"{self.path}, group {group}", f"a data set {name}", f"only {inside}")
        return data

    def _group(self, name: str) -> h5py.Group:
        if name not in self._groups:
            group = self._entry(self._file, name)
            if not isinstance(group, h5py.Group):
                raise unusable(f"{self.path}, {name}", "a group", "a data set")
            self._groups[name] = group
        return self._groups[name]

    def _entry(self, group: h5py.Group, name: str, followed: bool = False) -> Any:
        """The object of a name in `group`. Links are followed by hand, since h5py would open another file for one."""
        link = group.get(name, getlink=True)
        if isinstance(link, h5py.HardLink):
            return group[name]
        if followed or not isinstance(link, h5py.SoftLink):  # a chain of links could be made to take forever
            at = f"{self.path}, {group.name}/{name}".replace("//", "/")
            if link is None:
                raise unusable(at, "what a link leads to", "nothing")
            found = f"a link to {link.filename}" if isinstance(link, h5py.ExternalLink) else "a link to a link"
            raise unusable(at, "data within the file", found, _COPY)
        entry: Any = self._file if link.path.startswith("/") else group
        for part in link.path.split("/"):
            if part not in ("", "."):
                entry = self._entry(entry, part, followed=True)
        return entry


def _other_kind(path: Path) -> tuple[str, str] | None:
    """(what a file that is no HDF5 is, what to do), as far as its beginning says."""
    try:
        with path.open("rb") as file:
            head = file.read(32)
    except OSError:
        return None
    kinds = {b"PK": "a ZIP archive, as .npz files are", b"\x80": "a pickle", b"\x93N": "an array of NumPy"}
    known = next((kind for begins, kind in kinds.items() if head.startswith(begins)), None if head else "an empty file")
    return other_kind(head) if known is None else (known, _WRITE)


def _holds(group: h5py.Group, name: str) -> bool:
    """Whether the group has an entry of this name. h5py's `in` would follow a link to see whether it leads anywhere."""
    return bool(group.id.links.exists(name.encode()))


def _guarded(subject: str | Path, work: Callable[[], T]) -> T:
    """h5py reports damage inside a file as any of these."""
    try:
        return work()
    except Unsound:
        raise
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError, MemoryError) as error:
        raise unusable(subject, "readable HDF5 data", str(error) or type(error).__name__) from None
