"""Damage to bytes: what a bad disk, a cut transfer or a careless editor does to any file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

Damage = Callable[[Random, bytes, Sequence[bytes]], bytes]


def flip(rng: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Some bits turned, or whole bytes replaced."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8, 64))):
        at = _place(rng, len(data))
        changed[at] = rng.randrange(256) if rng.random() < 0.4 else changed[at] ^ (1 << rng.randrange(8))
    return bytes(changed)


def insert(rng: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Foreign bytes in between."""
    at = _place(rng, len(data))
    return data[:at] + rng.randbytes(rng.choice((1, 2, 8, 100, 5000))) + data[at:]


def delete(rng: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """A piece gone."""
    at = _place(rng, len(data))
    return data[:at] + data[at + rng.choice((1, 2, 8, 100, 5000)) :]


def truncate(rng: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Only the beginning, sometimes nothing."""
    return data[: rng.choice((0, 1, 4, rng.randrange(64), len(data) - 1, _place(rng, len(data))))]


def splice(rng: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """The beginning of one file and the end of another."""
    other = rng.choice(others)
    return data[: _place(rng, len(data))] + other[_place(rng, len(other)) :]


def zero(rng: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """A block of zeros, as after a crash."""
    at, size = _place(rng, len(data)), rng.choice((1, 4, 16, 512, 4096))
    return data[:at] + bytes(min(size, len(data) - at)) + data[at + size :]


def repeat(rng: Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """A block written twice or more."""
    at, size = _place(rng, len(data)), rng.choice((1, 8, 64, 512))
    return data[: at + size] + data[at : at + size] * rng.choice((1, 2, 20)) + data[at + size :]


OPERATIONS: dict[str, Damage] = {
    "flip": flip,
    "insert": insert,
    "delete": delete,
    "truncate": truncate,
    "splice": splice,
    "zero": zero,
    "repeat": repeat,
}


def _place(rng: Random, size: int) -> int:
    """An offset; half the time near the beginning or the end, where formats keep their structure."""
    near = min(size, 600)
    return rng.choice((rng.randrange(size), rng.randrange(size), rng.randrange(near), size - 1 - rng.randrange(near)))
