"""A file of the safetensors format: a header of names, shapes and places, then the numbers. Nothing in it can be run.

Eight bytes say how long the header is, which is JSON: name → `dtype`, `shape`, `data_offsets`.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import Tensor

from ..records.errors import CheckpointError

LAYOUT = "a safetensors file: a header in JSON, then the tensors that it names"
MAX_HEADER = 32 << 20
MAX_TENSORS = 100_000
_ABOUT = "__metadata__"
_LENGTH = 8
_TYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}


def is_safetensors(head: bytes, size: int) -> bool:
    """Whether a file of `size` bytes that begins so may be one."""
    return len(head) > _LENGTH and head[_LENGTH : _LENGTH + 1] == b"{" and _header_size(head) + _LENGTH <= size


def read_safetensors(path: Path, file: BinaryIO, size: int) -> dict[str, Tensor]:
    """The tensors of an open file by name.

    Raises:
        CheckpointError: damaged, with numbers of an unknown kind, or with places outside the file.
    """
    file.seek(0)
    length = _header_size(file.read(_LENGTH))
    if length > MAX_HEADER:
        raise _damaged(path, f"a header of {length >> 20} MB")
    try:
        header = json.loads(file.read(length).decode("utf-8"))
    except (ValueError, RecursionError):  # what is no JSON or no UTF-8
        raise _damaged(path, "a header that is no JSON") from None
    if not isinstance(header, dict) or len(header) > MAX_TENSORS:
        raise _damaged(path, "a header of another kind")
    header.pop(_ABOUT, None)
    begin, end = _LENGTH + length, size
    return {name: _tensor(path, file, name, told, begin, end) for name, told in header.items()}


def _tensor(path: Path, file: BinaryIO, name: str, told: Any, begin: int, end: int) -> Tensor:
    told = told if isinstance(told, dict) else {}
    kind, shape, place = _TYPES.get(str(told.get("dtype"))), told.get("shape"), told.get("data_offsets")
    if kind is None:
        raise _damaged(path, f"{name[:80]} of type {str(told.get('dtype'))[:20]}")
    if not _naturals(shape) or not _naturals(place) or len(place) != 2:
        raise _damaged(path, f"{name[:80]} without a shape or a place")
    first, last = place
    # Nothing is made before this holds: what is read lies in the file.
    if math.prod(shape) * kind.itemsize != last - first or first > last or begin + last > end:
        raise _damaged(path, f"{name[:80]} of shape {shape!s:.60} in bytes {first} to {last}")
    if first == last:
        return torch.zeros(shape, dtype=kind)
    file.seek(begin + first)
    data = bytearray(file.read(last - first))
    if len(data) != last - first:
        raise _damaged(path, f"{name[:80]} cut short")
    return torch.frombuffer(data, dtype=kind).reshape(shape)


def _naturals(values: Any) -> bool:
    """Whether these are sizes or places, none of them absurd."""
    return (
        isinstance(values, list)
        and len(values) <= 16
        and all(isinstance(v, int) and not isinstance(v, bool) and 0 <= v < 1 << 48 for v in values)
    )


def _header_size(head: bytes) -> int:
    return int.from_bytes(head[:_LENGTH], "little")


def _damaged(path: Path, found: str) -> CheckpointError:
    return CheckpointError(path, expected=LAYOUT, found=found, action="copy it again, or open another checkpoint")
