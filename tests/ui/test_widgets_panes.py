"""The other panes: sheet, curves, statistics, insights and the status line."""

from __future__ import annotations

import numpy as np
import pytest
from pane_data import axis, insight, run_info, sample, sample_stats, sheet
from pane_host import Host, lines
from textual import on
from textual.geometry import Region
from textual.widgets import Static

from adtui.ui.renderables.colors import choose_table
from adtui.ui.widgets import curves
from adtui.ui.widgets.curves import CurvePane
from adtui.ui.widgets.insight_lines import InsightLines
from adtui.ui.widgets.insights import InsightsPane
from adtui.ui.widgets.sheet import SheetPane
from adtui.ui.widgets.statistics import StatisticsPane
from adtui.ui.widgets.status import StatusLine

TRUE = choose_table("truecolor", utf8=True)
ASCII = choose_table(None, utf8=False)


class SheetHost(Host):
    @on(SheetPane.Selected)
    @on(SheetPane.SizeChanged)
    def keep(self, message: SheetPane.Selected | SheetPane.SizeChanged) -> None:
        self.collect(message)


def text_of(pane: StatisticsPane | InsightsPane) -> str:
    """All that a scrolling pane holds, on display or not."""
    inside = pane.query_one(Static if isinstance(pane, StatisticsPane) else InsightLines)
    return "\n".join(inside.render_line(y).text.rstrip() for y in range(inside.size.height))


def under_the_cursor(log: InsightsPane) -> tuple[str, int | None] | None:
    """(kind, layer) of the insight that the cursor is on."""
    return None if log.current is None else (log.current.kind, log.current.layer)


# -- sheet -------------------------------------------------------------------------------------------------------------
async def test_sheet_shows_thumbnails_and_marks_the_selected_head() -> None:
    pane = SheetPane()
    async with SheetHost(pane, ASCII).run_test(size=(35, 12)) as pilot:
        pane.expect(2, 3)
        assert pane.pixels_wanted() == (4, 9)
        pane.show(sheet(), 10)
        pane.select(1, 2)
        await pilot.pause()
        shown = lines(pane)
        assert shown[4] == "   L0H0 .10  L0H1 .26  L0H2 .42"
        marked = [s.text for y in range(10) for s in pane.render_line(y) if s.style is not None and s.style.reverse]
        assert marked == ["L1H2 .90 "]
        pane.select(0, None)
        await pilot.pause()
        marked = [s.text for y in range(10) for s in pane.render_line(y) if s.style is not None and s.style.reverse]
        assert [text.strip() for text in marked] == ["L0H0 .10", "L0H1 .26", "L0H2 .42"]


async def test_selecting_another_head_repaints_its_caption_only(monkeypatch: pytest.MonkeyPatch) -> None:
    pane = SheetPane()
    async with SheetHost(pane, TRUE).run_test(size=(35, 12)) as pilot:
        pane.show(sheet(), 10)
        await pilot.pause()
        painted: list[Region] = []
        monkeypatch.setattr(pane, "refresh", lambda *regions, **_: painted.extend(regions))
        pane.select(0, 1)
        assert {region.y for region in painted} == {0, 4}


async def test_clicking_a_thumbnail_selects_it() -> None:
    pane = SheetPane()
    host = SheetHost(pane, TRUE)
    async with host.run_test(size=(35, 12)) as pilot:
        pane.show(sheet(), 10)
        await pilot.pause()
        await pilot.click(SheetPane, offset=(1 + 3 + 10, 1 + 6))
        assert [(m.layer, m.head) for m in host.of(SheetPane.Selected)] == [(1, 1)]


async def test_sheet_says_why_it_is_empty() -> None:
    pane = SheetPane()
    async with SheetHost(pane, TRUE).run_test(size=(35, 12)):
        assert pane.top is None
        pane.show(sheet(), 10)
        assert pane.top == pytest.approx(4 / 7, abs=0.2)
        pane.clear("no run")
        assert "no run" in "".join(lines(pane))


# -- curves ------------------------------------------------------------------------------------------------------------
async def test_curve() -> None:
    pane = CurvePane()
    async with Host(pane, ASCII).run_test(size=(50, 12)) as pilot:
        assert "no attention yet" in "".join(lines(pane))
        pane.show(np.linspace(0, 1, 11, dtype=np.float32), axis(), 10)
        await pilot.pause()
        assert lines(pane)[0].startswith("1.000+")
        assert lines(pane)[-1].split() == ["e0", "e1"]
        pane.show(np.linspace(0, 1, 11, dtype=np.float32), axis(), 4, "query")
        await pilot.pause()
        assert lines(pane)[-1].split() == ["e0"], "keys after the query are left out"


async def test_the_first_curve_comes_after_what_stands_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []
    monkeypatch.setattr(curves, "can_draw", lambda: bool(loaded))
    monkeypatch.setattr(curves, "make_ready", lambda: loaded.append("plotext"))
    pane = CurvePane()
    async with Host(pane, ASCII).run_test(size=(50, 12)) as pilot:
        pane.show(np.linspace(0, 1, 11, dtype=np.float32), axis(), 10)
        assert set(lines(pane)) == {""}
        assert loaded == []
        await pilot.pause()
        await pilot.pause()
        assert loaded == ["plotext"]
        assert lines(pane)[0].startswith("1.000+")


@pytest.mark.parametrize("query", [0, 1, 10])
async def test_curve_of_any_query_row_in_any_size(query: int) -> None:
    pane = CurvePane()
    async with Host(pane, TRUE).run_test(size=(50, 12)) as pilot:
        for size in ((50, 12), (20, 6), (8, 4)):
            await pilot.resize_terminal(*size)
            pane.show(np.full(11, 1 / 11, np.float32), axis(), query, "query")
            assert len(lines(pane)) == pane.size.height


# -- statistics --------------------------------------------------------------------------------------------------------
async def test_statistics() -> None:
    pane = StatisticsPane()
    async with Host(pane, TRUE).run_test(size=(50, 50)) as pilot:
        pane.show(sample_stats(), 0, 0, sample())
        await pilot.pause()
        shown = text_of(pane)
        assert "entropy H" in shown
        assert "max: ep0 t3 (3,0) ↓ (4,0) r=0" in shown
        assert "recent/distant ratio 0.65" in shown
        pane.show(sample_stats(), 0, None, sample())
        await pilot.pause()
        assert "max: -" in text_of(pane)
        pane.show(None, 0, 0, sample())
        await pilot.pause()
        assert text_of(pane) == "not computed yet"


async def test_statistics_scroll_with_j_and_k() -> None:
    pane = StatisticsPane()
    async with Host(pane, TRUE).run_test(size=(50, 12)) as pilot:
        pane.show(sample_stats(), 0, 0, sample())
        await pilot.pause()
        await pilot.press("j", "j", "j", "k")
        assert pane.scroll_target_y == 2


# -- insights ----------------------------------------------------------------------------------------------------------
async def test_insights_replace_sort_and_say_what_is_missing() -> None:
    log = InsightsPane()
    async with Host(log, TRUE).run_test(size=(80, 30)) as pilot:
        log.status("no insight yet: analysing sample 2 of 5")
        await pilot.pause()
        assert text_of(log) == "no insight yet: analysing sample 2 of 5"
        log.add(insight())
        log.add(insight("sparse", layer=0, head=1))
        log.add(insight(sentence="The same, with more samples.", status="confirmed"))
        log.status("no evidence")
        await pilot.pause()
        assert [(each.kind, each.status) for each in log.insights] == [("recency", "confirmed"), ("sparse", "observed")]
        assert text_of(log).splitlines() == ["✔ L2   recency 2.81 [2.1 – 3.6]", "● L0H1 sparse  2.81 [2.1 – 3.6]"]
        log.toggle()
        await pilot.pause()
        assert text_of(log).splitlines()[1] == "  The same, with more samples."
        log.toggle()
        await pilot.pause()
        assert len(text_of(log).splitlines()) == 2
        log.clear()
        await pilot.pause()
        assert text_of(log) == "no evidence"


async def test_one_finding_is_told_once_and_the_placebos_stand_below() -> None:
    log = InsightsPane()
    async with Host(log, TRUE).run_test(size=(90, 30)) as pilot:
        told = insight("reward-seeking", status="confirmed", tested="hiding them matters", also=("sparse",))
        log.add(told)
        log.add(insight("sparse", status="confirmed", tested="hiding them matters", same_as="reward-seeking"))
        log.note("of 848 placebos 0.1 % would have been confirmed, 0 % refuted")
        log.toggle()
        await pilot.pause()
        assert log.insights == [told]
        shown = text_of(log)
        assert "the same transitions as sparse: one finding" in shown
        assert shown.count("hiding them matters") == 1
        assert shown.rstrip().endswith("of 848 placebos 0.1 % would have been confirmed, 0 % refuted")
        log.clear()
        await pilot.pause()
        assert "placebos" not in text_of(log)


async def test_one_changed_insight_lays_out_one_insight() -> None:
    log = InsightsPane()
    async with Host(log, TRUE).run_test(size=(60, 12)) as pilot:
        for layer in range(30):
            log.add(insight(layer=layer))
        await pilot.pause()
        inside = log.query_one(InsightLines)
        wrapped: list[str] = []
        fold = inside._fold
        inside._fold = lambda text, width: wrapped.append(text.plain) or fold(text, width)  # type: ignore[func-returns-value, method-assign]
        height = inside.size.height
        log.add(insight(layer=29, status="confirmed", tested="hiding them moves the actions 17 times as much"))
        await pilot.pause()
        assert wrapped == ["✔ L29 recency 2.81 [2.1 – 3.6]"]
        assert inside.size.height == height
        assert text_of(log).startswith("✔"), "confirmed ones come first"
        await pilot.resize_terminal(40, 12)
        await pilot.pause()
        assert len(wrapped) == 31, "another width wraps all anew"
        log.scroll_end(animate=False)
        await pilot.pause()
        assert log.scroll_offset.y == inside.size.height - log.size.height


async def test_the_cursor_goes_through_the_insights_and_unfolds_those_without_evidence() -> None:
    log = InsightsPane()
    async with Host(log, TRUE).run_test(size=(60, 8)) as pilot:
        for layer in range(6):
            log.add(insight(layer=layer, status="confirmed"))
        for layer in range(3):
            log.add(insight("sink", layer=layer, status="no evidence"))
        await pilot.pause()
        assert text_of(log).splitlines()[-1] == "○ 3 without evidence …"
        assert log.scroll_y == 0
        for _ in range(6):
            log.move_cursor(1)
        await pilot.pause()
        assert under_the_cursor(log) is None
        assert log.scroll_y == 1, "the cursor's line is on display"
        log.toggle()
        log.move_cursor(1)
        await pilot.pause()
        assert under_the_cursor(log) == ("sink", 0)
        assert len(log.rows) == 10


async def test_what_is_unfolded_can_be_read_to_its_end_before_the_cursor_goes_on() -> None:
    log = InsightsPane()
    async with Host(log, TRUE).run_test(size=(30, 6)) as pilot:
        log.add(insight(layer=0, caveat="One checkpoint of one run with one seed. " * 3))
        log.add(insight(layer=1))
        await pilot.pause()
        log.toggle()
        await pilot.pause()
        height = len(text_of(log).splitlines()) - 1  # of the first one
        assert height > log.scrollable_content_region.height
        for step in range(height - log.scrollable_content_region.height):
            log.move_cursor(1)
            assert (under_the_cursor(log), log.scroll_target_y) == (("recency", 0), step + 1)
        log.move_cursor(1)
        assert under_the_cursor(log) == ("recency", 1)


async def test_filters_go_round_and_keep_the_log() -> None:
    log = InsightsPane()
    async with Host(log, TRUE).run_test(size=(60, 12)) as pilot:
        for layer, status in enumerate(("confirmed", "observed", "refuted", "no evidence")):
            log.add(insight(layer=layer, status=status))
        seen = []
        for _ in range(5):
            log.next_filter()
            await pilot.pause()
            seen.append((log.said[0], [row.insight and row.insight.layer for row in log.rows]))
        assert seen[:4] == [("✔ only", [0]), ("● only", [1]), ("✘ only", [2]), ("○ only", [3])]
        assert seen[4] == ("", [0, 1, 2, None])
        assert len(log.insights) == 4


async def test_it_is_said_why_fewer_are_found() -> None:
    log = InsightsPane()
    async with Host(log, TRUE).run_test(size=(60, 12)) as pilot:
        for layer in range(4):
            log.add(insight(layer=layer))
        assert log.said == ("", "")
        log.add(insight(layer=0, status="no evidence", tested="hiding them changes nothing"))
        log.add(insight(layer=1, same_as="sparse"))
        log.add(insight(layer=2, status="no evidence", withdrawn=True))
        log.add(insight("uniform", status="no evidence"))
        await pilot.pause()
        gone = "2 gone: 1 the same finding as another, 1 no evidence when tested"
        assert log.said == ("", gone), "what only fewer contexts showed was not found in these"
        log.add(insight(layer=3, status="no evidence"))
        assert log.said == ("", gone), "neither was what more contexts do not show"
        log.add(insight(layer=0))
        assert log.said == ("", "1 gone: the same finding as another")
        log.clear()
        assert log.said == ("", "")


# -- status ------------------------------------------------------------------------------------------------------------
async def test_status_line() -> None:
    line = StatusLine()
    async with Host(line, TRUE).run_test(size=(80, 5)) as pilot:
        line.message = "starting the engine"
        await pilot.pause()
        assert lines(line) == [" starting the engine"] or lines(line) == ["starting the engine"]
        line.run, line.sample, line.progress = run_info(), 0, (1, 2, "analysis", 0.0, "")
        await pilot.pause()
        assert "demo · step 9000 · analysis ██████░░░░░░ 1/2 · s0 of 2: goal (5,0) · cpu" in lines(line)[0]
        await pilot.resize_terminal(24, 5)
        await pilot.pause()
        assert lines(line)[0].strip() == "demo · analysis 1/2"
