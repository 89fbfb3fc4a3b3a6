"""The answer above the panes, the way to its evidence, and the head that the app opens at."""

from __future__ import annotations

from dataclasses import replace

import pytest
from app_driver import opened, screen_text, until
from fake_engine import FakeEngine, insight, run_info
from screen_engine import ScreenEngine

from adtui.records.answer import COMPRESS, HEADS, USES, KnownTrials, Line, Part
from adtui.records.messages import InsightFound
from adtui.ui.explorer.panes import INSIGHTS
from adtui.ui.renderables.answer import answer_lines
from adtui.ui.screens.answer import AnswerScreen

ANSWER = (
    Line(USES, (Part("newest 19 of 79 ✔ ×17"), Part("rewarded transitions ✘ ×0.5")), "144 contexts"),
    Line(HEADS, (Part("testing …"),)),
    Line(COMPRESS, (Part("not tried"),)),
)


def drawn(width: int, height: int = 3, utf8: bool = True) -> list[str]:
    return [line.plain for line in answer_lines(ANSWER, width, height, utf8, lab="C")]


def test_the_lines_where_there_is_room() -> None:
    assert drawn(80) == [
        "USES      newest 19 of 79 ✔ ×17 · rewarded transitions ✘ ×0.5       144 contexts",
        "HEADS     testing …",
        "COMPRESS  not tried · (C) to try",
    ]
    assert drawn(80, utf8=False)[0].isascii()


def test_what_does_not_fit_is_left_out_from_the_end() -> None:
    assert drawn(66, 1) == ["USES      newest 19 of 79 ✔ ×17 · rewarded transitions ✘ ×0.5"]
    assert drawn(40, 1) == ["USES      newest 19 of 79 ✔ ×17 · …"]
    assert drawn(20, 1) == ["USES      newest 19 "]


@pytest.mark.parametrize(
    ("size", "lines"), [((120, 40), 3), ((100, 34), 3), ((80, 24), 1), ((60, 20), 0), ((40, 10), 0)]
)
async def test_the_strip_takes_what_the_screen_has_to_spare(size: tuple[int, int], lines: int) -> None:
    async with opened(size=size) as (app, _engine, pilot):
        await until(pilot, lambda: app.explorer.panes.answer.answer is not None)
        strip = app.explorer.panes.answer
        await until(pilot, lambda: (strip.outer_size.height if strip.display else 0) == lines)
        assert ("USES" in screen_text(app)) == bool(lines)
        assert ("COMPRESS" in screen_text(app)) == (lines == 3)


async def test_stored_trials_stand_in_the_third_line() -> None:
    run = replace(run_info(), trials=KnownTrials("recent:20 keeps 98.0 % ✔", "128 histories"))
    async with opened(FakeEngine(run)) as (app, _engine, pilot):
        await until(pilot, lambda: "COMPRESS  recent:20 keeps 98.0 % ✔" in screen_text(app))


async def test_enter_on_a_part_goes_to_its_evidence() -> None:
    async with opened(ScreenEngine()) as (app, engine, pilot):
        found = replace(insight(2, 3), status="confirmed", knock_out=9.0, knock_out_contexts=18)
        engine.say(InsightFound(app.opening or 0, found))
        panes = app.explorer.panes
        await until(pilot, lambda: panes.answer.answer is not None and "L2H3" in panes.answer.answer[1].words)
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, AnswerScreen))
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.explorer and panes.active == INSIGHTS)
        selection = app.explorer.presenter.selection
        assert (selection.layer, selection.head) == (2, 3)
        await pilot.press("a", "down", "enter")
        await until(pilot, lambda: app.screen is not app.explorer and not isinstance(app.screen, AnswerScreen))  # lab


async def test_escape_leaves_the_answer() -> None:
    async with opened() as (app, _engine, pilot):
        await until(pilot, lambda: app.explorer.panes.answer.answer is not None)
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, AnswerScreen))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.explorer)


async def test_the_app_opens_at_the_most_focused_head_and_then_goes_to_the_most_telling() -> None:
    async with opened(telling=True) as (app, engine, pilot):
        presenter = app.explorer.presenter
        await until(pilot, lambda: 0 in presenter.stats)
        entropy = presenter.stats[0].plain.entropy_norm
        layer, head = divmod(int(entropy.argmin()), entropy.shape[1])
        await until(pilot, lambda: (presenter.selection.layer, presenter.selection.head) == (layer, head))
        found = replace(insight((layer + 1) % 3, (head + 1) % 4), status="confirmed", knock_out=9.0)
        engine.say(InsightFound(app.opening or 0, found))
        await until(pilot, lambda: found in app.explorer.panes.insights.known)
        presenter.analysed()
        assert (presenter.selection.layer, presenter.selection.head) == (found.layer, found.head)


async def test_a_key_ends_that() -> None:
    async with opened(telling=True) as (app, engine, pilot):
        presenter = app.explorer.presenter
        await pilot.press("j")
        await pilot.pause()
        here = presenter.selection
        engine.say(InsightFound(app.opening or 0, replace(insight(0, 3), status="confirmed", knock_out=9.0)))
        await until(pilot, lambda: any(one.status == "confirmed" for one in app.explorer.panes.insights.known))
        presenter.analysed()
        assert presenter.selection == here
