"""The compression lab: what is chosen is run, what is found is shown, keys are answered meanwhile."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from app_driver import WIDE, opened, screen_text, shows, there, until
from checkpoints import make_run
from lab_data import DIRECTORY, OTHER_ENVIRONMENT, LabEngine
from textual import events
from textual.pilot import Pilot

from adtui.cli.main import command_parser, main
from adtui.compression.trials.plan import FULL, WIPED
from adtui.records.durations import time_left
from adtui.records.errors import ConfigError
from adtui.records.messages import Cancel, OpenRun
from adtui.records.trial_messages import ExportSweep, RunSearch, RunSweep
from adtui.ui.app import AdtuiApp
from adtui.ui.engine_client import EngineClient
from adtui.ui.explorer.selection import Selection
from adtui.ui.key_words import filled
from adtui.ui.keys import LAB
from adtui.ui.lab.panes import CELLS, CHOICES, FRONT, RETURNS, VERDICT
from adtui.ui.lab.screen import LabScreen
from adtui.ui.lab.settings import BESIDE, STRATEGIES, LabSettings, says
from adtui.ui.lab.verdict import verdict_text
from adtui.ui.screens.help import HelpScreen
from adtui.ui.screens.line import LineScreen
from adtui.worlds.settings import run_settings


@asynccontextmanager
async def lab(
    engine: LabEngine | None = None, size: tuple[int, int] = WIDE, **options: bool
) -> AsyncIterator[tuple[AdtuiApp, LabEngine, Pilot[str]]]:
    """The app with the lab open, and the engine's answer there."""
    engine = engine or LabEngine()
    async with opened(engine, size, **options) as (app, _, pilot):
        await pilot.press("C")
        await until(pilot, lambda: app.desk.lab is not None and (app.desk.lab.ready or app.desk.lab.error))
        await pilot.pause()
        yield app, engine, pilot


def shown(app: AdtuiApp) -> LabScreen:
    assert isinstance(app.screen, LabScreen)
    return app.screen


OPTIONS = ("device", "heads", "causal", "adapter", "context", "streams", "episodes", "level")
"""What a request of the lab and `adtui compress` call alike."""


async def to_row(pilot: Pilot[str], app: AdtuiApp, row: str) -> None:
    await pilot.press("1", *["j"] * (shown(app).lab.settings.rows().index(row) - shown(app).panes.cursor))


async def test_a_split_that_the_run_does_not_name_is_said_to_be_assumed() -> None:
    engine = LabEngine()
    async with lab(engine) as (app, _engine, _pilot):
        assert "per held-out goal" in screen_text(app)
        assert "ssumed" not in screen_text(app)
    engine = LabEngine()
    engine.run = replace(engine.run, settings=run_settings({"env": "darkroom", "horizon": 20}))
    async with lab(engine) as (app, _engine, pilot):
        await to_row(pilot, app, "histories")
        text = screen_text(app)
        assert "split assumed" in text
        assert "16 per goal " in text
        assert "env_split_seed 0" in text
        assert "held-out" not in text


# -- choosing ----------------------------------------------------------------------------------------------------------
async def test_every_strategy_is_listed_with_what_it_keeps() -> None:
    async with lab() as (app, _engine, _pilot):
        text = screen_text(app)
        for name in STRATEGIES["transition"]:
            assert name in text
            assert says(name)
        assert "14 cells × 128 histories × 40 episodes" in text
        assert "s start" in text


async def test_the_whole_list_is_there_at_120x40_and_what_it_costs() -> None:
    async with lab(size=(120, 40)) as (app, _engine, pilot):
        for key in ("home", "end"):
            await pilot.press(key)
            text = screen_text(app)
            assert all(f"{row} " in text for row in LabSettings().rows())
            assert "more" not in "".join(line[:46] for line in text.splitlines())
            assert "about 14 min" in text
            assert "a search (o): about 53 min" in text


async def test_a_short_screen_says_how_much_more_of_the_list_there_is() -> None:
    async with lab(size=(80, 24)) as (app, _engine, pilot):
        panes, rows = shown(app).panes, LabSettings().rows()

        def there_is() -> list[int]:
            """Lines above, on display, below."""
            said = screen_text(app)
            ends = [re.search(rf"{sign}(\d+) more", said) for sign in "▲▼"]
            above, below = (0 if end is None else int(end[1]) for end in ends)
            return [
                above,
                len(re.findall(rf"(?m)^│(?:\[.\] .|   ) (?:{'|'.join(map(re.escape, rows))}) ", said)),
                below,
            ]

        assert there_is()[0] == 0
        assert sum(there_is()) == len(rows)
        await pilot.press("pagedown")
        assert panes.cursor == panes.page > 5
        assert all(there_is())
        assert sum(there_is()) == len(rows)
        await pilot.press("pagedown", "pageup", "end")
        assert panes.row == "search"
        assert there_is()[2] == 0
        assert sum(there_is()) == len(rows)
        await pilot.press("pageup", "home")
        assert panes.cursor == 0


async def test_pages_and_ends_move_in_the_cells_too() -> None:
    async with lab() as (app, _engine, pilot):
        await pilot.press("s")
        state = there(app.desk.lab)
        await until(pilot, lambda: state.report)
        await pilot.press("4", "home")
        assert state.shown == state.cells[0]
        await pilot.press("pagedown")
        assert state.shown != state.cells[0]
        await pilot.press("end")
        assert state.shown == state.cells[-1]


async def test_space_and_enter_choose_and_the_sweep_is_what_was_chosen() -> None:
    async with lab() as (app, engine, pilot):
        await to_row(pilot, app, "uniform")
        await pilot.press("space")
        await to_row(pilot, app, "medoids")
        await pilot.press("enter", "s")
        await until(pilot, lambda: engine.asked(RunSweep))
        request = engine.asked(RunSweep)[0]
        assert isinstance(request, RunSweep)
        assert set(request.strategies) == {"newest+rewarded", "medoids", "recent", "random"}
        assert request.budgets == (10, 20, 40)
        assert (request.path, request.streams, request.episodes) == (engine.run.path, 16, 40)
        assert request.directory == "figs/compression"


async def test_the_picture_turns_to_bytes_and_to_time() -> None:
    async with lab() as (app, _engine, pilot):
        await pilot.press("s")
        await until(pilot, partial(shows, app, "Keep newest+rewarded:10"))
        for axis, sign in (("bytes", "all 4.11 kB"), ("time", "all 0.2 ms"), ("kept", "all 79")):
            await pilot.press("v")
            await until(pilot, partial(shows, app, f"return by {axis}"))
            assert sign in screen_text(app)


async def test_what_the_gate_compares_with_stays_chosen() -> None:
    async with lab() as (app, _engine, pilot):
        for name in BESIDE:
            await to_row(pilot, app, name)
            await pilot.press("space")
        assert set(BESIDE) <= there(app.desk.lab).settings.strategies


@pytest.mark.parametrize(
    ("row", "typed", "expected"),
    [
        ("budgets", "5, 40,20", {"budgets": (5, 20, 40)}),
        ("histories", "2", {"streams": 2}),
        ("episodes", "12", {"episodes": 12}),
        ("budgets", "", {}),
    ],
)
async def test_settings_are_typed(row: str, typed: str, expected: dict[str, object]) -> None:
    async with lab() as (app, _engine, pilot):
        await to_row(pilot, app, row)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, LineScreen))
        await pilot.press(*(events_name(char) for char in typed), "enter")
        await until(pilot, lambda: isinstance(app.screen, LabScreen))
        assert there(app.desk.lab).settings == LabSettings(**expected)  # type: ignore[arg-type]


def events_name(char: str) -> str:
    return {",": "comma", " ": "space"}.get(char, char)


@pytest.mark.parametrize(
    ("row", "typed", "said"),
    [
        ("budgets", "79", "from 1 to 78"),
        ("budgets", "x", "found x"),
        ("histories", "0", "from 1 to 10000"),
        ("episodes", "4", "from 5 to 10000"),
    ],
)
async def test_what_cannot_be_used_is_said_in_the_line(row: str, typed: str, said: str) -> None:
    async with lab() as (app, _engine, pilot):
        await to_row(pilot, app, row)
        await pilot.press("enter", *typed, "enter")
        await until(pilot, lambda: said in " ".join(screen_text(app).split()))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, LabScreen))
        assert there(app.desk.lab).settings == LabSettings()


async def test_keys_of_one_packet_are_read_in_their_order() -> None:
    async with lab() as (app, _engine, pilot):
        for key in ("b", "1", "backspace", "3", "0", "enter"):
            app.post_message(events.Key(key, key if len(key) == 1 else None))
        await until(pilot, lambda: there(app.desk.lab).settings.budgets == (30,))
        await until(pilot, lambda: isinstance(app.screen, LabScreen))


# -- trials ------------------------------------------------------------------------------------------------------------
async def test_cells_fill_in_and_no_verdict_is_given_early() -> None:
    async with lab(LabEngine(cells=5)) as (app, _engine, pilot):
        await pilot.press("s")
        await until(pilot, lambda: len(there(app.desk.lab).cells) == 3)
        await pilot.pause()
        text = screen_text(app)
        assert "trials" in text.splitlines()[0]
        assert "5/14" in text
        assert "full context" in text
        assert "13.00 [12.80,13.20]" in text
        assert "No verdict before all cells are finished: 3 of 12" in text
        assert "Running uniform:10" in text


async def test_the_cell_that_runs_is_the_first_that_no_sweep_has_finished() -> None:
    engine = LabEngine(cells=5)
    engine.kept = (FULL, WIPED, "recent:10", "uniform:10", "random:40")
    async with lab(engine) as (app, _engine, pilot):
        await pilot.press("s")
        await until(pilot, lambda: len(there(app.desk.lab).cells) == 3)
        await pilot.pause()
        assert "Running recent:20" in screen_text(app)


async def test_the_verdict_is_that_of_the_gate() -> None:
    async with lab() as (app, _engine, pilot):
        await pilot.press("s")
        await until(pilot, lambda: there(app.desk.lab).report)
        await pilot.pause()
        text = screen_text(app)
        assert "5 verdict · newest+rewarded:10" in text
        assert "Keep newest+rewarded:10: its return differs from" in text
        assert "★" in text
        assert app.jobs.newest is None
        assert not there(app.desk.lab).running


async def test_x_stops_and_s_goes_on() -> None:
    async with lab(LabEngine(cells=4)) as (app, engine, pilot):
        await pilot.press("s")
        await until(pilot, lambda: len(there(app.desk.lab).cells) == 2)
        await pilot.press("x")
        await until(pilot, lambda: engine.asked(Cancel))
        assert engine.asked(Cancel)[0].job == engine.asked(RunSweep)[0].id
        await until(pilot, lambda: not there(app.desk.lab).running)
        await until(pilot, lambda: "Stopped. Finished cells are in" in screen_text(app))
        engine.cells = None
        await pilot.press("s")
        await until(pilot, lambda: there(app.desk.lab).report)
        assert engine.asked(RunSweep)[1].budgets == engine.asked(RunSweep)[0].budgets


async def test_the_explorer_is_used_while_trials_run_and_escape_there_stops_them() -> None:
    async with lab(LabEngine(cells=4)) as (app, engine, pilot):
        await pilot.press("s", "escape")
        await until(pilot, lambda: app.screen is app.explorer)
        await pilot.press("l")
        await until(pilot, lambda: there(app.explorer.presenter.view).place.head == 1)
        assert app.explorer.status.progress == (4, 14, "trials", 0.5, "")
        await pilot.press("C")
        await until(pilot, lambda: app.desk.screen is not None and app.screen is app.desk.screen)
        await until(pilot, lambda: "4 cells · 2 of 12" in screen_text(app))
        await pilot.press("escape", "escape")
        await until(pilot, lambda: engine.asked(Cancel))
        await until(pilot, lambda: app.jobs.newest is None)
        assert not there(app.desk.lab).running
        assert app.explorer.presenter.selection == Selection(head=1)


async def test_cells_are_selected_in_the_table_and_in_the_picture() -> None:
    async with lab() as (app, _engine, pilot):
        await pilot.press("s")
        await until(pilot, lambda: there(app.desk.lab).report)
        state = there(app.desk.lab)
        await pilot.press("4", *["k"] * 20)
        assert there(state.shown).cell.label == "recent:10"
        await pilot.press("j")
        assert there(state.shown).cell.label == "recent:20"
        await pilot.press("2", *["h"] * 20, "l")
        assert there(state.shown).cell.label == "uniform:10"
        await until(pilot, lambda: "3 returns · uniform:10" in screen_text(app))
        assert "━ uniform:10  ━ full context  ━ recent:10  ━ random:10" in screen_text(app)


async def test_e_exports_what_has_been_found() -> None:
    async with lab(LabEngine(cells=6)) as (app, engine, pilot):
        await pilot.press("e")
        await until(pilot, lambda: "nothing to export yet" in screen_text(app))
        await pilot.press("s")
        await until(pilot, lambda: len(there(app.desk.lab).cells) == 4)
        await pilot.press("e")
        await until(pilot, lambda: engine.asked(ExportSweep))
        request = engine.asked(ExportSweep)[0]
        assert isinstance(request, ExportSweep)
        assert request.directory == DIRECTORY
        assert [one.cell.label for one in request.report.trials][:2] == ["none", "recent:10"]
        assert "No verdict before all cells are finished: 4 of 12" in request.report.verdict.sentence
        assert request.report.to_json()["verdict"]["recommended"] is None
        await until(pilot, lambda: "wrote 5 files into" in screen_text(app))


# -- the search --------------------------------------------------------------------------------------------------------
async def test_o_searches_among_what_is_chosen_and_shows_path_and_test() -> None:
    async with lab() as (app, engine, pilot):
        await to_row(pilot, app, "uniform")
        await pilot.press("space", "o")
        await until(pilot, lambda: there(app.desk.lab).found.search is not None)
        request = engine.asked(RunSearch)[0]
        assert isinstance(request, RunSearch)
        assert set(request.strategies) == {"newest+rewarded", "recent", "random"}
        assert (request.path, request.streams, request.directory) == (engine.run.path, 16, "figs/compression")
        await pilot.press("5", "enter")
        await until(pilot, partial(shows, app, "Round 2: 2 candidates"))
        for said in ("recent:6: loses +5.00", "Chosen: newest+rewarded:6:newest=1, spread", "Keep newest+rewarded:6"):
            assert said in screen_text(app)
        await pilot.press("enter", "4")
        await until(pilot, partial(shows, app, "newest+rewarded:6★"))
        await pilot.press("e")
        await until(pilot, lambda: engine.asked(ExportSweep))


async def test_a_search_tells_how_far_it_is_and_x_stops_it() -> None:
    engine = LabEngine()
    engine.rounds = 1
    async with lab(engine) as (app, _engine, pilot):
        await pilot.press("o")
        await until(pilot, partial(shows, app, "about 4 min left"))
        assert "Round 1: 3 candidates" in screen_text(app)
        await pilot.press("s", "o")
        await until(pilot, partial(shows, app, "the search is running: x stops it"))
        assert len(engine.asked(RunSearch)) == 1
        assert not engine.asked(RunSweep)
        await pilot.press("x")
        await until(pilot, lambda: not there(app.desk.lab).running)
        stopped = verdict_text(there(app.desk.lab))[0]
        assert filled(stopped) == f"Stopped. What is finished is in {DIRECTORY}: o goes on."


async def test_how_long_it_takes_is_said_before_it_begins() -> None:
    async with lab() as (app, _engine, _pilot):
        lab_ = there(app.desk.lab)
        assert f"about {time_left(there(lab_.seconds()))}" in screen_text(app)
        whole = there(lab_.seconds())
        lab_.settings = replace(lab_.settings, episodes=20)
        assert there(lab_.seconds()) == pytest.approx(whole / 2, rel=0.05)
    engine = LabEngine()
    engine.steps = ()
    async with lab(engine) as (app, _engine, _pilot):
        assert "a search (o): how long is not known yet" in screen_text(app)


# -- the level ---------------------------------------------------------------------------------------------------------
async def test_the_level_is_chosen_by_a_key_and_lists_what_heads_can_follow() -> None:
    async with lab() as (app, engine, pilot):
        assert "1 strategies · 4 for transitions" in screen_text(app)
        await to_row(pilot, app, "random")
        await pilot.press("L")
        await until(pilot, partial(shows, app, "1 strategies · 4 for the cache"))
        text = screen_text(app)
        assert all(f" {name} " in text for name in STRATEGIES["cache"])
        assert not any(f" {name} " in text for name in ("medoids", "retrieval", "episode-summaries"))
        assert shown(app).panes.row == "random"
        await pilot.press("s")
        await until(pilot, lambda: engine.asked(RunSweep))
        request = engine.asked(RunSweep)[0]
        assert isinstance(request, RunSweep)
        assert (request.level, request.strategies) == ("cache", ("recent", "uniform", "newest+rewarded", "random"))
        await until(pilot, lambda: there(app.desk.lab).report)
        await until(pilot, partial(shows, app, "newest+rewarded:10, cache"))
        assert "Level: cache. Each head holds K keys and values" in " ".join(screen_text(app).split())


async def test_cells_of_both_levels_stand_in_one_table_and_each_says_which() -> None:
    async with lab() as (app, engine, pilot):
        state = there(app.desk.lab)
        await pilot.press("s")
        await until(pilot, lambda: state.report)
        await pilot.press("L", "s")
        await until(pilot, lambda: state.report)
        assert [len(state.cells), len(state.beside)] == [12, 12]
        await pilot.press("e")
        await until(pilot, lambda: engine.asked(ExportSweep))
        exported = engine.asked(ExportSweep)[0]
        assert isinstance(exported, ExportSweep)
        assert {trial.cell.level for trial in exported.report.trials} == {"cache"}
        assert exported.report.about["plan"]["level"] == "cache"
        await pilot.press("4", "enter", "home")
        await until(pilot, partial(shows, app, "12 of 12, 12 of the other level"))
        rows = [line for line in screen_text(app).splitlines() if "recent:10" in line]
        assert sorted("recent:10, cache" in row for row in rows) == [False, True]
        assert state.shown == state.cells[0]
        assert there(state.shown).cell.level == "cache"
        await pilot.press("end")
        assert there(state.shown).cell.level == "transition"
        await pilot.press("enter", "3")
        await until(pilot, partial(shows, app, "3 returns · random:40"))
        await pilot.press("L")
        await until(pilot, lambda: there(state.shown).cell.level == "transition")
        assert state.beside[0].cell.level == "cache"


async def test_cells_of_other_rooms_are_not_put_beside() -> None:
    async with lab() as (app, _engine, pilot):
        state = there(app.desk.lab)
        await pilot.press("s")
        await until(pilot, lambda: state.report)
        state.settings = replace(state.settings, streams=3)
        await pilot.press("L", "s")
        await until(pilot, lambda: state.report)
        assert not state.beside
        await pilot.press("L")
        assert len(state.cells) == 12


async def test_what_runs_at_one_level_is_not_shown_as_the_others() -> None:
    async with lab(LabEngine(cells=5)) as (app, _engine, pilot):
        state = there(app.desk.lab)
        await pilot.press("L", "s")
        await until(pilot, lambda: len(state.cells) == 3)
        await pilot.press("L")
        await until(pilot, partial(shows, app, "What runs is of the other level: L shows it."))
        assert not state.cells
        assert "No verdict yet" in screen_text(app)
        await pilot.press("L")
        await until(pilot, partial(shows, app, "Running uniform:10"))


async def test_how_heads_share_is_a_setting_of_the_cache_and_duo_is_not_searched() -> None:
    async with lab() as (app, engine, pilot):
        await pilot.press("L")
        await to_row(pilot, app, "shared")
        await pilot.press("space", "space", "space", "o")
        await until(pilot, partial(shows, app, "a search: none with duo"))
        assert not engine.asked(RunSearch)
        assert there(app.desk.lab).search_seconds() is None
        await pilot.press("s")
        await until(pilot, lambda: there(app.desk.lab).report)
        request = engine.asked(RunSweep)[0]
        assert isinstance(request, RunSweep)
        assert request.strategies == ("recent", "uniform:shared=duo", "newest+rewarded:shared=duo", "random")
        await pilot.press("4", "enter")
        await until(pilot, partial(shows, app, "uniform:10, duo, cache"))


async def test_a_model_whose_keys_cannot_be_held_says_so_and_stays_with_transitions() -> None:
    engine = LabEngine()
    engine.cached, engine.unheld = (), "GPT-2 is no causal model with a token for each transition"
    async with lab(engine) as (app, _engine, pilot):
        await pilot.press("L")
        await until(pilot, partial(shows, app, "GPT-2 is no causal model"))
        assert there(app.desk.lab).settings.level == "transition"
        assert "4 for transitions" in screen_text(app)


@pytest.mark.parametrize(
    ("keys", "options"),
    [
        ("", "--strategies {} --budgets 10,20,40"),
        ("L", "--level cache --strategies {} --budgets 10,20,40"),
        ("sL", "--level cache --strategies {} --budgets 10,20,40"),
        ("Ls", f"--level cache --strategies {{}} --budgets 10,20,40 --output {DIRECTORY}"),
        ("Lo2", "--level cache --strategies {} --search"),
    ],
)
async def test_the_copied_command_runs_the_same_trials(keys: str, options: str) -> None:
    async with lab() as (app, engine, pilot):
        for key in keys:
            await pilot.press(key)
            await until(pilot, lambda: not there(app.desk.lab).running)
        await pilot.press("Y")
        await until(pilot, lambda: app.clipboard)
        chosen = options.format("recent,uniform,newest+rewarded,random")
        assert app.clipboard == f"adtui compress {engine.run.path} {chosen}"
        _, name, *rest = shlex.split(app.clipboard)
        args = command_parser(name).parse_args(rest)
        asked = there(app.desk.lab).request(0)
        assert all(getattr(args, one) == getattr(asked, one) for one in OPTIONS)


# -- what goes wrong ---------------------------------------------------------------------------------------------------
async def test_a_run_of_another_environment_says_so() -> None:
    engine = LabEngine()
    engine.lab_error = OTHER_ENVIRONMENT
    async with lab(engine) as (app, _engine, pilot):
        await until(pilot, lambda: "expected darkroom with 5 actions" in screen_text(app))
        await pilot.press("s")
        await pilot.pause()
        assert not engine.asked(RunSweep)


async def test_a_sweep_that_fails_says_why_and_can_be_started_again() -> None:
    engine = LabEngine()
    engine.sweep_error = ConfigError("cells.jsonl", expected="finished cells", found="garbage", action="remove it")
    async with lab(engine) as (app, _engine, pilot):
        await pilot.press("s")
        await until(pilot, lambda: "expected finished cells, found garbage" in " ".join(screen_text(app).split()))
        assert app.jobs.newest is None
        assert isinstance(app.screen, LabScreen)
        engine.sweep_error = None
        await pilot.press("s")
        await until(pilot, lambda: there(app.desk.lab).report)


async def test_damaged_cells_are_named_and_the_sweep_goes_on() -> None:
    engine = LabEngine()
    engine.damaged = "cells.jsonl: line 5 is no finished cell"
    async with lab(engine) as (app, _engine, pilot):
        await pilot.press("s")
        await until(pilot, lambda: "line 5 is no finished cell" in " ".join(screen_text(app).split()))
        await until(pilot, lambda: there(app.desk.lab).report)


async def test_the_engine_may_die() -> None:
    async with lab(LabEngine(cells=4)) as (app, engine, pilot):
        await pilot.press("s")
        await until(pilot, lambda: len(there(app.desk.lab).cells) == 2)
        engine.die("it was killed by signal 9: probably out of memory")
        await until(pilot, lambda: not there(app.desk.lab).running)
        await pilot.press("r")
        await until(pilot, lambda: engine.starts == 2)
        await until(pilot, lambda: there(app.desk.lab).ready and not there(app.desk.lab).cells)


async def test_no_trials_are_started_before_the_run_is_open_again() -> None:
    async with lab(LabEngine(cells=4)) as (app, engine, pilot):
        await pilot.press("s")
        await until(pilot, lambda: len(there(app.desk.lab).cells) == 2)
        engine.die("it was killed by signal 9: probably out of memory")
        await until(pilot, lambda: not there(app.desk.lab).running)
        assert there(app.desk.lab).error
        engine.holding = (OpenRun,)
        await pilot.press("r")
        await until(pilot, lambda: engine.held)
        await pilot.press("s")
        await until(pilot, lambda: "the engine has gone" in " ".join(screen_text(app).split()))
        assert len(engine.asked(RunSweep)) == 1
        assert not there(app.desk.lab).running


async def test_the_lab_waits_for_a_run() -> None:
    engine = LabEngine()
    engine.holding = (OpenRun,)
    app = AdtuiApp(OpenRun(0, "runs/latest"), engine=engine)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await until(pilot, lambda: engine.held)
        await pilot.press("C")
        await until(pilot, lambda: "nothing to compress yet" in screen_text(app))
        assert app.screen is app.explorer


# -- how it looks ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 10)])
@pytest.mark.parametrize("plain", [False, True])
async def test_every_pane_at_every_size(size: tuple[int, int], plain: bool) -> None:
    async with lab(size=size, plain=plain) as (app, _engine, pilot):
        await pilot.press("s")
        await until(pilot, lambda: there(app.desk.lab).report)
        for index, word in ((CHOICES, "recent"), (FRONT, "F"), (RETURNS, "e0"), (CELLS, "return"), (VERDICT, "Keep")):
            await pilot.press(str(index + 1))
            await until(pilot, partial(shows, app, word))
            text = screen_text(app)
            assert len(text.splitlines()) == size[1]
            assert "q quit" in text.splitlines()[-1]
            assert not plain or text.isascii()


async def test_enter_gives_a_pane_the_screen_and_escape_takes_it_back() -> None:
    async with lab() as (app, _engine, pilot):
        await pilot.press("tab", "enter")
        panes = shown(app).panes
        await until(pilot, lambda: panes.full)
        await pilot.pause()
        assert [pane.display for pane in panes.all] == [index == FRONT for index in range(5)]
        await pilot.press("escape")
        await until(pilot, lambda: not panes.full)
        await pilot.press("shift+tab", "shift+tab")
        await until(pilot, lambda: panes.active == VERDICT)
        await pilot.press("j", "k", "escape")
        await until(pilot, lambda: app.screen is app.explorer)


async def test_help_and_palette_know_the_lab() -> None:
    async with lab() as (app, _engine, pilot):
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        await pilot.press("escape", "ctrl+p", *"verdict")
        pane = next(key for key in LAB if "verdict" in key.explanation)
        await until(pilot, partial(shows, app, pane.explanation))
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.desk.screen and shown(app).panes.active == VERDICT)


def test_importing_the_lab_loads_nothing_heavy() -> None:
    code = "import sys, adtui.ui.lab.screen, adtui.reports.trials; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# -- with the real engine ----------------------------------------------------------------------------------------------
@asynccontextmanager
async def real_lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[AdtuiApp, Pilot[str]]]:
    """The lab of a tiny run with trials that take a second."""
    run = make_run(tmp_path / "runs" / "tiny", "pre", n_transit=12)
    monkeypatch.chdir(tmp_path)
    app = AdtuiApp(OpenRun(0, str(run), samples=1, device="cpu"), engine=EngineClient())
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await until(pilot, lambda: app.explorer.presenter.view is not None and not app.jobs.newest)
        await pilot.press("C")
        await until(pilot, lambda: there(app.desk.lab).ready)
        there(app.desk.lab).settings = LabSettings(frozenset(BESIDE), (4,), streams=1, episodes=3)
        yield app, pilot


async def test_real_trials_run_beside_a_responsive_explorer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with real_lab(tmp_path, monkeypatch) as (app, pilot):
        await pilot.press("s")
        await until(pilot, lambda: there(app.desk.lab).started)
        await pilot.press("escape", "l")
        await until(pilot, lambda: there(app.explorer.presenter.view).place.head == 1)
        await until(pilot, lambda: there(app.desk.lab).report)
        assert "No evidence" in there(there(app.desk.lab).report).verdict.sentence
    (directory,) = (tmp_path / "figs" / "compression").iterdir()
    assert [path.name for path in directory.iterdir()] == ["cells.jsonl"]


async def test_real_trials_of_the_cache_are_kept_and_its_command_goes_on_from_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both levels of one run, side by side; the copied command finds every cell finished."""
    async with real_lab(tmp_path, monkeypatch) as (app, pilot):
        lab = there(app.desk.lab)
        assert there(lab.ready).cached
        for key in ("s", "L"):
            await pilot.press(key)
        await until(pilot, lambda: there(lab.every["transition"]).report)
        lab.settings = replace(lab.settings, strategies=frozenset((*BESIDE, "key-difference")), shared="ada")
        await pilot.press("s")
        await until(pilot, lambda: lab.report)
        report = there(lab.report)
        heads = {trial.cell.label: there(trial.open_loop).heads for trial in report.trials[1:]}
        assert set(heads) == {"recent:4", "random:4", "key-difference:4:shared=ada:floor=0.2"}
        assert all(sum(map(sum, there(found))) == 4 * 4 for found in heads.values())
        assert [one.cell.level for one in lab.beside] == ["transition"] * 2
        assert there(lab.full).last_by_history == there(lab.every["transition"].full).last_by_history
        await pilot.press("Y")
        await until(pilot, lambda: app.clipboard)
        command = shlex.split(app.clipboard)
    kept = Path(command[command.index("--output") + 1]) / "cells.jsonl"
    before = kept.read_bytes()
    capsys.readouterr()
    monkeypatch.setattr("adtui.compression.trials.runner.run_cell", None)
    assert main([*command[1:], "--json", "--jobs", "1"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["trials"] == report.to_json()["trials"]
    assert {trial["cell"]["level"] for trial in found["trials"]} == {"cache"}
    assert kept.read_bytes() == before
