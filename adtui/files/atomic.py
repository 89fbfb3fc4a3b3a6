"""Write a file whole or not at all: to a temporary name in the same directory, then rename."""

from __future__ import annotations

import contextlib
import glob
import os
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from ..records.errors import ExportError


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path that becomes `path` when the block ends well and vanishes when it does not.

    A reader sees the old file or the new one. The directory is created when it is missing. What a process that was
    killed has left of the same file is taken away.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.{_writer()}.", suffix=".part", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp makes the file private; give it the mode that a plain open() would have.
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _writer() -> str:
    """This process, on this machine: the directory may be shared by several."""
    return f"{zlib.crc32(os.uname().nodename.encode()):08x}-{os.getpid()}"


def _sweep(path: Path) -> None:
    """Remove temporary files of `path` whose writer ran on this machine and runs no more."""
    machine = _writer().partition("-")[0]
    for left in path.parent.glob(f".{glob.escape(path.name)}.{machine}-*.part"):
        pid = left.name.removeprefix(f".{path.name}.{machine}-").partition(".")[0]
        if pid.isdecimal() and not _runs(int(pid)):
            left.unlink(missing_ok=True)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # another user's
    return True


def point_symlink(link: Path, target: str) -> None:
    """Make `link` a symlink to `target` (relative to the link's directory), replacing an older symlink at once."""
    temporary = link.with_name(f".{link.name}.{os.getpid()}.part")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target)
    os.replace(temporary, link)


def write(path: Path, content: bytes) -> Path:
    """The file whole, or an ExportError and what was there before."""
    try:
        with replacing(path) as temporary:
            temporary.write_bytes(content)
    except OSError as error:
        found = error.strerror or type(error).__name__
        raise ExportError(
            path, expected="a place to write figures", found=found, action="free some space or write elsewhere"
        ) from None
    return path
