"""Themes can be read: inks on their ground, scales in order; the safe one by who cannot tell red from green."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from app_driver import until
from fake_engine import FakeEngine
from numpy.typing import NDArray
from rich.color import Color
from rich.segment import Segment
from rich.style import Style

from adtui.records import defaults
from adtui.records.colours import RGB, dusk, ember
from adtui.records.messages import OpenRun
from adtui.ui.app import AdtuiApp
from adtui.ui.preferences import Preferences, prefer
from adtui.ui.renderables.colors import LEVELS, choose_table
from adtui.ui.terminal.changed_cells import inked
from adtui.ui.themes import ACCENT, CONFIRMED, FAINT, REFUTED, REWARD, THEMES, textual_theme

INKS = (ACCENT, REWARD, FAINT, CONFIRMED, REFUTED)
# Machado, Oliveira & Fernandes 2009, severity 1, on linear RGB.
BLIND = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
}


def linear(rgb: RGB) -> NDArray[np.float64]:
    share = np.array(rgb) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def luminance(rgb: RGB) -> float:
    return float(linear(rgb) @ (0.2126, 0.7152, 0.0722))


def contrast(one: RGB, other: RGB) -> float:
    """WCAG 2's ratio."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _rgb(color: Color) -> RGB:
    triplet = color.get_truecolor()
    return triplet.red, triplet.green, triplet.blue


def seen(rgb: RGB, blindness: str) -> NDArray[np.float64]:
    """What is left of a colour, encoded again, 0..1."""
    left = np.clip(np.array(BLIND[blindness]) @ linear(rgb), 0, 1)
    return np.where(left <= 0.0031308, 12.92 * left, 1.055 * left ** (1 / 2.4) - 0.055)


def test_the_names_are_the_command_lines() -> None:
    assert tuple(THEMES) == defaults.THEMES


@pytest.mark.parametrize("name", THEMES)
def test_every_ink_is_read_on_its_ground(name: str) -> None:
    theme = THEMES[name]
    ground = textual_theme(name).background or "#121212"  # what Textual makes where a dark theme names none
    rgb = _rgb(Color.parse(ground))
    for ink in INKS:
        assert contrast(theme.inks.get(ink, ink), rgb) >= 4.5


@pytest.mark.parametrize("system", ["truecolor", "256"])
@pytest.mark.parametrize("name", THEMES)
def test_more_attention_is_further_from_the_ground(name: str, system: str) -> None:
    theme = THEMES[name]
    levels = [luminance(rgb) for rgb in choose_table(system, True, theme.dark, theme.palette).rgb]
    assert len(levels) == LEVELS
    order = levels if theme.dark else levels[::-1]
    assert all(low <= high + 0.01 for low, high in pairwise(order))
    assert order[-1] - order[0] > 0.7


@pytest.mark.parametrize("name", THEMES)
def test_sixteen_colours_keep_the_order(name: str) -> None:
    theme = THEMES[name]
    table = choose_table("standard", True, theme.dark, theme.palette)
    ends = [table.glyphs[0][1].bgcolor, table.glyphs[-1][1].bgcolor]
    black, white = Color.from_rgb(0, 0, 0), Color.from_rgb(255, 255, 255)
    assert ends == ([black, white] if theme.dark else [white, black])


@pytest.mark.parametrize("blindness", BLIND)
def test_the_safe_scale_stays_as_it_is_to_the_colour_blind(blindness: str) -> None:
    """It moves them less than half as far as the usual one does, in sRGB."""

    def moved(scale: tuple[RGB, ...]) -> float:
        return float(np.mean([np.linalg.norm(seen(rgb, blindness) - np.array(rgb) / 255) for rgb in scale]))

    assert moved(dusk(LEVELS)) < 0.5 * moved(ember(LEVELS))


@pytest.mark.parametrize("blindness", BLIND)
def test_the_safe_marks_are_told_apart_by_the_colour_blind(blindness: str) -> None:
    inks = THEMES["safe"].inks
    marks = [seen(inks.get(ink, ink), blindness) for ink in (CONFIRMED, ACCENT, REFUTED)]
    apart = [float(np.linalg.norm(marks[i] - marks[j])) for i, j in ((0, 1), (0, 2), (1, 2))]
    assert min(apart) > 0.3


def test_inks_change_texts_and_not_pixels() -> None:
    gray, red = Color.from_rgb(*FAINT), Color.from_rgb(255, 0, 0)
    style = Style(color=gray, bold=True)
    assert inked(Segment("query", style), {gray: red}) == Segment("query", Style(color=red, bold=True))
    assert inked(Segment("▀▀", style), {gray: red}) == Segment("▀▀", style)
    assert inked(Segment("query", Style(color=red)), {gray: red}) == Segment("query", Style(color=red))


@pytest.mark.parametrize(("name", "dark"), [("light", False), ("safe", True)])
async def test_the_app_takes_a_theme(name: str, dark: bool) -> None:
    app = AdtuiApp(OpenRun(0, "runs/latest"), engine=FakeEngine())
    prefer(app, Preferences(theme=name, colors="256"))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.explorer.presenter.view is not None)
        assert app.current_theme.dark is dark
        assert app.color_table is choose_table("256", True, dark, THEMES[name].palette)
        strips = app.screen._compositor.render_strips()
        ground = next(iter(strips[0])).style
        assert ground is not None
        assert ground.bgcolor is not None
        assert (luminance(_rgb(ground.bgcolor)) < 0.2) is dark
