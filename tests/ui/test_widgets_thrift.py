"""A whole app through the shadow: an emulated terminal shows what the compositor would paint afresh."""

from __future__ import annotations

from typing import Any

import pyte
from pane_data import attention, axis, view
from textual._compositor import CompositorUpdate
from textual.app import App, ComposeResult

from adtui.ui.renderables.colors import choose_table
from adtui.ui.terminal.changed_cells import ThriftyApp
from adtui.ui.widgets.heatmap import HeatmapPane

WIDTH, HEIGHT = 90, 24


class Emulated(App[None]):
    """Feeds what the driver would be given to an emulated terminal."""

    def __init__(self) -> None:
        super().__init__()
        self.terminal = pyte.Screen(WIDTH, HEIGHT)
        self.stream = pyte.Stream(self.terminal)
        self.sent: list[int] = []

    def _display(self, screen: Any, renderable: Any) -> None:
        if isinstance(renderable, CompositorUpdate) and not self._batch_count:
            data = renderable.render_segments(self.console)
            self.stream.feed(data)
            self.sent.append(len(data))


class Lean(ThriftyApp[None], Emulated):
    """ThriftyApp on the emulated terminal."""

    color_table = choose_table("truecolor", utf8=True)

    def compose(self) -> ComposeResult:
        yield HeatmapPane()

    def on_mount(self) -> None:
        self.query_one(HeatmapPane).focus()


def painted_afresh(app: App[None]) -> list[str]:
    """The lines of the screen as text, whole."""
    return [strip.text for strip in app.screen._compositor.render_strips()]


async def test_the_terminal_shows_what_the_compositor_would_paint() -> None:
    app = Lean()
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        pane = app.query_one(HeatmapPane)
        pane.show(view(), axis())
        await pilot.pause()
        for step in ("up", "up", "left", "home", "G", "end"):
            await pilot.press(step)
            await pilot.pause()
            assert [line.replace("▄", "▀") for line in app.terminal.display] == painted_afresh(app)
        pane.show(view(attention()[::-1].copy(), block=3), axis())
        await pilot.pause()
        assert [line.replace("▄", "▀") for line in app.terminal.display] == painted_afresh(app)


async def test_a_screen_that_something_else_wrote_on_is_painted_anew() -> None:
    app = Lean()
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        app.query_one(HeatmapPane).show(view(), axis())
        await pilot.pause()
        app.stream.feed("\x1b[H\x1b[2J\x1b[5;5Hwall: the system goes down")
        app.action_redraw()
        await pilot.pause()
        assert [line.replace("▄", "▀") for line in app.terminal.display] == painted_afresh(app)


async def test_a_cursor_move_is_at_most_200_bytes() -> None:
    app = Lean()
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        app.query_one(HeatmapPane).show(view(attention(38)), axis(37))
        await pilot.pause()
        costs = []
        for step in ["up", "left"] * 6:
            app.sent.clear()
            await pilot.press(step)
            await pilot.pause()
            costs.append(sum(app.sent))
        assert max(costs) <= 200, costs
        assert min(costs) > 0


async def test_nothing_is_taken_for_known_after_a_resize() -> None:
    app = Lean()
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        app.query_one(HeatmapPane).show(view(), axis())
        await pilot.resize_terminal(60, 20)
        app.terminal.reset()
        await pilot.resize_terminal(WIDTH, HEIGHT)
        await pilot.pause()
        assert [line.replace("▄", "▀") for line in app.terminal.display] == painted_afresh(app)
