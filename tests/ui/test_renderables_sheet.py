"""The contact sheet's lines, exactly, and how it adapts to its pane."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from pane_data import sheet

from adtui.ui.renderables.colors import choose_table
from adtui.ui.renderables.scales import to_levels
from adtui.ui.renderables.sheet import caption, lay_out, sheet_line

ASCII = choose_table(None, utf8=False)


def lines(width: int, height: int, selected: tuple[int, int | None] = (0, 0)) -> list[str]:
    shown = sheet()
    grid = lay_out(2, 3, width, height, selected)
    levels = to_levels(shown.thumbnails, "row", 4)
    drawn = [sheet_line(y, levels, shown.entropy_norm, grid, ASCII, selected) for y in range(height)]
    return ["".join(segment.text for segment in line).rstrip() for line in drawn]


def test_thumbnails_with_captions() -> None:
    assert lines(33, 10, (1, 2)) == [
        "L0 @@''''''  @@''''''  @@''''''",
        "   ++@@''''  ++@@''''  ++@@''''",
        "   --**@@''  --**@@''  --**@@''",
        "   ::++##@@  ::++##@@  ::++##@@",
        "   L0H0 .10  L0H1 .26  L0H2 .42",
        "L1 @@''''''  @@''''''  @@''''''",
        "   ++@@''''  ++@@''''  ++@@''''",
        "   --**@@''  --**@@''  --**@@''",
        "   ::++##@@  ::++##@@  ::++##@@",
        "   L1H0 .58  L1H1 .74  L1H2 .90",
    ]


def test_a_tiny_pane_shows_a_block_per_head_as_bright_as_it_is_focused() -> None:
    assert lines(12, 2, (1, 1)) == ["L0 %% ## ++", "L1 == ::>"]


def test_too_many_heads_scroll_to_the_selected_one() -> None:
    grid = lay_out(8, 32, 20, 6, (5, 20))
    assert grid.first_layer <= 5 < grid.first_layer + grid.rows
    assert grid.first_head <= 20 < grid.first_head + grid.cols


@given(
    layers=st.integers(1, 24),
    heads=st.integers(1, 32),
    width=st.integers(6, 120),
    height=st.integers(1, 60),
    data=st.data(),
)
def test_the_selected_head_is_always_on_display(
    layers: int, heads: int, width: int, height: int, data: st.DataObject
) -> None:
    layer, head = data.draw(st.integers(0, layers - 1)), data.draw(st.integers(0, heads - 1))
    grid = lay_out(layers, heads, width, height, (layer, head))
    y = grid.lines_of(layer)[0]
    x = 3 + (head - grid.first_head) * (grid.wide + grid.gap)
    assert grid.head_at(x, y) == (layer, head)
    assert y < height
    assert x < width
    assert grid.rows * grid.pitch <= max(height, grid.pitch)


def test_captions_say_what_fits() -> None:
    assert [caption(0, 3, 0.97, width) for width in (8, 7, 6, 4, 2, 1, 0)] == [
        "L0H3 .97",
        "H3 .97 ",
        "H3 .97",
        "L0H3",
        "H3",
        "3",
        "",
    ]
    assert caption(0, 3, float("nan"), 8) == "L0H3 –  "


def test_clicks_beside_the_thumbnails_hit_nothing() -> None:
    grid = lay_out(2, 3, 33, 10)
    assert grid.head_at(0, 0) is None
    assert grid.head_at(4, 0) == (0, 0)
    assert grid.head_at(32, 9) == (1, 2)
    assert grid.head_at(4, 10) is None


def test_heads_of_a_circuit_carry_a_mark_behind_their_caption() -> None:
    shown, levels = sheet(), to_levels(sheet().thumbnails, "row", 4)
    grid = lay_out(2, 3, 33, 10)
    for table, mark in ((ASCII, "@"), (choose_table(None, utf8=True), "◆")):
        drawn = sheet_line(4, levels, shown.entropy_norm, grid, table, (0, 0), {(0, 1), (1, 0)})
        assert "".join(segment.text for segment in drawn).rstrip() == f"   L0H0 .10  L0H1 .26{mark} L0H2 .42"
    tiny = lay_out(2, 3, 12, 2)
    drawn = sheet_line(0, levels, shown.entropy_norm, tiny, ASCII, (0, 0), {(0, 0), (0, 1)})
    assert "".join(segment.text for segment in drawn).rstrip() == "L0 %%>##@++"
