"""The faults. Each takes a case and a moment, and raises AssertionError where the app does not stand it."""

from __future__ import annotations

import resource
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from adtui.records.defaults import FIRST

from .case import ESCAPE, FEW_SAMPLES, MOMENTS, Case

OUT_OF_MEMORY = '''
"""Puts a device without memory under the engine: attention in blocks of more than {rows} rows does not fit.

It says so when no file `hold` is there.
"""
import sys
import time
from pathlib import Path
if "adtui.engine" in sys.orig_argv:
    import torch
    from adtui.models import attend
    def told(name, rows, fits):
        with Path(__file__).with_name("asked").open("a") as file:
            print(name, rows, "fits" if fits else "does not fit", file=file)
    def scarce(whole, name):
        def within(*args, **kwargs):
            rows = kwargs.get(name, attend.BLOCK_ROWS)
            told(whole.__name__, rows, rows <= {rows})
            if rows > {rows}:
                while Path(__file__).with_name("hold").exists():
                    time.sleep(0.01)
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")
            return whole(*args, **kwargs)
        return within
    attend.measured = scarce(attend.measured, "limit")
    attend.weight_blocks = scarce(attend.weight_blocks, "block")
'''
SMALL = 2_000
"""Bytes: less than any figure or cell."""
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
    case.engine_gone()
    case.assert_no_half_files(swept=False)
    kept = case.finished_cells()
    case.app.send("r")
    case.app.gone("probably out of memory")
    if moment == "trials":
        goes_on_with_trials(case, kept)
    case.opened()
    case.settled()
    case.goes_on()
    if case.exported:
        export(case, case.exported)
    case.assert_no_half_files()
    case.quits()


def goes_on_with_trials(case: Case, kept: list[str]) -> None:
    """In the lab: `s` takes up the finished cells as they were, and runs others."""
    case.app.wait("contexts of")
    case.app.wait("s, or Enter here")
    case.app.send("s")
    case.app.wait(lambda: case.all_shown or case.shown_cells() > max(1, len(kept) - 2))
    now = case.finished_cells()
    assert now[: len(kept)] == kept, "finished cells were run again"
    case.app.send("x")
    case.app.wait("s, or Enter here")
    case.app.send(ESCAPE)
    case.app.gone("1 strategies")


def export(case: Case, key: str) -> None:
    """Ask for figures and wait until they are written."""
    case.app.send(key)
    case.app.told("wrote ")


def resized(case: Case, moment: str) -> None:
    """A hundred sizes within a second, with keys in between."""
    case.reach(moment)
    if moment == "trials":
        case.app.send(ESCAPE)
        case.app.gone("1 strategies")
    for _ in range(100):
        case.app.resize(case.rng.randint(1, 200), case.rng.randint(1, 60))
        case.app.send(case.rng.choice(["", "j", "k", "\t", "1", "2"]))
        case.app.read(0.005)
    case.app.resize(120, 40)
    case.opened()
    case.settled()
    case.goes_on()
    case.quits()


def disk_full(case: Case, moment: str) -> None:
    """What does not fit is told with its reason; what was there stays; the app goes on, and writes when it can."""
    case.opened()
    case.settled()
    (no_room_for_cells if moment == "trials" else no_room_for_figures)(case)
    case.assert_no_half_files()
    case.quits()


def no_room_for_figures(case: Case) -> None:
    """`e` and `E` on a full disk."""
    case.app.send("e")
    case.app.told("wrote 1 figure")
    (old,) = case.figures.rglob("*.png")
    before = old.read_bytes()
    case.app.gone("wrote 1 figure")
    with no_space(case) as word:
        case.app.send(case.rng.choice("eE"))
        case.app.wait("expected a place to write figures")
        case.app.wait(word)
        case.app.send(ESCAPE)
        case.app.gone("expected a place to write figures")
        case.goes_on()
        assert old.read_bytes() == before
        case.assert_no_half_files()
    export(case, "e")


def no_room_for_cells(case: Case) -> None:
    """Trials whose cells do not fit."""
    case.start_trials()
    case.app.wait(lambda: len(case.finished_cells()) >= 2)
    case.app.send("x")
    case.app.told("finished cells are kept")
    before = case.finished_cells()
    with no_space(case) as word:
        case.app.send("s")
        case.app.told("expected a directory to write to")
        case.app.told(word)
        assert case.finished_cells() == before
        case.assert_no_half_files()
    goes_on_with_trials(case, before)
    case.goes_on()


@contextmanager
def no_space(case: Case) -> Iterator[str]:
    """Leave the engine no room to write; yields a word of the reason. On a tiny disk where we may mount one."""
    outputs = case.directory / "figs"
    kept = {path.relative_to(outputs): path.read_bytes() for path in outputs.rglob("*") if path.is_file()}
    mount = ["mount", "-t", "tmpfs", "-o", f"size={1 << 20}", "tmpfs", str(outputs)]
    if subprocess.run(mount, capture_output=True, check=False).returncode == 0:
        try:
            for name, content in kept.items():
                (outputs / name).parent.mkdir(parents=True, exist_ok=True)
                (outputs / name).write_bytes(content)
            filler = outputs / "filler"
            with filler.open("wb", buffering=0) as file:
                try:
                    while file.write(b"x" * 4096):
                        pass
                except OSError:
                    pass  # full
            yield "device"
        finally:
            subprocess.run(["umount", "-l", str(outputs)], check=True)
        return
    pid = case.engine
    limits = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (SMALL, limits[1]))  # what it starts inherits it
    try:
        yield "large"
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)


def small_memory(case: Case, _moment: str) -> None:
    """A device on which only small blocks fit: the capture goes on with these, and nobody needs to know."""
    case.opened()
    case.settled()
    case.goes_on()
    assert {"measured 128 does not fit", "measured 64 does not fit", "measured 32 fits"} <= asked(case)
    assert "weight_blocks 32 fits" in asked(case)
    case.quits()


def asked(case: Case) -> set[str]:
    """What the simulated device was asked for."""
    return set((case.directory / "before" / "asked").read_text().splitlines())


def no_memory(case: Case, _moment: str) -> None:
    """A device on which nothing fits: the app says what to do, offers to start again, and still answers."""
    hold = case.directory / "before" / "hold"
    for _ in range(2):
        case.app.wait("expected enough memory on the device")
        case.app.wait("shorter --context")
        hold.touch()
        case.app.send("r")
        case.app.gone("expected enough memory on the device")
        hold.unlink()
    case.app.wait("expected enough memory on the device")
    case.app.send(ESCAPE)
    case.app.gone("expected enough memory on the device")  # else the next key would make Alt of the Escape
    case.app.wait("opening failed: r tries again")
    assert asked(case) == {f"measured {rows} does not fit" for rows in (128, 64, 32, 16)}
    case.quits()


KINDS = (
    Kind("SIGTERM", ended_by(signal.SIGTERM)),
    Kind("SIGHUP", ended_by(signal.SIGHUP)),
    Kind("SIGINT", ended_by(signal.SIGINT)),
    Kind("line dropped", line_dropped),
    Kind("app killed", app_killed),
    Kind("engine killed", engine_killed),
    Kind("resize storm", resized),
    Kind("disk full", disk_full, ("export", "trials")),
    Kind("small device memory", small_memory, ("opening",), rows=32),
    Kind("no device memory", no_memory, ("opening",), rows=0),
)


def run(kind: Kind, moment: str, seed: int, directory: Path, path: Path | None = None) -> str:
    """One fault in an empty directory. Returns what the engine was at when it struck.

    Args:
        path: the run to open instead of the bundled one.

    Raises:
        AssertionError: what did not hold.
    """
    before = None
    if kind.rows is not None:
        before = directory / "before"
        before.mkdir()
        (before / "sitecustomize.py").write_text(OUT_OF_MEMORY.format(rows=kind.rows))
    all_histories = moment == "knock-outs" or seed % len(FEW_SAMPLES) == 0
    samples = str(FIRST) if all_histories else FEW_SAMPLES[seed % len(FEW_SAMPLES)]  # not the usual ones: a minute
    case = Case(seed, directory, path, samples, before)
    try:
        kind.check(case, moment)
    finally:
        case.close()
    return case.doing
