"""Chunks of an HDF5 data set, checked before the HDF5 library unpacks them.

The library trusts a chunk to unpack to its full size: one that is too short makes it read beyond its buffer, which can
end the process. So the stored bytes of every chunk about to be read are unpacked here first, within bounds.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Sequence
from typing import Any

import h5py
import numpy as np

DEFLATE, SHUFFLE, FLETCHER32, LZF = 1, 2, 3, 32000
KNOWN = {DEFLATE: "gzip", SHUFFLE: "shuffle", FLETCHER32: "checksums", LZF: "lzf"}
CHECKSUM = 4  # bytes that Fletcher's checksum adds
LZF_SIZE = 2  # place of the unpacked size among the lzf filter's values


class Unsound(ValueError):  # noqa: N818  (what a chunk is)
    """A chunk that must not be given to the library, and why."""


def check_chunks(column: h5py.Dataset, selection: Sequence[slice | int]) -> None:
    """Check every chunk that a selection lies in; a data set without filters needs none.

    Args:
        selection: bounds or an index for each of the first axes; the other axes are read whole.

    Raises:
        Unsound: an unknown filter, or a chunk that does not unpack to its full size.
    """
    if column.chunks is None:
        return
    nominal = int(np.prod(column.chunks, dtype=object)) * column.dtype.itemsize
    filters = _filters(column, nominal)
    if not filters:
        return
    spans = []
    for axis, (length, size) in enumerate(zip(column.shape, column.chunks, strict=True)):
        part = selection[axis] if axis < len(selection) else slice(None)
        first, last, _ = (slice(part, part + 1) if isinstance(part, int) else part).indices(length)
        spans.append(range(first - first % size, last, size))
    for offset in itertools.product(*spans):
        _check(column, offset, filters, nominal)


def _filters(column: h5py.Dataset, nominal: int) -> list[int]:
    """Codes of the filters in the order in which they were applied."""
    plan = column.id.get_create_plist()
    codes = []
    for index in range(plan.get_nfilters()):
        code, _, values, _ = plan.get_filter(index)
        if code not in KNOWN:
            raise Unsound(f"a filter of number {code} instead of {', '.join(KNOWN.values())}")
        if code == LZF and len(values) > LZF_SIZE and 0 < values[LZF_SIZE] < nominal:
            raise Unsound(f"lzf chunks of {values[LZF_SIZE]} bytes instead of {nominal}")
        codes.append(int(code))
    return codes


def _check(column: h5py.Dataset, offset: tuple[int, ...], filters: list[int], nominal: int) -> None:
    stored: Any = column.id.get_chunk_info_by_coord(offset)
    if stored.byte_offset is None:
        return  # never written: it reads as the fill value
    if stored.size > 2 * nominal + (1 << 16):
        raise Unsound(f"a chunk of {stored.size} bytes that should unpack to {nominal}")
    mask, content = column.id.read_direct_chunk(offset)
    for place in reversed(range(len(filters))):
        if mask >> place & 1:
            continue  # this filter was left out for this chunk
        if filters[place] == FLETCHER32:
            content = content[:-CHECKSUM] if len(content) >= CHECKSUM else b""
        elif filters[place] == DEFLATE:
            content = _inflated(content, nominal)
        elif filters[place] == LZF:
            return  # its buffer has at least the size in the filter's values, whatever it unpacks to
    if len(content) != nominal:
        raise Unsound(f"a chunk of {len(content)} bytes instead of {nominal}")


def _inflated(content: bytes, nominal: int) -> bytes:
    try:
        return zlib.decompressobj().decompress(content, nominal + 1)
    except zlib.error as error:
        raise Unsound(f"a chunk that does not unpack ({error})") from None
