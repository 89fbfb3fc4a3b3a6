"""A program on a pseudo-terminal: its screen as text, its terminal's state, the processes of its session."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import termios
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pexpect
import pyte

# What pyte would print instead of understanding: private modes of other kinds, mode queries, OSC, DCS and APC strings.
_UNKNOWN = re.compile(
    rb"\x1b\[[<>=][0-9;]*[a-zA-Z]|\x1b\[\?[0-9;]*\$p|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1bP[^\x1b]*\x1b\\|\x1b_[^\x1b]*\x1b\\"
)
# The beginning of a sequence whose rest has not come yet.
_BEGUN = re.compile(rb"\x1b(?:\[[<>=?]?[0-9;]*\$?|\][^\x07\x1b]*\x1b?|[P_][^\x1b]*\x1b?)?\Z")
_MODE = re.compile(rb"\x1b\[\?([0-9;]+)([hl])")
_MOVE = re.compile(rb"(?=\x1b\[[0-9;]*H)")
LONGEST = 300.0
"""Seconds: it bounds a hang and measures nothing."""
ALTERNATE, CURSOR, MOUSE, PASTE = 1049, 25, 1000, 2004


class Terminal:
    """Runs a command; waits are on what the screen shows, and end with an error that shows it.

    A busy machine may hold us for seconds, and the program meanwhile paint several frames. So `wait` is for what stays
    until something else is asked for, `told` for what goes away by itself.

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
        variables |= {"COLORTERM": None, "TMUX": None, "COLUMNS": None, "LINES": None, **(environment or {})}
        self.size = size
        self.screen = pyte.Screen(*size)
        self.raw = b""
        self.hung_up = False
        self.modes: dict[int, bool] = {}
        self._stream = pyte.ByteStream(self.screen)
        self._begun = b""
        self._lines: list[str] = []
        self._rows = dict(enumerate(self.screen.display))
        self._ended = False
        self._child = pexpect.spawn(
            command[0],
            command[1:],
            dimensions=(size[1], size[0]),
            cwd=str(cwd),
            env={name: value for name, value in variables.items() if value is not None},
        )
        self.attributes = fresh_attributes()
        self.session = self._child.pid

    def read(self, seconds: float = 0.1) -> None:
        """Take in what has been written, waiting at most `seconds` for it."""
        if self.hung_up or self._ended:
            time.sleep(seconds)  # there is nothing to wait on
        elif select.select([self._child.child_fd], [], [], seconds)[0]:
            try:
                self._take(os.read(self._child.child_fd, 1 << 16))
            except OSError:  # so Linux says that nobody holds the other end any more
                self._ended = True

    def _take(self, data: bytes) -> None:
        self.raw += data
        data = self._begun + data
        begun = _BEGUN.search(data)
        self._begun = begun[0] if begun else b""
        data = data[: len(data) - len(self._begun)]
        for numbers, on in _MODE.findall(data):
            self.modes |= {int(number): on == b"h" for number in numbers.split(b";")}
        for piece in _MOVE.split(_UNKNOWN.sub(b"", data)):
            self._stream.feed(piece)
            self._painted()

    def _painted(self) -> None:
        """Rows that have changed are read once: what waits looks at the screen many times a second."""
        for row in self.screen.dirty:
            cells = self.screen.buffer[row]
            self._rows[row] = "".join([cells[column].data for column in range(self.screen.columns)])
            self._lines.append(self._rows[row])
        self.screen.dirty.clear()

    @property
    def text(self) -> str:
        """The screen."""
        return "\n".join(self._rows[row] for row in range(self.screen.lines))

    def wait(self, what: str | Callable[[], object], seconds: float = LONGEST) -> None:
        """Until a text is on the screen, or a condition holds; either must stay."""
        end = time.monotonic() + seconds
        while not (what in self.text if isinstance(what, str) else what()):
            assert time.monotonic() < end, f"not within {seconds} s: {what!r}\n{self.text}\n{self.raw[-400:]!r}"
            self.read()

    def quiet(self, seconds: float) -> bool:
        """Read for so long; whether nothing was sent."""
        before, end = len(self.raw), time.monotonic() + seconds
        while time.monotonic() < end:
            self.read(min(0.1, seconds))
        return len(self.raw) == before

    def gone(self, text: str) -> None:
        """Until a text is no longer on the screen."""
        self.wait(lambda: text not in self.text)

    def told(self, pattern: str) -> None:
        """Until a line with this pattern has been painted since the last keys; it may have gone again."""
        self.wait(lambda: any(re.search(pattern, line) for line in self._lines))

    def send(self, keys: str) -> None:
        """Press keys."""
        self._lines.clear()
        self._child.send(keys)

    def resize(self, columns: int, lines: int) -> None:
        """Change the size of the window."""
        self.screen.resize(lines, columns)
        self._rows = dict(enumerate(self.screen.display))
        self._child.setwinsize(lines, columns)

    def signal(self, number: int) -> None:
        """Send a signal to the program, not to its children."""
        os.kill(self._child.pid, number)

    def exit_code(self) -> int:
        """Wait for the end, and for the last of what was written: the exit code, or minus the signal."""
        self.wait(lambda: not self._child.isalive() and (self._ended or self.hung_up))
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


def fresh_attributes() -> list[object]:
    """What a new terminal is set to: asked of the program's own, the answer may come after it has changed them."""
    ours, theirs = pty.openpty()
    try:
        return termios.tcgetattr(theirs)
    finally:
        os.close(ours)
        os.close(theirs)


def assert_restored(terminal: Terminal) -> None:
    """The terminal is as it was, and nothing of the session is left."""
    assert terminal.modes[ALTERNATE] is False
    assert terminal.modes[CURSOR] is True
    assert not terminal.modes.get(MOUSE, False)
    assert not terminal.modes.get(PASTE, False)
    assert termios.tcgetattr(terminal._child.child_fd) == terminal.attributes
    terminal.wait(lambda: not terminal.processes())
