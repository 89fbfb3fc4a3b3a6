"""What a process does besides reading: calls, connections, files written elsewhere, memory."""

from __future__ import annotations

import contextlib
import os
import resource
import sys
from pathlib import Path
from types import FrameType

from . import trap

#: Events of `sys.addaudithook` that no reading of a file has a reason for.
_CALLS = {
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.spawn",
    "os.fork",
    "os.forkpty",
    "os.kill",
    "os.putenv",
    "pty.spawn",
    "subprocess.Popen",
    "socket.connect",
    "socket.bind",
    "socket.getaddrinfo",
    "urllib.Request",
    "webbrowser.open",
    "pickle.find_class",
    "marshal.loads",
    "ctypes.dlopen",
    "code.__new__",
}
_CHANGES = {
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.mkdir",
    "os.link",
    "os.symlink",
    "os.truncate",
    "os.chmod",
    "os.chown",
}
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_IMPORT = "<frozen importlib"


class Watch:
    """Notes what happens between `begin` and `end`; an audit hook cannot be removed, so make one per process.

    Args:
        elsewhere: the current directory of the process, in which nothing may appear.
        inside: the case's own directory, in which anything may.
    """

    def __init__(self, elsewhere: Path, inside: Path) -> None:
        self.elsewhere, self.inside = elsewhere, str(inside)
        self.active = False
        self.executed: list[str] = []
        self.wrote: list[str] = []
        self._memory = 0
        sys.addaudithook(self._hook)

    def begin(self) -> None:
        self.executed, self.wrote = [], []
        trap.sprung.clear()
        _reset_peak()
        self._memory = _memory("VmRSS")
        self.active = True

    def end(self) -> None:
        self.active = False
        self.executed += trap.sprung
        left = sorted(path.name for path in self.elsewhere.iterdir())
        self.wrote += [f"{name} in the current directory" for name in left]
        for name in left:
            path = self.elsewhere / name
            with contextlib.suppress(OSError):
                path.rmdir() if path.is_dir() else path.unlink()

    def growth(self) -> int:
        """Bytes by which the resident memory grew at its peak since `begin`."""
        return max(0, _memory("VmHWM") - self._memory)

    def _hook(self, event: str, args: tuple[object, ...]) -> None:
        if not self.active:
            return
        if event in _CALLS:
            if not _importing():
                self.executed.append(f"{event} {args!r:.200}")
        elif event == "exec" or event == "compile":
            if not _importing() and not _literal():
                self.executed.append(f"{event} {args!r:.200}")
        elif event == "open":
            self._opened(*args[:3])
        elif event in _CHANGES and self._outside(args[0]):
            self.wrote.append(f"{event} {args!r:.200}")

    def _opened(self, path: object, mode: object, flags: object) -> None:
        writes = isinstance(flags, int) and flags & _WRITES
        if (writes or (isinstance(mode, str) and set(mode) & set("wax+"))) and self._outside(path):
            self.wrote.append(f"open {path!r} {mode!r}")

    def _outside(self, path: object) -> bool:
        if not isinstance(path, str | bytes | os.PathLike):
            return False  # a descriptor
        text = os.fsdecode(path)
        return text != os.devnull and not os.path.abspath(text).startswith(self.inside) and not _importing()


def limit_memory(more: int) -> None:
    """Let this process map at most `more` bytes beyond what it has mapped; dump no core, write no large file."""
    limit = _memory("VmSize") + more
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 28, 1 << 28))


def _frames() -> list[FrameType]:
    frames: list[FrameType] = []
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        frames.append(frame)
        frame = frame.f_back
    return frames


def _importing() -> bool:
    """Whether a module is being imported: torch imports some of its parts when they are first needed."""
    return any(frame.f_code.co_filename.startswith(_IMPORT) for frame in _frames())


def _literal() -> bool:
    """Whether `ast` parses a literal, which runs nothing."""
    return any(frame.f_globals.get("__name__") == "ast" for frame in _frames()[:4])


def _memory(name: str) -> int:
    with open("/proc/self/status", encoding="ascii") as status:
        for line in status:
            if line.startswith(name):
                return int(line.split()[1]) << 10
    return 0


def _reset_peak() -> None:
    with contextlib.suppress(OSError), open("/proc/self/clear_refs", "w", encoding="ascii") as file:
        file.write("5")
