"""`b` and `'`: set, listed, gone to, kept for the next time, and what is said where they cannot be."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from app_driver import opened, screen_text, until
from fake_engine import FakeEngine, run_info

from adtui.ui.explorer.selection import Selection
from adtui.ui.screens.bookmarks import BookmarksScreen


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    """Of a run with a checkpoint, for a user with a cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "ckpt-1.pt").write_bytes(b"weights")
    return FakeEngine(replace(run_info(), path=str(tmp_path / "ckpt-1.pt")))


async def test_a_bookmark_is_there_after_a_restart(engine: FakeEngine) -> None:
    async with opened(engine) as (app, _, pilot):
        await pilot.press("n", "j", "l", "left_square_bracket", "b")
        there = app.explorer.presenter.selection
        await until(pilot, lambda: "bookmark 1: L1H1 · s1 · q" in screen_text(app))
        await pilot.press("j", "b")
    again = FakeEngine(engine.run)
    async with opened(again, (60, 20)) as (app, _, pilot):
        await pilot.press("apostrophe")
        await until(pilot, lambda: isinstance(app.screen, BookmarksScreen) and "bookmarks: 2 " in screen_text(app))
        await pilot.press("j", "enter")
        await until(pilot, lambda: app.explorer.presenter.selection == there)
        assert app.explorer.status.sample == there.sample


async def test_one_place_has_one_bookmark_and_d_takes_it_away(engine: FakeEngine) -> None:
    async with opened(engine) as (app, _, pilot):
        await pilot.press("apostrophe")
        await until(pilot, lambda: "no bookmark of this checkpoint yet" in screen_text(app))
        await pilot.press("b", "b")
        await until(pilot, lambda: "there is a bookmark here" in screen_text(app))
        await pilot.press("apostrophe")
        await until(pilot, lambda: isinstance(app.screen, BookmarksScreen))
        await pilot.press("d")
        await until(pilot, lambda: app.screen is app.explorer)
        app.clear_notifications()
        await pilot.press("apostrophe")
        await until(pilot, lambda: "no bookmark of this checkpoint yet" in screen_text(app))


async def test_where_nothing_can_be_kept_they_last_until_the_end_and_that_is_said(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", os.devnull)
    async with opened(engine, (200, 60)) as (app, _, pilot):
        await pilot.press("b")
        await until(pilot, lambda: "until you quit" in screen_text(app))
        await pilot.press("j", "apostrophe")
        await until(pilot, lambda: "bookmarks: 1, until you quit" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: app.explorer.presenter.selection == Selection())


async def test_a_damaged_file_costs_only_itself(engine: FakeEngine, tmp_path: Path) -> None:
    async with opened(engine) as (app, _, pilot):
        await pilot.press("b")
        await until(pilot, lambda: "bookmark 1" in screen_text(app))
    (file,) = (tmp_path / "cache" / "adtui" / "bookmarks").iterdir()
    file.write_text("{")
    async with opened(FakeEngine(engine.run), (200, 60)) as (app, _, pilot):
        await pilot.press("apostrophe")
        await until(pilot, lambda: "b writes them anew" in " ".join(screen_text(app).split()))
        await pilot.press("b")
        await until(pilot, lambda: "bookmark 1" in screen_text(app))
        assert "version" in file.read_text()


async def test_a_place_that_is_not_open_is_said(engine: FakeEngine) -> None:
    async with opened(engine, (200, 60)) as (app, _, pilot):
        await pilot.press("n", "n", "b")
        await until(pilot, lambda: "bookmark 1" in screen_text(app))
    fewer = FakeEngine(replace(run_info(samples=1), path=engine.run.path))
    async with opened(fewer, (200, 60)) as (app, _, pilot):
        await pilot.press("apostrophe")
        await until(pilot, lambda: isinstance(app.screen, BookmarksScreen))
        await pilot.press("enter")
        await until(pilot, lambda: "the nearest is shown" in " ".join(screen_text(app).split()))
