"""`i` on the insights: the ratios behind each, at every size and without UTF-8."""

from __future__ import annotations

from dataclasses import replace

import pytest
from app_driver import opened, screen_text, until
from pane_data import insight
from screen_engine import INSIGHTS, ScreenEngine

from adtui.records.ablation import CAVEAT, DIRECTIONS, MASK, METRICS, NOISING, WAYS, Ablation
from adtui.records.insight import Insight
from adtui.ui.renderables.ablations import panel_lines
from adtui.ui.screens.ablations import AblationsScreen

FIRST = (MASK, NOISING)
SHOWN = 1 + len(INSIGHTS)
"""Insights in the app: one is the fake engine's own."""
LINES = tuple(
    Ablation(way, direction, metric, 9.5, (4.31, 23.0), 144 if (way, direction) == FIRST else 36, 8, True)
    for direction in DIRECTIONS
    for way in WAYS
    for metric in METRICS
)
UNTRIED = tuple(
    replace(one, agrees=None) if (one.way, one.direction) == FIRST else Ablation(one.way, one.direction, one.metric)
    for one in LINES
)


def claim(lines: tuple[Ablation, ...] = LINES) -> Insight:
    return insight(status="confirmed", tested="hiding them …", ablations=lines)


def test_the_panel_in_two_columns() -> None:
    against = replace(LINES[2], ratio=1.0, interval=(0.9, 1.1), agrees=False)
    lines = panel_lines(claim((*LINES[:2], against, replace(LINES[3], agrees=None), *LINES[4:])), 68)
    assert lines[:10] == [
        "✔ L2 recency: confirmed",
        "",
        "noising: what it names is ablated",
        "KL                                logit difference",
        " mask      9.5 [4.3, 23] ✔ 144     mask      9.5 [4.3, 23] ✔ 144",
        " mean      1 [0.9, 1.1] ✘ 36       mean      9.5 [4.3, 23] ○ 36",
        " resampled 9.5 [4.3, 23] ✔ 36      resampled 9.5 [4.3, 23] ✔ 36",
        "",
        "denoising: all but what it names is ablated",
        "KL                                logit difference",
    ]
    assert max(map(len, lines)) <= 68
    assert CAVEAT in " ".join(lines)


def test_the_panel_in_one_column_and_in_ascii() -> None:
    lines = panel_lines(claim(), 31, utf8=False)
    assert lines[:6] == [
        "+ L2 recency: confirmed",
        "",
        "noising: what it names is",
        "ablated",
        "KL",
        " mask      9.5 [4.3, 23] + 144",
    ]
    assert all(line.isascii() and len(line) <= 31 for line in lines)


def test_what_was_not_tried_is_not_made_up() -> None:
    lines = panel_lines(insight(status="no evidence", ablations=UNTRIED), 70)
    assert " mean      – not tried             mean      – not tried" in lines
    assert "The other ablations are tried only on what the first test confirms or" in lines
    assert panel_lines(insight(), 70)[2] == "not tested: no ablation has been tried on it"


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 10)])
async def test_i_opens_the_panel_and_esc_closes_it(size: tuple[int, int]) -> None:
    async with opened(ScreenEngine(), size) as (app, _, pilot):
        await until(pilot, lambda: len(app.explorer.panes.insights.insights) == SHOWN)
        await pilot.press("6", "i")
        await until(pilot, lambda: isinstance(app.screen, AblationsScreen))
        await until(pilot, lambda: "L0H1 rewarded: confirmed" in screen_text(app))
        await pilot.press("right")
        await until(pilot, lambda: "L1H2 recency: observed" in screen_text(app))
        await pilot.press("left", "left")
        await until(pilot, lambda: "L2H3 uniform: no evidence" in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, AblationsScreen))
        assert not app.explorer.panes.full


async def test_everything_in_a_small_panel_can_be_scrolled_to() -> None:
    async with opened(ScreenEngine(), (40, 10)) as (app, _, pilot):
        await until(pilot, lambda: len(app.explorer.panes.insights.insights) == SHOWN)
        await pilot.press("6", "i")
        await until(pilot, lambda: isinstance(app.screen, AblationsScreen))
        assert "distribution" not in screen_text(app)
        for _ in range(12):
            await pilot.press("pagedown")
        await until(pilot, lambda: "distribution" in screen_text(app))


async def test_enter_in_the_panel_takes_the_insights_to_full_size_and_back() -> None:
    async with opened(ScreenEngine()) as (app, _, pilot):
        await until(pilot, lambda: len(app.explorer.panes.insights.insights) == SHOWN)
        await pilot.press("6", "i", "enter")
        await until(pilot, lambda: app.explorer.panes.full)
        assert not isinstance(app.screen, AblationsScreen)
        await pilot.press("F")
        await until(pilot, lambda: not app.explorer.panes.full)
        await pilot.press("5", "enter")
        await until(pilot, lambda: app.explorer.panes.full)


async def test_without_insights_enter_is_what_it_was() -> None:
    async with opened() as (app, _, pilot):
        app.explorer.panes.insights.clear()
        await pilot.press("6", "enter")
        await until(pilot, lambda: app.explorer.panes.full)


async def test_the_panel_is_that_of_the_insight_under_the_cursor() -> None:
    async with opened(ScreenEngine(), (40, 10)) as (app, _, pilot):
        pane = app.explorer.panes.insights
        await until(pilot, lambda: len(pane.insights) == SHOWN)
        await pilot.press("6", "down", "down", "i")
        await until(pilot, lambda: isinstance(app.screen, AblationsScreen))
        assert pane.place == 2
        await until(pilot, lambda: "L2H0 sink: refuted" in screen_text(app))
