"""Every key does what the help says."""

from __future__ import annotations

from functools import partial

import pytest
from app_driver import opened, screen_text, shows, there, until
from fake_engine import CONTEXT, HEADS, LAYERS, run_info

from adtui.records.look import SCALES
from adtui.records.messages import Cancel, ExportAll, ExportView, GetView, OpenRun, Progress
from adtui.ui.explorer.goto_screen import GotoScreen
from adtui.ui.explorer.panes import ACTIONS, ALWAYS, HEATMAP, INSIGHTS, NUMBERS, QUERY, RECEIVED
from adtui.ui.explorer.panes import HEADS as HEADS_PANE
from adtui.ui.explorer.selection import Selection
from adtui.ui.keys import KEYS
from adtui.ui.screens.help import HelpScreen

SELECTIONS = [
    (["down"], Selection(layer=1)),
    (["j", "j"], Selection(layer=2)),
    (["j", "j", "j"], Selection(layer=LAYERS - 1)),
    (["j", "up"], Selection()),
    (["j", "k"], Selection()),
    (["right"], Selection(head=1)),
    (["l", "l", "left"], Selection(head=1)),
    (["l", "h"], Selection()),
    (["l"] * 9, Selection(head=HEADS - 1)),
    (["shift+down", "shift+right"], Selection(layer=1, head=1)),
    (["J", "L", "K", "H"], Selection()),
    (["tab", "J", "L"], Selection(layer=1, head=1)),
    (["n"], Selection(sample=1)),
    (["n", "n", "n", "p"], Selection(sample=1)),
    (["left_square_bracket"], Selection(query=CONTEXT - 1)),
    (["left_square_bracket", "left_square_bracket", "right_square_bracket"], Selection(query=CONTEXT - 1)),
    (["left_square_bracket", "right_square_bracket"], Selection()),
    (["left_curly_bracket"], Selection(query=40)),
    (["left_curly_bracket", "left_curly_bracket"], Selection(query=20)),
    (["left_curly_bracket", "left_curly_bracket", "right_curly_bracket"], Selection(query=40)),
    (["left_curly_bracket", "right_curly_bracket"], Selection()),
    (["m"], Selection(mean=True)),
    (["m", "m"], Selection()),
    (["m", "j"], Selection(layer=1, mean=True)),
    (["m", "l"], Selection(head=1)),
    (["slash", *"l2h3", "enter"], Selection(layer=2, head=3)),
    (["slash", *"s1", "space", "1", "full_stop", "2", "enter"], Selection(sample=1, layer=1, head=2)),
    (["slash", *"q7", "enter"], Selection(query=7)),
    (["slash", *"l2h3", "escape"], Selection()),
]


@pytest.mark.parametrize(
    ("keys", "expected"), SELECTIONS, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
async def test_a_key_changes_the_selection(keys: list[str], expected: Selection) -> None:
    async with opened() as (app, _engine, pilot):
        await pilot.press(*keys)
        presenter = app.explorer.presenter
        await until(pilot, lambda: presenter.selection == expected)
        await until(pilot, lambda: presenter.view is not None and presenter.view.place.layer == expected.layer)
        view = presenter.view
        assert view is not None
        await until(pilot, lambda: there(presenter.view).place.head == expected.shown_head)
        assert app.explorer.panes.sheet.selected == (expected.layer, expected.shown_head)
        assert app.explorer.status.sample == expected.sample


async def test_the_arrows_move_the_cursor_while_the_heatmap_has_the_focus() -> None:
    async with opened() as (app, _engine, pilot):
        await pilot.press("2")
        heatmap = app.explorer.panes.heatmap
        await until(pilot, lambda: app.focused is heatmap)
        start = heatmap.cursor
        await pilot.press("k", "k", "h")
        await until(pilot, lambda: heatmap.cursor != start)
        assert app.explorer.presenter.selection == Selection()
        assert heatmap.cursor[0] < start[0]


@pytest.mark.parametrize(
    ("keys", "pane"),
    [
        ([], HEADS_PANE),
        (["tab"], HEATMAP),
        (["tab", "tab"], QUERY),
        (["shift+tab"], ACTIONS),
        (["tab", "shift+tab"], HEADS_PANE),
        *(([str(index + 1)], index) for index in (HEADS_PANE, HEATMAP, QUERY, RECEIVED, NUMBERS, INSIGHTS, ACTIONS)),
    ],
)
async def test_panes_take_the_focus(keys: list[str], pane: int) -> None:
    async with opened() as (app, _engine, pilot):
        await pilot.press(*keys)
        await until(pilot, lambda: app.focused is app.explorer.panes.all[pane])
        assert app.explorer.panes.active == pane


async def test_the_last_of_panes_that_are_asked_for_at_once_keeps_the_focus() -> None:
    async with opened() as (app, _engine, pilot):
        panes = app.explorer.panes
        for pane in (NUMBERS, INSIGHTS, HEADS_PANE):  # as keys that arrive together are read
            panes.activate(pane)
        for _ in range(10):  # what each of them sends is on its way until here
            await pilot.pause()
            assert (panes.active, app.focused) == (HEADS_PANE, panes.all[HEADS_PANE])


@pytest.mark.parametrize("pane", range(7))
@pytest.mark.parametrize("back", ["escape", "enter"])
async def test_enter_gives_a_pane_the_screen_and_takes_it_back(pane: int, back: str) -> None:
    async with opened() as (app, _engine, pilot):
        panes = app.explorer.panes
        opening = "F" if panes.all[pane] is panes.insights else "enter"  # Enter unfolds one of the insights
        await pilot.press(str(pane + 1), opening)
        await until(pilot, lambda: panes.full)
        await pilot.pause()
        assert [index for index, each in enumerate(panes.all) if each.display] == [pane]
        assert panes.all[pane].outer_size.width == 120
        await pilot.press(opening if back == "enter" else back)
        await until(pilot, lambda: not panes.full)
        assert [each.display for each in panes.all] == [index < ALWAYS for index in range(len(panes.all))]


async def test_the_scale_goes_round() -> None:
    async with opened() as (app, _engine, pilot):
        heatmap = app.explorer.panes.heatmap
        first, seen = heatmap.scale, []
        for _ in range(4):
            await pilot.press("s")
            seen.append(heatmap.scale)
        assert sorted(seen) == ["linear", "log", "row", "sqrt"]
        assert heatmap.scale == first


async def test_e_exports_what_is_shown() -> None:
    async with opened() as (app, engine, pilot):
        await pilot.press("n", "j", "l", "s")
        await until(pilot, lambda: app.explorer.presenter.view is not None and not app.jobs.newest)
        await pilot.press("e")
        await until(pilot, lambda: engine.asked(ExportView))
        request = engine.asked(ExportView)[0]
        assert isinstance(request, ExportView)
        assert (request.sample, request.layer, request.head) == (1, 1, 1)
        assert request.directory == "figs/attention"
        legend = str(app.explorer.panes.heatmap.border_subtitle)
        assert legend.startswith(f"{request.look.scale} 0")
        assert f"{request.look.top:.2g}" in legend
        assert (request.look.scale, request.look.colours) == (SCALES[1], "ember")
        await until(pilot, lambda: "wrote 1 figure into /tmp/figs/attention: a.png" in screen_text(app))


async def test_shift_e_exports_all_and_escape_cancels() -> None:
    async with opened() as (app, engine, pilot):
        engine.holding = (ExportAll,)
        await pilot.press("E")
        await until(pilot, lambda: engine.held)
        engine.say(Progress(engine.held[0].id, "export", 1, 44, 3.0))
        await until(pilot, lambda: app.explorer.status.progress == (1, 44, "export", 3.0, ""))
        await pilot.press("escape")
        await until(pilot, lambda: engine.asked(Cancel))
        assert engine.asked(Cancel)[0].job == engine.held[0].id
        await until(pilot, lambda: app.explorer.status.progress is None)
        await until(pilot, lambda: "export cancelled" in screen_text(app))


async def test_r_opens_the_run_again_and_keeps_the_selection() -> None:
    async with opened() as (app, engine, pilot):
        await pilot.press("n", "j", "l")
        engine.run = run_info()  # equal, but not the same: as it comes out of a pipe
        views = len(engine.asked(GetView))
        await pilot.press("r")
        await until(pilot, lambda: len(engine.asked(OpenRun)) == 2)
        await until(pilot, lambda: len(engine.asked(GetView)) > views)
        assert app.explorer.presenter.selection == Selection(sample=1, layer=1, head=1)


@pytest.mark.parametrize(
    ("pane", "first"),
    [
        (HEADS_PANE, "layer\tH0\tH1"),
        (HEATMAP, "query\\key\t0"),
        (QUERY, "token\tkind\tepisode"),
        (RECEIVED, "token\tkind\tepisode"),
        (NUMBERS, "layer\thead\tstatistic"),
        (INSIGHTS, "where\tkind\tstatus"),
    ],
)
async def test_y_copies_the_focused_pane(pane: int, first: str) -> None:
    async with opened() as (app, _engine, pilot):
        await pilot.press(str(pane + 1), "y")
        await until(pilot, lambda: app.clipboard.startswith(first))
        assert app.clipboard.count("\n") > 1
        await until(pilot, lambda: "copied" in screen_text(app))


async def test_question_mark_opens_the_help_and_escape_closes_it() -> None:
    async with opened() as (app, _engine, pilot):
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        await pilot.press("j", "pagedown", "escape")
        await until(pilot, lambda: app.screen is app.explorer)


async def test_a_place_that_does_not_exist_is_explained_and_can_be_corrected() -> None:
    async with opened() as (app, _engine, pilot):
        await pilot.press("slash", *"l7", "enter")
        await until(pilot, lambda: "expected a layer from 0 to 2" in screen_text(app))
        assert isinstance(app.screen, GotoScreen)
        await pilot.press("backspace", *"2", "enter")
        await until(pilot, lambda: app.explorer.presenter.selection == Selection(layer=2))


async def test_go_to_a_key_moves_the_cursor() -> None:
    async with opened() as (app, _engine, pilot):
        await pilot.press("slash", *"q50", "space", *"k12", "enter")
        await until(pilot, lambda: app.explorer.presenter.selection == Selection(query=50))
        await until(pilot, lambda: abs(app.explorer.panes.heatmap.cursor[1] - 12) <= 2)
        assert abs(app.explorer.panes.heatmap.cursor[0] - 50) <= 4  # a pixel stands for up to five rows here


@pytest.mark.parametrize("key", ["q", "ctrl+c"])
async def test_quit_ends_the_app_and_the_engine(key: str) -> None:
    async with opened() as (app, engine, pilot):
        await pilot.press(key)
        await until(pilot, lambda: not app.is_running)
    assert engine.closed
    assert not app.return_code


async def test_the_palette_runs_our_commands() -> None:
    async with opened() as (app, _engine, pilot):
        await pilot.press("ctrl+p", *"mean over", "enter")
        await until(pilot, lambda: app.explorer.presenter.selection.mean)


async def test_the_palettes_commands_have_the_names_of_the_settings_file_and_say_what_they_do() -> None:
    async with opened() as (app, _engine, pilot):
        await pilot.press("ctrl+p", *"knock out epi")
        await until(pilot, partial(shows, app, "knock out episode"))
        await until(pilot, partial(shows, app, "X: hide the whole episode under the cursor too"))
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.explorer)


async def test_keys_for_what_this_model_lacks_say_so() -> None:
    async with opened() as (app, _engine, pilot):
        for key, said in {
            "t": "every transition is one token",
            "c": "this model has no compressor",
            "8": "this model has no compressor",
            "9": "this model has no compressor",
        }.items():
            await pilot.press(key)
            await until(pilot, partial(shows, app, said))
            app.clear_notifications()
        assert app.explorer.presenter.selection == Selection()
        assert app.explorer.panes.active == HEADS_PANE


def _tested() -> set[str]:
    """Keys that the tests above press."""
    pressed = {key for keys, _ in SELECTIONS for key in keys}
    return (
        pressed
        | {"tab", "shift+tab", "enter", "escape", "s", "e", "E", "r", "y", "question_mark", "q", "ctrl+p", "ctrl+l"}
        | {"ctrl+z"}  # e2e/test_shell.py
        | set("123456789tcxX")
        | set("uz")  # test_app_knock_out.py
        | {"C"}  # test_app_lab.py
        | {"R"}  # test_app_runs.py
        | {"Y"}  # test_shell_command.py
        | {"v"}  # test_app_map.py
        | {"a"}  # test_app_answer.py
        | {"b", "apostrophe"}  # test_app_bookmarks.py
        | {"o"}  # test_app_head_table.py
        | set("Ffgi")  # test_app_insights.py, test_app_ablations.py
        | {"T", "w", "comma", "full_stop"}  # test_app_timeline.py, test_app_watch.py
        | {"plus", "minus", "0"}  # test_app_zoom.py
        | {"equals_sign"}  # test_app_sides.py
    )


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.keys)
def test_every_key_of_the_table_is_tested(key: object) -> None:
    assert set(key.keys.split(",")) <= _tested() | {"shift+up", "shift+left"}  # type: ignore[attr-defined]
