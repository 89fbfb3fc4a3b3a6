"""The engine's answers, its order of work, and its behaviour at the other end of a pipe."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoints import make_run, write_histories
from planted import planted_run

from adtui.engine import opening
from adtui.engine import process as engine_module
from adtui.engine.jobs import Engine
from adtui.engine.opening import open_session
from adtui.engine.process import newest
from adtui.histories.rolled_out import FIRST_ROOMS
from adtui.records import pipe
from adtui.records.messages import (
    Cancel,
    Cancelled,
    CellReady,
    Done,
    ExportAll,
    Exported,
    ExportView,
    Failed,
    GetCell,
    GetSheet,
    GetView,
    InsightFound,
    Opened,
    OpenRun,
    PlaceboReady,
    Progress,
    Ready,
    Reply,
    Resume,
    SamplesAdded,
    SheetReady,
    StatsReady,
    ViewReady,
)
from adtui.records.pipe import HEADER, Pipe
from adtui.records.place import Frame, Place
from adtui.records.provenance import mark


def run_all(engine: Engine) -> None:
    while engine.jobs:
        engine.advance()


@pytest.fixture
def opened(tiny_run: Path) -> tuple[Engine, list[Any]]:
    """An engine that has opened and analysed a tiny run, and everything that it sent."""
    sent: list[Any] = []
    engine = Engine(sent.append)
    engine.handle(OpenRun(1, str(tiny_run), samples=3))
    run_all(engine)
    return engine, sent


def test_opening_gives_the_run_then_statistics_of_every_sample(opened: tuple[Engine, list[Any]]) -> None:
    _, sent = opened
    assert isinstance(sent[0], Opened)
    assert sent[0].run.n_layer == 2
    assert [r.sample for r in sent if isinstance(r, StatsReady)] == [0, 1, 2]
    assert [(r.done, r.total) for r in sent if isinstance(r, Progress) and r.what == "analysis"] == [
        (0, 3),
        (1, 3),
        (2, 3),
        (3, 3),
    ]
    assert any(isinstance(r, InsightFound) for r in sent)
    assert isinstance(sent[-1], Done)
    assert {r.id for r in sent} == {1}


def test_a_run_opens_with_its_first_samples_and_gets_the_others_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "SAMPLES", 30)
    sent: list[Any] = []
    engine = Engine(sent.append)
    path = str(make_run(tmp_path / "alone", n_transit=4))
    engine.handle(OpenRun(1, path))
    engine.advance()
    assert isinstance(sent[-1], Opened)
    info = sent[-1].run
    assert len(info.samples) == FIRST_ROOMS
    while not any(isinstance(reply, SamplesAdded) for reply in sent):
        engine.advance()
    run_all(engine)
    for reply in sent:
        info = info.grown(reply.more) if isinstance(reply, SamplesAdded) else info
    assert [r.sample for r in sent if isinstance(r, StatsReady)] == list(range(30))
    assert mark(info.samples) == mark(open_session(path).samples)
    names = [type(reply).__name__ for reply in sent]
    assert names.index("InsightFound") < names.index("SamplesAdded"), "what the first ones show is told at once"
    assert isinstance(sent[-1], Done)


def test_every_figure_is_of_the_first_contexts_however_few_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are made for it, and the analysis goes on with them as with others."""
    monkeypatch.setattr(opening, "SAMPLES", 24)
    monkeypatch.setattr(opening, "FIRST", 9)
    sent: list[Any] = []
    engine = Engine(sent.append)
    path = str(make_run(tmp_path / "alone", n_transit=4, n_layer=1))
    engine.handle(OpenRun(1, path))
    engine.advance()
    while not any(isinstance(reply, StatsReady) for reply in sent):
        engine.advance()
    engine.handle(Cancel(2, 1))
    engine.handle(ExportAll(3, str(tmp_path / "figs")))
    run_all(engine)
    assert engine.session is not None
    assert [(reply.id, len(reply.more.samples)) for reply in sent if isinstance(reply, SamplesAdded)] == [(1, 5)]
    assert len(list((tmp_path / "figs").rglob("attention_heatmap_sample*_layer0.png"))) == 9
    engine.handle(Resume(4))
    run_all(engine)
    assert len(engine.session.samples) == 24
    assert [r.sample for r in sent if isinstance(r, StatsReady)] == list(range(24))


def test_every_observed_insight_is_tested_in_the_end(tmp_path: Path) -> None:
    sent: list[Any] = []
    engine = Engine(sent.append)
    engine.handle(OpenRun(1, str(planted_run(tmp_path / "planted")), samples=9))
    run_all(engine)
    found = [reply.insight for reply in sent if isinstance(reply, InsightFound)]
    last = {one.key: one for one in found}
    before = {one.key for one in found if one.status == "observed" and not one.tested}
    assert before
    assert all(one.tested for one in last.values() if one.key in before and not one.withdrawn)
    assert any("as many at random" in one.tested for one in last.values()), "some were tested by knock-outs"
    (placebo,) = [reply.placebo for reply in sent if isinstance(reply, PlaceboReady)]
    assert placebo.tests > 0
    assert isinstance(sent[-1], Done)
    steps = [(r.done, r.total) for r in sent if isinstance(r, Progress) and r.what == "knock-outs"]
    assert steps == sorted(set(steps))
    told = [r.note for r in sent if isinstance(r, Progress) and r.what == "knock-outs" and r.note]
    assert all(note.endswith(" undecided") for note in told)
    assert any(one.status == "no evidence" and one.knock_out_n > 0 for one in last.values()) == bool(told)


def test_whoever_asks_for_figures_does_not_wait_for_the_knock_outs(
    tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sent: list[Any] = []
    engine = Engine(sent.append)
    engine.handle(OpenRun(1, str(tiny_run), samples=3))
    while not any(isinstance(reply, Progress) and reply.what == "knock-outs" for reply in sent):
        engine.advance()
    engine.handle(ExportAll(2, "figs"))
    while not any(isinstance(reply, Exported) for reply in sent):
        engine.advance()
    assert not any(isinstance(reply, Done) and reply.id == 1 for reply in sent)
    engine.handle(Cancel(3, job=1))
    assert all(job.request.id != 1 for job in engine.jobs)
    assert any(isinstance(reply, Cancelled) and reply.id == 1 for reply in sent)


def test_rollouts_tell_how_far_they_are(tmp_path: Path) -> None:
    sent: list[Any] = []
    engine = Engine(sent.append)
    engine.handle(OpenRun(1, str(make_run(tmp_path / "alone")), samples=2))
    engine.advance()
    assert isinstance(sent[-1], Opened)
    told = [(reply.done, reply.total) for reply in sent if isinstance(reply, Progress)]
    assert told == [(episode, told[-1][1]) for episode in range(1, told[-1][1] + 1)]
    assert "rollouts" in sent[-1].run.source


def test_the_users_histories_are_opened(tmp_path: Path) -> None:
    sent: list[Any] = []
    path = write_histories(tmp_path / "far" / "mine.hdf5")
    engine = Engine(sent.append)
    engine.handle(OpenRun(1, str(make_run(tmp_path / "AD")), histories=str(path)))
    engine.advance()
    assert sent[-1].run.source == "test histories in mine.hdf5"


@pytest.mark.parametrize(
    "early", [GetSheet(2, 0, Frame(5, 5)), ExportView(2, 0, 0, 0, "figs")], ids=["sheet", "export"]
)
def test_what_is_asked_for_early_costs_no_insight(
    tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, early: Any
) -> None:
    """The app asks for thumbnails as soon as a run is open, before its first sample is analysed."""
    monkeypatch.chdir(tmp_path)
    told = []
    for request in (None, early):
        sent: list[Any] = []
        engine = Engine(sent.append)
        engine.handle(OpenRun(1, str(tiny_run), samples=1))
        engine.advance()
        if request is not None:
            engine.handle(request)
        run_all(engine)
        told.append([reply.insight.sentence for reply in sent if isinstance(reply, InsightFound)])
    assert told[0]
    assert told[1] == told[0]


def test_samples_are_independent_histories(opened: tuple[Engine, list[Any]]) -> None:
    samples = opened[1][0].run.samples
    assert len({s.history for s in samples}) == len(samples) == 3


def test_views_sheets_and_cells_agree(opened: tuple[Engine, list[Any]]) -> None:
    engine, sent = opened
    engine.handle(GetView(2, Place(1, 1, 0, -1), Frame(100, 100)))
    view = sent[-1].view
    assert isinstance(sent[-1], ViewReady)
    assert view.exact
    assert view.place.query == len(view.query_row) - 1
    engine.handle(GetCell(3, Place(1, 1, 0, 9), 4))
    assert isinstance(sent[-1], CellReady)
    assert sent[-1].cell.value == pytest.approx(float(view.pooled[9, 4]))
    engine.handle(GetSheet(4, 1, Frame(6, 6)))
    assert isinstance(sent[-1], SheetReady)
    assert np.nanmax(sent[-1].sheet.thumbnails[1, 0]) == np.nanmax(view.pooled)


@pytest.mark.parametrize(
    "request_",
    [
        GetView(2, Place(9, 0, 0, -1), Frame(10, 10)),
        GetView(2, Place(0, 9, 0, -1), Frame(10, 10)),
        GetView(2, Place(0, 0, 9, -1), Frame(10, 10)),
        GetView(2, Place(0, 0, 0, -1), Frame(10, 10, (0, 99, 0, 5))),
        GetView(2, Place(0, 0, 0, -1), Frame(10, 10, (3, 3, 0, 5))),
        GetCell(2, Place(0, 0, 0, 99), 0),
        GetCell(2, Place(9, 0, 0, 0), 0),
        GetSheet(2, -1, Frame(5, 5)),
    ],
)
def test_what_is_not_there_is_said(opened: tuple[Engine, list[Any]], request_: Any) -> None:
    engine, sent = opened
    engine.handle(request_)
    assert isinstance(sent[-1], Failed)
    assert sent[-1].kind == "user"
    assert sent[-1].id == 2


def test_a_view_before_opening_fails_and_does_not_end_the_engine() -> None:
    sent: list[Any] = []
    engine = Engine(sent.append)
    engine.handle(GetView(7, Place(0, 0, 0, -1), Frame(10, 10)))
    assert isinstance(sent[-1], Failed)


def test_a_bad_path_is_a_user_error(tmp_path: Path) -> None:
    sent: list[Any] = []
    engine = Engine(sent.append)
    engine.handle(OpenRun(1, str(tmp_path / "nothing")))
    run_all(engine)
    assert [type(r) for r in sent] == [Failed]
    assert sent[0].kind == "user"
    assert "nothing" in str(sent[0].error)


def test_memory_and_bugs_are_told_apart(opened: tuple[Engine, list[Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    engine, sent = opened
    for error, kind in (
        (MemoryError(), "memory"),
        (RuntimeError("CUDA out of memory"), "memory"),
        (KeyError("x"), "bug"),
    ):

        def fail(*_: object, error: Exception = error) -> None:
            raise error

        monkeypatch.setattr(engine.session, "sheet", fail)
        engine.handle(GetSheet(5, 0, Frame(5, 5)))
        assert sent[-1].kind == kind
        assert "Traceback" in sent[-1].detail


def test_a_view_is_answered_in_the_middle_of_a_long_job(tiny_run: Path) -> None:
    sent: list[Any] = []
    engine = Engine(sent.append)
    engine.handle(OpenRun(1, str(tiny_run), samples=3))
    engine.advance()
    engine.advance()
    engine.handle(GetView(2, Place(2, 0, 0, -1), Frame(10, 10)))
    assert isinstance(sent[-1], ViewReady)
    assert engine.jobs


def test_a_cancelled_job_stops_and_says_so(tiny_run: Path) -> None:
    sent: list[Any] = []
    engine = Engine(sent.append)
    engine.handle(OpenRun(1, str(tiny_run), samples=3))
    engine.advance()
    engine.handle(Cancel(2, 1))
    assert not engine.jobs
    assert sent[-1] == Cancelled(1, "analysis")


def test_an_opening_is_stopped_between_episodes_of_its_rollouts(tmp_path: Path) -> None:
    run = make_run(tmp_path / "runs" / "alone", n_transit=30)  # no histories: the model is rolled out
    sent: list[Any] = []

    def hear(reply: Reply) -> None:
        sent.append(reply)
        if isinstance(reply, Progress) and reply.done == 2:
            engine.stopping.add(1)  # as the reading thread does

    engine = Engine(hear)
    engine.handle(OpenRun(1, str(run)))
    run_all(engine)
    assert [reply.done for reply in sent if isinstance(reply, Progress)] == [1, 2]
    assert sent[-1] == Cancelled(1, "analysis")
    assert engine.session is None
    engine.handle(Cancel(2, 1))
    engine.handle(OpenRun(3, str(run), samples=1))
    run_all(engine)
    assert sent[-1] == Done(3, "analysis")


def test_only_the_newest_view_is_kept_and_the_rest_stays_in_order() -> None:
    views = [GetView(i, Place(0, 0, i, -1), Frame(9, 9)) for i in (1, 3, 5)]
    sheet, cancel = GetSheet(2, 0, Frame(9, 9)), Cancel(4, 1)
    assert newest([views[0], sheet, views[1], cancel, views[2]]) == [sheet, cancel, views[2]]


# -- the process -------------------------------------------------------------------------------------------------------
def test_over_a_pipe_and_leaves_when_it_closes(process: subprocess.Popen[bytes], tiny: Path) -> None:
    assert process.stdin
    assert process.stdout
    ends = Pipe(process.stdout, process.stdin)
    ends.send(OpenRun(1, str(tiny), samples=2))
    received = []
    for reply in ends:
        received.append(reply)
        if isinstance(reply, Done | Failed):
            break
    assert isinstance(received[0], Ready)
    assert received[0].pid == process.pid
    assert isinstance(received[-1], Done), received[-1]
    assert os.getpriority(os.PRIO_PROCESS, process.pid) >= min(19, os.getpriority(os.PRIO_PROCESS, 0) + 10)
    process.stdin.close()
    assert process.wait(timeout=300) == 0


def test_leaves_when_the_app_is_gone_before_anything_was_asked(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin
    process.stdin.close()
    assert process.wait(timeout=300) == 0


def test_ctrl_c_is_the_apps_business(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin
    assert process.stdout
    next(iter(Pipe(process.stdout, process.stdin)))
    process.send_signal(signal.SIGINT)
    process.stdin.close()
    assert process.wait(timeout=300) == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (b"hello, this is no frame", "sent a frame of"),
        (HEADER.pack(5) + b"hello", "5 bytes that is no message"),
        (HEADER.pack(5) + b"hell", "ended in the middle of a frame of 5 bytes, after 4"),
        (HEADER.pack(5)[:3], "ended in the middle of a frame's length, after 3 bytes"),
    ],
)
def test_what_is_no_request_ends_it_with_a_word(process: subprocess.Popen[bytes], words: bytes, told: str) -> None:
    assert process.stdin
    process.stdin.write(words)
    process.stdin.flush()
    if "ended" not in told:  # it must leave although the pipe stays open
        assert process.wait(timeout=20) == 0
    _, log = process.communicate(timeout=20)
    assert told in log.decode()
    assert "Traceback" not in log.decode()


def test_what_a_library_prints_does_not_come_between_replies() -> None:
    code = (
        "import os\nfrom adtui.engine import process as engine\nserve = engine.serve\n"
        "def noisy(pipe):\n    print('hello', flush=True)\n    os.write(1, b'world')\n    serve(pipe)\n"
        "engine.serve = noisy\nengine.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], input=b"", capture_output=True, timeout=60, check=True)
    assert [type(reply) for reply in Pipe(io.BytesIO(done.stdout), io.BytesIO())] == [Ready]
    assert done.stderr == b"hello\nworld"


def test_a_reply_too_large_is_a_failed_request(
    opened: tuple[Engine, list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, _ = opened
    written = io.BytesIO()
    engine.send = Pipe(io.BytesIO(), written).send
    monkeypatch.setattr(pipe, "MAX_FRAME", 1000)
    engine.handle(GetView(2, Place(1, 1, 0, -1), Frame(100, 100)))
    written.seek(0)
    (reply,) = Pipe(written, io.BytesIO())
    assert isinstance(reply, Failed)
    assert (reply.id, reply.kind, reply.error.subject) == (2, "user", "ViewReady")


def test_importing_the_engine_imports_no_torch() -> None:
    assert engine_module.__name__ == "adtui.engine.process"
    code = "import sys, adtui.engine; sys.exit('torch' in sys.modules or 'textual' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
