"""The app can be read at every size from 40×10 on, and says so below."""

from __future__ import annotations

import pytest
from app_driver import opened, screen_text, until

from adtui.ui.screens.too_small import TooSmallScreen


async def test_everything_at_once_at_120_by_40() -> None:
    async with opened(size=(120, 40)) as (app, _engine, _pilot):
        text = screen_text(app)
        for number, name in enumerate(("heads", "heatmap", "query", "received", "numbers", "insights", "actions"), 1):
            assert f"{number} {name}" in text
        assert "rewarded lift" in text
        assert "recency" in text
        assert "? help" in text


@pytest.mark.parametrize("size", [(80, 24), (99, 40), (120, 31), (40, 10)])
@pytest.mark.parametrize("pane", range(7))
async def test_one_pane_at_a_time_where_it_is_narrow(size: tuple[int, int], pane: int) -> None:
    async with opened(size=size) as (app, _engine, pilot):
        await pilot.press(str(pane + 1))
        panes = app.explorer.panes
        await until(pilot, lambda: app.focused is panes.all[pane])
        await pilot.pause()
        assert [index for index, each in enumerate(panes.all) if each.display] == [pane]
        width, height = panes.all[pane].outer_size
        assert width == size[0]
        strip = panes.answer.outer_size.height if panes.answer.display else 0
        assert height >= size[1] - 3 - strip
        lines = screen_text(app).splitlines()
        assert len(lines) == size[1]
        assert "q quit" in lines[-1]


async def test_the_cursor_starts_at_the_query_although_the_heatmap_was_hidden() -> None:
    async with opened(size=(80, 24)) as (app, _engine, pilot):
        await pilot.press("2")
        await pilot.pause()
        assert app.explorer.panes.heatmap.cursor[0] == 59


@pytest.mark.parametrize("size", [(39, 10), (40, 9), (10, 3)])
async def test_too_small_says_so_and_comes_back(size: tuple[int, int]) -> None:
    async with opened() as (app, _engine, pilot):
        await pilot.resize_terminal(*size)
        await until(pilot, lambda: isinstance(app.screen, TooSmallScreen))
        await pilot.pause()
        assert "too small" in screen_text(app)
        await pilot.resize_terminal(120, 40)
        await until(pilot, lambda: app.screen is app.explorer)


async def test_a_dialog_that_outlives_too_small() -> None:
    async with opened(size=(39, 9)) as (app, engine, pilot):
        engine.die("it left with exit code 1")
        await until(pilot, lambda: len(app.screen_stack) == 3)
        await pilot.resize_terminal(120, 40)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.explorer)


async def test_ascii_terminals_get_ascii_only() -> None:
    async with opened(plain=True) as (app, _engine, pilot):
        for keys in ([], ["question_mark"], ["escape", "slash"], ["escape", "ctrl+p"]):
            await pilot.press(*keys)
            await pilot.pause()
            odd = sorted({char for char in screen_text(app) if ord(char) > 126})
            assert not odd, f"after {keys}: {odd}"
