"""The faults. Each takes a case and a moment, and raises AssertionError where the app does not stand it."""

from __future__ import annotations

import resource
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .case import ESCAPE, MOMENTS, Case

OUT_OF_MEMORY = '''
"""Puts a device without memory under the engine: attention in blocks of more than {rows} rows does not fit."""
import sys
if "adtui.engine" in sys.orig_argv:
    import torch
    from adtui.models import attend
    def scarce(whole, name):
        def within(*args, **kwargs):
            if kwargs.get(name, attend.BLOCK_ROWS) > {rows}:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")
            return whole(*args, **kwargs)
        return within
    attend.measured = scarce(attend.measured, "limit")
    attend.weight_blocks = scarce(attend.weight_blocks, "block")
'''
SMALL = 30_000
"""Bytes: less than any figure."""
Check = Callable[[Case, str], None]


@dataclass(frozen=True)
class Kind:
    """A fault.

    Attributes:
        moments: when it may strike.
        rows: with a device whose memory holds attention in blocks of so many rows; None: with enough.
    """

    name: str
    check: Check
    moments: tuple[str, ...] = MOMENTS
    rows: int | None = None


def ended_by(number: signal.Signals) -> Check:
    """A signal to the app: it restores the terminal and leaves with 128 + n."""

    def check(case: Case, moment: str) -> None:
        case.reach(moment)
        case.app.signal(number)
        code = case.app.exit_code()
        assert code == 128 + number, f"exit code {code}"
        case.restored()
        case.assert_no_half_files()

    return check


def line_dropped(case: Case, moment: str) -> None:
    """The terminal goes away: app and engine leave."""
    case.reach(moment)
    case.app.hang_up()
    case.nothing_left()
    case.assert_no_half_files()


def app_killed(case: Case, moment: str) -> None:
    """The engine leaves when the app is killed."""
    case.reach(moment)
    case.app.signal(signal.SIGKILL)
    case.nothing_left()
    case.assert_no_half_files()


def engine_killed(case: Case, moment: str) -> None:
    """The app says so, starts another on `r`, and goes on; what the killed one left half-written goes."""
    case.reach(moment)
    case.kill_engine()
    case.app.wait("probably out of memory")
    case.assert_no_half_files(swept=False)
    case.app.send("r")
    case.app.gone("probably out of memory")
    case.opened()
    case.settled()
    case.goes_on()
    if case.exported:
        export(case, case.exported)
    case.assert_no_half_files()
    case.quits()


def export(case: Case, key: str) -> None:
    """Ask for figures and wait until they are written."""
    case.app.send(key)
    case.app.wait("wrote ", 120)


def resized(case: Case, moment: str) -> None:
    """A hundred sizes within a second, with keys in between."""
    case.reach(moment)
    for _ in range(100):
        case.app.resize(case.rng.randint(1, 200), case.rng.randint(1, 60))
        case.app.send(case.rng.choice(["", "j", "k", "\t", "1", "2"]))
        case.app.read(0.005)
    case.app.resize(120, 40)
    case.opened()
    case.settled()
    case.goes_on()
    case.quits()


def disk_full(case: Case, _moment: str) -> None:
    """Figures that do not fit: the app says which and why, keeps what was there, and goes on."""
    case.opened()
    case.settled()
    case.app.send("e")
    case.app.wait("wrote 1 figure")
    (old,) = case.figures.rglob("*.png")
    before = old.read_bytes()
    case.app.gone("wrote 1 figure", 20)
    with no_space(case) as word:
        case.app.send(case.rng.choice("eE"))
        case.app.wait("expected a place to write figures")
        assert word in case.app.text
        case.app.send(ESCAPE)
        case.app.gone("expected a place to write figures")
        case.goes_on()
        assert old.read_bytes() == before
        case.assert_no_half_files()
    export(case, "e")
    case.assert_no_half_files()
    case.quits()


@contextmanager
def no_space(case: Case) -> Iterator[str]:
    """Leave the engine no room to write; yields a word of the reason. On a tiny disk where we may mount one."""
    figures = case.figures
    kept = {path.relative_to(figures): path.read_bytes() for path in figures.rglob("*.png")}
    mount = ["mount", "-t", "tmpfs", "-o", f"size={1 << 20}", "tmpfs", str(figures)]
    if subprocess.run(mount, capture_output=True, check=False).returncode == 0:
        try:
            for name, content in kept.items():
                (figures / name).parent.mkdir(parents=True, exist_ok=True)
                (figures / name).write_bytes(content)
            filler = figures / "filler"
            with filler.open("wb", buffering=0) as file:
                try:
                    while file.write(b"x" * 4096):
                        pass
                except OSError:
                    pass  # full
            yield "device"
        finally:
            subprocess.run(["umount", "-l", str(figures)], check=True)
        return
    pid = case.engine
    limits = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (SMALL, limits[1]))
    try:
        yield "large"
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)


def small_memory(case: Case, _moment: str) -> None:
    """A device on which only small blocks fit: the capture goes on with these, and nobody needs to know."""
    case.opened()
    case.settled()
    case.goes_on()
    case.quits()


def no_memory(case: Case, _moment: str) -> None:
    """A device on which nothing fits: the app says what to do, offers to start again, and still answers."""
    for _ in range(2):
        case.app.wait("expected enough memory on the device")
        assert "shorter --context" in case.app.text
        case.app.send("r")
        case.app.gone("expected enough memory on the device")
    case.app.wait("expected enough memory on the device")
    case.app.send(ESCAPE)
    case.app.wait("opening failed: r tries again")
    case.quits()


KINDS = (
    Kind("SIGTERM", ended_by(signal.SIGTERM)),
    Kind("SIGHUP", ended_by(signal.SIGHUP)),
    Kind("SIGINT", ended_by(signal.SIGINT)),
    Kind("line dropped", line_dropped),
    Kind("app killed", app_killed),
    Kind("engine killed", engine_killed),
    Kind("resize storm", resized),
    Kind("disk full", disk_full, ("export",)),
    Kind("small device memory", small_memory, ("opening",), rows=32),
    Kind("no device memory", no_memory, ("opening",), rows=0),
)


def run(kind: Kind, moment: str, seed: int, directory: Path) -> None:
    """One fault in an empty directory.

    Raises:
        AssertionError: what did not hold.
    """
    before = None
    if kind.rows is not None:
        before = directory / "before"
        before.mkdir()
        (before / "sitecustomize.py").write_text(OUT_OF_MEMORY.format(rows=kind.rows))
    case = Case(seed, directory, before=before)
    try:
        kind.check(case, moment)
    finally:
        case.close()
