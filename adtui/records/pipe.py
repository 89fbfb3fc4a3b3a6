"""Frames on a pipe between adtui's own processes: an 8-byte big-endian length, then a pickled message.

`Frames` cuts bytes into frames and knows no pipe, so that an end that blocks (`Pipe`) and one on an event loop cut
alike. What is no frame is said in words: a length out of all proportion is text that something else has printed there.
"""

from __future__ import annotations

import os
import pickle
import struct
from collections.abc import Iterator
from typing import IO, Any

from .errors import EngineError

HEADER = struct.Struct(">Q")
MAX_FRAME = 1 << 30
"""Bytes of a message at most: what a pane shows is a thousandth of this."""
CHUNK = 1 << 20
"""Bytes to read at once. A frame is not given memory before its bytes are there."""


class FrameError(Exception):
    """What came through a pipe is no message. The text goes on from the sender: "sent a frame of …", "ended in …"."""


class Frames:
    """Bytes in, whole frames out, however the bytes were split.

    Args:
        limit: bytes of a frame at most.
    """

    def __init__(self, limit: int = MAX_FRAME) -> None:
        self._limit = limit
        self._length: int | None = None
        self._part = bytearray()

    @property
    def missing(self) -> int:
        """How many more bytes the length or the frame under way needs; at least one, but for a frame of none."""
        return (HEADER.size if self._length is None else self._length) - len(self._part)

    @property
    def cut(self) -> str:
        """Where the bytes end, were there no more of them: "in the middle of …", or "" between two frames."""
        if self._length is not None:
            return f"in the middle of a frame of {self._length} bytes, after {len(self._part)}"
        return f"in the middle of a frame's length, after {len(self._part)} bytes" if self._part else ""

    def feed(self, data: bytes) -> Iterator[bytearray]:
        """The frames that these bytes complete, without their lengths. Take them all before the next call.

        Raises:
            FrameError: a frame would be longer than the limit; those before it have been given.
        """
        view = memoryview(data)
        while len(view):
            taken = view[: self.missing]
            self._part += taken
            view = view[len(taken) :]
            if self._length is None and not self.missing:
                (length,) = HEADER.unpack(self._part)
                if length > self._limit:
                    raise FrameError(f"sent a frame of {length} bytes (something else printed to its stdout?)")
                self._length, self._part = length, bytearray()
            if self._length is not None and not self.missing:
                frame, self._length, self._part = self._part, None, bytearray()
                yield frame


class Pipe:
    """Both directions between this process and another, for threads: reading blocks, and so does writing.

    Args:
        source, sink: what is read from and written to; neither is closed here.
    """

    def __init__(self, source: IO[bytes], sink: IO[bytes]) -> None:
        self._source, self._sink = source, sink

    def send(self, message: object) -> None:
        """Write a message.

        Raises:
            EngineError: it is too large; nothing has been written.
            BrokenPipeError: the other end is closed.
        """
        self._sink.write(encode(message))
        self._sink.flush()

    def __iter__(self) -> Iterator[Any]:
        """Messages, until the other end closes.

        Raises:
            FrameError: the other end sent something else, or closed in the middle of a frame.
        """
        frames = Frames()
        while data := self._source.read(min(frames.missing, CHUNK)):
            for frame in frames.feed(data):
                yield decode(frame)
        if frames.cut:
            raise FrameError(f"ended {frames.cut}")


def encode(message: object) -> bytes:
    """Frame a message.

    Raises:
        EngineError: it is longer than a frame may be, and would end the conversation at the other end.
    """
    body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    if len(body) > MAX_FRAME:
        raise EngineError(
            type(message).__name__,
            expected=f"a message of at most {MAX_FRAME} bytes",
            found=f"{len(body)} bytes",
            action="ask for less at once",
        )
    return HEADER.pack(len(body)) + body


def decode(frame: bytes | bytearray) -> Any:
    """Inverse of `encode` for the part after the length. Both ends are adtui's own processes.

    Raises:
        FrameError: it is no pickled message.
    """
    try:
        return pickle.loads(frame)
    except Exception as error:  # a pickle that is none raises whatever its bytes happen to say
        raise FrameError(f"sent a frame of {len(frame)} bytes that is no message ({error!r})") from error


def standard_pipe() -> Pipe:
    """The pipe to the process that started this one, in place of standard input and output.

    Both are taken away from everything else: what a library prints goes to standard error, not between two frames.
    """
    pipe = Pipe(os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb"))
    os.dup2(2, 1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return pipe
