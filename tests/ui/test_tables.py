"""What `y` copies."""

from __future__ import annotations

import numpy as np
from fake_engine import CONTEXT, HEADS, LAYERS, insight, sample, sample_stats, sheet

from adtui.records.axis import Axis
from adtui.records.messages import GetSheet, WeightsReady
from adtui.records.place import Frame, Place
from adtui.ui.explorer import tables
from adtui.ui.renderables.statistics import STATISTICS


def cells(text: str) -> list[list[str]]:
    assert text.endswith("\n")
    rows = [line.split("\t") for line in text[:-1].split("\n")]
    assert len({len(row) for row in rows}) == 1, "every row has the header's columns"
    return rows


def test_weights_are_those_of_the_window_with_empty_cells_where_masked() -> None:
    weights = np.array([[0.25, np.nan], [0.5, 0.125]], np.float32)
    found = WeightsReady(1, Place(0, 0, 0, 59), (3, 5, 7, 9), weights)
    assert cells(tables.weights(found)) == [["query\\key", "7", "8"], ["3", "0.25", ""], ["4", "0.5", "0.125"]]


def test_curve_has_a_row_per_token_and_no_action_at_the_query() -> None:
    shown = sample()
    values = np.linspace(0, 1, CONTEXT + 1, dtype=np.float32)
    _, *rows = cells(tables.curve(values, Axis.plain(shown), "attention"))
    assert len(rows) == CONTEXT + 1
    assert rows[-1][6:8] == ["", ""]
    assert rows[3][1:6] == ["transition", "0", "3", str(shown.states[3, 0]), str(shown.states[3, 1])]


def test_statistics_of_one_head_and_of_a_layer() -> None:
    names = {key for key, _, _ in STATISTICS}
    _, *one = cells(tables.statistics(sample_stats(0), 1, 2))
    assert {row[2].split("[")[0] for row in one} == names
    _, *all_heads = cells(tables.statistics(sample_stats(0), 1, None))
    assert len(all_heads) == HEADS * len(one)


def test_sheet_and_insights() -> None:
    assert len(cells(tables.sheet(sheet(GetSheet(1, 0, Frame(4, 4)))))) == LAYERS + 1
    _, row = cells(tables.insights([insight()]))
    assert row[0] == "L1H2"
