"""HDF5 files that h5py wrote itself, with histories that are none."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from random import Random
from typing import Any

import h5py
import numpy as np

from .originals import STEPS, STREAMS, originals

_COLUMNS = ("states", "actions", "rewards", "next_states")
_DTYPES = ("i1", "u1", "i8", "u8", "f2", "f4", "f8", "?", "c8", "S4", "V3", ">i4", "O")
_MIB = 1 << 20
_SHAPE = (STEPS, STREAMS)


def groups(rng: Random) -> bytes:
    """Goals or columns missing, renamed, left over, or of another kind."""
    with _Edited() as edited:
        file = edited.file
        goal = rng.choice(list(file))
        change = rng.randrange(7)
        if change == 0:
            for name in rng.sample(list(file), rng.choice((1, 3, len(file)))):
                del file[name]
        elif change == 1:
            del file[goal][rng.choice(_COLUMNS)]
        elif change == 2:
            file.move(
                goal, rng.choice(("x", "081", "99999", "9" * 30, "9" * 5000, "-1", "²", "٣", "38.0", "é\n\x1b[2J"))
            )
        elif change == 3:
            del file[goal]
            file[goal] = np.arange(5)
        elif change == 4:
            name = rng.choice(_COLUMNS)
            del file[goal][name]
            file[goal].create_group(name)
        elif change == 5:
            file[goal]["dones"] = rng.choice(
                (np.zeros(STEPS), np.ones(_SHAPE), np.full(_SHAPE, np.nan), np.array(["x"] * STEPS, "S1"))
            )
        else:
            file.create_group("5")
        _attributes(rng, file)
    return edited.data


def columns(rng: Random) -> bytes:
    """Another type or shape of column."""
    with _Edited() as edited:
        for group in _goals(rng, edited.file):
            name = rng.choice(_COLUMNS)
            old = group[name][...]
            del group[name]
            change = rng.randrange(6)
            if change == 0:
                group.create_dataset(name, data=_cast(old, rng.choice(_DTYPES)))
            elif change == 1:
                group[name] = old[: rng.choice((0, 1, 5, 20, STEPS - 1))]
            elif change == 2:
                group[name] = old.reshape(rng.choice(((-1,), (1, *old.shape), (*old.shape, 1), old.shape[::-1])))
            elif change == 3:
                group[name] = rng.choice(
                    (np.float64(1), "text", h5py.Empty("f4"), np.zeros((0, 2)), np.zeros((STEPS, 0)))
                )
            elif change == 4:
                group[name] = np.zeros(old.shape, [("a", "i4"), ("b", "f4")])
            else:
                group[name] = rng.choice(
                    (np.repeat(old, 2, axis=1), old.astype(h5py.enum_dtype({"A": 0, "B": 9}, "i4")))
                )
    return edited.data


def spellings(rng: Random) -> bytes:
    """Other spellings that are read, some of them of some goals only, some together, some with a fault in them."""
    with _Edited() as edited:
        for group in _goals(rng, edited.file):
            for change in rng.sample(_SPELLINGS, rng.choice((1, 1, 2))):
                change(group, rng)
            if rng.random() < 0.3:
                name = rng.choice(list(group))
                old = group[name][...]
                del group[name]
                group[name] = rng.choice((old[:-1], old[:, :1], old * 1.5, old[..., None], old[..., :1], old[0]))
    return edited.data


def _numbered(group: Any, rng: Random) -> None:
    hot = rng.choice((0, 1, 81, 18))
    for name in ("states", "next_states"):
        if name in group and group[name].shape[-1:] == (2,):
            cells = group[name][...]
            del group[name]
            values = cells @ [9, 1]
            forms = {0: values, 1: values[..., None], 81: np.eye(81)[values]}
            group[name] = forms.get(hot, np.eye(9)[cells].reshape(*cells.shape[:-1], 18))


def _without_next(group: Any, rng: Random) -> None:
    if "next_states" in group and "states" in group:
        states, more = group["states"][...], rng.choice((0, 1, 2))
        del group["next_states"], group["states"]
        group["states"] = np.concatenate([states, states[:more]])


def _renamed(group: Any, rng: Random) -> None:
    for name, other in (("states", "observations"), ("next_states", "next_obs"), ("rewards", "reward")):
        if name in group and rng.random() < 0.7:
            group.move(name, other)


def _costs(group: Any, rng: Random) -> None:
    if "rewards" in group:
        rewards = group["rewards"][...] * rng.choice((1, -1)) + rng.choice((-1, 0, 0.5))
        del group["rewards"]
        group["rewards"] = rewards


_SPELLINGS = (_numbered, _without_next, _renamed, _costs)


def numbers(rng: Random) -> bytes:
    """Values that are no cells, actions, rewards or ends of episodes."""
    with _Edited() as edited:
        for group in _goals(rng, edited.file):
            name = rng.choice((*_COLUMNS, "dones"))
            values = group[name][...].astype("f8") if name in group else np.zeros(_SHAPE)
            spots = rng.choice((1, 5, values.size))
            for _ in range(spots):
                values.flat[rng.randrange(values.size)] = rng.choice(
                    (float("nan"), float("inf"), -1, 9, 5, 0.5, 1e300, -1e300, 2**31, 2**53, 2**63, 1e-300)
                )
            if name in group:
                del group[name]
            with np.errstate(all="ignore"):
                group[name] = values.astype(rng.choice(("f8", "f8", "f4")))
    return edited.data


def sizes(rng: Random) -> bytes:
    """Shapes that claim far more than the file holds."""
    with _Edited() as edited:
        steps = rng.choice((10**6, 10**8, 10**10, 2**40))
        streams = rng.choice((1, 2, 2, 10**6)) if steps < 2**40 else 1
        dones = rng.random() < 0.4
        for group in _goals(rng, edited.file, everywhere=0.7):
            for name in list(group):
                del group[name]
            for name in (*_COLUMNS, *(["dones"] if dones else [])):
                shape = (steps, streams, 2) if "states" in name else (steps, streams)
                chunks = tuple(min(size, 64) for size in shape)
                fill = rng.choice((0, 0, 1, 7, 99))
                group.create_dataset(name, shape, "i4", chunks=chunks, fillvalue=0 if name == "dones" else fill)
    return edited.data


def links(rng: Random) -> bytes:
    """Columns and goals that lie elsewhere: other files, loops, nowhere."""
    with _Edited() as edited:
        file = edited.file
        goal = rng.choice(list(file))
        name = rng.choice(_COLUMNS)
        place = f"{goal}/{name}" if rng.random() < 0.6 else goal
        change = rng.randrange(6)
        if change < 3:
            del file[place]
        if change == 0:
            file[place] = h5py.SoftLink(rng.choice((f"/{place}", "/", "/nowhere", f"/{goal}/..", "/27/states")))
        elif change == 1:
            file[place] = h5py.ExternalLink(rng.choice(("nowhere.h5", "/etc/passwd", ".", "/dev/zero", "runs")), "/0")
        elif change == 2:
            file["a"], file["b"] = h5py.SoftLink("/b"), h5py.SoftLink("/a")
            file[place] = h5py.SoftLink("/a")
        elif change == 3:
            file[f"{goal}/loop"] = file[goal]
            file["7"] = file["/"]
        elif change == 4:
            del file[goal][name]
            target = rng.choice(("/etc/passwd", "/dev/zero", "nowhere", "/dev/stdin", "."))
            shape = (*_SHAPE, 2) if "states" in name else _SHAPE
            file[goal].create_dataset(name, shape, "i4", external=[(target, 0, rng.choice((1000, 4000, 2**40)))])
        else:
            _virtual(rng, file[goal], name)
    return edited.data


def filters(rng: Random) -> bytes:
    """Chunks that are packed wrongly, unknown or explosive when unpacked."""
    with _Edited() as edited:
        for group in _goals(rng, edited.file):
            name = rng.choice(_COLUMNS)
            old = group[name][...]
            del group[name]
            if rng.random() < 0.3:
                _explosive(rng, group, name, old.ndim)
                continue
            options = rng.choice(
                ({"compression": "gzip"}, {"compression": "lzf"}, {"shuffle": True}, {"fletcher32": True})
            )
            column = group.create_dataset(name, data=old, chunks=old.shape, **options)
            edited.file.flush()
            if rng.random() < 0.7:
                packed = rng.choice(
                    (b"x", b"x" * 50, rng.randbytes(500), zlib.compress(b"\0" * 10), zlib.compress(bytes(10 * _MIB)))
                )
                column.id.write_direct_chunk((0,) * old.ndim, packed, filter_mask=rng.choice((0, 0, 1, 2**31)))
    return edited.data


FAMILIES: dict[str, Callable[[Random], bytes]] = {
    "groups": groups,
    "columns": columns,
    "spellings": spellings,
    "numbers": numbers,
    "sizes": sizes,
    "links": links,
    "filters": filters,
}


class _Edited:
    """A good file, open for changes in memory; `data` holds its bytes afterwards."""

    def __enter__(self) -> _Edited:
        self._buffer = io.BytesIO(originals().histories)
        self.file = h5py.File(self._buffer, "r+")
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()
        self.data = self._buffer.getvalue()


def _goals(rng: Random, file: h5py.File, everywhere: float = 0.5) -> list[Any]:
    """One goal, or all of them: which ones are read is up to the reader."""
    return [file[name] for name in (file if rng.random() < everywhere else [rng.choice(list(file))])]


def _cast(values: np.ndarray[Any, Any], dtype: str) -> Any:
    if dtype == "O":
        return np.array([str(value) for value in values.ravel()], dtype=h5py.string_dtype()).reshape(values.shape)
    if dtype == "V3":
        return np.zeros(values.shape, "V3")
    return values.astype(dtype)


def _attributes(rng: Random, file: h5py.File) -> None:
    """Attributes, which nobody reads, of odd kinds."""
    if rng.random() < 0.3:
        file.attrs["x"] = rng.choice(("text", np.arange(1000), h5py.Empty("f4")))


def _virtual(rng: Random, group: Any, name: str) -> None:
    """A virtual data set over a file that is not there, or over this one."""
    shape = (*_SHAPE, 2) if "states" in name else _SHAPE
    layout = h5py.VirtualLayout(shape, "i4")
    layout.dcpl.set_obj_track_times(False)  # else the second in which it is made is in the file
    layout[...] = h5py.VirtualSource(
        rng.choice(("nowhere.h5", ".", "/etc/passwd")), rng.choice((name, "0/states")), shape
    )
    del group[name]
    group.create_virtual_dataset(name, layout, fillvalue=rng.choice((0, 77)))


def _explosive(rng: Random, group: Any, name: str, ndim: int) -> None:
    """One chunk of a few KiB that unpacks to hundreds of MiB of zeros."""
    size = rng.choice((8, 400, 3000))
    shape = (size * _MIB // 8, *(2,) * (ndim - 1)) if ndim == 2 else (size * _MIB // 16, 2, 2)
    column = group.create_dataset(name, shape, "i4", chunks=shape, compression="gzip")
    column.id.write_direct_chunk((0,) * ndim, _zlib_zeros(size))


def _zlib_zeros(size: int) -> bytes:
    """A zlib stream that unpacks to `size` MiB of zeros."""
    from .archives import zeros

    checksum = (size * _MIB % 65521) << 16 | 1  # Adler-32 of zeros
    return b"\x78\x9c" + zeros(size) + checksum.to_bytes(4, "big")
