"""Files of contexts that NumPy wrote itself, or nearly, with the wrong arrays in them."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np

from .archives import deflated, torch_zip, unzipped
from .originals import contexts, originals
from .trap import CANARY, MODULE

_DTYPES = (
    "i1",
    "u1",
    "u8",
    "i8",
    "f2",
    "f4",
    "f8",
    "f16",
    "?",
    "c16",
    "U3",
    "S3",
    "M8[s]",
    "m8[s]",
    "V4",
    "i4,f4",
    ">i8",
)
_ODD = (float("nan"), float("inf"), -1, -2, 0.5, 5, 9, 81, 1e300, 2**31, 2**53, 2**63, -(2**63), 1e-300, 3.5e38)
_HEADERS = (
    "{'descr': '<i8', 'fortran_order': False, 'shape': (100000000000,), }",
    "{'descr': '<i8', 'fortran_order': False, 'shape': (1000000000,), }",
    "{'descr': '<i8', 'fortran_order': False, 'shape': (9223372036854775807, 9223372036854775807), }",
    "{'descr': '<i8', 'fortran_order': False, 'shape': (-5, 2), }",
    "{'descr': '<i8', 'fortran_order': False, 'shape': (0, 100000000000), }",
    "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
    "{'descr': '|V100000000000', 'fortran_order': False, 'shape': (1,), }",
    "{'descr': '<U999999999', 'fortran_order': False, 'shape': (1,), }",
    "{'descr': [('a', '<i8', (1000000000,))], 'fortran_order': True, 'shape': (2,), }",
    "{'descr': 'nonsense', 'fortran_order': False, 'shape': (2,), }",
    "{'descr': '<i8', 'fortran_order': 5, 'shape': [2], }",
    "{'descr': '<i8', 'fortran_order': False, 'shape': (2L,), }",
    "{'descr': '<i8', 'shape': (2,), }",
    "__import__('os').system('touch " + CANARY + "')",
    "{'descr': (" * 50 + "1" + ")" * 50 + "}",
    "(" * 5000,
    "{" + "'a': 1, " * 3000 + "}",
    "'unterminated",
    "\0\0\0",
    "é\xff",
    "",
    "9" * 5000,
)


def arrays(rng: Random) -> bytes:
    """Arrays missing, left over, or of another type or shape."""
    values: dict[str, Any] = contexts()
    for name in rng.sample(list(values), rng.choice((1, 1, 2, 3))):
        old = values[name]
        change = rng.randrange(8)
        if change == 0:
            del values[name]
        elif change == 1:
            dtype = rng.choice(_DTYPES)
            values[name] = np.zeros(old.shape, dtype) if dtype[0] in "V" or "," in dtype else old.astype(dtype)
        elif change == 2:
            values[name] = old[..., : rng.choice((0, 1))]
        elif change == 3:
            values[name] = np.zeros(rng.choice(((), (0,), (0, 0), (1,), (2, 0, 2), (2, 7, 0), (10**6,), (1,) * 30)))
        elif change == 4:
            values[name] = rng.choice((old[None], old[..., None], old.T, np.asfortranarray(old), old[:1], old[:0]))
        elif change == 5:
            values[name.removeprefix("in_")] = values.pop(name)
        elif change == 6:
            values = {
                key: rng.choice((array[:0], array[:, :0] if array.ndim > 1 else array)) if array.ndim else array
                for key, array in values.items()
            }
            break
        else:
            values["in_actions"] = np.eye(5, dtype=rng.choice(("i8", "f4", "?")))[
                contexts()["in_actions"]
            ] * rng.choice((1, 1, 2))
    if rng.random() < 0.1:
        values["two\nlines\x1b[2J"] = np.zeros(1)
    return _npz(values, rng)


def numbers(rng: Random) -> bytes:
    """Values that are no cells, actions, rewards or times."""
    values: dict[str, Any] = contexts()
    for name in rng.sample(list(values), rng.choice((1, 1, 2))):
        changed = values[name].astype("f8")
        for _ in range(rng.choice((1, 3, changed.size))):
            changed.flat[rng.randrange(changed.size)] = rng.choice(_ODD)
        with np.errstate(all="ignore"):
            values[name] = changed.astype(rng.choice(("f8", "f8", "f4", "f2", "i8", "u8")))
    return _npz(values, rng)


def headers(rng: Random) -> bytes:
    """An array's header that lies, is no header, or asks for more memory than there is."""
    entries = unzipped(originals().inputs)
    name = rng.choice(list(entries))
    header = rng.choice(_HEADERS).encode("latin-1") + b"\n"
    version = rng.choice((b"\x01\x00", b"\x02\x00", b"\x03\x00", b"\x09\x00"))
    claimed = rng.choice((len(header), len(header), len(header), 0, 5, 65535))
    size = (min(claimed, 65535)).to_bytes(2 if version == b"\x01\x00" else 4, "little")
    if version != b"\x01\x00" and rng.random() < 0.1:
        size = b"\xff\xff\xff\x7f"
    body = rng.choice((entries[name][128:], b"", b"x" * 100, _hostile()))
    entries[name] = rng.choice((b"\x93NUMPY", b"\x93NUMPY", b"\x93NUMPY", b"NUMPY")) + version + size + header + body
    return torch_zip(entries, deflate=rng.random() < 0.3)


def expanding(rng: Random) -> bytes:
    """An array of zeros that is a few KiB in the file and hundreds of MiB in memory."""
    entries = unzipped(originals().inputs)
    name = rng.choice(list(entries))
    size, dtype = rng.choice((1, 300, 600, 1500, 3000)), rng.choice(("<i8", "<f4", "|i1", "|b1"))
    count = (size << 20) // np.dtype(dtype).itemsize
    shape = rng.choice(((count,), (count // 2, 2), (1, count // 2, 2), (1, count)))
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": dtype, "fortran_order": False, "shape": shape})
    del entries[name]
    return deflated(torch_zip(entries, more=((name, header.getvalue()),)), header.getvalue(), size)


def others(rng: Random) -> bytes:
    """Something else than an npz file."""
    single = io.BytesIO()
    np.save(single, np.zeros(3))
    pickled = io.BytesIO()
    np.save(pickled, np.array([{"a": 1}], dtype=object))
    forms = (
        single.getvalue(),
        pickled.getvalue(),
        _hostile(),
        pickle.dumps(contexts()),
        originals().checkpoints[0],
        originals().histories,
        originals().yaml[0],
        b"",
        b"PK\x05\x06" + bytes(18),
        torch_zip({"in_states.npy": _hostile()}),
        torch_zip({"in_states": b"raw", "in_states.npy": single.getvalue()}),
        torch_zip(unzipped(originals().inputs), more=(("../in_states.npy", b""), ("in_actions.npy", b""))),
    )
    return rng.choice(forms)


FAMILIES: dict[str, Callable[[Random], bytes]] = {
    "arrays": arrays,
    "numbers": numbers,
    "headers": headers,
    "expanding": expanding,
    "others": others,
}


def _hostile() -> bytes:
    return b"\x80\x02c" + MODULE.encode() + b"\nspring\nK\x01\x85R."


def _npz(values: dict[str, Any], rng: Random) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED if rng.random() < 0.3 else zipfile.ZIP_STORED) as archive:
        for name, value in values.items():
            single = io.BytesIO()
            np.lib.format.write_array(single, np.asanyarray(value), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), single.getvalue())
    return buffer.getvalue()
