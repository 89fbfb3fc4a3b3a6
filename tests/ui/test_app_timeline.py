"""The training run through the app: the engine answers in the test's own process."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from app_driver import screen_text, until
from checkpoints import make_run
from textual.pilot import Pilot
from training_app import app_on, step

from adtui.records.messages import OpenRun
from adtui.records.timeline_messages import FollowTraining
from adtui.ui.app import AdtuiApp
from adtui.ui.keys import TIMELINE
from adtui.ui.timeline.screen import TimelineScreen


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Steps 10, 20 and 30, all of one model."""
    directory = make_run(tmp_path_factory.mktemp("runs") / "tiny", "pre", n_transit=12, step=10)
    for later in (20, 30):
        make_run(directory, "pre", n_transit=12, step=later)
    return directory


@pytest.fixture
def run(checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(checkpoints.parent / "cache"))  # measured once for all of these
    return Path(shutil.copytree(checkpoints, tmp_path / "tiny"))


async def enter(app: AdtuiApp, pilot: Pilot[str]) -> TimelineScreen:
    await pilot.press("T")
    await until(pilot, lambda: isinstance(app.screen, TimelineScreen) and not app.jobs.newest)
    assert isinstance(app.screen, TimelineScreen)
    return app.screen


async def test_the_run_is_scrubbed_through_and_a_checkpoint_opened_at_this_head(run: Path) -> None:
    async with app_on(run) as (app, _, pilot):
        screen = await enter(app, pilot)
        assert "H/ln n · step 30 · 3/3" in screen_text(app)
        assert "last 3 episodes" in screen_text(app)
        await pilot.press("comma", "comma", "full_stop", "s", "J", "j", "l")
        await until(pilot, lambda: "newest/oldest quarter · step 20 · 2/3" in screen_text(app))
        await pilot.press("greater_than_sign", "less_than_sign", "less_than_sign", "enter")
        await until(pilot, lambda: app.screen is app.explorer and step(app) == 10 and not app.jobs.newest)
        chosen = app.explorer.presenter.selection
        assert (chosen.layer, chosen.head) == screen.state.head
        await until(pilot, lambda: "step 10" in screen_text(app))


async def test_checkpoints_one_by_one_in_the_explorer_and_back_to_the_newest(run: Path) -> None:
    async with app_on(run) as (app, engine, pilot):
        for key, expected in (("comma", 20), ("comma", 10), ("full_stop", 20)):
            await pilot.press("j", key)
            await until(pilot, lambda expected=expected: step(app) == expected and not app.jobs.newest)  # type: ignore[misc]
        assert app.explorer.presenter.selection.layer == 1
        assert engine.asked(OpenRun)[-1].path.endswith("ckpt-20.pt")
        await pilot.press("full_stop")
        await until(pilot, lambda: step(app) == 30 and not app.jobs.newest)
        assert engine.asked(OpenRun)[-1].path == str(run)
        await pilot.press("full_stop")
        await until(pilot, lambda: "this is the newest checkpoint" in screen_text(app))
        await pilot.press("comma")
        await until(pilot, lambda: step(app) == 20 and not app.jobs.newest)
        await pilot.press("r")
        await until(pilot, lambda: step(app) == 30 and not app.jobs.newest)


async def test_a_single_file_has_no_training(run: Path) -> None:
    async with app_on(run / "ckpt-20.pt") as (app, engine, pilot):
        for key in ("T", "comma", "w"):
            await pilot.press(key)
            await until(pilot, lambda: "one file was opened, not a run" in screen_text(app))
            app.clear_notifications()
        assert not engine.asked(FollowTraining)
        assert app.screen is app.explorer


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 20), (40, 10)])
async def test_it_holds_in_every_size(run: Path, size: tuple[int, int]) -> None:
    async with app_on(run, size) as (app, _, pilot):
        await enter(app, pilot)
        for key in ("1", "2", "3", "f", "escape"):
            await pilot.press(key)
            await pilot.pause()
            assert max(len(line) for line in screen_text(app).splitlines()) <= size[0]
        await pilot.press("T")
        await until(pilot, lambda: app.screen is app.explorer)


def test_every_key_of_the_table_is_pressed_above() -> None:
    shared = {"up", "k", "down", "left", "h", "right", "tab", "shift+tab", "q", "ctrl+p", "ctrl+l", "ctrl+z"} | {
        "question_mark"
    }
    pressed = set("sjl123fT") | {"comma", "full_stop", "less_than_sign", "enter", "escape", "greater_than_sign"}
    pressed |= {"equals_sign"}  # test_app_sides.py
    assert {one for key in TIMELINE for one in key.keys.split(",")} <= shared | pressed
