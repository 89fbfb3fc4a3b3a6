"""A sweep in the engine: the numbers of `runner.run`, stopped and gone on with, and no process left behind."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from checkpoints import make_run

from adtui.compression.trials import runner, store
from adtui.compression.trials.plan import FULL, WIPED, sweep
from adtui.compression.trials.prepare import prepare
from adtui.engine import trials_child as child
from adtui.engine import trials_stream as streaming
from adtui.engine.jobs import Engine
from adtui.records import pipe as pipe_module
from adtui.records.durations import time_left
from adtui.records.errors import AdtuiError, EngineError
from adtui.records.messages import Cancel, Cancelled, Done, Exported, Failed, GetView, OpenRun, Progress, ViewReady
from adtui.records.pipe import HEADER, Pipe
from adtui.records.place import Frame, Place
from adtui.records.trial import SweepReport
from adtui.records.trial_messages import (
    AskLab,
    CellsDamaged,
    ExportSweep,
    LabReady,
    RunSweep,
    SweepReady,
    SweepStarted,
    TrialReady,
)
from adtui.reports import export_trials as export

LONGEST = 300.0


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("sweep") / "runs" / "tiny", "pre", n_transit=12)


@pytest.fixture(scope="module")
def request_(run: Path, tmp_path_factory: pytest.TempPathFactory) -> RunSweep:
    directory = tmp_path_factory.mktemp("figs")
    return RunSweep(5, str(run), ("recent", "random"), (4,), str(directory), device="cpu", streams=1, episodes=3)


@pytest.fixture(scope="module")
def told(request_: RunSweep) -> list[Any]:
    """All that a whole sweep says, run in the test's own process."""
    sent: list[Any] = []
    streaming.answer(request_, sent.append)
    return sent


@pytest.fixture(scope="module")
def expected(run: Path) -> SweepReport:
    ready = prepare(run, device="cpu", streams=1, episodes=3)
    return runner.run(ready.opening, ready.plan, sweep(["recent", "random"], [4]), about=ready.about)


def timeless(report: SweepReport) -> str:
    """The JSON without what a step cost."""
    return json.dumps(replace(report, trials=tuple(replace(trial, cost=None) for trial in report.trials)).to_json())


def wait(condition: Callable[[], object], step: Callable[[], object] = lambda: None) -> None:
    end = time.monotonic() + LONGEST
    while not condition():
        assert time.monotonic() < end, "not in time"
        step()
        time.sleep(0.01)


def alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


# -- what is said ------------------------------------------------------------------------------------------------------
def test_the_report_is_that_of_the_runner(told: list[Any], expected: SweepReport) -> None:
    assert isinstance(told[-1], SweepReady)
    assert timeless(told[-1].report) == timeless(expected)


def test_cells_are_told_one_by_one(told: list[Any]) -> None:
    started = told[0]
    assert isinstance(started, SweepStarted)
    assert started.labels == (FULL, WIPED, "recent:4", "random:4")
    assert started.histories == 8
    assert started.about == told[-1].report.about
    trials = tuple(reply.trial for reply in told if isinstance(reply, TrialReady))
    assert repr(trials) == repr(told[-1].report.trials)
    progress = [reply for reply in told if isinstance(reply, Progress)]
    assert [reply.done for reply in progress if not reply.note] == [1, 2, 3, 4]
    assert {reply.id for reply in told} == {5}


def test_how_far_a_cell_is_is_told_now_and_then(request_: RunSweep, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = prepare(request_.path, device="cpu", streams=1, episodes=4).plan
    clock = itertools.count(0.0, 1.0)
    monkeypatch.setattr(streaming, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    told: list[Any] = []
    stream = streaming.Stream(request_.id, plan, (), told.append)
    for episode in range(1, 5):
        stream.inside("recent:4", episode, 40)
    assert [reply.note for reply in told][:2] == [
        "recent:4: episode 1 of 40, about 80 s left",
        "recent:4: episode 2 of 40, about 80 s left",
    ]
    monkeypatch.setattr(streaming, "SECONDS_BETWEEN", 1e9)
    stream.inside("recent:4", 5, 40)
    assert len(told) == 4


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.2, "1 s"), (44, "40 s"), (95, "2 min"), (3000, "50 min"), (9000, "2.5 h")]
)
def test_time_left_has_the_digits_of_a_guess(seconds: float, said: str) -> None:
    assert time_left(seconds) == said


def test_finished_cells_are_told_again_at_once(request_: RunSweep, told: list[Any]) -> None:
    again: list[Any] = []
    streaming.answer(request_, again.append)
    assert timeless(again[-1].report) == timeless(told[-1].report)
    assert repr(again[-1].report.trials) == repr(told[-1].report.trials)  # what a step cost is kept as well


def test_a_damaged_cell_is_told_and_run_again(request_: RunSweep, told: list[Any]) -> None:
    (path,) = Path(request_.directory).glob(f"*/{store.NAME}")
    path.write_bytes(path.read_bytes()[:-9])
    again: list[Any] = []
    streaming.answer(request_, again.append)
    assert [reply.said for reply in again if isinstance(reply, CellsDamaged)] == [
        f"{path}: line 5 is no finished cell, counted as not run (3 kept)"
    ]
    assert timeless(again[-1].report) == timeless(told[-1].report)


def test_export_writes_the_same_bytes_twice(told: list[Any], tmp_path: Path) -> None:
    written = []
    for name in ("first", "second"):
        paths = list(export.export_report(told[-1].report, tmp_path / name, dpi=40))
        assert tuple(path.name for path in paths) == export.FILES
        written.append([path.read_bytes() for path in paths])
    assert written[0] == written[1]
    assert json.loads(written[0][0])["schema"] == "adtui.compress/1"


# -- the engine --------------------------------------------------------------------------------------------------------
def test_the_engine_says_what_a_lab_is_made_of(run: Path, tmp_path: Path) -> None:
    sent: list[Any] = []
    engine = Engine(sent.append)
    engine.handle(AskLab(1))
    assert isinstance(sent.pop(), Failed)
    engine.handle(OpenRun(2, str(run), samples=1))
    while engine.jobs:
        engine.advance()
    engine.handle(AskLab(3))
    found = sent[-1]
    assert replace(found, steps=(), cached=()) == LabReady(3, 8, 11, 20, places=2)
    for timed in (found.steps, found.cached):
        assert [length for length, _ in timed] == [1, 11]
        assert all(seconds > 0 for _, seconds in timed)


def test_the_lab_is_told_of_a_model_whose_keys_cannot_be_held(run: Path) -> None:
    sent: list[Any] = []
    engine = Engine(sent.append)
    engine.handle(OpenRun(2, str(run), samples=1, causal=False))
    while engine.jobs:
        engine.advance()
    engine.handle(AskLab(3))
    assert sent[-1].cached == ()
    assert "no causal model with a token for each transition" in sent[-1].unheld


def test_the_engine_exports_a_report(told: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export.export_report, "__kwdefaults__", {"dpi": 40})
    sent: list[Any] = []
    engine = Engine(sent.append)
    engine.handle(ExportSweep(1, told[-1].report, str(tmp_path)))
    while engine.jobs:
        engine.advance()
    exported = next(reply for reply in sent if isinstance(reply, Exported))
    assert [Path(path).name for path in exported.paths] == list(export.FILES)


def test_a_stopped_sweep_keeps_its_cells_and_goes_on(request_: RunSweep, expected: SweepReport, tmp_path: Path) -> None:
    sent: list[Any] = []
    engine = Engine(sent.append)
    request = replace(request_, directory=str(tmp_path))
    engine.handle(request)
    wait(lambda: any(isinstance(reply, TrialReady) for reply in sent), engine.advance)
    started = next(reply for reply in sent if isinstance(reply, SweepStarted))
    engine.handle(Cancel(6, 5))
    assert sent[-1] == Cancelled(5, "trials")
    assert not engine.jobs
    wait(lambda: not alive(started.pid))
    (directory,) = tmp_path.iterdir()
    assert [path.name for path in directory.iterdir()] == [store.NAME]
    kept = store.load(directory, started.about["fingerprint"], (8, 3))
    assert FULL in kept.finished
    assert not kept.said
    again: list[Any] = []
    streaming.answer(replace(request, id=7), again.append)
    assert timeless(again[-1].report) == timeless(expected)


@pytest.mark.parametrize("changes", [{"path": "no/such/run"}, {"strategies": ("newst",)}, {"episodes": 1}])
def test_a_mistake_is_told_before_anything_runs(request_: RunSweep, changes: dict[str, Any]) -> None:
    sent: list[Any] = []
    with pytest.raises(AdtuiError, match="expected"):
        streaming.answer(replace(request_, **changes), sent.append)
    assert sent == []


def test_a_mistake_is_told_in_one_line(request_: RunSweep) -> None:
    sent: list[Any] = []
    engine = Engine(sent.append)
    engine.handle(replace(request_, path="no/such/run"))
    wait(lambda: not engine.jobs, engine.advance)
    assert [type(reply) for reply in sent] == [Failed]
    assert sent[0].kind == "user"
    assert sent[0].id == 5


def test_a_process_that_dies_is_told(request_: RunSweep) -> None:
    one = child.ChildSweep(request_, lambda _: None, lambda: None, (sys.executable, "-c", "raise SystemExit(3)"))
    with pytest.raises(EngineError, match="ended with code 3"):
        wait(lambda: False, one.__next__)
    with pytest.raises(EngineError, match="to start"):
        child.ChildSweep(request_, lambda _: None, lambda: None, ("/no/such/program",))


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("print('hello, no frame', flush=True); time.sleep(600)", r"sent a frame of \d+ bytes .*; it ended with code"),
        ("say(HEADER.pack(5) + b'hello'); time.sleep(600)", "5 bytes that is no message .*; it ended with code"),
        (
            "say(HEADER.pack(9) + b'hello'); os._exit(3)",
            "frame of 9 bytes, after 5; it ended with code 3",
        ),
    ],
)
def test_what_is_no_reply_ends_the_sweep_with_a_word(request_: RunSweep, script: str, told: str) -> None:
    code = f"import os, sys, time\nfrom adtui.records.pipe import HEADER\ndef say(b): os.write(1, b)\n{script}"
    one = child.ChildSweep(request_, lambda _: None, lambda: None, (sys.executable, "-c", code))
    with pytest.raises(EngineError, match=told):
        wait(lambda: False, one.__next__)


def test_a_request_too_large_starts_nothing(request_: RunSweep, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []

    def noted(*args: Any, **kwargs: Any) -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen(*args, **kwargs))
        return started[-1]

    monkeypatch.setattr(child, "subprocess", SimpleNamespace(**vars(subprocess) | {"Popen": noted}))
    monkeypatch.setattr(pipe_module, "MAX_FRAME", 10)
    sleeper = (sys.executable, "-c", "import time; time.sleep(600)")
    with pytest.raises(EngineError, match="RunSweep"):
        child.ChildSweep(request_, lambda _: None, lambda: None, sleeper)
    assert started[0].wait(timeout=20) == -signal.SIGTERM


# -- the process of the trials -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (b"", 0, ""),
        (b"hello, this is no frame", 1, "the engine sent a frame of"),
        (HEADER.pack(9) + b"hello", 1, "the engine ended in the middle of a frame of 9 bytes, after 5"),
    ],
)
def test_without_a_request_trials_leave(words: bytes, code: int, told: str) -> None:
    command = [sys.executable, "-m", "adtui.engine.trials_process"]
    done = subprocess.run(command, input=words, capture_output=True, timeout=60, check=False)
    assert done.returncode == code
    assert told in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()


def test_what_a_library_prints_does_not_come_between_the_replies_of_trials(request_: RunSweep) -> None:
    code = (
        "import os\nfrom adtui.records.messages import Done\nfrom adtui.engine import trials_process as trials\n"
        "def noisy(request, send):\n    print('hello', flush=True)\n    os.write(1, b'world')\n"
        "    send(Done(request.id, 'it'))\n"
        "trials.run(noisy)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        pipe = Pipe(process.stdout, process.stdin)
        pipe.send(request_)
        assert list(pipe) == [Done(5, "it")]
        assert process.stderr.read() == b"hello\nworld"


# -- processes ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("end", ["killed", "closed"])
def test_heads_are_shown_while_trials_run_and_no_process_outlives_the_engine(
    process: subprocess.Popen[bytes], run: Path, request_: RunSweep, tmp_path: Path, end: str
) -> None:
    assert process.stdin
    assert process.stdout
    endless = replace(request_, directory=str(tmp_path), streams=8, episodes=400)
    pipe = Pipe(process.stdout, process.stdin)
    for request in (OpenRun(1, str(run), samples=1), endless):
        pipe.send(request)
    heard = iter(pipe)
    started = next(reply for reply in heard if isinstance(reply, SweepStarted))
    pipe.send(GetView(8, Place(0, 1, 0, -1), Frame(10, 10)))
    assert next(type(reply) for reply in heard if isinstance(reply, ViewReady | TrialReady)) is ViewReady
    own, its = (os.getpriority(os.PRIO_PROCESS, pid) for pid in (process.pid, started.pid))
    assert its >= min(19, own + 5)
    if end == "killed":
        process.send_signal(signal.SIGKILL)
    else:
        process.stdin.close()
    process.wait(timeout=300)
    wait(lambda: not alive(started.pid))
