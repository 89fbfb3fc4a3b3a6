"""The app on a model whose states and actions are vectors, with the real engine behind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from app_driver import WIDE, screen_text, until
from direct_engine import DirectEngine
from references import llama_vectors
from textual.pilot import Pilot

from adtui.records.messages import OpenRun
from adtui.ui.app import AdtuiApp


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("vectors")
    llama_vectors.write_histories(root / "datasets/reach-v2/test" / llama_vectors.FILE)
    made: Path = llama_vectors.make_run(root / "runs/AD-ml1-reach-v2", learn_var=False)
    return made


@asynccontextmanager
async def opened(run: Path, size: tuple[int, int]) -> AsyncIterator[tuple[AdtuiApp, Pilot[str]]]:
    app = AdtuiApp(OpenRun(0, str(run), samples=2), engine=DirectEngine())
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: app.explorer.presenter.view is not None and not app.jobs.newest)
        await pilot.pause()
        yield app, pilot


async def test_a_knock_out_says_numbers_and_what_they_are_measured_by(run: Path) -> None:
    async with opened(run, WIDE) as (app, pilot):
        actions = app.explorer.panes.actions
        await until(pilot, lambda: actions.shown is not None)
        assert "7 actions" in screen_text(app)
        assert "a0 " in screen_text(app)
        await pilot.press("2", "x")
        await until(pilot, lambda: "squared distance" in screen_text(app))
        assert actions.shown is not None
        assert actions.shown.without is not None
        await pilot.press("escape", "o")
        await until(pilot, lambda: "sq. dist. hidden" in screen_text(app))


async def test_the_map_shows_numbers_where_there_are_no_cells(run: Path) -> None:
    async with opened(run, WIDE) as (app, pilot):
        await pilot.press("v")
        await until(pilot, lambda: "no floor plan" in screen_text(app))
        assert "a2 " in screen_text(app)


@pytest.mark.parametrize("size", [(80, 24), (60, 20), (40, 10)])
async def test_small_terminals_hold_it(run: Path, size: tuple[int, int]) -> None:
    async with opened(run, size) as (app, pilot):
        await pilot.press("7")
        await until(pilot, lambda: "7 actions" in screen_text(app))
        assert all(len(line) <= size[0] for line in screen_text(app).splitlines())
