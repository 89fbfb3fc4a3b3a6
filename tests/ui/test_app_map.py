"""The map through the app: the engine answers in the test's own process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from app_driver import WIDE, screen_text, there, until
from checkpoints import make_run
from direct_engine import DirectEngine
from textual.pilot import Pilot

from adtui.records.map_messages import ExportMoment, GetMoment, MomentReady
from adtui.records.messages import OpenRun
from adtui.records.moment import Moment
from adtui.ui.app import AdtuiApp
from adtui.ui.keys import MAP
from adtui.ui.map.screen import MapScreen


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("runs") / "tiny", "pre", n_transit=12)


@asynccontextmanager
async def on_map(run: Path, size: tuple[int, int] = WIDE) -> AsyncIterator[tuple[AdtuiApp, MapScreen, Pilot[str]]]:
    app = AdtuiApp(OpenRun(0, str(run), samples=2, device="cpu"), engine=DirectEngine())
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: app.explorer.presenter.view is not None and not app.jobs.newest)
        await pilot.press("v")
        await until(pilot, lambda: isinstance(app.screen, MapScreen) and app.screen.state.moment)
        assert isinstance(app.screen, MapScreen)
        yield app, app.screen, pilot


def shown(screen: MapScreen) -> Moment:
    return there(screen.state.moment)


async def test_it_plays_on_and_forgets_when_told_to(run: Path) -> None:
    async with on_map(run) as (app, screen, pilot):
        n = shown(screen).recorded
        await pilot.press("space", "space", "space")
        await until(pilot, lambda: shown(screen).number == n + 3)
        assert f"moment {n + 3}/{n + 3}" in screen_text(app)
        assert "3 steps played" in screen_text(app)
        await pilot.press("comma")
        await until(pilot, lambda: shown(screen).number == n + 2)
        await pilot.press("space")  # nothing is edited: a step on in what was played
        await until(pilot, lambda: shown(screen).number == n + 3)
        assert shown(screen).length == n + 3
        await pilot.press("U")
        await until(pilot, lambda: shown(screen).length == n)


async def test_episodes_are_stepped_through_from_their_starts(run: Path) -> None:
    async with on_map(run) as (_app, screen, pilot):
        begun = int(shown(screen).context.step[-1])
        number = shown(screen).number
        if begun == 0:
            await pilot.press("space")
            await until(pilot, lambda: shown(screen).number == number + 1)
            number, begun = number + 1, 1
        await pilot.press("less_than_sign")
        await until(pilot, lambda: shown(screen).number == max(0, number - begun))
        assert int(shown(screen).context.step[-1]) == max(0, begun - number)


async def test_edits_show_what_they_do_and_can_be_undone(run: Path) -> None:
    async with on_map(run) as (app, screen, pilot):
        await pilot.press("d")  # the query's own cell may have no transition: then it says so
        if not screen.state.edits:
            x, y = (int(v) for v in shown(screen).context.next_states[-1])
            screen.state.cursor = (x, y)
            await pilot.press("d")
        await until(pilot, lambda: shown(screen).chances.without is not None)
        assert len(shown(screen).walked) == shown(screen).recorded - 1
        await until(pilot, lambda: "1 hidden" in screen_text(app) and "KL" in screen_text(app))
        await pilot.press("u")
        await until(pilot, lambda: shown(screen).chances.without is None)
        x, y = (int(v) for v in shown(screen).context.next_states[0])
        screen.state.cursor = (x, y)
        await pilot.press("t")
        await until(pilot, lambda: "1 reward turned" in screen_text(app))
        await pilot.press("u", "u")
        await until(pilot, lambda: not screen.state.edits)


async def test_heads_samples_and_the_way_back(run: Path) -> None:
    async with on_map(run, size=(160, 44)) as (app, screen, pilot):
        await pilot.press("J", "L", "n")
        await until(pilot, lambda: (shown(screen).sample, shown(screen).layer, shown(screen).head) == (1, 1, 1))
        await pilot.press("m")
        await until(pilot, lambda: shown(screen).head is None and "L1 mean" in screen_text(app))
        await pilot.press("o", "right_curly_bracket", "s")
        assert "where transitions began" in screen_text(app)
        assert " alone" in screen_text(app)
        await pilot.press("v")
        await until(pilot, lambda: app.screen is app.explorer)
        chosen = app.explorer.presenter.selection
        assert (chosen.sample, chosen.layer, chosen.mean) == (1, 1, True)


async def test_it_opens_at_the_explorers_row(run: Path) -> None:
    app = AdtuiApp(OpenRun(0, str(run), samples=1, device="cpu"), engine=DirectEngine())
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: app.explorer.presenter.view is not None and not app.jobs.newest)
        await pilot.press("left_square_bracket", "left_square_bracket", "v")
        await until(pilot, lambda: isinstance(app.screen, MapScreen) and app.screen.state.moment)
        assert isinstance(app.screen, MapScreen)
        assert shown(app.screen).number == shown(app.screen).recorded - 2


async def test_figures_are_asked_for_with_what_is_shown(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with on_map(run) as (app, screen, pilot):
        await pilot.press("o", "e")
        await until(pilot, lambda: list(tmp_path.glob("figs/attention/map/*.png")))
        await until(pilot, lambda: not app.jobs.newest)
        (asked,) = there(app.engine).asked(ExportMoment)  # type: ignore[attr-defined]
        assert asked.began
        assert asked.moment.number == shown(screen).number


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 20), (40, 10)])
async def test_every_size_has_the_agent_on_the_map(run: Path, size: tuple[int, int]) -> None:
    async with on_map(run, size) as (app, _screen, pilot):
        await until(pilot, lambda: "@" in screen_text(app))
        for pane in "2341":
            await pilot.press(pane)
            await pilot.pause()
        assert "@" in screen_text(app)


async def test_a_question_of_before_does_not_replace_a_newer_answer(run: Path) -> None:
    async with on_map(run) as (app, screen, pilot):
        old = shown(screen)
        await pilot.press("comma")
        await until(pilot, lambda: shown(screen).number == old.number - 1)
        first = there(app.engine).asked(GetMoment)[0]  # type: ignore[attr-defined]
        app.explorer.receive(MomentReady(first.id, old))
        await pilot.pause()
        assert shown(screen).number == old.number - 1


async def test_every_key_of_the_map_does_something_and_none_ends_it(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    leaves = {"v", "escape", "q", "ctrl+p", "question_mark"}
    async with on_map(run, (100, 34)) as (app, screen, pilot):
        for key in (key for entry in MAP for key in entry.keys.split(",")):
            if key not in leaves:
                await pilot.press(key)
                await until(pilot, lambda: not app.jobs.newest)
                assert app.screen is screen
        assert list(tmp_path.glob("figs/attention/map/*.gif"))
        await pilot.press("question_mark")
        await until(pilot, lambda: "Help" in screen_text(app))
        await pilot.press("escape", "escape", "escape")
        await until(pilot, lambda: app.screen is app.explorer)
