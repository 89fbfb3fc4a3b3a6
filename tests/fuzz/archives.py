"""Zip archives, right and wrong: torch's checkpoints and NumPy's inputs are both zip files."""

from __future__ import annotations

import io
import struct
import tarfile
import warnings
import zipfile
import zlib
from collections.abc import Callable, Mapping
from random import Random

from .originals import originals

_CENTRAL = b"PK\x01\x02"
_LOCAL = b"PK\x03\x04"
_END = b"PK\x05\x06"
_MIB = 1 << 20
_ESCAPES = (
    "../outside",
    "/tmp/outside",
    "archive/../../outside",
    "C:\\outside",
    "archive/\x00",
    "archive//data.pkl",
    "",
)


def unzipped(data: bytes) -> dict[str, bytes]:
    """Entries by name."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {entry.filename: archive.read(entry) for entry in archive.infolist()}


def torch_zip(
    entries: Mapping[str, bytes], *, deflate: bool = False, more: tuple[tuple[str, bytes], ...] = ()
) -> bytes:
    """An archive of entries and, after them, of more, which may repeat a name."""
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w") as archive:
        warnings.simplefilter("ignore")  # about repeated names
        for name, data in (*entries.items(), *more):
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED
            archive.writestr(info, data)
    return buffer.getvalue()


def zeros(size: int) -> bytes:
    """A raw deflate stream that unpacks to `size` MiB of zeros, made without packing them."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(bytes(_MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
    return block * size + packer.flush(zlib.Z_FINISH)


def mutate(rng: Random, data: bytes) -> bytes:
    """An archive with one thing about its structure wrong."""
    return rng.choice(_CHANGES)(rng, data)


def _numbers(rng: Random, data: bytes) -> bytes:
    """A false CRC, size, offset, method or flag in one entry's header."""
    mark, fields = rng.choice(
        (
            (_CENTRAL, ((8, 2), (10, 2), (16, 4), (20, 4), (24, 4), (28, 2), (30, 2), (42, 4))),
            (_LOCAL, ((6, 2), (8, 2), (14, 4), (18, 4), (22, 4), (26, 2), (28, 2))),
        )
    )
    at = rng.choice(_places(data, mark))
    offset, size = rng.choice(fields)
    value = rng.choice((0, 1, 8, 9, 0xFF, 0xFFFE, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, rng.getrandbits(32)))
    return _patched(data, at + offset, (value % (1 << 8 * size)).to_bytes(size, "little"))


def _ending(rng: Random, data: bytes) -> bytes:
    """A false count, size, offset or comment at the end."""
    at = data.rfind(_END)
    offset, size = rng.choice(((4, 2), (8, 2), (10, 2), (12, 4), (16, 4), (20, 2)))
    value = rng.choice((0, 1, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF))
    return _patched(data, at + offset, (value % (1 << 8 * size)).to_bytes(size, "little"))


def _names(rng: Random, data: bytes) -> bytes:
    """Entries that are renamed, repeated, missing, or lead out of the archive."""
    entries = unzipped(data)
    name = rng.choice(list(entries))
    change = rng.randrange(4)
    if change == 0:
        return torch_zip(entries, more=((name, rng.choice((b"", b"other", entries[name]))),))
    if change == 1:
        del entries[name]
        return torch_zip(entries)
    if change == 2:
        return torch_zip(entries, more=tuple((escape, b"outside") for escape in rng.sample(_ESCAPES, 3)))
    return torch_zip({(rng.choice(_ESCAPES) if key == name else key): value for key, value in entries.items()})


def _contents(rng: Random, data: bytes) -> bytes:
    """An entry that is empty, short, long, or another's."""
    entries = unzipped(data)
    name = rng.choice(list(entries))
    old = entries[name]
    entries[name] = rng.choice(
        (b"", old[:-1], old[: len(old) // 2], old + b"\0" * 99, rng.choice(list(entries.values())), b"big")
    )
    return torch_zip(entries, deflate=rng.random() < 0.3)


def _bomb(rng: Random, data: bytes) -> bytes:
    """An entry of few bytes that unpacks to hundreds of MiB, honestly claimed or not."""
    entries = unzipped(data)
    name = rng.choice(list(entries))
    size = rng.choice((1, 200, 1000, 3000))
    rest = {key: value for key, value in entries.items() if key != name}
    claimed = rng.choice((None, None, 0, 64))
    return deflated(torch_zip(rest, more=((name, b""),)), b"", size, claimed)


def deflated(archive: bytes, start: bytes, size: int, claimed: int | None = None) -> bytes:
    """The archive with its last entry replaced: a start, then `size` MiB of zeros, packed.

    Args:
        claimed: the size that the headers give instead of the true one.
    """
    entries = unzipped(archive)
    name = list(entries)[-1]
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(start) + packer.flush(zlib.Z_FULL_FLUSH) + zeros(size)
    del entries[name]
    plain = torch_zip(entries, more=((name, packed),))
    unpacked = len(start) + size * _MIB if claimed is None else claimed
    central = _places(plain, _CENTRAL)[-1]
    local = struct.unpack("<I", plain[central + 42 : central + 46])[0]
    for at, method, crc, length in ((central, 10, 16, 24), (local, 8, 14, 22)):
        plain = _patched(plain, at + method, struct.pack("<H", zipfile.ZIP_DEFLATED))
        plain = _patched(plain, at + length, struct.pack("<I", unpacked))
        plain = _patched(plain, at + crc, struct.pack("<I", _crc(start, size)))
    return plain


def _overlap(rng: Random, data: bytes) -> bytes:
    """Every entry's data is one and the same."""
    places = _places(data, _CENTRAL)
    source = rng.choice(places)
    for at in places:
        data = _patched(data, at + 42, data[source + 42 : source + 46])
    return data


def _many(rng: Random, data: bytes) -> bytes:
    """Thousands of empty entries."""
    return torch_zip(unzipped(data), more=tuple((f"archive/extra/{i}", b"") for i in range(rng.choice((100, 5000)))))


def _wrapped(rng: Random, data: bytes) -> bytes:
    """Bytes before or after the archive, an archive within an archive, or a script's archive."""
    change = rng.randrange(6)
    if change == 0:
        return rng.randbytes(rng.choice((1, 100))) + data
    if change == 1:
        return data + rng.randbytes(rng.choice((1, 100, 70_000)))
    if change == 2:
        return torch_zip({"archive/data.pkl": data, "archive/version": b"3\n"})
    if change == 3:
        return torch_zip({**unzipped(data), "archive/constants.pkl": b"\x80\x02).", "archive/code/x.py": b"import os"})
    if change == 4:
        return _tar(unzipped(data))
    return torch_zip({})


def _tar(entries: Mapping[str, bytes]) -> bytes:
    """A tar file of the names that torch's oldest format had, which it would unpack into a directory."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in zip(("storages", "tensors", "pickle", "../../outside"), entries.values(), strict=False):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


_CHANGES: tuple[Callable[[Random, bytes], bytes], ...] = (
    _numbers,
    _numbers,
    _ending,
    _names,
    _contents,
    _bomb,
    _overlap,
    _many,
    _wrapped,
)


def checkpoint(rng: Random) -> bytes:
    """A checkpoint whose archive is wrong."""
    return mutate(rng, rng.choice(originals().checkpoints[:-1]))


def inputs(rng: Random) -> bytes:
    """An inputs file whose archive is wrong."""
    return mutate(rng, originals().inputs)


def _places(data: bytes, mark: bytes) -> list[int]:
    places, at = [], data.find(mark)
    while at >= 0:
        places.append(at)
        at = data.find(mark, at + 1)
    return places


def _patched(data: bytes, at: int, value: bytes) -> bytes:
    return data[:at] + value + data[at + len(value) :]


def _crc(start: bytes, size: int) -> int:
    """CRC of a start and `size` MiB of zeros, without going through them: each bit is a multiplication by x."""
    power, base, count = 1 << 31, 1 << 30, 8 * size * _MIB
    while count:
        if count & 1:
            power = _product(power, base)
        base, count = _product(base, base), count >> 1
    return _product(zlib.crc32(start) ^ 0xFFFFFFFF, power) ^ 0xFFFFFFFF


def _product(a: int, b: int) -> int:
    """The product of two polynomials modulo the CRC's own, the highest power in the lowest bit."""
    product = 0
    for place in range(31, -1, -1):
        if a >> place & 1:
            product ^= b
        b = b >> 1 ^ (0xEDB88320 if b & 1 else 0)
    return product
