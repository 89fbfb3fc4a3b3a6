"""Choosing a run, and noticing that it has gone on."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from app_driver import WIDE, opened, screen_text, until
from fake_engine import FakeEngine

from adtui.files.runs import Run, find_run, list_runs
from adtui.records.messages import OpenRun
from adtui.ui.app import AdtuiApp
from adtui.ui.screens.picker import PickerScreen, age


@pytest.fixture
def runs(tmp_path: Path) -> tuple[Run, ...]:
    """Three runs; the contents of their checkpoints don't matter here."""
    for number, name in enumerate(("AD-one", "AD-two", "other")):
        directory = tmp_path / "runs" / name
        directory.mkdir(parents=True)
        for step in (9000, 10000):
            checkpoint = directory / f"ckpt-{step}.pt"
            checkpoint.write_bytes(b"x")
            os.utime(checkpoint, (1e9 - number, 1e9 - number))
    return list_runs(tmp_path / "runs")


@pytest.mark.parametrize(
    ("keys", "chosen"),
    [
        (["enter"], "AD-one"),
        (["j", "enter"], "AD-two"),
        (["j", "j", "k", "enter"], "AD-two"),
        (["down", "down", "enter"], "other"),
        (["slash", *"TWO", "enter"], "AD-two"),
        (["slash", *"AD", "enter", "j", "enter"], "AD-two"),
        (["slash", *"two", "escape", "enter"], "AD-one"),
    ],
)
async def test_the_picker_opens_the_chosen_run(runs: tuple[Run, ...], keys: list[str], chosen: str) -> None:
    engine = FakeEngine()
    app = AdtuiApp(OpenRun(0, "runs"), runs=runs, engine=engine)
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: isinstance(app.screen, PickerScreen) and engine.starts)
        assert "step 10000" in screen_text(app)
        assert not engine.asked(OpenRun)
        await pilot.press(*keys)
        await until(pilot, lambda: engine.asked(OpenRun))
        assert Path(engine.asked(OpenRun)[0].path).name == chosen
        await until(pilot, lambda: app.screen is app.explorer and app.explorer.presenter.view)


async def test_q_leaves_the_picker_without_a_run(runs: tuple[Run, ...]) -> None:
    engine = FakeEngine()
    app = AdtuiApp(OpenRun(0, "runs"), runs=runs, engine=engine)
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: isinstance(app.screen, PickerScreen))
        await pilot.press("q")
        await until(pilot, lambda: not app.is_running)
    assert not engine.asked(OpenRun)
    assert engine.closed


async def test_a_newer_checkpoint_is_noticed_and_r_takes_it(runs: tuple[Run, ...]) -> None:
    async with opened() as (app, engine, pilot):
        app.watched = find_run(runs[0].directory)
        assert app.opened is not None
        app.opened = replace(app.opened, step=10000)
        app.look_for_newer()
        await app.workers.wait_for_complete([w for w in app.workers if w.group == "watch"])
        assert "is there" not in screen_text(app)
        (runs[0].directory / "ckpt-11000.pt").write_bytes(b"x")
        app.look_for_newer()
        await until(pilot, lambda: "step 11000 is there: r" in screen_text(app))
        await pilot.press("r")
        await until(pilot, lambda: len(engine.asked(OpenRun)) == 2)
        await until(pilot, lambda: "is there" not in screen_text(app))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(5, "just now"), (60, "1 minute ago"), (7300, "2 hours ago"), (86400 * 3, "3 days ago")],
)
def test_age(seconds: float, text: str) -> None:
    assert age(seconds) == text
