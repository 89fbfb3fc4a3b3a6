"""A pilot that goes on when nothing is left to do, however busy the machine is."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import textual.notifications
from app_driver import LONGEST
from textual._context import active_app
from textual.app import App


async def nothing_left(_least: float = 0, _most: float = 1) -> None:
    """Until every task waits for what only an answer, a thread or the user can bring, and the screen is painted."""
    ready = asyncio.get_running_loop()._ready  # type: ignore[attr-defined]
    async with asyncio.timeout(LONGEST):
        while True:
            await asyncio.sleep(0)
            if ready:
                continue
            app = active_app.get(None)
            if app is None or not unpainted(app):
                return
            await asyncio.sleep(0.001)


def unpainted(app: App[Any]) -> bool:
    """Whether one of Textual's timers will lay out, resize or repaint."""
    if app._resize_event is not None or app._resize_timer is not None:
        return True
    if not app._screen_stack or app._batch_count or not app.screen.is_current:
        return False
    screen = app.screen
    return bool(
        screen._layout_required
        or screen._scroll_required
        or screen._repaint_required
        or screen._recompose_required
        or screen._dirty_widgets
        or screen._callbacks
    )


@pytest.fixture(autouse=True)
def patient_pilot(monkeypatch: pytest.MonkeyPatch) -> None:
    """Textual's pilot goes on once the process has used little CPU time for 20 ms, as a starved one does too."""
    monkeypatch.setattr("textual.app.wait_for_idle", nothing_left)
    monkeypatch.setattr("textual.pilot.wait_for_idle", nothing_left)


@pytest.fixture(autouse=True)
def lasting_notifications(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is told stays on the screen: a test that was held up for seconds would find it gone."""
    monkeypatch.setattr(textual.notifications.Notification, "time_left", 3600.0)
