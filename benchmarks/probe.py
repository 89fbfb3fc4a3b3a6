"""A program on a pseudo-terminal, measured from outside: when its bytes come, and how many a key costs.

Bytes are stamped when they are read; the emulated screen takes them in only while the line is quiet, so that parsing
never adds to a latency. A probe ends only the process that it has started.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pyte

ALTERNATE = b"\x1b[?1049h"
# What pyte would print instead of understanding: private modes of other kinds, mode queries, OSC and DCS strings.
_UNKNOWN = re.compile(
    rb"\x1b\[[<>=][0-9;]*[a-zA-Z]|\x1b\[\?[0-9;]*\$p|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1bP[^\x1b]*\x1b\\"
)


@dataclass(frozen=True)
class Answer:
    """What a key brought.

    Attributes:
        first, last: milliseconds from the key to the first and the last byte; None where nothing came.
        size: bytes.
    """

    first: float | None
    last: float | None
    size: int


class Probe:
    """Starts a command on a terminal of `size` (columns, lines).

    Args:
        environment: variables that replace the present ones.
    """

    def __init__(
        self, command: list[str], size: tuple[int, int] = (120, 40), environment: Mapping[str, str] | None = None
    ) -> None:
        variables = {**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8", **(environment or {})}
        for name in ("TMUX", "NO_COLOR", "LINES", "COLUMNS"):
            variables.pop(name, None)
        self.chunks: list[tuple[float, bytes]] = []
        self._parsed = 0
        self._screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self._screen)
        self.start = time.monotonic()
        self._pid, self._line = pty.fork()
        if self._pid == 0:
            try:
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
                os.execvpe(command[0], command, variables)
            finally:
                os._exit(127)
        os.set_blocking(self._line, False)

    def read(self, seconds: float) -> bool:
        """Wait at most so long for bytes. Returns whether any came."""
        if not select.select([self._line], [], [], max(0.0, seconds))[0]:
            return False
        try:
            data = os.read(self._line, 1 << 16)
        except OSError:
            data = b""  # the program has ended
        if data:
            self.chunks.append((time.monotonic(), data))
        else:
            time.sleep(min(seconds, 0.01))
        return bool(data)

    def since_start(self, moment: float) -> float:
        """Milliseconds from the command to a moment."""
        return (moment - self.start) * 1000

    def until(self, condition: Callable[[str], object], seconds: float) -> float:
        """Read until the screen's text meets a condition; the moment of the bytes that brought it.

        Raises:
            TimeoutError: with the screen.
        """
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not self.read(0.004):  # quiet: parse now
                while self._parsed < len(self.chunks):
                    moment, data = self.chunks[self._parsed]
                    self._parsed += 1
                    self._stream.feed(_UNKNOWN.sub(b"", data))
                    if condition(self.text):
                        return moment
        raise TimeoutError(self.text)

    def seen(self) -> str:
        """The screen's text with all that has been read."""
        for _, data in self.chunks[self._parsed :]:
            self._stream.feed(_UNKNOWN.sub(b"", data))
        self._parsed = len(self.chunks)
        return self.text

    @property
    def text(self) -> str:
        """The screen, as far as it was parsed."""
        return "\n".join(self._screen.display)

    def moment_of(self, sequence: bytes) -> float | None:
        """When a sequence was complete."""
        data = b""
        for moment, chunk in self.chunks:
            data = data[-32:] + chunk
            if sequence in data:
                return moment
        return None

    def settle(self, quiet: float, limit: float = 10.0) -> None:
        """Read until nothing came for `quiet` seconds."""
        end = time.monotonic() + limit
        while time.monotonic() < end and self.read(quiet):
            pass

    def press(self, keys: str) -> None:
        """Type, and do not wait."""
        os.write(self._line, keys.encode())

    def key(self, keys: str, quiet: float = 0.15, limit: float = 2.0) -> Answer:
        """Type, and take in what comes until the line is quiet."""
        count, begin = len(self.chunks), time.monotonic()
        self.press(keys)
        while time.monotonic() - begin < limit:
            if not self.read(quiet):
                break
        came = self.chunks[count:]
        if not came:
            return Answer(None, None, 0)
        return Answer((came[0][0] - begin) * 1000, (came[-1][0] - begin) * 1000, sum(len(data) for _, data in came))

    def bytes_in(self, seconds: float) -> int:
        """How much comes while nothing is typed."""
        count, end = len(self.chunks), time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.read(left)
        return sum(len(data) for _, data in self.chunks[count:])

    def close(self, keys: str = "q") -> None:
        """Quit, and make sure."""
        try:
            self.press(keys)
            for number in (None, signal.SIGTERM, signal.SIGKILL):
                if number is not None:
                    os.kill(self._pid, number)
                end = time.monotonic() + 4
                while time.monotonic() < end:
                    self.read(0.02)
                    if os.waitpid(self._pid, os.WNOHANG)[0]:
                        return
        except (OSError, ChildProcessError):
            pass
        finally:
            os.close(self._line)
