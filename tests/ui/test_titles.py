"""No title and no legend is ever cut: they say less where there is less room, and what counts most stays."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
from app_driver import cut, opened, until
from fake_engine import insight, run_info
from hypothesis import given
from hypothesis import strategies as st
from screen_engine import ScreenEngine
from textual.screen import Screen

from adtui.ui.explorer.display import Display
from adtui.ui.explorer.panes import INSIGHTS
from adtui.ui.explorer.selection import Selection
from adtui.ui.explorer.titles import titles
from adtui.ui.lab.screen import LabScreen
from adtui.ui.renderables.title import PARTS, fitted

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


def test_the_title_of_the_insights_drops_the_least_first() -> None:
    found = [insight(layer) for layer in range(12)]
    statuses = ["confirmed"] * 5 + ["refuted"] * 2 + ["no evidence"] * 3 + ["observed"] * 2
    known = [replace(one, status=status) for one, status in zip(found, statuses, strict=True)]
    gone = "4 gone: 1 the same finding as another, 3 no evidence when tested"
    display = Display(run_info(), Selection(), insights=known, said=("✔ only", gone), stopped="stopped at 6/18")
    forms = titles(display)[INSIGHTS]
    shown = [fitted(forms, width) for width in range(len(forms[0]), 0, -1)]
    seen = list(dict.fromkeys(shown))
    assert seen == [
        f"✔ only · 9 found · 5 confirmed · 2 refuted · 3 no evidence · {gone} · stopped at 6/18",
        "✔ only · 9 found · 5 confirmed · 2 refuted · 3 no evidence · 4 gone · stopped at 6/18",
        "✔ only · 9 found · 5 confirmed · 2 refuted · 4 gone · stopped at 6/18",
        "✔ only · 9 found · 5 confirmed · 4 gone · stopped at 6/18",
        "✔ only · 9 found · 5 confirmed · stopped at 6/18",
        "✔ only · 9 found · stopped at 6/18",
        "stopped at 6/18 · ✔ only",
        "stopped at 6/18",
        "stopped at",
        "stopped",
    ]


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
