"""The weight that is told of a pixel of several queries: of the selected row its own, of others the largest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from app_driver import opened, there, until
from fake_engine import head_view, run_info
from textual.pilot import Pilot

from adtui.records.axis import Axis
from adtui.records.messages import GetView
from adtui.records.place import Frame, Place
from adtui.ui.app import AdtuiApp
from adtui.ui.renderables.view_pixels import ViewPixels, weight_at

RUN = run_info()
AXIS = Axis(RUN.layout(0), RUN.samples[0])


def pixels(query: int, rows: int = 8, cols: int = 8) -> ViewPixels:
    view = head_view(GetView(1, Place(0, 0, 0, query), Frame(rows, cols)), len(AXIS))
    return ViewPixels(view, AXIS, AXIS)


@pytest.mark.parametrize("query", range(5, len(AXIS)))
def test_the_selected_row_tells_its_own_weights(query: int) -> None:
    shown = pixels(query)
    row = int(np.searchsorted(shown.view.row_edges, query, side="right")) - 1
    for col in range(8):
        told, key = weight_at(shown.view, (row, col))
        value = shown.value((row, col))
        if value is None:
            assert key > query or np.isnan(shown.view.pooled[row, col])
            continue
        block = shown.view.query_row[shown.view.col_edges[col] : shown.view.col_edges[col + 1]]
        assert told == query
        assert value == shown.view.query_row[key] == block.max()
        assert shown.block((row, col))[0] == 1


def test_other_rows_tell_their_largest() -> None:
    shown = pixels(len(AXIS) - 1)
    assert shown.value((3, 1)) == shown.view.pooled[3, 1]
    assert shown.block((3, 1))[0] == shown.view.row_edges[4] - shown.view.row_edges[3]


def test_a_compressors_latents_are_pooled_as_they_were() -> None:
    shown = pixels(6)
    round_view = replace(shown.view, place=replace(shown.view.place, round=0))
    row = int(np.searchsorted(shown.view.row_edges, 6, side="right")) - 1
    assert ViewPixels(round_view, AXIS, AXIS).value((row, 0)) == shown.view.pooled[row, 0]


@pytest.mark.parametrize("key", ["left_square_bracket", "left_curly_bracket"])
async def test_another_row_is_another_read_out(key: str) -> None:
    async with opened(size=(80, 24)) as (app, _engine, pilot):
        await pilot.press("2")
        for _ in range(3):
            await step(app, pilot, key)
            assert app.explorer.panes.heatmap.cursor[0] == there(app.explorer.presenter.view).place.query


async def step(app: AdtuiApp, pilot: Pilot[str], key: str) -> None:
    """Press a key, and wait for another row and another read-out."""
    before, row = app.explorer.panes.heatmap._readout.text, there(app.explorer.presenter.view).place.query
    await pilot.press(key)
    await until(pilot, lambda: there(app.explorer.presenter.view).place.query != row)
    await until(pilot, lambda: app.explorer.panes.heatmap._readout.text != before)
