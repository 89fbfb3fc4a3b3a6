"""The engine's answers: late ones are dropped, failures are told, its death is survived."""

from __future__ import annotations

import pytest
from app_driver import LONGEST, opened, screen_text, there, until
from fake_engine import FakeEngine, insight, run_info, sample

from adtui.records.errors import CheckpointError, EngineError
from adtui.records.messages import Failed, GetCell, GetSheet, GetView, InsightFound, OpenRun, Request, SamplesAdded
from adtui.records.run import MoreSamples
from adtui.ui.app import AdtuiApp
from adtui.ui.explorer import look_ahead
from adtui.ui.screens.dialog import Dialog

GARBAGE = CheckpointError("ckpt-1.pt", expected="a checkpoint", found="garbage", action="give another")


async def test_a_late_answer_is_not_shown() -> None:
    async with opened() as (app, engine, pilot):
        engine.holding = (GetView,)
        await pilot.press("l", "l")
        await until(pilot, lambda: len(engine.held) == 2)
        first, second = engine.held
        engine.release(second)
        presenter = app.explorer.presenter
        await until(pilot, lambda: there(presenter.view).place.head == 2)
        engine.release(first)
        await pilot.pause()
        assert there(presenter.view).place.head == 2


async def test_the_selection_is_marked_before_the_engine_answers() -> None:
    async with opened() as (app, engine, pilot):
        engine.holding = (GetView,)
        await pilot.press("j", "l")
        await pilot.pause()
        assert there(app.explorer.presenter.view).place.layer == 0
        assert app.explorer.panes.sheet.selected == (1, 1)
        assert "L1H1 …" in str(app.explorer.panes.heatmap.border_title)


async def test_a_picture_that_takes_long_is_waited_for_visibly() -> None:
    async with opened() as (app, engine, pilot):
        engine.holding = (GetView,)
        heatmap = app.explorer.panes.heatmap
        await pilot.press("l")
        await until(pilot, lambda: "L0H1 …" in str(heatmap.border_title))
        engine.release(engine.held[0])
        await until(pilot, lambda: "L0H1 ·" in str(heatmap.border_title))


async def test_going_back_asks_nothing() -> None:
    async with opened() as (app, engine, pilot):
        await pilot.press("l")
        presenter = app.explorer.presenter
        await until(pilot, lambda: there(presenter.view).place.head == 1)
        asked = len(engine.asked(GetView))
        await pilot.press("h")
        await until(pilot, lambda: there(presenter.view).place.head == 0)
        assert len(engine.asked(GetView)) == asked


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any answer is quick enough to look ahead after: here a busy machine makes them wait, not a large matrix."""
    monkeypatch.setattr(look_ahead, "QUICK_SECONDS", LONGEST)


@pytest.mark.usefixtures("unhurried")
async def test_the_heads_beside_are_there_before_they_are_asked_for() -> None:
    async with opened(look_ahead=True) as (app, engine, pilot):
        await until(pilot, lambda: len(engine.asked(GetView)) == 3)
        assert [(r.place.layer, r.place.head) for r in engine.asked(GetView)] == [(0, 0), (0, 1), (1, 0)]
        engine.holding = (GetView,)
        await pilot.press("l")
        await until(pilot, lambda: there(app.explorer.presenter.view).place.head == 1)
        # The next one, of which nobody is told.
        (request,) = engine.held
        assert isinstance(request, GetView)
        assert (request.place.layer, request.place.head) == (0, 2)
        assert not app.explorer.presenter.waiting


@pytest.mark.usefixtures("unhurried")
async def test_the_users_question_goes_before_what_was_planned() -> None:
    async with opened(look_ahead=True) as (app, engine, pilot):
        await until(pilot, lambda: len(engine.asked(GetView)) == 3)
        engine.holding = (GetView,)
        await pilot.press("l", "n")
        await until(pilot, lambda: len(engine.held) == 2)
        foreseen, asked = engine.held
        assert isinstance(asked, GetView)
        assert (asked.place.sample, asked.place.head) == (1, 1)
        engine.release(foreseen)
        await pilot.pause()
        assert there(app.explorer.presenter.view).place.sample == 0
        assert len(engine.held) == 1
        engine.release(asked)
        await until(pilot, lambda: there(app.explorer.presenter.view).place.sample == 1)


async def test_the_rank_of_a_pooled_weight_is_asked_for_when_the_cursor_rests() -> None:
    async with opened(size=(120, 40)) as (app, engine, pilot):
        assert not there(app.explorer.presenter.view).exact
        await pilot.press("2")
        before = len(engine.asked(GetCell))
        await pilot.press("left", "left", "left")
        await until(pilot, lambda: "rank 2 of" in screen_text(app) and len(engine.asked(GetCell)) > before)
        assert len(engine.asked(GetCell)) < before + 3


async def test_a_slow_link_gets_256_colours_and_fewer_pixels() -> None:
    async with opened(slow_link=True) as (app, engine, _pilot):
        assert app.color_table.name in ("256", "16")
        full = app.explorer.panes.sheet.pixels_wanted()
        assert engine.asked(GetSheet)[-1].frame.rows == full[0] // 2


@pytest.mark.parametrize("variable", ["SSH_CONNECTION", "SSH_TTY", None])
async def test_nothing_is_animated_over_ssh_or_anywhere(variable: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SSH_CONNECTION", "SSH_TTY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("textual.constants.TEXTUAL_ANIMATIONS", "full")  # as the user's environment may ask
    if variable is not None:
        monkeypatch.setenv(variable, "10.0.0.1 50000 10.0.0.2 22")
    async with opened() as (app, _engine, pilot):
        assert app.animation_level == "none"
        await pilot.press("?")
        assert app.animation_level == "none"
        assert not app.animator._animations


async def test_a_reload_forgets_the_old_checkpoint() -> None:
    async with opened() as (app, engine, pilot):
        old = engine.asked(OpenRun)[0].id
        engine.run = run_info(samples=1, step=2000, layers=2, heads=2)
        await pilot.press("j", "j", "n", "r")
        await until(pilot, lambda: there(app.explorer.status.run).step == 2000)
        selection = app.explorer.presenter.selection
        assert (selection.layer, selection.sample) == (1, 0)
        engine.say(InsightFound(old, insight(layer=0)))
        await until(pilot, lambda: not app.jobs.newest)
        await pilot.pause()
        assert len(app.explorer.panes.insights.insights) == 1


async def test_samples_that_come_later_are_counted_and_can_be_looked_at() -> None:
    async with opened() as (app, engine, pilot):
        opening, before = engine.asked(OpenRun)[0].id, app.explorer.presenter.view
        more = tuple(sample(index) for index in range(3, 5))
        engine.run = engine._opened = engine.run.grown(MoreSamples(more, ()))
        engine.say(SamplesAdded(opening, MoreSamples(more, ())))
        engine.say(SamplesAdded(opening + 1000, MoreSamples(more, ())))  # about a run of before
        await until(pilot, lambda: len(there(app.explorer.status.run).samples) == 5)
        assert "s0 of 5" in str(app.explorer.panes.heatmap.border_title)
        assert app.explorer.presenter.view is before, "what is on display stays"
        assert app.opened is not None
        assert len(app.opened.samples) == 5
        await pilot.press(*"nnnnnn")
        await until(pilot, lambda: there(app.explorer.presenter.view).place.sample == 4)
        assert there(app.explorer.presenter.run).samples[4] is more[-1]


async def test_an_error_of_the_user_while_opening_ends_the_app_with_one_line() -> None:
    engine = FakeEngine()
    engine.user_error = GARBAGE
    app = AdtuiApp(OpenRun(0, "runs/latest"), engine=engine)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: not app.is_running)
    assert app.return_code == 2
    assert app.return_value == str(GARBAGE)
    assert engine.closed


async def test_an_error_of_the_user_after_a_reload_is_a_dialog() -> None:
    async with opened() as (app, engine, pilot):
        engine.user_error = GARBAGE
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, Dialog))
        assert "found garbage" in screen_text(app)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.explorer)
        assert app.explorer.presenter.view is not None


async def test_a_picture_that_fails_says_why_in_its_pane() -> None:
    async with opened() as (app, engine, pilot):
        engine.holding = (GetView,)
        await pilot.press("l")
        await until(pilot, lambda: engine.held)
        engine.say(Failed(engine.held[0].id, GARBAGE, "user"))
        await until(pilot, lambda: "expected a checkpoint" in screen_text(app))
        assert "rewarded  ⠤" not in screen_text(app), "no curve of the head before stays"
        for curve in (app.explorer.panes.query_curve, app.explorer.panes.received_curve):
            said = " ".join(" ".join(curve.render_line(y).text for y in range(curve.size.height)).split())
            assert "expected a checkpoint" in said


async def test_thumbnails_that_fail_are_not_those_of_the_sample_before() -> None:
    async with opened() as (app, engine, pilot):
        engine.holding = (GetSheet,)
        await pilot.press("n")
        await until(pilot, lambda: engine.held)
        engine.say(Failed(engine.held[0].id, GARBAGE, "user"))
        sheet = app.explorer.panes.sheet
        await until(pilot, lambda: sheet.top is None)
        said = " ".join(" ".join(sheet.render_line(y).text for y in range(sheet.size.height)).split())
        assert "expected a checkpoint" in said


async def test_a_bug_is_a_dialog_with_its_detail() -> None:
    async with opened() as (app, engine, pilot):
        error = EngineError("engine", expected="to answer", found="ValueError", action="report it")
        engine.say(Failed(999, error, "bug", "Traceback: line 12"))
        await until(pilot, lambda: isinstance(app.screen, Dialog))
        assert "Traceback: line 12" in screen_text(app)


async def test_the_death_of_the_engine_is_told_and_r_restarts_it() -> None:
    async with opened() as (app, engine, pilot):
        engine.die("it was killed by signal 9: probably out of memory", "last words")
        await until(pilot, lambda: isinstance(app.screen, Dialog))
        text = screen_text(app)
        assert "probably out of memory" in text
        assert "last words" in text
        await pilot.press("r")
        await until(pilot, lambda: engine.starts == 2)
        await until(pilot, lambda: len(engine.asked(OpenRun)) == 2)
        await until(pilot, lambda: app.screen is app.explorer)


async def test_the_app_goes_on_without_an_engine() -> None:
    async with opened() as (app, engine, pilot):
        engine.die("it left with exit code 1")
        await until(pilot, lambda: isinstance(app.screen, Dialog))
        await pilot.press("escape", "j", "l", "question_mark", "escape")
        await until(pilot, lambda: app.explorer.presenter.selection.layer == 1)
        await until(pilot, lambda: "engine gone: r restarts it" in screen_text(app))
        await pilot.press("r")
        await until(pilot, lambda: engine.starts == 2)


async def test_a_request_too_large_for_the_pipe_is_told_like_any_other_failure() -> None:
    async with opened() as (app, engine, pilot):

        def full(request: Request) -> None:
            raise EngineError("ExportAll", expected="less", found="more", action="ask for less at once")

        engine.send = full  # type: ignore[method-assign]
        await pilot.press("E")
        await until(pilot, lambda: isinstance(app.screen, Dialog))
        assert "ask for less at once" in screen_text(app)
        assert app.jobs.newest is None
