"""`x` and `X`: what a transition, an episode or a head matters for the action, with the real engine behind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from app_driver import WIDE, screen_text, until
from direct_engine import DirectEngine
from textual.pilot import Pilot

from adtui.records.chances import Chances
from adtui.records.insight import KnockOut
from adtui.records.messages import AskKnockOut, KnockOutReady, OpenRun
from adtui.records.pipe import Frames, decode, encode
from adtui.ui.app import AdtuiApp
from adtui.ui.renderables.knock_out import knock_out_text
from adtui.ui.screens.knock_outs import KnockOutsScreen


@asynccontextmanager
async def opened(run: Path) -> AsyncIterator[tuple[AdtuiApp, DirectEngine, Pilot[str]]]:
    engine = DirectEngine()
    app = AdtuiApp(OpenRun(0, str(run), samples=2), engine=engine)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await until(pilot, lambda: app.explorer.presenter.view is not None and not app.jobs.newest)
        await pilot.pause()
        yield app, engine, pilot


async def test_x_hides_the_transition_under_the_cursor(tiny_run: Path) -> None:
    async with opened(tiny_run) as (app, engine, pilot):
        await pilot.press("2", "slash", *"k5", "enter", "x")
        await until(pilot, lambda: engine.asked(AskKnockOut))
        request = engine.asked(AskKnockOut)[0]
        assert request.transitions == (5,)
        await until(pilot, lambda: "knock-out" in screen_text(app))
        assert f"without {request.label}" in screen_text(app)


async def test_the_actions_show_what_the_knock_out_does(tiny_run: Path) -> None:
    async with opened(tiny_run) as (app, engine, pilot):
        pane = app.explorer.panes.actions
        await until(pilot, lambda: pane.shown is not None)
        plain = pane.shown
        assert plain is not None
        await pilot.press("2", "slash", *"k5", "enter", "x")
        await until(pilot, lambda: pane.shown is not None and pane.shown.without is not None)
        assert pane.shown is not None
        np.testing.assert_allclose(pane.shown.full, plain.full, atol=1e-6)
        assert f"without {engine.asked(AskKnockOut)[0].label}" in str(pane.border_title)
        await pilot.press("left_square_bracket")  # another row: its own actions, and nothing taken away
        await until(pilot, lambda: pane.shown is not None and pane.shown.index == plain.index - 1)
        assert pane.shown.without is None
        await pilot.press("7", "y")
        await until(pilot, lambda: app.clipboard.startswith("action\tprobability"))


async def test_x_in_the_heads_pane_mutes_the_head(tiny_run: Path) -> None:
    async with opened(tiny_run) as (app, engine, pilot):
        await pilot.press("1", "j", "l", "x")
        await until(pilot, lambda: engine.asked(AskKnockOut))
        assert engine.asked(AskKnockOut)[0].head == (1, 1)
        await until(pilot, lambda: "muting L1H1" in screen_text(app))


async def test_shift_x_hides_the_episode(tiny_run: Path) -> None:
    async with opened(tiny_run) as (app, engine, pilot):
        await pilot.press("2", "slash", *"k5", "enter", "X")
        await until(pilot, lambda: engine.asked(AskKnockOut))
        request = engine.asked(AskKnockOut)[0]
        episode = app.explorer.presenter.axis.sample.episode
        assert request.transitions == tuple(np.flatnonzero(episode[:-1] == episode[5]).tolist())
        await until(pilot, lambda: "transitions)" in screen_text(app))


async def test_the_query_itself_cannot_be_hidden(tiny_run: Path) -> None:
    async with opened(tiny_run) as (app, engine, pilot):
        await pilot.press("2", "slash", *"k19", "enter", "x")
        await until(pilot, lambda: "put the heatmap" in screen_text(app))
        assert not engine.asked(AskKnockOut)


def result(**changes: object) -> KnockOut:
    values: dict[str, object] = {
        "transitions": (3,),
        "where": None,
        "kl": 0.031,
        "changed": False,
        "control_kl": np.array([0.001, 0.003, 0.05]),
        "control_changed": np.zeros(3, np.bool_),
        "action_before": 0,
        "action_after": 0,
    }
    return KnockOut(**(values | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "without it: KL 0.031 nats; a random transition 0.018 on average (more than 2 of 3); action stays ↓"),
        (
            {"transitions": (1, 2), "changed": True, "action_after": 3},
            "without it: KL 0.031 nats; 2 random transitions 0.018 on average (more than 2 of 3); action ↓ → ←",
        ),
        (
            {"control_kl": np.zeros(0), "control_changed": np.zeros(0, np.bool_)},
            "without it: KL 0.031 nats; no control: too few others are left; action stays ↓",
        ),
        (
            {"muted": True, "transitions": (), "where": (1, 0)},
            "muting it: KL 0.031 nats; its layer's other heads 0.018 on average (more than 2 of 3); action stays ↓",
        ),
    ],
)
def test_the_words(changes: dict[str, object], said: str) -> None:
    assert knock_out_text(result(**changes), "it") == said
    assert knock_out_text(result(**changes), "it", utf8=False).isascii()


def test_the_reply_travels() -> None:
    (frame,) = Frames().feed(
        encode(KnockOutReady(3, "it", result(), Chances(0, 4, np.full(5, 0.2), np.full(5, 0.2), "it")))
    )
    back = decode(frame)
    assert back.label == "it"
    np.testing.assert_array_equal(back.result.control_kl, result().control_kl)


async def test_what_is_hidden_adds_up_and_is_undone(tiny_run: Path) -> None:
    async with opened(tiny_run) as (app, engine, pilot):
        pane = app.explorer.panes.actions
        await pilot.press("2", "slash", *"k5", "enter", "x")
        await until(pilot, lambda: len(engine.asked(AskKnockOut)) == 1)
        await pilot.press("x")
        await until(pilot, lambda: "is hidden already" in screen_text(app))
        await pilot.press("slash", *"k7", "enter", "x")
        await until(pilot, lambda: len(engine.asked(AskKnockOut)) == 2)
        both = engine.asked(AskKnockOut)[1]
        assert both.transitions == (5, 7)
        assert " + " in both.label
        await pilot.press("z")
        await until(pilot, lambda: isinstance(app.screen, KnockOutsScreen))
        assert "knock-outs: 2" in screen_text(app)
        assert both.label in screen_text(app).replace("\n", " ") or "without" in screen_text(app)
        await pilot.press("y")
        await until(pilot, lambda: app.clipboard.startswith("sample\ttaken away\tfound\n0\t"))
        assert app.clipboard.count("KL") == 2
        await pilot.press("u")
        await until(pilot, lambda: len(engine.asked(AskKnockOut)) == 3)
        assert engine.asked(AskKnockOut)[2].transitions == (5,)
        await pilot.press("u")
        await until(pilot, lambda: pane.shown is not None and pane.shown.without is None)
        await pilot.press("u")
        await until(pilot, lambda: "nothing is hidden of this sample" in screen_text(app))


async def test_in_mean_mode_one_head_is_not_muted_in_silence(tiny_run: Path) -> None:
    async with opened(tiny_run) as (app, engine, pilot):
        await pilot.press("m", "1", "x")
        await until(pilot, lambda: "one head is muted at a time" in screen_text(app))
        assert not engine.asked(AskKnockOut)


@pytest.mark.parametrize("zoom", [0, 1])
async def test_y_copies_the_weights_of_what_is_visible(tiny_run: Path, zoom: int) -> None:
    async with opened(tiny_run) as (app, _engine, pilot):
        await pilot.press("2", *["plus"] * zoom)
        await until(pilot, lambda: (app.explorer.presenter.selection.window is not None) == bool(zoom))
        await until(pilot, lambda: not app.explorer.presenter.waiting)
        await pilot.press("y")
        await until(pilot, lambda: app.clipboard.startswith("query"))
        header, *rows = app.clipboard.splitlines()
        view = app.explorer.presenter.view
        assert view is not None
        assert header.split("\t")[1:] == [str(k) for k in range(view.col_edges[0], view.col_edges[-1])]
        assert [row.split("\t")[0] for row in rows] == [str(q) for q in range(view.row_edges[0], view.row_edges[-1])]
        if not zoom:
            np.testing.assert_allclose([float(v or 0) for v in rows[-1].split("\t")[1:]], view.query_row, atol=1e-5)
