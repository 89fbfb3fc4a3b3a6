"""Starts the app on a run's checkpoints, with the engine in the test's own process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from app_driver import WIDE, there, until
from direct_engine import DirectEngine
from textual.pilot import Pilot

from adtui.files.runs import find_run
from adtui.records.messages import OpenRun
from adtui.ui.app import AdtuiApp


@asynccontextmanager
async def app_on(
    path: Path, size: tuple[int, int] = WIDE, *, watch: bool = False
) -> AsyncIterator[tuple[AdtuiApp, DirectEngine, Pilot[str]]]:
    """The app with a run open and analysed."""
    engine = DirectEngine()
    request = OpenRun(0, str(path), samples=2, device="cpu")
    app = AdtuiApp(request, find_run(path), engine=engine, watch=watch)
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: app.explorer.presenter.view is not None and not app.jobs.newest)
        yield app, engine, pilot


def step(app: AdtuiApp) -> int:
    """Of the checkpoint on display."""
    return there(app.opened).step
