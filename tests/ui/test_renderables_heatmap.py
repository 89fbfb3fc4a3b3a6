"""The heatmap's lines, exactly, and the laws behind them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pane_data import N_CONTEXT, sample, view
from rich.segment import Segment

from adtui.records.attention import HeadView
from adtui.ui.renderables.colors import CURSOR_RGB, ColorTable, choose_table
from adtui.ui.renderables.heatmap import Frame, Heatmap, fit, gutter_width, pixel_runs, room
from adtui.ui.renderables.scales import to_levels

TRUE = choose_table("truecolor", utf8=True)
ASCII = choose_table(None, utf8=False)


def heatmap(seen: HeadView, table: ColorTable, width: int, height: int) -> Heatmap:
    tokens = sample()
    gutter = gutter_width(tokens.episode)
    return Heatmap(
        levels=to_levels(seen.pooled, "row", N_CONTEXT),
        row_edges=seen.row_edges,
        col_edges=seen.col_edges,
        episode=tokens.episode,
        rewarded=np.append(tokens.rewards > 0, False),
        query=seen.place.query,
        frame=fit(seen.pooled.shape, width, height, gutter, table.rows_per_cell),
        table=table,
    )


def text(segments: list[Segment]) -> str:
    return "".join(segment.text for segment in segments)


def picture(drawn: Heatmap, cursor: tuple[int, int] | None = None) -> list[str]:
    return [text(drawn.line(y, cursor)).rstrip() for y in range(drawn.frame.lines + 2)]


def test_ascii_picture_in_full() -> None:
    # Level floor(32 k / n) of the k-th of n keys, then the ten signs of the ramp over 32 levels.
    assert picture(heatmap(view(), ASCII, 16, 20)) == [
        "e0  @''''''''''",
        "    +@'''''''''",
        "    -*@''''''''",
        "    :+#@'''''''",
        "    .-+#@''''''",
        "    .-+*%@'''''",
        "e1  .:=+*%@''''",
        "    .:-+*#%@'''",
        "     :-=+*#%@''",
        "     .:-++*#%@'",
        "  >  .:-=+*#%@@",
        "    |    ^|   q",
        "    e0    e1",
    ]


def test_half_blocks_in_full() -> None:
    """Equal pixels above each other are a space; the odd last row leaves the lower half of its cells empty."""
    lines = picture(heatmap(view(), TRUE, 16, 20))
    assert len(lines) == 8
    assert lines[0] == "e0  ▀▀"
    assert lines[3] == "e1   ▀▀▀▀▀▀▀"
    assert lines[5] == "  ▶ ▀▀▀▀▀▀▀▀▀▀▀"
    assert lines[6] == "    ╵    ▲╵   q"
    assert lines[7] == "    e0    e1"


def test_a_large_pane_gets_whole_multiples() -> None:
    drawn = heatmap(view(), ASCII, 48, 26)
    assert (drawn.frame.zoom_x, drawn.frame.zoom_y) == (4, 2)
    lines = picture(drawn)
    assert lines[0] == "e0  @@@@" + "'" * 40
    assert lines[1] == "    @@@@" + "'" * 40
    assert lines[12] == "e1  ....::::====++++****%%%%@@@@" + "'" * 16
    assert lines[13] == "    ....::::====++++****%%%%@@@@" + "'" * 16


def test_pooled_picture() -> None:
    drawn = heatmap(view(block=4), ASCII, 9, 20)
    assert picture(drawn) == ["e0  @''", "e1  #@'", "  > =%@", "    |^q", "    e0"]


@pytest.mark.parametrize(
    ("window", "size", "lines"),
    [
        # Key 5 is rewarded, episode 1 begins at 6, the query is 10.
        (
            (4, 9, 3, 8),
            (10, 9),
            ["e0  #@'''", "    *%@''", "e1  +*%@'", "    +*#%@", "    ++#%@", "      ^|", "    e0 e1"],
        ),
        ((8, 11, 5, 11), (11, 9), ["e1  *#%@''", "    +*#%@'", "  > +*#%@@", "    ^|   q", "     e1"]),
        ((2, 4, 1, 4), (8, 9), ["e0  *@'", "    +#@", "", "    e0"]),
        ((0, 3, 7, 10), (8, 9), ["e0  '''", "    '''", "    '''", "", "    e1"]),
    ],
    ids=str,
)
def test_rulers_of_a_window(window: tuple[int, int, int, int], size: tuple[int, int], lines: list[str]) -> None:
    assert picture(heatmap(view(window=window), ASCII, *size)) == lines


def test_the_query_row_is_marked_where_it_is_masked() -> None:
    drawn = heatmap(view(query=2), ASCII, 16, 20)
    assert picture(drawn)[2] == "  > -*@________"


def test_cursor_is_one_pixel() -> None:
    drawn = heatmap(view(), TRUE, 16, 20)
    plain, marked = drawn.line(2), drawn.line(2, (5, 1))
    assert text(plain) == text(marked)
    changed = [segment for segment in marked if segment not in plain]
    assert [segment.text for segment in changed] == ["▀"]
    assert changed[0].style is not None
    assert changed[0].style.bgcolor is not None
    assert changed[0].style.bgcolor.triplet == CURSOR_RGB
    assert drawn.line(1, (5, 1)) == drawn.line(1)


def test_many_episodes_label_what_fits() -> None:
    seen = view(np.full((60, 60), 1 / 60, np.float32))
    tokens = sample(59, horizon=3)
    frame = fit(seen.pooled.shape, 66, 64, 5, 1)
    rewarded = np.append(tokens.rewards > 0, False)
    drawn = Heatmap(
        to_levels(seen.pooled, "row", 59), seen.row_edges, seen.col_edges, tokens.episode, rewarded, 59, frame, ASCII
    )
    labels = drawn.labels()
    assert len(labels) <= 61
    assert labels.startswith("e0 e1 e2 e3 e4 e5 e6 e7 e8 e9 e10 ")
    assert labels.split() == sorted(set(labels.split()), key=lambda label: int(label[1:]))


# -- laws --------------------------------------------------------------------------------------------------------------
@given(
    rows=st.integers(1, 90),
    cols=st.integers(1, 90),
    width=st.integers(5, 120),
    height=st.integers(3, 60),
    per_cell=st.sampled_from([1, 2]),
)
def test_what_fits_is_shown_whole_and_as_large_as_possible(
    rows: int, cols: int, width: int, height: int, per_cell: int
) -> None:
    frame = fit((rows, cols), width, height, 4, per_cell)
    most_rows, most_cols = room(width, height, 4, per_cell)
    assert frame.zoom_x >= 1
    assert frame.zoom_y >= 1
    if rows <= most_rows and cols <= most_cols:
        assert rows * frame.zoom_y <= most_rows
        assert cols * frame.zoom_x <= most_cols
        x, y, wide, high = frame.cells(rows - 1, cols - 1)
        assert x + wide <= width
        assert y + high <= frame.lines <= height - 2
        assert frame.zoom_x <= 2 * frame.zoom_y
        assert (frame.zoom_y + 1) * rows > most_rows or (frame.zoom_y + 1) * cols > most_cols


@given(row=st.integers(0, 10), col=st.integers(0, 10), width=st.integers(20, 60), height=st.integers(15, 40))
def test_clicking_a_cell_finds_its_pixel(row: int, col: int, width: int, height: int) -> None:
    for per_cell in (1, 2):
        frame = fit((11, 11), width, height, 4, per_cell)
        x, y, wide, high = frame.cells(row, col)
        hits = {frame.pixel(x + i, y + j) for i in range(wide) for j in range(high)}
        assert (row, col) in hits or (row - row % 2, col) in hits
        assert all(hit is not None and abs(hit[0] - row) <= 1 and hit[1] == col for hit in hits)
        assert frame.pixel(3, 0) is None
        assert frame.pixel(4, frame.lines) is None


CODES = arrays(np.uint8, 12, elements=st.sampled_from([0, 1, 31, 253, 254, 255]))


@pytest.mark.parametrize("table", [TRUE, ASCII])
@given(top=CODES, bottom=CODES, zoom=st.integers(1, 3))
def test_merged_runs_are_the_unmerged_picture(
    table: ColorTable, top: np.ndarray, bottom: np.ndarray, zoom: int
) -> None:
    runs = pixel_runs(top, bottom, zoom, table)
    cells = [(char, segment.style) for segment in runs for char in segment.text]
    assert cells == [table.cell(int(a), int(b)) for a, b in zip(top, bottom, strict=True) for _ in range(zoom)]


def test_a_uniform_row_is_one_segment() -> None:
    row = np.full(50, 7, np.uint8)
    assert len(pixel_runs(row, row, 1, TRUE)) == 1


def test_frame_of_a_pane_without_room() -> None:
    frame = fit((11, 11), 1, 1, 4, 2)
    assert frame == Frame(11, 11, 4, 1, 1, 2, 1, 1)
    assert room(1, 1, 4, 2) == (1, 1)
