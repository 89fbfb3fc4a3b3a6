"""A picture that the terminal keeps is right after everything that can happen around it, and is not sent twice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from app_driver import until
from picture_terminal import NOTHING, PictureTerminal
from screen_engine import ScreenEngine
from textual._compositor import CompositorUpdate, LayoutUpdate
from textual.app import App
from textual.pilot import Pilot
from textual.screen import Screen

import adtui.ui.app
from adtui.records.messages import OpenRun
from adtui.ui.app import AdtuiApp
from adtui.ui.lab.screen import LabScreen
from adtui.ui.renderables.colors import choose_table
from adtui.ui.screens.dialog import Dialog
from adtui.ui.screens.help import HelpScreen
from adtui.ui.terminal.changed_cells import _Thrifty
from adtui.ui.terminal.graphics_layer import GraphicsLayer
from adtui.ui.terminal.graphics_probe import KITTY, SIXEL
from adtui.ui.terminal.shadow import Shadow

CELL = (5, 10)
WIDE, FOLDED, TINY = (104, 34), (80, 24), (30, 8)
Do = Callable[["Pictured", Pilot[str]], Awaitable[None]]


class Emulated(App[str]):
    """Feeds what the driver would be given to a terminal with pictures."""

    terminal: PictureTerminal

    def _display(self, screen: Any, renderable: Any) -> None:
        if isinstance(renderable, CompositorUpdate) and not self._batch_count:
            self.terminal.feed(renderable.render_segments(self.console))


class Pictured(AdtuiApp, Emulated):
    """The whole app, whose terminal has answered that it shows pictures."""

    CSS_PATH = str(Path(adtui.ui.app.__file__).with_name("adtui.tcss"))

    def __init__(self, protocol: str) -> None:
        super().__init__(OpenRun(0, "runs/latest"), engine=ScreenEngine())
        self.terminal = PictureTerminal(*WIDE, CELL)
        self.color_table = choose_table("truecolor", utf8=True)
        self.layer = GraphicsLayer(protocol, CELL, always=True)

    def resized(self, size: tuple[int, int]) -> None:
        """The terminal has other cells. It keeps images, and what lies where is anybody's guess."""
        before, self.terminal = self.terminal, PictureTerminal(*size, CELL)
        self.terminal.images = before.images
        moved = {key: (x + 30, y + 50, *rest) for key, (x, y, *rest) in before.placed.items()}
        within = size[0] * CELL[0], size[1] * CELL[1]
        self.terminal.placed = {
            key: (x, y, left, top, width, height, *rest)
            for key, (x, y, left, top, width, height, *rest) in moved.items()
            if x + width <= within[0] and y + height <= within[1]
        }

    def sent(self) -> bool:
        """Whether kitty was sent the picture since the last call; a ring around one weight is sent as another image."""
        found = [command for command in self.terminal.commands if command["a"] == "t" and int(command["i"]) % 2]
        self.terminal.commands.clear()
        return bool(found)


def assert_right(app: Pictured, what: str) -> None:
    """The terminal shows what one does that is sent this one screen, and nothing before it."""
    assert app.layer is not None
    layer = GraphicsLayer(app.layer.protocol, CELL, always=True)
    layer.graphic, layer.weight, layer.origin = app.layer.graphic, app.layer.weight, app.layer.origin
    update = app.screen._compositor.render_update(full=True, screen_stack=app._background_screens)
    assert isinstance(update, LayoutUpdate)
    fresh = PictureTerminal(*app.size, CELL)
    shadow = Shadow(*app.size)
    fresh.feed(_Thrifty(update, shadow, app.plain, app.sent_colors, app.inks, layer).render_segments(app.console))
    np.testing.assert_array_equal(app.terminal.shown(), fresh.shown(), what)


def seen(app: Pictured) -> bool:
    """Whether a picture is on display."""
    return bool((app.terminal.shown() != NOTHING).any())


async def settled(app: Pictured, pilot: Pilot[str]) -> None:
    await until(pilot, lambda: app.explorer.presenter.view is not None and not app.explorer.presenter.waiting)
    await until(pilot, lambda: app.jobs.newest is None)
    await pilot.pause()


def press(*keys: str) -> Do:
    async def do(app: Pictured, pilot: Pilot[str]) -> None:
        await pilot.press(*keys)
        await settled(app, pilot)

    return do


def resize(*size: int) -> Do:
    async def do(app: Pictured, pilot: Pilot[str]) -> None:
        width, height = size
        app.resized((width, height))
        await pilot.resize_terminal(width, height)
        await until(pilot, lambda: app.size == size and app.screen.size == size)
        await settled(app, pilot)

    return do


def to(screen: type, *keys: str) -> Do:
    async def do(app: Pictured, pilot: Pilot[str]) -> None:
        await pilot.press(*keys)
        await until(pilot, lambda: isinstance(app.screen, screen))
        await settled(app, pilot)

    return do


def over(screen: Callable[[], Screen[Any]]) -> Do:
    async def do(app: Pictured, pilot: Pilot[str]) -> None:
        app.push_screen(screen())
        await settled(app, pilot)

    return do


async def toast_and_line(app: Pictured, pilot: Pilot[str]) -> None:
    app.notify("a toast", timeout=3600)
    await press("slash")(app, pilot)


async def no_toast(app: Pictured, pilot: Pilot[str]) -> None:
    app.clear_notifications()
    await settled(app, pilot)


async def redraw_what_is_lost(app: Pictured, pilot: Pilot[str]) -> None:
    app.terminal.images.clear()
    app.terminal.placed.clear()
    app.terminal.cells[:] = NOTHING
    await press("ctrl+l")(app, pilot)


STEPS: tuple[tuple[str, Do, bool, bool], ...] = (
    ("the first frame", press(), True, True),
    ("its cursor moves", press("2", "up", "left", "home"), True, False),
    ("another head", press("J", "L"), True, True),
    ("at full size", press("enter"), True, True),
    ("a toast over it, and a line to type in", toast_and_line, True, False),
    ("the help over both", over(HelpScreen), True, False),
    ("the help gone", press("escape"), True, False),
    ("the line gone", press("escape"), True, False),
    ("the toast gone", no_toast, True, False),
    ("back in its place", press("escape"), True, True),
    ("another scale, and a toast", press("s"), True, True),
    ("part of it behind a dialog", over(partial(Dialog, "that failed", "no reason\n" * 9)), True, False),
    ("the dialog gone", press("escape"), True, False),
    ("behind the help", to(HelpScreen, "question_mark"), False, False),
    ("a smaller terminal under the help", resize(100, 32), False, False),
    ("the help gone", press("escape"), True, True),
    ("the lab", to(LabScreen, "C"), False, False),
    ("a resize in the lab", resize(*WIDE), False, False),
    ("back from the lab", press("escape"), True, True),
    ("one pane at a time", resize(*FOLDED), True, True),
    ("another pane in its place", press("5"), False, False),
    ("its pane again", press("2"), True, True),
    ("too small", resize(*TINY), False, False),
    ("large again", resize(*WIDE), True, True),
    ("painted anew", redraw_what_is_lost, True, True),
)
"""What is done, whether some of the picture is to be seen then, and whether it may be sent for that."""


@pytest.mark.parametrize("protocol", [KITTY, SIXEL])
async def test_a_kept_picture_is_right_after_every_change_around_it(protocol: str) -> None:
    app = Pictured(protocol)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await settled(app, pilot)
        assert app.layer is not None
        app.explorer.panes.heatmap.sharpen(app.layer)
        for what, do, there, again in STEPS:
            await do(app, pilot)
            assert seen(app) == there, what
            assert_right(app, what)
            assert again or not app.sent(), what
            app.sent()
