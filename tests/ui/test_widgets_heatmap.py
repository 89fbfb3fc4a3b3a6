"""The heatmap pane: what it shows, where the cursor goes, and how little a cursor move repaints."""

from __future__ import annotations

import numpy as np
import pytest
from pane_data import N, attention, axis, view
from pane_host import Host, lines
from textual import on
from textual.geometry import Region
from textual.message import Message

from adtui.records.attention import CellInfo
from adtui.records.place import Place
from adtui.ui.renderables.colors import choose_table
from adtui.ui.renderables.reason import reason_lines
from adtui.ui.widgets import picture
from adtui.ui.widgets.cell_readout import changed
from adtui.ui.widgets.heatmap import HeatmapPane

TRUE = choose_table("truecolor", utf8=True)
ASCII = choose_table(None, utf8=False)
SIZE = (100, 24)


class HeatmapHost(Host):
    @on(HeatmapPane.CursorMoved)
    @on(HeatmapPane.SizeChanged)
    @on(HeatmapPane.Chosen)
    @on(HeatmapPane.Beyond)
    def keep(self, message: Message) -> None:
        self.collect(message)


async def test_says_why_it_is_empty() -> None:
    pane = HeatmapPane()
    async with HeatmapHost(pane, TRUE).run_test(size=SIZE) as pilot:
        assert "no attention yet" in "".join(lines(pane))
        pane.show(view(), axis())
        pane.clear("the engine has left")
        await pilot.pause()
        assert "the engine has left" in "".join(lines(pane))
        assert pane.cursor == (0, 0)


async def test_why_it_is_empty_is_wrapped_once_for_all_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    wrapped: list[str] = []

    def counted(reason: str, width: int, height: int) -> list[str]:
        wrapped.append(reason)
        return reason_lines(reason, width, height)

    monkeypatch.setattr(picture, "reason_lines", counted)
    pane = HeatmapPane()
    async with HeatmapHost(pane, TRUE).run_test(size=SIZE) as pilot:
        wrapped.clear()
        pane.clear("the engine has left " * 9)
        await pilot.pause()
        assert [line.strip() for line in lines(pane) if line.strip()] == [
            line.strip() for line in reason_lines("the engine has left " * 9, *pane.size) if line.strip()
        ]
        assert len(wrapped) == 1


async def test_asks_for_its_pixels_again_when_resized() -> None:
    pane = HeatmapPane()
    host = HeatmapHost(pane, TRUE)
    async with host.run_test(size=SIZE) as pilot:
        # Border 2, read-out 1, axes 2, gutter 4.
        assert pane.pixels_wanted() == (38, 94)
        await pilot.resize_terminal(60, 24)
        assert pane.pixels_wanted() == (36, 54)
        assert [(m.rows, m.cols) for m in host.of(HeatmapPane.SizeChanged)] == [(38, 94), (36, 54)]


async def test_ascii_shows_one_pixel_a_cell() -> None:
    pane = HeatmapPane()
    async with HeatmapHost(pane, ASCII).run_test(size=SIZE) as pilot:
        assert pane.pixels_wanted() == (19, 94)
        pane.show(view(), axis())
        await pilot.pause()
        shown = lines(pane)
        assert shown[0].startswith("e0  @@''")
        assert shown[-1].startswith("query ep1 t4 (4,0) -> key = query (4,0) | 0.167 | rank 1 of 11")
        assert all(line.isascii() for line in shown)


async def test_starts_on_the_largest_weight_of_the_query() -> None:
    pane = HeatmapPane()
    host = HeatmapHost(pane, TRUE)
    async with host.run_test(size=SIZE) as pilot:
        matrix = attention()
        matrix[-1, 3] = 0.9
        pane.show(view(matrix), axis())
        await pilot.pause()
        assert pane.cursor == (10, 3)
        moved = host.of(HeatmapPane.CursorMoved)[-1]
        assert (moved.query, moved.key, moved.ranked) == (10, 3, True)
        assert moved.value == pytest.approx(0.9)
        assert lines(pane)[-1] == "query ep1 t4 (4,0) → key ep0 t3 (3,0) ↓ (4,0) r=0 · 0.900 · rank 1 of 11"


@pytest.mark.parametrize(
    ("keys", "cursor"),
    [
        (["up"], (4, 5)),
        (["k"], (4, 5)),
        (["down"], (6, 5)),
        (["j", "j"], (7, 5)),
        (["left"], (5, 4)),
        (["h"], (5, 4)),
        (["right"], (5, 6)),
        (["l"], (5, 6)),
        (["home"], (5, 0)),
        (["end"], (5, 10)),
        (["g"], (0, 5)),
        (["G"], (10, 5)),
        (["pageup"], (0, 5)),
        (["pagedown", "pagedown"], (10, 5)),
        (["home", "left", "g", "up"], (0, 0)),
    ],
)
async def test_keys(keys: list[str], cursor: tuple[int, int]) -> None:
    pane = HeatmapPane()
    async with HeatmapHost(pane, TRUE).run_test(size=SIZE) as pilot:
        pane.show(view(), axis())
        pane.goto(5, 5)
        await pilot.press(*keys)
        assert pane.cursor == cursor


async def test_another_head_keeps_the_cursor_and_another_context_does_not() -> None:
    pane = HeatmapPane()
    async with HeatmapHost(pane, TRUE).run_test(size=SIZE):
        pane.show(view(), axis())
        pane.goto(7, 2)
        pane.show(view(head=1), axis())
        assert pane.cursor == (7, 2)
        pane.show(view(attention(31)), axis(30))
        assert pane.cursor == (30, 30)


async def test_a_query_that_cannot_see_the_key_shows_what_it_attends_to_most() -> None:
    pane = HeatmapPane()
    async with HeatmapHost(pane, TRUE).run_test(size=SIZE):
        shown = view()
        pane.show(shown, axis())
        pane.goto(7, 6)
        pane.goto(query=4)
        assert pane.cursor == (4, int(np.nanargmax(shown.pooled[4])))
        pane.goto(query=7)
        assert pane.cursor[0] == 7  # it sees that key: the cursor stays
        assert pane.cursor[1] == int(np.nanargmax(shown.pooled[4]))


@pytest.mark.parametrize(
    ("keys", "beyond"),
    [
        (["left"], None),
        (["up"], None),
        (["left", "left"], (5, 2)),
        (["up", "up"], (3, 4)),
        (["right", "right", "right"], (5, 7)),
        (["down"] * 4, (9, 4)),
        (["pagedown"], (10, 4)),
        (["pageup"], (0, 4)),
        (["home"], (5, 0)),
        (["end"], (5, 10)),
        (["g"], (0, 4)),
        (["G"], (10, 4)),
    ],
)
async def test_the_cursor_stays_in_a_window_and_says_where_it_would_go(
    keys: list[str], beyond: tuple[int, int] | None
) -> None:
    pane = HeatmapPane()
    host = HeatmapHost(pane, TRUE)
    async with host.run_test(size=SIZE) as pilot:
        pane.show(view(window=(4, 9, 3, 7)), axis())
        pane.goto(5, 4)
        await pilot.press(*keys)
        assert 4 <= pane.cursor[0] < 9
        assert 3 <= pane.cursor[1] < 7
        assert [(m.query, m.key) for m in host.of(HeatmapPane.Beyond)] == ([] if beyond is None else [beyond])


async def test_a_window_at_the_edge_of_the_matrix_has_nothing_beyond() -> None:
    pane = HeatmapPane()
    host = HeatmapHost(pane, TRUE)
    async with host.run_test(size=SIZE) as pilot:
        pane.show(view(window=(6, 11, 0, 5)), axis())
        await pilot.press("G", "home", "down", "left", "pagedown")
        assert pane.cursor == (10, 0)
        assert not host.of(HeatmapPane.Beyond)


async def test_the_cursor_goes_where_it_was_to_go_when_the_next_window_comes() -> None:
    pane = HeatmapPane()
    async with HeatmapHost(pane, TRUE).run_test(size=SIZE):
        pane.show(view(window=(4, 9, 3, 7)), axis())
        pane.aim(5, 2)
        pane.show(view(window=(4, 9, 1, 5)), axis())
        assert pane.cursor == (5, 2)
        pane.aim(7, None)
        pane.show(view(window=(4, 9, 1, 5)), axis())
        assert pane.cursor == (7, 2)
        pane.show(view(), axis())
        assert pane.cursor == (7, 2)


async def test_a_rank_is_read_off_whole_rows_only() -> None:
    pane = HeatmapPane()
    host = HeatmapHost(pane, TRUE)
    async with host.run_test(size=SIZE) as pilot:
        pane.show(view(window=(4, 9, 3, 7)), axis())
        pane.goto(8, 4)
        await pilot.pause()
        assert not host.of(HeatmapPane.CursorMoved)[-1].ranked
        assert lines(pane)[-1].endswith("rank …")
        pane.show(view(window=(4, 9, 0, 11)), axis())
        await pilot.pause()
        assert host.of(HeatmapPane.CursorMoved)[-1].ranked
        assert lines(pane)[-1].endswith("rank 5 of 9")


async def test_masked_cell() -> None:
    pane = HeatmapPane()
    host = HeatmapHost(pane, TRUE)
    async with host.run_test(size=SIZE) as pilot:
        pane.show(view(), axis())
        pane.goto(3, 7)
        await pilot.pause()
        assert lines(pane)[-1].endswith("key is after the query: masked")
        assert host.of(HeatmapPane.CursorMoved)[-1].value is None


async def test_pooled_cell_shows_its_largest_weight_and_waits_for_the_rank() -> None:
    pane = HeatmapPane()
    host = HeatmapHost(pane, TRUE)
    async with host.run_test(size=SIZE) as pilot:
        pane.show(view(block=3), axis())
        pane.goto(8, 3)
        await pilot.pause()
        assert pane.cursor == (6, 5)
        assert not host.of(HeatmapPane.CursorMoved)[-1].ranked
        start = "query ep1 t0 (0,0) → key ep0 t5 (5,0) ↓ (6,0) r=1 · 0.214"
        assert lines(pane)[-1] == start + " · largest of 3×3 weights · rank …"
        pane.show_cell(CellInfo(Place(0, 0, 1, 6), 5, 0.214, 2, 7))
        assert lines(pane)[-1] == start + " · largest of 3×3 weights · rank …", "an answer about another head"
        pane.show_cell(CellInfo(Place(0, 0, 0, 6), 4, 0.2, 2, 7))
        assert lines(pane)[-1] == start + " · largest of 3×3 weights · rank …", "an answer about another cell"
        pane.show_cell(CellInfo(Place(0, 0, 0, 6), 5, 0.214, 2, 7))
        assert lines(pane)[-1] == start + " · largest of 3×3 weights · rank 2 of 7"


async def test_a_cursor_move_repaints_two_cells_and_what_changes_in_the_readout(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pane = HeatmapPane()
    async with HeatmapHost(pane, TRUE).run_test(size=SIZE) as pilot:
        big = np.full((38, 38), 1 / 38, np.float32)
        pane.show(view(big), axis(37))
        pane.goto(20, 20)
        await pilot.pause()
        painted: list[Region] = []
        monkeypatch.setattr(pane, "refresh", lambda *regions, **_: painted.extend(regions))
        pane.move_cursor(0, 1)
        width = pane.pixels_wanted()[1] // 38
        assert painted[0] == Region(4 + 20 * width, 10, 2 * width, 1)
        assert all(region.y == pane.size.height - 1 for region in painted[1:])
        assert sum(region.width for region in painted[1:]) < 30


async def test_what_is_painted_is_what_would_be_drawn_afresh() -> None:
    pane = HeatmapPane()
    async with HeatmapHost(pane, TRUE).run_test(size=SIZE) as pilot:
        pane.show(view(), axis())
        for key in ("up", "up", "left", "right", "up", "home", "G"):
            await pilot.press(key)
        shown = [list(pane.render_line(y)) for y in range(pane.size.height - 1)]
        pane._redraw()
        assert shown == [list(pane.render_line(y)) for y in range(pane.size.height - 1)]


async def test_click_moves_the_cursor() -> None:
    pane = HeatmapPane()
    host = HeatmapHost(pane, ASCII)
    async with host.run_test(size=SIZE) as pilot:
        pane.show(view(), axis())
        await pilot.pause()
        zoom = 94 // (2 * N) if 19 // N > 1 else 1
        await pilot.click(HeatmapPane, offset=(1 + 4 + 2 * zoom * 3, 1 + 5))
        assert [(m.query, m.key) for m in host.of(HeatmapPane.Chosen)] == [(5, 3)]
        await pilot.click(HeatmapPane, offset=(2, 3))
        assert len(host.of(HeatmapPane.Chosen)) == 1


async def test_scale_recolours() -> None:
    pane = HeatmapPane()
    async with HeatmapHost(pane, ASCII).run_test(size=SIZE) as pilot:
        pane.show(view(), axis())
        await pilot.pause()
        before = lines(pane)
        pane.scale = "linear"
        await pilot.pause()
        after = lines(pane)
        assert before[:11] != after[:11]
        assert before[11:] == after[11:]
        assert "linear" in str(pane.border_subtitle)


@pytest.mark.parametrize("size", [(40, 10), (20, 6), (12, 5), (3, 3)])
async def test_small_panes_are_no_errors(size: tuple[int, int]) -> None:
    pane = HeatmapPane()
    async with HeatmapHost(pane, TRUE).run_test(size=size) as pilot:
        pane.show(view(), axis())
        await pilot.press("up", "left", "home", "G")
        assert len(lines(pane)) == pane.size.height


@pytest.mark.parametrize(
    ("before", "after", "span"),
    [
        ("same", "same", (0, 0)),
        ("rank 1 of 9", "rank 3 of 9", (5, 6)),
        ("abc", "abcdef", (3, 6)),
        ("abcdef", "abc", (3, 6)),
        ("", "x", (0, 1)),
    ],
)
def test_changed(before: str, after: str, span: tuple[int, int]) -> None:
    assert changed(before, after) == span
