"""`o`: the table of heads, and what `/` asks of it."""

from __future__ import annotations

import pytest
from app_driver import opened, screen_text, until
from fake_engine import HEADS, LAYERS
from textual.widgets import Static

from adtui.insights.head_table import head_rows
from adtui.ui.app import AdtuiApp
from adtui.ui.explorer.goto_screen import GotoScreen
from adtui.ui.explorer.selection import Selection
from adtui.ui.screens.head_table import HeadTableScreen


def shown(app: AdtuiApp) -> list[str]:
    assert isinstance(app.screen, HeadTableScreen)
    return [row.where for row in app.screen.shown]


def hint(app: AdtuiApp) -> str:
    """What the line that is typed into says below it."""
    found = app.screen.query("#hint")
    return str(found.only_one(Static).content) if found else ""


def by_entropy(app: AdtuiApp) -> list[str]:
    presenter = app.explorer.presenter
    assert presenter.run is not None
    rows = head_rows([presenter.stats[index] for index in range(3)], presenter.run.samples, [])
    return [row.where for row in sorted(rows, key=lambda row: -row.entropy)]


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 10)])
async def test_o_lists_every_head_and_enter_goes_to_one(size: tuple[int, int]) -> None:
    async with opened(size=size) as (app, _, pilot):
        await until(pilot, lambda: len(app.explorer.presenter.stats) == 3)
        await pilot.press("j", "l", "o")
        await until(pilot, lambda: isinstance(app.screen, HeadTableScreen))
        assert len(shown(app)) == LAYERS * HEADS
        await until(pilot, lambda: "heads 12/12" in screen_text(app))
        await pilot.press("j", "enter")  # the highlight begins at the selected head
        await until(pilot, lambda: app.explorer.presenter.selection == Selection(layer=1, head=2))


async def test_o_sorts_and_turns() -> None:
    async with opened() as (app, _, pilot):
        await until(pilot, lambda: len(app.explorer.presenter.stats) == 3)
        expected = by_entropy(app)
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, HeadTableScreen))
        await pilot.press("o")
        await until(pilot, lambda: shown(app) == expected)
        await pilot.press("O")
        await until(pilot, lambda: shown(app) == expected[::-1])


async def test_a_filter_is_typed_and_cleared_and_its_mistakes_are_said() -> None:
    async with opened() as (app, _, pilot):
        await until(pilot, lambda: len(app.explorer.presenter.stats) == 3 and app.explorer.panes.insights.known)
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, HeadTableScreen))
        await pilot.press("slash", *"recencx", "enter")
        await until(pilot, lambda: "did you mean recency" in hint(app))
        await pilot.press("backspace", "y", "enter")
        await until(pilot, lambda: isinstance(app.screen, HeadTableScreen) and shown(app) == ["L1H2"])
        await until(pilot, lambda: "heads 1/12 · recency" in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: len(shown(app)) == 12)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.explorer)


async def test_slash_in_the_explorer_takes_a_query_too() -> None:
    async with opened() as (app, _, pilot):
        await until(pilot, lambda: len(app.explorer.presenter.stats) == 3)
        expected = by_entropy(app)
        await pilot.press("slash", *"max", "space", *"entropy", "enter")
        await until(pilot, lambda: isinstance(app.screen, HeadTableScreen))
        assert shown(app) == expected
        await pilot.press("enter")
        await until(pilot, lambda: app.explorer.presenter.selection.where == expected[0])
        await pilot.press("slash", *"recncy", "enter")
        await until(pilot, lambda: isinstance(app.screen, GotoScreen) and "did you mean" in hint(app))
