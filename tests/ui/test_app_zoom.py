"""Zooming and panning the heatmap."""

from __future__ import annotations

from dataclasses import replace

import pytest
from app_driver import opened, screen_text, until
from fake_engine import FakeEngine, run_info, sample
from textual.geometry import Region
from textual.pilot import Pilot

from adtui.records.attention import HeadView, Window
from adtui.records.messages import GetCell, GetView
from adtui.ui.app import AdtuiApp
from adtui.ui.explorer.panes import HEATMAP

CONTEXT = 399
N = CONTEXT + 1
CLOSEST = ["plus"] * 5
"""From 400 positions to less than the rows of a pane of 40 lines."""


def long_engine(context: int = CONTEXT) -> FakeEngine:
    return FakeEngine(replace(run_info(), samples=tuple(sample(index, context) for index in range(2))))


def shown(app: AdtuiApp) -> HeadView:
    view = app.explorer.presenter.view
    assert view is not None
    return view


def bounds(app: AdtuiApp) -> Window:
    view = shown(app)
    return int(view.row_edges[0]), int(view.row_edges[-1]), int(view.col_edges[0]), int(view.col_edges[-1])


async def settled(app: AdtuiApp, pilot: Pilot[str]) -> None:
    await pilot.pause()
    await until(pilot, lambda: not app.explorer.presenter.waiting)
    await pilot.pause()


async def press(app: AdtuiApp, pilot: Pilot[str], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await settled(app, pilot)


def title(app: AdtuiApp) -> str:
    return str(app.explorer.panes.heatmap.border_title)


async def test_in_and_out_around_the_cursor() -> None:
    async with opened(long_engine()) as (app, _engine, pilot):
        heatmap = app.explorer.panes.heatmap
        await press(app, pilot, "2")
        heatmap.goto(200, 100)
        query, key = heatmap.cursor
        await press(app, pilot, "plus")
        window = bounds(app)
        assert (window[1] - window[0], window[3] - window[2]) == (N // 2, N // 2)
        zoomed = app.explorer.presenter.selection
        assert zoomed.window == window
        assert heatmap.cursor == pytest.approx((query, key), abs=8)
        assert f"q{window[0]}–{window[1] - 1} k{window[2]}–{window[3] - 1}" in title(app)
        await press(app, pilot, "minus")
        assert bounds(app) == (0, N, 0, N)
        assert app.explorer.presenter.selection.window is None
        assert "–" not in title(app)
        await press(app, pilot, "plus", "plus", "0")
        assert bounds(app) == (0, N, 0, N)


async def test_down_to_single_weights_and_no_further() -> None:
    async with opened(long_engine()) as (app, engine, pilot):
        await press(app, pilot, "2", *CLOSEST)
        assert shown(app).exact
        assert not shown(app).shows_ranks
        assert shown(app).pooled.shape == app.explorer.panes.heatmap.pixels_wanted()
        asked = len(engine.asked(GetView))
        await press(app, pilot, "plus")
        await until(pilot, lambda: "one cell is one weight" in screen_text(app))
        assert len(engine.asked(GetView)) == asked
        # Its rank is not in the picture: it is asked for.
        cells = len(engine.asked(GetCell))
        await pilot.press("left")
        await until(pilot, lambda: len(engine.asked(GetCell)) > cells)


async def test_nothing_to_zoom_out_of_says_so() -> None:
    async with opened(long_engine()) as (app, _engine, pilot):
        await press(app, pilot, "minus")
        await until(pilot, lambda: "this is the whole matrix" in screen_text(app))


async def test_past_the_edge_the_window_moves_on_by_a_third_and_the_cursor_by_a_pixel() -> None:
    async with opened(long_engine()) as (app, engine, pilot):
        heatmap = app.explorer.panes.heatmap
        await press(app, pilot, "2")
        heatmap.goto(380, 100)
        await press(app, pilot, *CLOSEST)
        before = bounds(app)
        heatmap.goto(heatmap.cursor[0], before[2])
        await pilot.pause()
        query, key = heatmap.cursor
        assert key == before[2]
        await press(app, pilot, "left")
        after, width = bounds(app), before[3] - before[2]
        assert after == (*before[:2], before[2] - width // 3, before[3] - width // 3)
        assert heatmap.cursor == (query, key - 1)
        asked = len(engine.asked(GetView))
        await press(app, pilot, "left")
        assert heatmap.cursor == (query, key - 2)
        assert len(engine.asked(GetView)) == asked
        await press(app, pilot, "right", "right", "home")
        assert bounds(app)[2] == 0
        assert heatmap.cursor == (query, 0)
        await press(app, pilot, "g")
        assert bounds(app)[0] == 0
        await press(app, pilot, "G", "end")
        assert bounds(app)[1::2] == (N, N)
        assert heatmap.cursor == (N - 1, N - 1)


async def test_one_move_of_the_window_at_a_time() -> None:
    async with opened(long_engine()) as (app, engine, pilot):
        await press(app, pilot, "2", *CLOSEST, "home")
        app.explorer.panes.heatmap.goto(bounds(app)[0])
        await settled(app, pilot)
        engine.holding = (GetView,)
        top = bounds(app)[0]
        await pilot.press("up", "up", "up", "up")
        await until(pilot, lambda: engine.held)
        await pilot.pause()
        [request] = engine.held
        assert "…" in title(app)
        engine.release(request)
        await settled(app, pilot)
        assert bounds(app)[0] < top
        assert app.explorer.panes.heatmap.cursor[0] == top - 1


async def test_go_to_a_place_outside_moves_the_window_there() -> None:
    async with opened(long_engine()) as (app, _engine, pilot):
        heatmap = app.explorer.panes.heatmap
        await press(app, pilot, "2", *CLOSEST)
        size = bounds(app)[1] - bounds(app)[0], bounds(app)[3] - bounds(app)[2]
        await press(app, pilot, "slash", *"q150", "space", *"k20", "enter")
        await until(pilot, lambda: heatmap.cursor == (150, 20))
        assert (bounds(app)[1] - bounds(app)[0], bounds(app)[3] - bounds(app)[2]) == size
        before = bounds(app)
        await press(app, pilot, "slash", *"k21", "enter")
        assert heatmap.cursor == (150, 21)
        assert bounds(app) == before, "it is in the window already"
        await press(app, pilot, "slash", *"s1", "space", *"q390", "enter")
        await until(pilot, lambda: shown(app).place.sample == 1 and heatmap.cursor[0] == 390)


async def test_heads_and_samples_are_compared_in_the_same_window_and_foreseen_in_it() -> None:
    async with opened(long_engine(), look_ahead=True) as (app, engine, pilot):
        await press(app, pilot, "plus", "plus")
        window, cursor = bounds(app), app.explorer.panes.heatmap.cursor
        await press(app, pilot, "L", "J")
        assert (shown(app).place.head, shown(app).place.layer) == (1, 1)
        assert bounds(app) == window
        assert app.explorer.panes.heatmap.cursor == pytest.approx(cursor, abs=4)
        await press(app, pilot, "n", "m")
        assert (shown(app).place.sample, shown(app).place.head) == (1, None)
        assert bounds(app) == window
        asked = engine.asked(GetView)[-4:]
        assert all(request.frame.window == window for request in asked if isinstance(request, GetView))


async def test_a_query_row_outside_the_window_is_no_error() -> None:
    async with opened(long_engine()) as (app, _engine, pilot):
        await press(app, pilot, "2", *CLOSEST, "g", "home")
        window = bounds(app)
        await press(app, pilot, "left_square_bracket", "left_curly_bracket", "right_square_bracket")
        assert bounds(app) == window
        assert "▶" not in screen_text(app)
        await press(app, pilot, "slash", *"q5", "enter", "right_square_bracket")
        assert "▶" in screen_text(app)


async def test_a_reload_keeps_the_window_unless_the_length_is_another() -> None:
    async with opened(long_engine()) as (app, engine, pilot):
        await press(app, pilot, "plus")
        window = bounds(app)
        await press(app, pilot, "r")
        await until(pilot, lambda: app.explorer.presenter.view is not None)
        assert bounds(app) == window
        engine.run = long_engine(359).run
        await press(app, pilot, "r")
        await until(pilot, lambda: app.explorer.presenter.view is not None)
        assert bounds(app) == (0, 360, 0, 360)


async def test_a_cursor_move_in_a_window_repaints_no_more_than_before(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(long_engine()) as (app, _engine, pilot):
        heatmap = app.explorer.panes.heatmap
        await press(app, pilot, "2", "plus", "plus")
        heatmap.goto(bounds(app)[0] + 50, bounds(app)[2] + 20)
        await settled(app, pilot)
        painted: list[Region] = []
        monkeypatch.setattr(heatmap, "refresh", lambda *regions, **_: painted.extend(regions))
        heatmap.move_cursor(0, 1)
        assert sum(region.area for region in painted) < 120


@pytest.mark.parametrize("size", [(80, 24), (40, 10)])
async def test_small_terminals(size: tuple[int, int]) -> None:
    async with opened(long_engine(), size=size) as (app, _engine, pilot):
        await press(app, pilot, "plus")  # the heatmap is not on display
        await press(app, pilot, "0", "2", *CLOSEST, "plus", "plus")
        assert shown(app).exact
        assert app.explorer.panes.active == HEATMAP
        top, bottom, *_ = bounds(app)
        assert f"q{top}–{bottom - 1}" in screen_text(app)
        await press(app, pilot, "pageup", "pageup", "home", "g", "G", "end", "left", "up")
        assert app.explorer.panes.heatmap.cursor == (N - 2, N - 2)


async def test_ascii_titles() -> None:
    async with opened(long_engine(), plain=True) as (app, _engine, pilot):
        await press(app, pilot, "2", "plus", "plus")
        top, bottom, *_ = bounds(app)
        assert f"q{top}-{bottom - 1}" in screen_text(app)
        assert screen_text(app).isascii()
