"""Starts the app on the fake engine and waits on what it does, never on the clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from fake_engine import FakeEngine
from textual.pilot import Pilot
from textual.screen import Screen

from adtui.records.messages import OpenRun
from adtui.ui.app import AdtuiApp
from adtui.ui.widgets.pane_stack import PaneStack

LONGEST = 300.0
"""Seconds: it bounds a hang and measures nothing."""
WIDE = (120, 40)
Value = TypeVar("Value")


def there(value: Value | None) -> Value:
    """What has come by now."""
    assert value is not None
    return value


async def until(pilot: Pilot[str], condition: Callable[[], object]) -> None:
    """Let messages be handled until the condition holds, and then until all that it brings is on the screen."""
    delay = 0.001
    async with asyncio.timeout(LONGEST):
        while not condition():
            await pilot.pause(delay)
            delay = min(2 * delay, 0.05)  # what takes longer needs the processor more than we do
    if pilot.app.is_running:
        await pilot.pause()


@asynccontextmanager
async def opened(
    engine: FakeEngine | None = None, size: tuple[int, int] = WIDE, **options: Any
) -> AsyncIterator[tuple[AdtuiApp, FakeEngine, Pilot[str]]]:
    """The app with a run open and everything that it asked for answered."""
    engine = engine or FakeEngine()
    app = AdtuiApp(OpenRun(0, "runs/latest"), engine=engine, **options)
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: app.explorer.presenter.view is not None and not app.jobs.newest)
        await pilot.pause()
        yield app, engine, pilot


def shows(app: AdtuiApp, text: str) -> bool:
    """Whether a text is on the screen."""
    return text in screen_text(app)


def cut(screen: Screen[object]) -> Iterator[str]:
    """Titles and legends of panes that their borders have no room for, and titles without the pane's number."""
    for panes in screen.query(PaneStack):
        for index, pane in enumerate(panes.all):
            if not pane.display or not pane.size or panes.has_class("-short"):
                continue  # a short screen has no borders
            if not str(pane.border_title).startswith(str(index + 1)):
                yield f"{pane} is not entitled"
            for label in (pane._border_title, pane._border_subtitle):
                if label is not None and label.cell_length > pane.outer_size.width - 4:
                    yield f"{label.plain} in {pane.outer_size.width} columns"


def screen_text(app: AdtuiApp) -> str:
    """What is on the screen."""
    lines = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in line) for line in lines)
