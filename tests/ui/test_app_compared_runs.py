"""Several runs marked in the list and compared; the engine's replies are made by hand."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from app_driver import WIDE, screen_text, until
from fake_engine import FakeEngine
from runs_data import comparison
from textual.pilot import Pilot

from adtui.files.runs import Run, list_runs
from adtui.records.compare_messages import CompareRuns, RunsCompared
from adtui.records.messages import Cancel, Cancelled, Done, OpenRun, Progress, Request
from adtui.records.side_messages import SetBeside
from adtui.ui.app import AdtuiApp
from adtui.ui.runs.keys import RUNS
from adtui.ui.runs.screen import RunsScreen
from adtui.ui.runs.state import RunsState
from adtui.ui.screens.help import HelpScreen
from adtui.ui.screens.picker import PickerScreen
from adtui.ui.sides.screen import SidesScreen

NAMES = ("AD-one", "AD-three", "AD-two")


class Comparing(FakeEngine):
    """Measures one run at once, and the others when told to."""

    def answer(self, request: Request) -> None:
        match request:
            case CompareRuns():
                progress = Progress(request.id, "2/3 rolling out", 3, 40)
                self.say(RunsCompared(request.id, comparison(request.paths, 1)), progress)
            case Cancel():
                self.say(Cancelled(request.job, "comparison"))
            case _:
                super().answer(request)

    def finish(self) -> None:
        request = self.asked(CompareRuns)[-1]
        self.say(RunsCompared(request.id, comparison(request.paths, 3)), Done(request.id, "comparison"))


@pytest.fixture
def runs(tmp_path: Path) -> tuple[Run, ...]:
    for number, name in enumerate(NAMES):
        checkpoint = tmp_path / "runs" / name / "ckpt-10000.pt"
        checkpoint.parent.mkdir(parents=True)
        checkpoint.write_bytes(b"x")
        os.utime(checkpoint, (1e9 - number, 1e9 - number))
    return list_runs(tmp_path / "runs")


@asynccontextmanager
async def compared(
    runs: tuple[Run, ...], size: tuple[int, int] = WIDE, marks: int = 3, key: str = "equals_sign"
) -> AsyncIterator[tuple[AdtuiApp, Comparing, Pilot[str]]]:
    """Runs of the list, marked and compared."""
    engine = Comparing()
    app = AdtuiApp(OpenRun(0, str(runs[0].directory.parent), samples=5), runs=runs, engine=engine)
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: isinstance(app.screen, PickerScreen) and app.alive)
        await pilot.press(*["space"] * marks, key)
        await until(pilot, lambda: marks < 2 or isinstance(app.screen, RunsScreen))
        yield app, engine, pilot


def state(app: AdtuiApp) -> RunsState:
    assert isinstance(app.screen, RunsScreen)
    return app.screen.state


@pytest.mark.parametrize("key", ["equals_sign", "enter"])
async def test_rows_come_one_by_one_and_are_sorted_and_filtered(runs: tuple[Run, ...], key: str) -> None:
    async with compared(runs, key=key) as (app, engine, pilot):
        [asked] = engine.asked(CompareRuns)
        assert [Path(path).name for path in asked.paths] == [*NAMES]
        assert asked.run.samples == 5
        await until(pilot, lambda: "1 of 1 · 2 to come" in screen_text(app) and "2/3 rolling out" in screen_text(app))
        engine.finish()
        await until(pilot, lambda: "3 of 3" in screen_text(app) and "to come" not in screen_text(app))
        assert [row.label for row in state(app).rows] == [*NAMES]
        seen = []
        for _ in state(app).orders:
            await pilot.press("o")
            seen.append((state(app).by, [row.number for row in state(app).rows]))
        assert ("last", [1, 2, 3]) in seen
        assert ("claims", [3, 2, 1]) in seen
        assert ("n_transit", [1, 2, 3]) in seen
        assert seen[-1] == ("", [1, 2, 3])
        await pilot.press("o", "O")
        await until(pilot, lambda: "step ▼" in screen_text(app))
        assert [row.number for row in state(app).rows] == [3, 2, 1]
        await pilot.press("slash", *"n_transit=80", "enter")
        await until(pilot, lambda: "1 of 3 · /n_transit=80" in screen_text(app))
        await pilot.press("Y")
        await until(pilot, lambda: app.clipboard.startswith("adtui compare "))
        assert app.clipboard.endswith("--samples 5 --sort step --reverse --filter n_transit=80")
        await pilot.press("slash", *["backspace"] * 12, *"nothing", "enter")
        await until(pilot, lambda: "no run has" in screen_text(app))


async def test_what_differs_from_the_reference_is_bold(runs: tuple[Run, ...]) -> None:
    async with compared(runs) as (app, engine, pilot):
        engine.finish()
        await until(pilot, lambda: "3 of 3" in screen_text(app))
        strips = app.screen._compositor.render_strips()
        bold = {segment.text.strip() for strip in strips for segment in strip if segment.style and segment.style.bold}
        assert {"80", "120", "0.002", "0.003"} <= bold
        assert "40" not in bold
        assert any("-2.50" in text for text in bold)


async def test_columns_and_rows_are_gone_through(runs: tuple[Run, ...]) -> None:
    async with compared(runs) as (app, engine, pilot):
        engine.finish()
        await until(pilot, lambda: "3 of 3" in screen_text(app))
        await pilot.press("j", "down", "k", "up", "j", "l", "right", "h", "left", "right")
        assert (state(app).at, state(app).first) == (1, 1)
        await until(pilot, lambda: "first episode" in screen_text(app) and "3 run · #2 AD-three" in screen_text(app))
        assert "step" not in screen_text(app).splitlines()[2]
        await pilot.press("y")
        await until(pilot, lambda: app.clipboard.startswith("number,run,path"))
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen) and "RUNS COMPARED" in screen_text(app))
        await pilot.press("escape", "2", "f")
        await until(pilot, lambda: isinstance(app.screen, RunsScreen) and app.screen.panes.full)
        await pilot.press("q", "3", "1")
        await until(pilot, lambda: isinstance(app.screen, RunsScreen) and not app.screen.panes.full)


async def test_it_goes_on_and_is_kept_while_the_app_is_open(runs: tuple[Run, ...]) -> None:
    async with compared(runs) as (app, engine, pilot):
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, PickerScreen))
        engine.finish()
        await until(pilot, lambda: not app.jobs.newest)
        await pilot.press("space", "space", "space", "equals_sign")
        await until(pilot, lambda: isinstance(app.screen, RunsScreen) and "3 of 3" in screen_text(app))
        assert len(engine.asked(CompareRuns)) == 1
        await pilot.press("j", "enter")
        await until(pilot, lambda: app.screen is app.explorer and app.explorer.presenter.view)
        assert Path(engine.asked(OpenRun)[-1].path).name == "AD-three"


async def test_x_stops_and_whole_rows_stay(runs: tuple[Run, ...]) -> None:
    async with compared(runs) as (app, engine, pilot):
        await until(pilot, lambda: "1 of 1" in screen_text(app))
        await pilot.press("x")
        await until(pilot, lambda: engine.asked(Cancel) and not app.jobs.newest)
        assert engine.asked(Cancel)[0].job == engine.asked(CompareRuns)[0].id
        assert "1 of 1 · 2 to come" in screen_text(app)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, PickerScreen))
        await pilot.press("space", "space", "space", "equals_sign")  # not all was measured: from the beginning
        await until(pilot, lambda: len(engine.asked(CompareRuns)) == 2)


async def test_two_of_them_side_by_side(runs: tuple[Run, ...]) -> None:
    async with compared(runs) as (app, engine, pilot):
        engine.finish()
        await until(pilot, lambda: "3 of 3" in screen_text(app))
        await pilot.press("equals_sign")
        await until(pilot, lambda: "choose another" in screen_text(app))
        engine.holding = (SetBeside,)
        await pilot.press("j", "equals_sign")
        await until(pilot, lambda: isinstance(app.screen, SidesScreen))
        [asked] = engine.asked(SetBeside)
        assert (Path(asked.run.path).name, Path(asked.other).name) == ("AD-one", "AD-three")


async def test_one_run_alone_is_not_compared_before_one_is_open(runs: tuple[Run, ...]) -> None:
    async with compared(runs, marks=1) as (app, engine, pilot):
        await until(pilot, lambda: "mark two runs or more" in screen_text(app))
        await pilot.press("k", "space", "enter")  # no mark any more: Enter opens as ever
        await until(pilot, lambda: engine.asked(OpenRun))
        assert not engine.asked(CompareRuns)


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 20), (40, 10)])
async def test_it_holds_in_every_size(runs: tuple[Run, ...], size: tuple[int, int]) -> None:
    async with compared(runs, size) as (app, engine, pilot):
        engine.finish()
        await until(pilot, lambda: state(app).complete)
        for key in ("1", "2", "3", "f", "tab"):
            await pilot.press(key)
            await pilot.pause()
            assert max(len(line) for line in screen_text(app).splitlines()) <= size[0]
            assert "q back" in screen_text(app)


def test_every_key_of_the_table_is_pressed_above() -> None:
    shared = {"shift+tab", "ctrl+p", "ctrl+l", "ctrl+z"}
    pressed = set("jkhloOxyYf123q") | {"up", "down", "left", "right", "slash", "enter", "escape", "equals_sign", "tab"}
    assert {one for key in RUNS for one in key.keys.split(",")} <= shared | pressed | {"question_mark"}
