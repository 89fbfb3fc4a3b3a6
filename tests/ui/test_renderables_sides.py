"""Two runs side by side as cells: the table, the claims, and a scale whose two ends are as strong."""

from __future__ import annotations

import numpy as np
import pytest

from adtui.records.head_comparison import ROWS, ClaimTest, HeadComparison, Pair
from adtui.records.interval import Interval
from adtui.records.provenance import Provenance
from adtui.ui.renderables.colors import LEVELS, MASKED, ColorTable, choose_table
from adtui.ui.renderables.diverging import ZERO, diverging, diverging_legends, diverging_levels
from adtui.ui.renderables.sides import both_rows, claim_lines, pair_lines

PAIRS = tuple(
    Pair((0, head), (1, head), Interval(0.1, 0.05, 0.2), Interval(0.5 / (head + 1), 0.1, 0.6), 0.25, 0.2)
    for head in range(4)
)
TESTS = (
    ClaimTest("recency", (0, 0), (1, 0), 3.1, 0.9, True, False, 1e-5, True),
    ClaimTest("sink", (0, 0), (1, 0), 0.4, 0.5, True, True, 0.3, False),
    ClaimTest("uniform", (0, 1), (1, 1), 0.4, 0.5, False, False, 0.3, False),
)
FOUND = HeadComparison(
    "A run", "B run", "9 contexts", ("", ""), ROWS, PAIRS, ((2, 0),), TESTS, Provenance("compare", ())
)
TABLES = [("truecolor", True), ("256", True), ("standard", True), (None, True), (None, False)]


def test_pairs_as_lines() -> None:
    lines = [line.plain for line in pair_lines(FOUND, 0, 40, 5)]
    assert lines == [
        "A / B         rows  writes  in one only",
        "L0H0 / L1H0  0.100   0.500  A recency",
        "L0H1 / L1H1  0.100   0.250",
        "L0H2 / L1H2  0.100   0.167",
        "L0H3 / L1H3  0.100   0.125",
    ]


@pytest.mark.parametrize("width", range(1, 60, 3))
@pytest.mark.parametrize("height", [1, 2, 3, 10])
def test_they_fit_and_the_chosen_pair_is_among_them(width: int, height: int) -> None:
    for at in range(4):
        for lines in (
            pair_lines(FOUND, at, width, height, utf8=False),
            claim_lines(FOUND, PAIRS[at], width, height, full="f"),
        ):
            assert len(lines) <= height
            assert all(len(line.plain) <= width for line in lines)
        if height > 1 and width > 12:
            assert any(f"L0H{at}" in line.plain for line in pair_lines(FOUND, at, width, height))


def test_claims_in_one_only_come_first() -> None:
    lines = [line.plain for line in claim_lines(FOUND, PAIRS[0], 80, 9, full="f")]
    assert lines == [
        "in A only: recency A 3.1, B 0.9 (p 1e-05)",
        "rows differ 0.100 [0.050, 0.200]",
        "writes differ 0.500 [0.100, 0.600]",
        "writes 25% of its layer → 20%",
        "observed in both: sink A 0.4, B 0.5, not shown to differ",
        "without a partner: L2H0",
    ]
    assert claim_lines(FOUND, PAIRS[1], 80, 9, full="f")[0].plain == "no claim holds in one of them only"
    assert claim_lines(FOUND, PAIRS[0], 80, 2, full="f")[-1].plain == "… more at full size (f)"


@pytest.mark.parametrize("root", [False, True])
def test_levels_are_as_far_from_zero_on_either_side(root: bool) -> None:
    values = np.array([[-0.5, -0.1, 0.0, 0.1, 0.5, np.nan, 9.0]], np.float32)
    levels = diverging_levels(values, 0.5, root=root)[0].astype(int)
    assert levels[2] == ZERO
    assert levels[0] == 0
    assert (levels[4], levels[6]) == (2 * ZERO, 2 * ZERO)
    assert ZERO - levels[1] == levels[3] - ZERO > 0
    assert levels[5] == MASKED
    assert (diverging_levels(np.zeros((1, 2), np.float32), 0.0, root=root) == ZERO).all()


@pytest.mark.parametrize(("system", "utf8"), TABLES)
@pytest.mark.parametrize("dark", [True, False])
def test_each_sign_has_its_own_cells_and_zero_one_alone(system: str | None, utf8: bool, dark: bool) -> None:
    table = diverging(choose_table(system, utf8, dark))
    cells = [table.swatch(level) for level in range(2 * ZERO + 1)]
    less, more = cells[:ZERO], cells[ZERO + 1 :]
    assert not {str(cell) for cell in less} & {str(cell) for cell in more}
    assert cells[ZERO] not in [*less, *more] or table.half_blocks
    assert len({str(cell) for cell in less}) == len({str(cell) for cell in more}) >= 3
    assert cells[0] != cells[ZERO - 1]
    if not utf8:
        assert all(char.isascii() for char, _ in cells)
    assert len(table.rgb or table.glyphs) == LEVELS


def test_brightness_is_the_same_for_both_signs() -> None:
    for name in ("truecolor", "256"):
        rgb = np.array(diverging(choose_table(name, True)).rgb[: 2 * ZERO + 1], float) @ (0.299, 0.587, 0.114)
        less, more = rgb[ZERO::-1], rgb[ZERO:]
        assert (np.diff(less) >= 0).all()
        assert (np.diff(more) >= 0).all()
        assert np.abs(less - more).max() < 45


@pytest.mark.parametrize(("system", "utf8"), TABLES)
def test_the_legend_names_both_ends(system: str | None, utf8: bool) -> None:
    table: ColorTable = choose_table(system, utf8)
    text, shorter, shortest = (form.plain for form in diverging_legends(0.31, table, root=True))
    assert len(text) > len(shorter) > len(shortest)
    assert shorter.endswith(" +0.31")
    assert shortest == "sqrt"
    assert text.startswith("sqrt −0.31 " if utf8 else "sqrt -0.31 ")
    assert text.endswith(" +0.31")
    if system is None:
        assert "Aa- +bB" in text


@pytest.mark.parametrize(("utf8", "color"), [(True, True), (True, False), (False, False)])
def test_both_rows_can_be_told_apart(utf8: bool, color: bool) -> None:
    rows = np.stack([np.linspace(0, 1, 30), np.linspace(1, 0, 30)]).astype(np.float32)
    episode, rewarded = np.arange(30) // 10, np.arange(30) == 4
    lines = both_rows(rows, 60, 10, episode=episode, rewarded=rewarded, utf8=utf8, color=color)
    text = "\n".join(line.plain for line in lines)
    assert len(lines) == 10
    assert color or ("a" in text and "b" in text)
    assert utf8 or text.isascii()
    assert not both_rows(rows, 10, 10, episode=episode, rewarded=rewarded)
