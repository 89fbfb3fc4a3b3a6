"""Laws of the colour scales and of the colour tables."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from rich.console import Console
from rich.segment import Segment, Segments

from adtui.records.colours import dusk, ember
from adtui.records.look import SCALES
from adtui.records.weight_scale import bounds
from adtui.ui.renderables.colors import (
    CURSOR,
    CURSOR_MASKED,
    GUIDE,
    LEVELS,
    MASKED,
    OUTSIDE,
    choose_table,
    utf8_terminal,
)
from adtui.ui.renderables.palettes import on_cube
from adtui.ui.renderables.scales import largest, legend, to_levels

WEIGHTS = arrays(np.float32, (5, 7), elements=st.floats(0, 1, width=32) | st.just(float("nan")))


@pytest.mark.parametrize("scale", SCALES)
@given(values=WEIGHTS)
def test_levels_rise_with_the_weight_and_masked_stays_masked(scale: str, values: np.ndarray) -> None:
    levels = to_levels(values, scale, 80)
    masked = np.isnan(values)
    assert (levels[masked] == MASKED).all()
    assert (levels[~masked] < LEVELS).all()
    for weights, row in zip(values, levels, strict=True):
        seen = ~np.isnan(weights)
        order = np.argsort(weights[seen], kind="stable")
        assert (np.diff(row[seen][order].astype(int)) >= 0).all()


@given(values=WEIGHTS)
def test_row_scale_gives_every_row_with_attention_the_brightest_level(values: np.ndarray) -> None:
    for weights, row in zip(values, to_levels(values, "row", 80), strict=True):
        seen = ~np.isnan(weights)
        if seen.any() and weights[seen].max() > 1e-30:
            assert row[seen].max() == LEVELS - 1


def test_exact_levels() -> None:
    values = np.array([[0.0, 0.25, 0.5, 1.0, np.nan]], np.float32)
    assert to_levels(values, "linear", 4).tolist() == [[0, 8, 16, 31, 255]]
    assert to_levels(values, "sqrt", 4).tolist() == [[0, 16, 22, 31, 255]]
    assert to_levels(values, "row", 4).tolist() == [[0, 8, 16, 31, 255]]
    # From a tenth of the uniform share, 0.025, to 1.
    assert to_levels(values, "log", 4).tolist() == [[0, 19, 25, 31, 255]]


def test_the_uniform_share_has_one_place_on_the_logarithmic_scale() -> None:
    low, high = bounds("log", 0.1, 100)
    assert (low, high) == (0.001, 0.1)
    assert to_levels(np.array([[0.0101]], np.float32), "log", 100, top=0.1).tolist() == [[16]]


def test_the_largest_weight_is_that_of_the_later_queries() -> None:
    values = np.array([[1.0, np.nan], [0.3, 0.7]], np.float32)
    assert largest(values) == pytest.approx(0.7)
    assert largest(np.full((2, 2), np.nan, np.float32)) == 0.0


def test_all_zero_and_all_masked_are_no_errors() -> None:
    for scale in SCALES:
        assert to_levels(np.zeros((2, 2), np.float32), scale, 5).tolist() == [[0, 0], [0, 0]]
        assert to_levels(np.full((2, 2), np.nan, np.float32), scale, 5).tolist() == [[255, 255], [255, 255]]


def test_unknown_scale_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="log, sqrt, linear, row"):
        to_levels(np.zeros((1, 1), np.float32), "cubic", 5)


def test_legend() -> None:
    table = choose_table("truecolor", utf8=True)
    assert legend("log", 0.34, 100, table).plain == "log 0.001          0.34"
    assert legend("row", 0.34, 100, table).plain == "row 0          row's largest"
    assert legend("linear", 0.34, 100, choose_table(None, utf8=False)).plain == "linear 0  .:=+*%@ 0.34"


# -- colour tables -----------------------------------------------------------------------------------------------------
def brightness(rgb: tuple[int, int, int]) -> float:
    return float(0.2126 * (rgb[0] / 255) ** 2.2 + 0.7152 * (rgb[1] / 255) ** 2.2 + 0.0722 * (rgb[2] / 255) ** 2.2)


@pytest.mark.parametrize("table", [scale for one in (ember, dusk) for scale in (one(LEVELS), on_cube(one, LEVELS))])
def test_colours_get_lighter(table: tuple[tuple[int, int, int], ...]) -> None:
    assert len(table) == LEVELS
    lights = [brightness(rgb) for rgb in table]
    assert all(after >= before - 0.01 for before, after in itertools.pairwise(lights))
    assert lights[0] < 0.01
    assert lights[-1] > 0.85


def test_truecolor_levels_are_distinct() -> None:
    assert len(set(ember(LEVELS))) == LEVELS


def test_cube_colours_survive_the_terminal() -> None:
    """Each colour of the 256-colour table is one that the terminal has: Rich must not have to move it."""
    steps = {0, 95, 135, 175, 215, 255}
    assert all(set(rgb) <= steps for rgb in on_cube(ember, LEVELS))
    assert len(set(on_cube(ember, LEVELS))) >= 14


@pytest.mark.parametrize(
    ("system", "utf8", "name", "per_cell"),
    [
        ("truecolor", True, "truecolor", 2),
        ("256", True, "256", 2),
        ("standard", True, "16", 1),
        ("windows", True, "16", 1),
        (None, True, "ascii", 1),
        ("truecolor", False, "ascii", 1),
    ],
)
def test_choice_of_table(system: str | None, utf8: bool, name: str, per_cell: int) -> None:
    table = choose_table(system, utf8)
    assert (table.name, table.rows_per_cell) == (name, per_cell)


@pytest.mark.parametrize("system", ["truecolor", "256", "standard", None])
def test_every_code_has_a_cell_and_only_one_style_object(system: str | None) -> None:
    table = choose_table(system, utf8=system is not None)
    codes = [*range(LEVELS), *(CURSOR + level for level in range(LEVELS)), CURSOR_MASKED, OUTSIDE, GUIDE, MASKED]
    for top in codes:
        char, style = table.cell(top, codes[0])
        assert len(char) == 1
        assert table.cell(top, codes[0])[1] is style
        assert table.utf8 or char.isascii()


@pytest.mark.parametrize("system", ["truecolor", "256", "standard", None])
@pytest.mark.parametrize("dark", [True, False])
def test_masked_looks_like_no_level(system: str | None, dark: bool) -> None:
    table = choose_table(system, utf8=system is not None, dark=dark)
    assert table.swatch(MASKED) not in [table.swatch(level) for level in range(LEVELS)]


def test_shades_and_ramp() -> None:
    shaded, ramp = choose_table("standard", utf8=True), choose_table(None, utf8=False)
    assert "".join(shaded.swatch(level)[0] for level in range(LEVELS)) == "  ░░▒▓▓ ░░▒▓▓ ░░▒▓▓ ░░▒▓▓ ░░▒▓▓ "
    assert "".join(ramp.swatch(level)[0] for level in range(LEVELS)) == "    ...:::---===++++***###%%%@@@"


def test_sixteen_colours_survive_the_terminal() -> None:
    """Rich writes the codes of the 16 colours for them: black on red is 40 and 31."""
    char, style = choose_table("standard", utf8=True).swatch(2)
    console = Console(color_system="standard", force_terminal=True, width=80)
    with console.capture() as capture:
        console.print(Segments([Segment(char, style)]), end="")
    assert capture.get() == "\x1b[34;40m░\x1b[0m"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"LANG": "en_US.UTF-8"}, True),
        ({"LANG": "C"}, False),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "C"}, False),
        ({"LC_CTYPE": "C.utf8", "LANG": "C"}, True),
        ({}, False),
    ],
)
def test_utf8_terminal(environ: dict[str, str], expected: bool) -> None:
    assert utf8_terminal(environ) is expected


@pytest.mark.parametrize("system", ["truecolor", "256"])
def test_without_colours_the_cursor_is_a_letter_and_nothing_else_is(system: str) -> None:
    grey, table = (choose_table(system, utf8=True, mono=mono) for mono in (True, False))
    pixels = (0, 12, LEVELS - 1, GUIDE, MASKED, OUTSIDE)
    marked = [CURSOR, CURSOR + 12, CURSOR_MASKED]
    for other in pixels:
        assert grey.cell(other, other) == table.cell(other, other)
        for under in marked:
            assert grey.cell(under, other)[0] == grey.cell(other, under)[0] == "X"
            assert table.cell(under, other)[0] != "X"
