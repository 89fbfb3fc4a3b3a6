"""No title and no legend is ever cut: they say less where there is less room, and what counts most stays."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial

import pytest
from app_driver import cut, opened, screen_text, until
from fake_engine import insight, run_info
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text
from screen_engine import ScreenEngine
from textual.content import Content
from textual.screen import Screen

from adtui.records.messages import OpenRun
from adtui.ui.app import AdtuiApp
from adtui.ui.explorer.display import Display
from adtui.ui.explorer.panes import INSIGHTS
from adtui.ui.explorer.selection import Selection
from adtui.ui.explorer.titles import titles
from adtui.ui.lab.screen import LabScreen
from adtui.ui.renderables.colors import choose_table
from adtui.ui.renderables.diverging import diverging_legends
from adtui.ui.renderables.reason import reason_lines
from adtui.ui.renderables.scales import legends
from adtui.ui.renderables.sides import rows_legends
from adtui.ui.renderables.title import PARTS, fitted, fitted_legend
from adtui.ui.sides.panes import SidesPanes, _side
from adtui.ui.sides.screen import SidesScreen
from adtui.ui.widgets.pane_stack import _tabs

TABLE = choose_table("truecolor", utf8=True)
WORDS = st.text("abcdé ", min_size=1, max_size=12).map(str.strip).filter(bool)
LINES = st.lists(WORDS, min_size=1, max_size=5).map(PARTS.join)


@given(LINES, st.integers(0, 80))
def test_parts_go_whole_from_the_end(title: str, width: int) -> None:
    shown = fitted([title], width)
    assert title.startswith(shown)
    after = title[len(shown) :]
    assert not after or after.startswith((PARTS, " ")), "never within a word"
    assert len(shown) <= width or " " not in shown, "what is longer is a single word"
    assert len(title) > width or shown == title, "nothing goes without need"


@given(st.lists(LINES, min_size=1, max_size=4), st.integers(0, 80))
def test_the_first_form_that_fits_is_shown(forms: list[str], width: int) -> None:
    fit = [form for form in forms if len(form) <= width]
    shown = fitted(forms, width)
    assert shown == fit[0] if fit else forms[-1].startswith(shown)


@pytest.mark.parametrize(
    "forms",
    [
        legends("row", 0.34, 100, TABLE),
        legends("log", 0.34, 100, TABLE),
        diverging_legends(0.31, TABLE, root=True),
        rows_legends(),
        rows_legends(utf8=False, color=False),
    ],
)
def test_a_legend_is_said_shorter_and_never_cut(forms: tuple[Text, ...]) -> None:
    whole = forms[0].cell_len
    assert fitted_legend(forms, whole) is forms[0]
    for width in range(whole):
        shown = fitted_legend(forms, width)
        assert shown.cell_len <= width
        assert not shown or shown in forms
    assert fitted_legend(forms, whole - 1) is forms[1]


def test_the_title_of_the_insights_drops_the_least_first() -> None:
    found = [insight(layer) for layer in range(12)]
    statuses = ["confirmed"] * 5 + ["refuted"] * 2 + ["no evidence"] * 3 + ["observed"] * 2
    known = [replace(one, status=status) for one, status in zip(found, statuses, strict=True)]
    gone = "4 gone: 1 the same finding as another, 3 no evidence when tested"
    stop = "stopped at 6/18 insights: r resumes"
    display = Display(run_info(), Selection(), insights=known, said=("✔ only", gone), stopped=stop)
    forms = titles(display)[INSIGHTS]
    shown = [fitted(forms, width) for width in range(len(forms[0]), 0, -1)]
    seen = list(dict.fromkeys(shown))
    assert seen == [
        f"✔ only · 9 found · 5 confirmed · 2 refuted · 3 no evidence · {gone} · {stop}",
        f"✔ only · 9 found · 5 confirmed · 2 refuted · 3 no evidence · 4 gone · {stop}",
        f"✔ only · 9 found · 5 confirmed · 2 refuted · 4 gone · {stop}",
        f"✔ only · 9 found · 5 confirmed · 4 gone · {stop}",
        f"✔ only · 9 found · 5 confirmed · {stop}",
        f"✔ only · 9 found · {stop}",
        "✔ only · 9 found · stopped at 6/18",
        "9 found · stopped at 6/18",
        "9 found · stopped 6/18",
        "9 so far",
        "9",
    ]


def test_a_title_without_insights_says_that_the_tests_were_stopped() -> None:
    forms = titles(Display(run_info(), Selection(), stopped="stopped at 0/18 insights: r resumes"))[INSIGHTS]
    shown = {width: fitted(forms, width) for width in range(len(forms[0]), 6, -1)}
    assert all(said.startswith("stopped") for said in shown.values())
    forms = titles(Display(run_info(), Selection(), insights=[insight(0)]))[INSIGHTS]
    assert {fitted(forms, width) for width in (7, 20, 80)} == {"1 found"}


def has_width(screen: Screen[object], width: int) -> bool:
    return screen.size.width == width


@pytest.mark.parametrize(("key", "widths"), [("", (200, 151, 100, 61, 41)), ("C", (120, 100, 40))])
async def test_nothing_is_cut_when_the_terminal_is_resized(key: str, widths: tuple[int, ...]) -> None:
    async with opened(ScreenEngine(), size=(210, 60)) as (app, _engine, pilot):
        if key:
            await pilot.press(key)
            await until(pilot, lambda: isinstance(app.screen, LabScreen))
        screen = app.screen
        for width in widths:
            await pilot.resize_terminal(width, 40)
            await until(pilot, partial(has_width, screen, width))
            await pilot.pause()
            assert not list(cut(screen))


async def test_no_legend_beside_another_run_is_cut() -> None:
    app = AdtuiApp(OpenRun(0, "runs/latest"), engine=ScreenEngine(), beside="b.pt")
    async with app.run_test(size=(160, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, SidesScreen) and app.screen.state.view is not None)
        await pilot.press("s", "s", "s")  # "row's largest" is the longest
        screen: Screen[object] = app.screen
        panes = screen.query_one(SidesPanes).all
        for width in (25, 15, 7):  # less than a screen ever leaves it
            panes[1].styles.width = panes[4].styles.width = width
            await pilot.pause()
            assert not list(cut(screen))


@given(st.lists(WORDS, min_size=2, max_size=9), st.data(), st.integers(12, 120))
def test_a_title_says_less_before_the_other_tabs_go(names: list[str], data: st.DataObject, width: int) -> None:
    active = data.draw(st.integers(0, len(names) - 1))
    title = f"{active + 1} {names[active]}{PARTS}{PARTS.join(data.draw(st.lists(WORDS, min_size=1, max_size=4)))}"
    line = Content.from_markup(_tabs(names, active, width, lambda room: fitted([title], room))).plain
    assert len(line) <= width or PARTS not in line
    numbers = [str(index + 1) for index in range(len(names)) if index != active]
    if len(f"{active + 1} {names[active]}") + 2 + 2 * len(numbers) <= width:
        assert all(f" {number} " in f" {line} " for number in numbers)


@pytest.mark.parametrize("key", "1234567")
async def test_every_tab_is_there_on_the_smallest_screen(key: str) -> None:
    async with opened(ScreenEngine(), size=(40, 10)) as (app, _engine, pilot):
        await pilot.press(key)
        await until(pilot, lambda: app.explorer.panes.active == int(key) - 1)
        line = screen_text(app).splitlines()[1]
        before, after = "1234567".split(key)
        assert re.fullmatch(rf" ?{' '.join(before)} +{key} \w+.*? +{' '.join(after)} *", line)


@pytest.mark.parametrize("width", range(14, 70))
@pytest.mark.parametrize(
    ("one", "other", "begins"),
    [
        ("dicp_ad-AD-darkroom-dynamicsFalse-seed0 · step 44", "adcw_ad-AD-darkroom-seed0 · step 310", "dicp_ad"),
        ("AD-darkroom-a-long-name-seed0 · step 9", "AD-darkroom-a-long-name-seed1 · step 9", "…seed0"),
    ],
)
def test_a_side_says_which_run_it_is_however_little_room_there_is(
    one: str, other: str, begins: str, width: int
) -> None:
    shown = fitted(_side("L3H1", one, other), width)
    assert len(shown) <= width
    assert shown.startswith((f"L3H1 · {begins[:6]}", f"L3H1 · {one.split(PARTS)[0]}"))
    assert fitted(_side("L3H1", "AD-a · step 20", "AD-a · step 10"), 14) == "L3H1 · step 20"


@given(LINES, st.integers(1, 60), st.integers(1, 9))
def test_why_a_pane_is_empty_is_in_its_middle_and_not_cut(reason: str, width: int, height: int) -> None:
    lines = reason_lines(reason, width, height)
    assert len(lines) <= height
    assert all(len(line) <= width for line in lines)
    said = [line.strip() for line in lines if line.strip()]
    assert "".join(reason.split()).startswith("".join("".join(said).split()))
    above = len(lines) - len(said)
    assert abs(above - (height - len(lines))) <= 1
    longest = max(map(len, reason.split()))
    if longest <= width and len(reason) <= (width - longest) * height:
        assert " ".join(said).split() == reason.split()
