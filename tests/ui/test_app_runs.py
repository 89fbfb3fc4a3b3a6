"""Choosing a run, and noticing that it has gone on."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from app_driver import WIDE, opened, screen_text, until
from fake_engine import FakeEngine

from adtui.files.runs import Run, find_run, list_runs
from adtui.records.errors import CheckpointError
from adtui.records.list_messages import Describe
from adtui.records.messages import OpenRun, Request
from adtui.ui.app import AdtuiApp
from adtui.ui.renderables.runs_table import COLUMNS, age
from adtui.ui.screens.help import HelpScreen
from adtui.ui.screens.picker import PickerScreen


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


def times(engine: FakeEngine, kind: type[Request], count: int) -> Callable[[], bool]:
    """Whether something has been asked so often."""
    return lambda: len(engine.asked(kind)) == count


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
        assert "10000" in screen_text(app)
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


async def test_the_list_explains_its_keys(runs: tuple[Run, ...]) -> None:
    app = AdtuiApp(OpenRun(0, "runs"), runs=runs, engine=FakeEngine())
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: isinstance(app.screen, PickerScreen))
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        await until(pilot, lambda: "LIST OF RUNS (R)" in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, PickerScreen))
        await pilot.press("slash", "question_mark")
        assert isinstance(app.screen, PickerScreen)


async def test_the_list_fills_with_what_the_engine_says(runs: tuple[Run, ...]) -> None:
    engine = FakeEngine()
    engine.holding = (Describe,)
    app = AdtuiApp(OpenRun(0, "runs"), runs=runs, engine=engine)
    async with app.run_test(size=WIDE) as pilot:
        for count in range(1, 4):  # one at a time: whoever chooses meanwhile does not wait for all of them
            await until(pilot, times(engine, Describe, count))
            assert screen_text(app).count("encoder · pre-norm") == count - 1
            engine.release(engine.asked(Describe)[-1])
        await until(pilot, lambda: screen_text(app).count("encoder · pre-norm") == 3)
        assert [Path(asked.path).name for asked in engine.asked(Describe)] == ["AD-one", "AD-two", "other"]


async def test_sorted_by_every_column_and_turned_round(runs: tuple[Run, ...]) -> None:
    app = AdtuiApp(OpenRun(0, "runs"), runs=runs, engine=FakeEngine())
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: screen_text(app).count("encoder") == 3)
        seen = []
        for _ in COLUMNS:
            await pilot.press("o")
            await pilot.pause()
            seen.append(screen_text(app).splitlines()[1].split())
        assert [line[line.index(sign) - 1] for line in seen for sign in "▲▼" if sign in line] == [*COLUMNS]
        await pilot.press("o", "O")  # by name, from the end
        await pilot.pause()
        lines = screen_text(app).splitlines()
        assert "run ▼" in lines[1]
        assert [line.split()[0] for line in lines[2:5]] == ["other", "AD-two", "AD-one"]
        await pilot.press("enter")
        await until(pilot, lambda: app.watched and app.watched.name == "AD-one")  # where the highlight was


async def test_a_run_that_does_not_open_leaves_the_choice(runs: tuple[Run, ...]) -> None:
    engine = FakeEngine()
    engine.user_error = CheckpointError("f", expected="a checkpoint", found="garbage", action="copy it again")
    app = AdtuiApp(OpenRun(0, "runs"), runs=runs, engine=engine)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await until(pilot, lambda: isinstance(app.screen, PickerScreen) and app.alive)
        await pilot.press("enter")
        await until(pilot, lambda: "found garbage" in screen_text(app))
        assert isinstance(app.screen, PickerScreen)
        engine.user_error = None
        await pilot.press("j", "enter")
        await until(pilot, lambda: app.screen is app.explorer and app.explorer.presenter.view)
        assert Path(engine.asked(OpenRun)[-1].path).name == "AD-two"


async def test_back_to_the_list_and_to_another_run(runs: tuple[Run, ...]) -> None:
    engine = FakeEngine()
    first = OpenRun(0, str(runs[0].directory), samples=7, heads=2, histories="h.hdf5")
    app = AdtuiApp(first, runs[0], engine=engine)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await until(pilot, lambda: app.explorer.presenter.view is not None and not app.jobs.newest)
        await pilot.press("R")
        await until(pilot, lambda: isinstance(app.screen, PickerScreen) and "Esc back" in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.explorer)
        assert len(engine.asked(OpenRun)) == 1
        for keys, name, heads in [(("R", "j", "enter"), "AD-two", None), (("R", "k", "enter"), "AD-one", 2)]:
            count = len(engine.asked(OpenRun))
            await pilot.press(keys[0])
            await until(pilot, lambda: isinstance(app.screen, PickerScreen))
            await pilot.press(*keys[1:])
            await until(pilot, times(engine, OpenRun, count + 1))
            asked = engine.asked(OpenRun)[-1]
            assert (Path(asked.path).name, asked.heads, asked.samples) == (name, heads, 7)
            await until(pilot, lambda: app.opening == app.shown)


async def test_another_run_that_does_not_open_leaves_the_one_on_display(runs: tuple[Run, ...]) -> None:
    engine = FakeEngine()
    app = AdtuiApp(OpenRun(0, str(runs[0].directory)), runs[0], engine=engine)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await until(pilot, lambda: app.explorer.presenter.view is not None and not app.jobs.newest)
        engine.user_error = CheckpointError("f", expected="a checkpoint", found="garbage", action="copy it again")
        await pilot.press("R")
        await until(pilot, lambda: isinstance(app.screen, PickerScreen))
        await pilot.press("j", "enter")
        await until(pilot, lambda: "found garbage" in screen_text(app))
        await pilot.press("escape")
        assert (app.request.path, app.watched) == (str(runs[0].directory), runs[0])
        assert app.opening == app.shown


async def test_no_other_runs(tmp_path: Path, runs: tuple[Run, ...]) -> None:
    alone = tmp_path / "elsewhere" / "one"
    (runs[0].directory).rename(tmp_path / "moved")
    alone.mkdir(parents=True)
    (alone / "ckpt-1.pt").write_bytes(b"x")
    async with opened() as (app, _, pilot):
        app.request = OpenRun(0, str(alone))
        await pilot.press("R")
        await until(pilot, lambda: "no other runs in" in screen_text(app))


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
