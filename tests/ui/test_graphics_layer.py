"""The heatmap in pixels, through the whole app: what is sent after each frame is what is to be seen of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from app_driver import there
from pane_data import attention, axis, view
from picture_terminal import NOTHING, PictureTerminal
from textual._compositor import CompositorUpdate
from textual.app import App, ComposeResult
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from adtui.records.attention import HeadView
from adtui.ui.renderables.colors import CURSOR_RGB, GUIDE, MASKED, choose_table
from adtui.ui.renderables.graphic import RING, Graphic
from adtui.ui.renderables.pixel_heatmap import PixelHeatmap, code_colors
from adtui.ui.renderables.scales import largest, to_levels
from adtui.ui.terminal.changed_cells import ThriftyApp
from adtui.ui.terminal.graphics_kitty import KittyWriter
from adtui.ui.terminal.graphics_layer import GraphicsLayer
from adtui.ui.terminal.graphics_probe import KITTY, SIXEL
from adtui.ui.terminal.graphics_sixel import SixelWriter
from adtui.ui.widgets.heatmap import HeatmapPane

WIDTH, HEIGHT, CELL = 90, 24, (10, 20)
N = 60
"""Positions: more than the pane has lines of half blocks."""
TABLE = choose_table("truecolor", utf8=True)


class Emulated(App[None]):
    """Feeds what the driver would be given to a terminal with pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.terminal = PictureTerminal(WIDTH, HEIGHT, CELL)
        self.sent: list[int] = []

    def _display(self, screen: Any, renderable: Any) -> None:
        if isinstance(renderable, CompositorUpdate) and not self._batch_count:
            data = renderable.render_segments(self.console)
            self.terminal.feed(data)
            self.sent.append(len(data.encode()))


class Pictured(ThriftyApp[None], Emulated):
    """A heatmap that is drawn on a layer from its first view on."""

    color_table = TABLE

    def __init__(self, protocol: str) -> None:
        super().__init__()
        self.layer = GraphicsLayer(protocol, CELL)

    def compose(self) -> ComposeResult:
        yield HeatmapPane()

    def on_mount(self) -> None:
        pane = self.query_one(HeatmapPane)
        pane.focus()
        pane.sharpen(self.layer or GraphicsLayer(KITTY, CELL))

    @property
    def pane(self) -> HeatmapPane:
        return self.screen_stack[0].query_one(HeatmapPane)


class Box(ModalScreen[None]):
    """Covers a part of what is below."""

    CSS = "Box { align: center middle; } Static { width: 20; height: 6; background: red; }"

    def compose(self) -> ComposeResult:
        yield Static("a dialog")


def pictured(app: Pictured) -> np.ndarray:
    """The pixels of the pane where the picture is to be: (H, W, 3)."""
    picture = app.pane._picture
    assert isinstance(picture, PixelHeatmap)
    x, y = there(app.pane._corner())
    width, height = picture.graphic().size
    return app.terminal.shown()[y * CELL[1] :, x * CELL[0] :][:height, :width]


def colors(app: Pictured, shown: HeadView, query: int) -> np.ndarray:
    """The colours of the view's weights as cells have them, (R, C, 3); in per cent where they are sent as sixels."""
    levels = to_levels(shown.pooled, "log", axis(N - 1).n_keys, largest(shown.pooled))
    row = levels[np.searchsorted(shown.row_edges, query, side="right") - 1]
    row[row == MASKED] = GUIDE
    found = code_colors(TABLE)[levels].astype(float)
    assert app.layer is not None
    return np.round(found * 100 / 255) if app.layer.protocol == SIXEL else found


def assert_shows(app: Pictured, shown: HeadView, query: int) -> None:
    """Every pixel is its weight's, but for the ring, which is around the weight under the cursor."""
    picture = app.pane._picture
    assert isinstance(picture, PixelHeatmap)
    wanted = colors(app, shown, query).repeat(picture.frame.zoom_y, axis=0).repeat(picture.frame.zoom_x, axis=1)
    found = pictured(app)
    other = (found != wanted).any(axis=2)
    per_cent = app.layer is not None and app.layer.protocol == SIXEL
    cursor = np.round(np.array(CURSOR_RGB) * 100 / 255) if per_cent else np.array(CURSOR_RGB)
    assert (found[other] == cursor).all()
    down, across = np.nonzero(other)
    row, col = app.pane._pixel
    x, y, width, height = picture.graphic().frame.box(row, col)
    assert y - RING <= down.min() <= down.max() < y + height + RING
    assert x - RING <= across.min() <= across.max() < x + width + RING


@pytest.mark.parametrize("protocol", [KITTY, SIXEL])
async def test_what_the_terminal_decodes_is_the_view(protocol: str) -> None:
    app = Pictured(protocol)
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        first, second = view(attention(N)), view(attention(N)[:, ::-1].copy())  # the second is all but causal
        app.pane.show(first, axis(N - 1))
        await pilot.pause()
        assert_shows(app, first, first.place.query)
        for key in ("up", "left", "home", "G", "end"):
            await pilot.press(key)
            await pilot.pause()
            assert_shows(app, first, first.place.query)
        app.pane.show(second, axis(N - 1))
        await pilot.pause()
        assert_shows(app, second, second.place.query)


@pytest.mark.parametrize("protocol", [KITTY, SIXEL])
async def test_a_dialog_covers_it_and_another_screen_takes_it_away(protocol: str) -> None:
    app = Pictured(protocol)
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        assert app.layer is not None
        app.pane.show(view(attention(N)), axis(N - 1))
        await pilot.pause()
        before = pictured(app)
        await app.push_screen(Box())
        await pilot.pause()
        dialog = app.screen.query_one(Static).region
        shown = app.terminal.shown()
        inside = shown[dialog.y * CELL[1] : dialog.bottom * CELL[1], dialog.x * CELL[0] : dialog.right * CELL[0]]
        assert (inside == NOTHING).all()
        assert (pictured(app)[..., 0] != NOTHING).any()
        app.pop_screen()
        await pilot.pause()
        np.testing.assert_array_equal(pictured(app), before)
        await app.push_screen(Screen())
        await pilot.pause()
        assert (app.terminal.shown() == NOTHING).all()
        app.pop_screen()
        await pilot.pause()
        np.testing.assert_array_equal(pictured(app), before)
        app.pane.clear("nothing to show")
        await pilot.pause()
        assert (app.terminal.shown() == NOTHING).all()
        assert not app.terminal.images


async def test_a_cursor_move_sends_the_ring_alone() -> None:
    app = Pictured(KITTY)
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        app.pane.show(view(attention(N)), axis(N - 1))
        await pilot.pause()
        app.terminal.commands.clear()
        await pilot.press("up")
        await pilot.pause()
        assert [command["a"] for command in app.terminal.commands] == ["p"]


@pytest.mark.parametrize("covered", [False, True])
@pytest.mark.parametrize("protocol", [KITTY, SIXEL])
async def test_one_picture_is_sent_for_a_size(protocol: str, covered: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[int, int]] = []
    for writer in (KittyWriter, SixelWriter):
        draw = writer.draw

        def counted(self: Any, graphic: Graphic, *rest: Any, draw: Any = draw) -> str:
            drawn.append(graphic.size)
            return str(draw(self, graphic, *rest))

        monkeypatch.setattr(writer, "draw", counted)
    app = Pictured(protocol)
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        app.pane.show(view(attention(N)), axis(N - 1))
        if covered:
            await app.push_screen(Box())
        await pilot.pause()
        for size in ((WIDTH - 10, HEIGHT - 2), (WIDTH, HEIGHT)):
            drawn.clear()
            app.terminal = PictureTerminal(*size, CELL)
            await pilot.resize_terminal(*size)
            while app.size != size or app.pane._drawn_for != app.pane.size:
                await pilot.pause()
            await pilot.pause()
            picture = app.pane._picture
            assert isinstance(picture, PixelHeatmap)
            assert drawn == [picture.graphic().size]
            drawn.clear()
            app.pane.show(view(attention(N)), axis(N - 1))  # what the engine answers when asked for this size
            await pilot.pause()
            assert not drawn
        if not covered:
            assert_shows(app, view(attention(N)), N - 1)


async def test_sixels_are_sent_only_where_cells_cannot_show_every_weight() -> None:
    layer = GraphicsLayer(SIXEL, CELL)
    assert not layer.is_worth((40, 60), (40, 60))
    assert layer.is_worth((41, 60), (40, 60))
    assert layer.is_worth((40, 61), (40, 60))
    assert GraphicsLayer(SIXEL, CELL, always=True).is_worth((2, 2), (40, 60))
    assert GraphicsLayer(KITTY, CELL).is_worth((2, 2), (40, 60))
