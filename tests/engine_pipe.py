"""What an engine says at the other end of a pipe."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from adtui.protocol import HEADER, Reply, decode


def replies(pipe: BinaryIO) -> Iterator[Reply]:
    """Until the pipe closes."""
    while head := pipe.read(HEADER.size):
        yield decode(pipe.read(HEADER.unpack(head)[0]))
