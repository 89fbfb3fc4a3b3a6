"""A session recorded, read back without its checkpoint, and computed anew."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from app_driver import WIDE, screen_text, until
from checkpoints import make_run
from direct_engine import DirectEngine
from fake_engine import FakeEngine, head_stats, run_info

from adtui.cli.main import main
from adtui.engine.verified import difference
from adtui.files.recorded_answers import epochs
from adtui.files.session_file import SessionWriter, read_session
from adtui.records.errors import CheckpointError, ExportError, ReportError
from adtui.records.messages import Failed, OpenRun, StatsReady
from adtui.records.portable import PortableError, from_plain, to_plain
from adtui.ui.app import AdtuiApp
from adtui.ui.recording import RecordedApp, RecordingLink
from adtui.ui.replaying import ReplayApp, ReplayLink

KEYS = ("right", "right", "down", "s", "n", "p", "left")


async def record(path: Path, engine: FakeEngine, request: OpenRun) -> list[str]:
    """Press KEYS while everything is recorded; the screen after each."""
    link = RecordingLink(engine, SessionWriter(path))
    screens = await _walked(RecordedApp(request, engine=link))
    assert link.problem == ""
    return screens


async def _walked(app: AdtuiApp) -> list[str]:
    screens: list[str] = []
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: app.explorer.presenter.view is not None and not app.jobs.newest)
        for key in KEYS:
            await pilot.press(key)
            await pilot.pause()
            await until(pilot, lambda: app.explorer.presenter.view is not None and not app.explorer.presenter.waiting)
            screens.append(screen_text(app))
    return screens


def _without_note(screen: str) -> str:
    """The first line is the status, whose right end says that it is a replay."""
    return screen.partition("\n")[2]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("runs") / "tiny", "pre", n_transit=12)


@pytest.fixture(scope="module")
def session(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sessions") / "session.adtui"
    asyncio.run(record(path, DirectEngine(), OpenRun(0, str(run), samples=3, device="cpu")))
    return path


async def test_a_replay_shows_what_was_shown_without_the_run(tmp_path: Path) -> None:
    path = tmp_path / "session.adtui"
    recorded = await record(path, FakeEngine(), OpenRun(0, "runs/latest"))
    link = ReplayLink(read_session(path), str(path))
    app = ReplayApp(link.request, engine=link)
    replayed = await _walked(app)
    assert [_without_note(screen) for screen in replayed] == [_without_note(screen) for screen in recorded]
    assert all("replay: read only" in screen for screen in replayed)


async def test_another_terminal_size_shows_the_same_pictures(tmp_path: Path) -> None:
    path = tmp_path / "session.adtui"
    await record(path, FakeEngine(), OpenRun(0, "runs/latest"))
    link = ReplayLink(read_session(path), str(path))
    app = ReplayApp(link.request, engine=link)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.explorer.presenter.view is not None and not app.explorer.presenter.waiting)
        assert "found nothing" not in screen_text(app)


async def test_what_was_not_recorded_says_so(tmp_path: Path) -> None:
    path = tmp_path / "session.adtui"
    await record(path, FakeEngine(), OpenRun(0, "runs/latest"))
    link = ReplayLink(read_session(path), str(path))
    app = ReplayApp(link.request, engine=link)
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: app.explorer.presenter.view is not None and not app.jobs.newest)
        await pilot.press("down", "down")
        await until(pilot, lambda: "found nothing on this" in screen_text(app))
        await pilot.press("e")
        await until(pilot, lambda: "that failed" in screen_text(app))


async def test_the_file_names_its_checkpoint_and_its_keys(
    session: Path, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded = read_session(session)
    assert recorded.whole
    assert [value for kind, value in recorded.events if kind == "key"] == list(KEYS)
    assert {value.sample for kind, value in recorded.events if isinstance(value, StatsReady)} == {0, 1}
    assert main(["replay", str(session)]) == 0
    out = capsys.readouterr().out
    assert f"{len(KEYS)} keys, 1 opening of a run" in out
    assert "run         tiny" in out
    assert main(["provenance", str(session)]) == 0
    assert "made by" in capsys.readouterr().out
    assert session.stat().st_size < 60_000


async def test_verify_finds_the_same_and_what_is_not(
    session: Path, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", str(session), "--verify"]) == 0
    out = capsys.readouterr().out
    assert "checkpoint: the same\n" in out
    assert ", 0 differ" in out
    assert int(out.splitlines()[1].split()[0]) > 5
    other = make_run(tmp_path / "other", "pre", n_transit=12, seed=1)
    assert main(["replay", str(session), "--verify", "--at", str(other)]) == 1
    out = capsys.readouterr().out
    assert "checkpoint: another\n" in out
    assert "statistics of sample 0: plain." in out
    assert main(["replay", str(session), "--verify", "--at", str(tmp_path / "nowhere")]) == 2
    assert "found nothing" in capsys.readouterr().err


@pytest.mark.parametrize(
    "value",
    [
        run_info(),
        head_stats(3),
        float("nan"),
        float("-inf"),
        (1, "é", None, True, [2.5], {"a": (1,), 2: "b"}),
        frozenset({3, 1}),
        np.array([[1.5, np.nan]], np.float32),
        np.zeros((0, 3), np.int64),
        np.array([True, False]),
    ],
)
def test_records_come_back_as_they_were(value: Any) -> None:
    back = from_plain(json.loads(json.dumps(to_plain(value))))
    assert type(back) is type(value)
    assert difference(value, back) is None
    if isinstance(value, np.ndarray):
        assert back.dtype == value.dtype


def test_errors_come_back_as_they_were() -> None:
    error = CheckpointError("file", expected="a", found="b", action="c")
    back = from_plain(to_plain(Failed(3, error)))
    assert (type(back.error), str(back.error)) == (CheckpointError, str(error))


@pytest.mark.parametrize(
    "value",
    [
        [],
        ["x"],
        ["f"],
        ["a"],
        ["a", "<f8"],
        ["e"],
        ["r"],
        ["r", "Sample"],
        {"a": 1},
        ["r", "Popen", {}],
        ["r", "Sample", {"label": 1}],
        ["r", "OpenRun", []],
        ["e", "Exception", "a", "b", "c", "d"],
        ["e", "os", "a", "b", "c", "d"],
        ["a", "|O", [1], "AAAA"],
        ["a", "<f8", [2], "AAAA"],
        ["a", "<f8", [-1], ""],
        ["a", "<f8", [0], "?"],
        ["d", 1],
        ["s", ["l"]],
        ["r", "Place", {"sample": "0", "layer": 0, "head": 0, "query": 0}],
        ["r", "Place", {"sample": True, "layer": 0, "head": 0, "query": 0}],
        ["r", "Progress", {"id": 1, "what": 3, "done": 1, "total": 2}],
        ["r", "SamplesAdded", {"id": 1, "more": ["t"]}],
        ["r", "Exported", {"id": 1, "directory": "d", "paths": ["t", 1]}],
        ["r", "Exported", {"id": 1, "directory": "d", "paths": ["l", "a"]}],
    ],
)
def test_nothing_else_is_made_of_a_file(value: Any) -> None:
    with pytest.raises(PortableError):
        from_plain(value)


async def test_a_session_that_was_cut_off_is_read_as_far_as_it_goes(session: Path, tmp_path: Path) -> None:
    whole, cut = session.read_bytes(), tmp_path / "cut.adtui"
    cut.write_bytes(whole[: len(whole) * 9 // 10])
    recorded = read_session(cut)
    assert not recorded.whole
    kinds = [kind for kind, _ in read_session(session).events]
    assert [kind for kind, _ in recorded.events] == kinds[: len(recorded.events)]
    assert 10 < len(recorded.events) < len(kinds)
    assert epochs(recorded, cut)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda _: b"", "found another kind of file"),
        (lambda _: b"PK\x03\x04", "found another kind of file"),
        (lambda whole: whole[:300] + bytes(50) + whole[350:], "damage"),
        (lambda _: gzip.compress(b'{"schema": "other"}\n'), "found another kind of file"),
        (lambda _: gzip.compress(b'{"schema": "adtui.session/1"}\n'), "one in which no run was opened"),
        (lambda _: gzip.compress(b'{"schema": "adtui.session/1"}\n[1]\n'), "damage in line 2"),
        (lambda _: gzip.compress(b'{"ask": ["r", "Popen", {}]}\n'), "damage in line 1"),
        (lambda _: gzip.compress(b"[" * 100_000 + b"\n"), "damage in line 1"),
    ],
)
async def test_a_file_that_is_none_is_one_line_and_exit_2(
    session: Path,
    tmp_path: Path,
    damage: Callable[[bytes], bytes],
    told: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "damaged"
    path.write_bytes(damage(session.read_bytes()))
    assert main(["replay", str(path)]) == 2
    err = capsys.readouterr().err
    assert told in err
    assert err.count("\n") == 1


def test_a_recording_never_replaces_a_file(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("notes")
    with pytest.raises(ExportError, match="expected no file there yet"):
        SessionWriter(tmp_path / "there")
    with pytest.raises(ExportError, match="a file to record into"):
        SessionWriter(tmp_path / "none" / "here")
    with pytest.raises(ReportError, match="check the path"):
        read_session(tmp_path / "nowhere")


async def test_a_full_disk_ends_the_recording_and_not_the_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = SessionWriter(tmp_path / "session.adtui")
    link = RecordingLink(FakeEngine(), writer)

    def full(content: bytes) -> None:
        raise ExportError(tmp_path, expected="a file to record into", found="No space left", action="write elsewhere")

    monkeypatch.setattr(writer, "_put", full)
    assert len(await _walked(RecordedApp(OpenRun(0, "runs/latest"), engine=link))) == len(KEYS)
    assert link.problem.startswith("the recording ended early: ")


def test_nothing_is_recorded_without_a_terminal(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(run), "--record", str(tmp_path / "session")]) == 2
    assert "--record: expected a terminal, found none" in capsys.readouterr().err
    assert not (tmp_path / "session").exists()
