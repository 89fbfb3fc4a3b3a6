"""Reading the insights: through them, into one, to the attention that shows it, and what the title says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from app_driver import opened, screen_text, until
from fake_engine import CONTEXT, insight
from screen_engine import INSIGHTS as FOUND
from screen_engine import ScreenEngine

from adtui.records.messages import InsightFound
from adtui.ui.explorer.panes import INSIGHTS
from adtui.ui.explorer.selection import Selection


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 20), (40, 10)])
async def test_enter_unfolds_the_insight_under_the_cursor_and_folds_it_again(size: tuple[int, int]) -> None:
    async with opened(ScreenEngine(), size) as (app, _, pilot):
        pane = app.explorer.panes.insights
        await until(pilot, lambda: len(pane.insights) == 1 + len(FOUND))
        await pilot.press("6", "j", "enter")
        await until(pilot, lambda: "says nothing about" in screen_text(app))
        assert app.explorer.presenter.selection == Selection(), "the arrows go through the insights here"
        assert "hiding them moves" not in screen_text(app)
        await pilot.press("enter")
        await until(pilot, lambda: "says nothing about" not in screen_text(app))


async def test_f_shows_those_of_one_status_and_says_which_in_the_title() -> None:
    async with opened(ScreenEngine()) as (app, _, pilot):
        await until(pilot, lambda: len(app.explorer.panes.insights.insights) == 1 + len(FOUND))
        await pilot.press("f")
        await until(pilot, lambda: "6 insights · ✔ only · 3 found" in screen_text(app))
        assert app.explorer.panes.active == INSIGHTS
        assert "L1H2 recency" not in screen_text(app)
        await pilot.press("f", "f", "f")
        await until(pilot, lambda: "○ only" in screen_text(app))
        assert "○ L2H3 uniform" in screen_text(app)
        await pilot.press("f")
        await until(pilot, lambda: "L1H2 recency" in screen_text(app))


async def test_g_goes_to_the_head_the_sample_and_a_transition_that_it_names() -> None:
    async with opened() as (app, _, pilot):
        presenter, pane = app.explorer.presenter, app.explorer.panes.insights
        await until(pilot, lambda: pane.insights and len(presenter.stats) == 3)
        found = pane.insights[0]
        assert (found.kind, found.where) == ("recency", "L1H2")
        effects = [presenter.stats[index].plain.log_recent_distant[1, 2] for index in range(3)]
        await pilot.press("6", "g")
        await until(pilot, lambda: presenter.selection == Selection(int(np.argmax(effects)), 1, 2))
        await until(pilot, lambda: app.explorer.panes.heatmap.cursor[1] >= CONTEXT - 5)  # pixels are of several tokens
        assert app.explorer.status.sample == presenter.selection.sample


async def test_g_on_a_layers_insight_shows_the_mean_over_its_heads() -> None:
    async with opened() as (app, engine, pilot):
        pane = app.explorer.panes.insights
        engine.say(InsightFound(app.opening or 0, replace(insight(2, None), status="confirmed", scope="layer")))
        await until(pilot, lambda: len(pane.insights) == 2)
        await pilot.press("6", "g")
        await until(pilot, lambda: app.explorer.presenter.selection.layer == 2)
        assert app.explorer.presenter.selection.mean


async def test_the_title_says_why_fewer_are_found() -> None:
    async with opened(size=(180, 60)) as (app, engine, pilot):
        await until(pilot, lambda: app.explorer.panes.insights.insights)
        engine.say(InsightFound(app.opening or 0, replace(insight(), status="no evidence", tested="no difference")))
        await until(pilot, lambda: "0 found · 1 no evidence · 1 gone: no evidence when tested" in screen_text(app))


async def test_g_goes_to_the_top_of_other_text() -> None:
    async with opened() as (app, _, pilot):
        statistics = app.explorer.panes.statistics
        await until(pilot, lambda: 0 in app.explorer.presenter.stats)
        await pilot.press("5", "down", "down")
        await until(pilot, lambda: statistics.scroll_target_y == 2)
        await pilot.press("g")
        await until(pilot, lambda: statistics.scroll_target_y == 0)
        assert app.explorer.presenter.selection == Selection()
