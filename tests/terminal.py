"""A program on a pseudo-terminal: its screen as text, its terminal's state, the processes of its session."""

from __future__ import annotations

import os
import re
import signal
import termios
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pexpect
import pyte

# What pyte would print instead of understanding: private modes of other kinds, mode queries, OSC and DCS strings.
_UNKNOWN = re.compile(
    rb"\x1b\[[<>=][0-9;]*[a-zA-Z]|\x1b\[\?[0-9;]*\$p|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1bP[^\x1b]*\x1b\\"
)
_MODE = re.compile(rb"\x1b\[\?([0-9;]+)([hl])")
ALTERNATE, CURSOR, MOUSE, PASTE = 1049, 25, 1000, 2004


class Terminal:
    """Runs a command; waits are on what the screen shows, and end with an error that shows it.

    Args:
        command: program and arguments.
        size: (columns, lines).
        environment: variables that replace the test's own; None takes one away.
    """

    def __init__(
        self,
        command: list[str],
        cwd: Path,
        size: tuple[int, int] = (120, 40),
        environment: Mapping[str, str | None] | None = None,
    ) -> None:
        variables: dict[str, str | None] = {**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8", "LC_ALL": None}
        variables |= {"COLORTERM": None, "TMUX": None, **(environment or {})}
        self.size = size
        self.screen = pyte.Screen(*size)
        self.raw = b""
        self.hung_up = False
        self.modes: dict[int, bool] = {}
        self._stream = pyte.ByteStream(self.screen)
        self._child = pexpect.spawn(
            command[0],
            command[1:],
            dimensions=(size[1], size[0]),
            cwd=str(cwd),
            env={name: value for name, value in variables.items() if value is not None},  # type: ignore[arg-type]
            timeout=60,
        )
        self.attributes = termios.tcgetattr(self._child.child_fd)
        self.session = self._child.pid

    def read(self, seconds: float = 0.1) -> None:
        """Take in what has been written, waiting at most `seconds` for it."""
        if self.hung_up:
            time.sleep(seconds)  # there is nothing to wait on
            return
        try:
            data = self._child.read_nonblocking(1 << 16, timeout=seconds)
        except (pexpect.TIMEOUT, pexpect.EOF):
            return
        self.raw += data
        for numbers, on in _MODE.findall(data):
            self.modes |= {int(number): on == b"h" for number in numbers.split(b";")}
        self._stream.feed(_UNKNOWN.sub(b"", data))

    @property
    def text(self) -> str:
        """The screen."""
        return "\n".join(self.screen.display)

    def wait(self, what: str | Callable[[], object], seconds: float = 60) -> None:
        """Until a text is on the screen, or a condition holds."""
        end = time.monotonic() + seconds
        while not (what in self.text if isinstance(what, str) else what()):
            assert time.monotonic() < end, f"not within {seconds} s: {what!r}\n{self.text}\n{self.raw[-400:]!r}"
            self.read()

    def gone(self, text: str, seconds: float = 60) -> None:
        """Until a text is no longer on the screen."""
        self.wait(lambda: text not in self.text, seconds)

    def send(self, keys: str) -> None:
        """Press keys."""
        self._child.send(keys)

    def resize(self, columns: int, lines: int) -> None:
        """Change the size of the window."""
        self.screen.resize(lines, columns)
        self._child.setwinsize(lines, columns)

    def signal(self, number: int) -> None:
        """Send a signal to the program, not to its children."""
        os.kill(self._child.pid, number)

    def exit_code(self, seconds: float = 20) -> int:
        """Wait for the end: the exit code, or minus the signal."""
        end = time.monotonic() + seconds
        while self._child.isalive():
            assert time.monotonic() < end, f"still running after {seconds} s\n{self.text}"
            self.read()
        self.read()
        if self._child.signalstatus is not None:
            return -int(self._child.signalstatus)
        return int(self._child.exitstatus)

    def processes(self) -> list[str]:
        """Commands of the session's processes that still run."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdecimal():
                continue
            try:
                state, _, _, session = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
                command = (entry / "cmdline").read_text().replace("\0", " ")
            except OSError:
                continue  # it ended while we looked
            if int(session) == self.session and state != "Z":
                found.append(f"{entry.name} {command}")
        return found

    def hang_up(self) -> None:
        """Close the terminal, as a dropped line does."""
        self._child.ptyproc.fileobj.close()
        self.hung_up = True

    def close(self) -> None:
        """End whatever is left."""
        if self.hung_up:
            self._child.kill(signal.SIGKILL)
            self._child.ptyproc.closed = True
        else:
            self._child.close(force=True)


def assert_restored(terminal: Terminal) -> None:
    """The terminal is as it was, and nothing of the session is left."""
    assert terminal.modes[ALTERNATE] is False
    assert terminal.modes[CURSOR] is True
    assert not terminal.modes.get(MOUSE, False)
    assert not terminal.modes.get(PASTE, False)
    assert termios.tcgetattr(terminal._child.child_fd) == terminal.attributes
    terminal.wait(lambda: not terminal.processes(), 10)
