"""Runs whose tokens are no transitions: both views, latents and the compressor, with the real engine behind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from app_driver import WIDE, screen_text, there, until
from direct_engine import DirectEngine
from references import gpt2, llama, marked, rad
from textual.pilot import Pilot

from adtui.records.messages import OpenRun
from adtui.ui.app import AdtuiApp
from adtui.ui.explorer.panes import COMPRESSOR, HEADS, HEATMAP, LATENTS, QUERY, RECEIVED


@asynccontextmanager
async def opened(
    run: Path, size: tuple[int, int] = WIDE, context: int | None = None
) -> AsyncIterator[tuple[AdtuiApp, Pilot[str]]]:
    engine = DirectEngine()
    app = AdtuiApp(OpenRun(0, str(run), samples=2, context=context), engine=engine)
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: app.explorer.presenter.view is not None and not app.jobs.newest)
        await pilot.pause()
        yield app, pilot


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("families") / "runs"
    return {
        "gpt2": gpt2.make_run(root / "gpt2", n_transit=10),
        "rad": rad.make_run(root / "rad", n_transit=20),
        "llama": llama.make_run(root / "llama", n_transit=10, dynamics=True),
        "marked": marked.make_run(root / "marked", n_transit=16),
    }


async def test_t_goes_from_transitions_to_tokens_and_back(runs: dict[str, Path]) -> None:
    async with opened(runs["gpt2"]) as (app, pilot):
        presenter, heatmap = app.explorer.presenter, app.explorer.panes.heatmap
        assert presenter.view is not None
        assert presenter.view.query_row.shape == (10,)
        assert "2 heatmap · L0H0 · transitions" in screen_text(app)
        whole = presenter.view.query_row
        await pilot.press("t")
        await until(pilot, lambda: there(presenter.view).place.unit == "tokens")
        parts = presenter.view.query_row
        assert parts.shape == (28,)
        np.testing.assert_allclose(whole[:-1], parts[:-1].reshape(9, 3).sum(axis=1), rtol=1e-5)
        await pilot.press("2", "left")  # the cursor starts on the largest weight of the query
        await until(pilot, lambda: heatmap.cursor[1] < 27)
        kind = ("t", "action", "reward")[heatmap.cursor[1] % 3]
        assert f" {kind}" in screen_text(app)
        await pilot.press("t")
        await until(pilot, lambda: there(presenter.view).place.unit == "transitions")


async def test_another_view_shows_the_whole_matrix_again(runs: dict[str, Path]) -> None:
    async with opened(runs["gpt2"]) as (app, pilot):
        presenter = app.explorer.presenter
        await pilot.press("t")
        await until(pilot, lambda: there(presenter.view).place.unit == "tokens" and not presenter.waiting)
        await pilot.press("plus")
        await until(pilot, lambda: there(presenter.view).row_edges[0] > 0)
        before = presenter.selection
        assert before.window is not None
        await pilot.press("t")
        await until(pilot, lambda: there(presenter.view).place.unit == "transitions")
        assert presenter.selection.window is None
        edges = there(presenter.view).row_edges
        assert (edges[0], edges[-1]) == (0, 10)


async def test_the_query_row_stays_on_its_transition(runs: dict[str, Path]) -> None:
    async with opened(runs["gpt2"]) as (app, pilot):
        presenter = app.explorer.presenter
        await pilot.press("slash", *"q4", "enter")
        await until(pilot, lambda: there(presenter.view).place.query == 4)
        await pilot.press("t")
        await until(pilot, lambda: there(presenter.view).place.query == 12)
        await pilot.press("right_square_bracket", "t")
        await until(pilot, lambda: there(presenter.view).place.query == 4)


async def test_a_compressor_has_panes_of_its_own(runs: dict[str, Path]) -> None:
    async with opened(runs["rad"]) as (app, pilot):
        panes, presenter = app.explorer.panes, app.explorer.presenter
        assert presenter.run is not None
        memory = presenter.run.compressor
        assert memory is not None
        rounds = len(memory.rounds[0])
        assert rounds > 1
        shown = [index for index, pane in enumerate(panes.all) if pane.display]
        assert LATENTS not in shown
        assert QUERY in shown
        await pilot.press("9")
        await until(pilot, lambda: app.focused is panes.memory)
        shown = [index for index, pane in enumerate(panes.all) if pane.display]
        assert {LATENTS, COMPRESSOR} <= set(shown)
        assert not {QUERY, RECEIVED} & set(shown)
        await until(pilot, lambda: presenter.round_view is not None and presenter.round_view.place.round == 0)
        assert there(presenter.round_view).query_row.shape == (memory.rounds[0][0].units.n_tokens,)
        assert f"9 compressor · round 0/{rounds}" in screen_text(app)
        await pilot.press("c")
        await until(pilot, lambda: there(presenter.round_view).place.round == 1)
        start = panes.memory.cursor
        await pilot.press("down", "right")
        await until(pilot, lambda: panes.memory.cursor != start)
        assert "latent 1 → key" in screen_text(app)
        await pilot.press("L", "J")
        await until(
            pilot, lambda: (there(presenter.round_view).place.layer, there(presenter.round_view).place.head) == (1, 1)
        )
        assert (presenter.selection.layer, presenter.selection.head) == (0, 0)
        await pilot.press("m")
        await until(pilot, lambda: there(presenter.round_view).place.head is None)
        await pilot.press("3")
        await until(pilot, lambda: panes.query_curve.display and not panes.memory.display)


async def test_latents_are_told_apart_from_transitions(runs: dict[str, Path]) -> None:
    async with opened(runs["rad"]) as (app, pilot):
        presenter = app.explorer.presenter
        assert "other tokens" in screen_text(app)
        await pilot.press("slash", *"k2", "enter")
        await until(pilot, lambda: app.explorer.panes.heatmap.cursor[1] == 2)
        assert "key latent 2" in screen_text(app)
        stats = presenter.stats[0].plain
        assert (stats.other_mass > 0).all()
        await pilot.press("8", "y")
        await until(pilot, lambda: app.clipboard.startswith("token\tkind"))
        assert app.clipboard.count("latent") == there(there(presenter.run).compressor).n_latents


async def test_a_context_that_fits_has_no_rounds(runs: dict[str, Path]) -> None:
    async with opened(runs["rad"], context=5) as (app, pilot):
        await pilot.press("9")
        await until(pilot, lambda: "it all fits: nothing compressed" in screen_text(app))
        await pilot.press("c")
        await until(pilot, lambda: "this context was not" in screen_text(app))


@pytest.mark.parametrize("name", ["llama", "marked"])
async def test_other_sequences_can_be_walked_through(runs: dict[str, Path], name: str) -> None:
    async with opened(runs[name]) as (app, pilot):
        presenter, panes = app.explorer.presenter, app.explorer.panes
        said = {"llama": "the query's action", "marked": "mark <c>"}[name]
        await pilot.press("t", "2", "g") if name == "llama" else await pilot.press("2")
        await until(pilot, lambda: app.focused is panes.heatmap)
        await until(pilot, lambda: presenter.view is not None and not presenter.waiting)
        if name == "llama":
            assert len(presenter.axis) == presenter.axis.read + 2
            panes.heatmap.goto(len(presenter.axis) - 1, 0)
        else:
            panes.heatmap.goto(len(presenter.axis) - 1, 0)
        await until(pilot, lambda: said in screen_text(app))


@pytest.mark.parametrize("size", [(80, 24), (40, 10)])
async def test_one_pane_at_a_time_on_small_screens(runs: dict[str, Path], size: tuple[int, int]) -> None:
    async with opened(runs["rad"], size) as (app, pilot):
        panes = app.explorer.panes
        for key, index in (("9", COMPRESSOR), ("8", LATENTS), ("2", HEATMAP), ("1", HEADS)):
            await pilot.press(key)
            await until(pilot, partial(lambda index: app.focused is panes.all[index], index))
            await pilot.pause()
            assert [i for i, pane in enumerate(panes.all) if pane.display] == [index]
