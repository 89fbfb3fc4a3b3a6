"""Esc and `r` in the app: what was stopped says so and goes on, a reload that fails changes nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from app_driver import opened, screen_text, there, until
from fake_engine import FakeEngine, insight, sample_stats
from test_app_engine import GARBAGE
from textual.pilot import Pilot

from adtui.files.runs import find_run
from adtui.records.errors import EngineError
from adtui.records.insight import Placebo
from adtui.records.messages import (
    Cancel,
    Cancelled,
    Done,
    Failed,
    InsightFound,
    OpenRun,
    PlaceboReady,
    Progress,
    Request,
    Resume,
    StatsReady,
)
from adtui.ui.app import AdtuiApp
from adtui.ui.messages import EngineDied
from adtui.ui.screens.dialog import Dialog


class SlowEngine(FakeEngine):
    """Stops an analysis when told to."""

    def answer(self, request: Request) -> None:
        if isinstance(request, Cancel):
            self.say(Cancelled(request.job, "analysis"))
        else:
            super().answer(request)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    directory = tmp_path / "runs" / "AD-one"
    directory.mkdir(parents=True)
    (directory / "ckpt-1000.pt").write_bytes(b"x")
    return directory


def under_way(app: AdtuiApp) -> int:
    """As if the analysis had not ended; returns the request that it is of."""
    app._analysed = False
    app.jobs.begin(there(app.shown), "analysis")
    return there(app.shown)


async def stopped(app: AdtuiApp, engine: SlowEngine, pilot: Pilot[str], run: Path) -> int:
    """Esc in the middle of an analysis; returns the request that it was of."""
    app.watched = find_run(run)
    number = engine.asked(OpenRun)[0].id
    under_way(app)
    engine.say(Progress(number, "analysis", 6, 18, 2.0))
    await until(pilot, lambda: there(app.jobs.progress).done == 6)
    await pilot.press("escape")
    await until(pilot, lambda: "stopped at 6/18 analysis: r resumes" in screen_text(app))
    assert screen_text(app).count("not all tested: stopped") == 2  # of the model and of its heads
    return number


async def test_what_was_stopped_says_so_and_r_goes_on(run: Path) -> None:
    async with opened(SlowEngine()) as (app, engine, pilot):
        assert isinstance(engine, SlowEngine)
        await stopped(app, engine, pilot, run)
        await pilot.press("r")
        await until(pilot, lambda: engine.asked(Resume))
        (resume,) = engine.asked(Resume)
        await until(pilot, lambda: "r resumes" not in screen_text(app))
        assert len(engine.asked(OpenRun)) == 1
        assert "testing …" in screen_text(app)
        engine.say(StatsReady(resume.id, 2, sample_stats(2)), InsightFound(resume.id, insight(layer=0)))
        await until(pilot, lambda: len(app.explorer.panes.insights.insights) == 2)
        engine.say(Done(resume.id, "analysis"))
        await until(pilot, lambda: not app.jobs.newest)
        await pilot.press("r")
        await until(pilot, lambda: "no newer checkpoint than step 1000" in screen_text(app))
        assert len(engine.asked(Resume)) == 1


@pytest.mark.parametrize("end", ["stopped", "failed", "engine gone"])
async def test_an_analysis_that_did_not_end_has_found_no_evidence_of_nothing(run: Path, end: str) -> None:
    async with opened(SlowEngine()) as (app, engine, pilot):
        assert isinstance(engine, SlowEngine)
        if end == "stopped":
            await stopped(app, engine, pilot, run)
        elif end == "failed":
            engine.say(Failed(under_way(app), GARBAGE, "memory"))
        else:
            under_way(app)
            app.post_message(EngineDied("killed"))
        said = "not all tested: stopped"
        strip = app.explorer.panes.answer
        await until(pilot, lambda: [line.parts[0].text for line in there(strip.answer)[:2]] == [said] * 2)


async def test_once_all_is_tested_esc_ends_the_redraws_alone(run: Path) -> None:
    async with opened(SlowEngine()) as (app, engine, pilot):
        assert isinstance(engine, SlowEngine)
        app.watched = find_run(run)
        number = under_way(app)
        engine.say(PlaceboReady(number, Placebo(8, 0, 0, 0)), Progress(number, "redraws", 3, 20))
        await until(pilot, lambda: there(app.jobs.progress).what == "redraws")
        assert "testing …" not in screen_text(app)
        await pilot.press("escape")
        await until(pilot, lambda: not app.jobs.newest)
        assert "stopped" not in str(app.explorer.panes.insights.border_title)
        await pilot.press("r")
        await until(pilot, lambda: "no newer checkpoint than step 1000" in screen_text(app))


async def test_r_during_the_analysis_says_that_nothing_is_newer(run: Path) -> None:
    async with opened(SlowEngine()) as (app, engine, pilot):
        app.watched = find_run(run)
        under_way(app)
        await pilot.press("r")
        await until(pilot, lambda: "this one is being analysed" in screen_text(app))
        assert len(engine.asked(OpenRun)) == 1


async def test_a_reload_that_fails_goes_on_with_what_is_open(run: Path) -> None:
    async with opened(SlowEngine()) as (app, engine, pilot):
        app.watched = find_run(run)
        first = under_way(app)
        (run / "ckpt-2000.pt").write_bytes(b"x")
        engine.holding = (OpenRun,)
        await pilot.press("r")
        await until(pilot, lambda: len(engine.asked(OpenRun)) == 2)
        engine.say(Failed(engine.asked(OpenRun)[1].id, GARBAGE, "user"))
        await until(pilot, lambda: isinstance(app.screen, Dialog))
        await pilot.press("escape")
        engine.say(Progress(first, "analysis", 7, 18, 2.0), InsightFound(first, insight(layer=0)))
        await until(pilot, lambda: len(app.explorer.panes.insights.insights) == 2)
        assert app.opening == app.shown == first
        assert there(app.jobs.progress).done == 7


async def test_a_run_that_is_gone_from_the_disk_is_called_gone(run: Path) -> None:
    async with opened(SlowEngine()) as (app, _engine, pilot):
        app.watched = find_run(run)
        app.opened = replace(there(app.opened), step=1000)
        app.look_for_newer()
        await app.workers.wait_for_complete([w for w in app.workers if w.group == "watch"])
        (run / "ckpt-1000.pt").unlink()
        app.look_for_newer()
        await until(pilot, lambda: "its checkpoints are gone from the disk" in screen_text(app))


async def test_an_analysis_that_failed_goes_on_and_may_lose_its_engine(run: Path) -> None:
    async with opened(SlowEngine()) as (app, engine, pilot):
        app.watched = find_run(run)
        error = EngineError("engine", expected="to answer", found="ValueError", action="report it")
        engine.say(Failed(under_way(app), error, "bug"))
        await until(pilot, lambda: isinstance(app.screen, Dialog))
        await pilot.press("escape")
        await until(pilot, lambda: "r resumes" in screen_text(app))
        assert "not all tested: stopped" in screen_text(app)
        await pilot.press("r")
        await until(pilot, lambda: "testing …" in screen_text(app))
        engine.die("it left with exit code 1")
        await until(pilot, lambda: isinstance(app.screen, Dialog))
        await pilot.press("escape")
        await until(pilot, lambda: "not all tested: stopped" in screen_text(app))
