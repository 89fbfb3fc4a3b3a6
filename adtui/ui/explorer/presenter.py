"""Between the engine and the panes: what is selected, what has been asked, what is shown."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from ...records.attention import CellInfo, HeadView, Sheet, Window
from ...records.axis import Axis
from ...records.insight import Insight
from ...records.layout import LATENT
from ...records.messages import (
    AskKnockOut,
    CellReady,
    Failed,
    GetCell,
    GetSheet,
    GetView,
    InsightFound,
    PlaceboReady,
    Reply,
    SheetReady,
    StatsReady,
    ViewReady,
)
from ...records.place import Frame
from ...records.run import MoreSamples, RunInfo
from ...records.sample import Sample
from ...records.statistics import SampleStats
from ..engine_client import EngineLink
from ..renderables.readout import place
from ..renderables.scales import SCALES
from . import clipboard as tsv
from . import zoom
from .answers import Latest
from .look_ahead import Foresight
from .panes import COMPRESSOR, HEADS, HEATMAP, INSIGHTS, LATENTS, NUMBERS, QUERY, RECEIVED, Panes
from .selection import LAST, Selection

UNSEEN = (32, 64)
"""Pixels of a heatmap that is not on display: enough to place the cursor."""
SCALE_NAMES = {"log": "logarithmic", "sqrt": "square root", "linear": "linear", "row": "row-relative"}


class Presenter:
    """Keeps the panes in step with a selection.

    A new selection is marked on the panes at once; pictures follow when the engine answers. Answers to questions that
    a later key press has replaced are kept for going back, and not shown.

    Args:
        coarse: ask for coarser pictures, for a slow line.

    Attributes:
        look_ahead: fetch the heads beside the one on display while nothing else is asked.
    """

    look_ahead = False

    def __init__(self, engine: EngineLink, panes: Panes, coarse: bool = False) -> None:
        self.engine = engine
        self.panes = panes
        self.coarse = coarse
        self.selection = Selection()
        self.run: RunInfo | None = None
        self.stats: dict[int, SampleStats] = {}
        self.view: HeadView | None = None
        self.sheet: Sheet | None = None
        self.round_view: HeadView | None = None
        self._views: Latest[HeadView] = Latest()
        self._foresight = Foresight(self._views, engine.send, engine.next_id)
        self._sheets: Latest[Sheet] = Latest(16)
        self._cells: Latest[CellInfo] = Latest(256)
        self._rounds: Latest[HeadView] = Latest(16)
        self._round_cells: Latest[CellInfo] = Latest(256)
        self._length: int | None = None

    @property
    def sample(self) -> Sample:
        """The sample on display. Only while a run is open."""
        assert self.run is not None, "no run is open"
        return self.run.samples[self.selection.sample]

    @property
    def axis(self) -> Axis:
        """The positions on display. Only while a run is open."""
        assert self.run is not None, "no run is open"
        return self.selection.axis(self.run)

    @property
    def row(self) -> int:
        """The query row on display, a position from 0."""
        return self.selection.row(self.axis)

    @property
    def waiting(self) -> bool:
        """True while a pane waits for the engine."""
        return self._views.waiting or self._sheets.waiting or self._cells.waiting

    def mark_waiting(self) -> None:
        """Say in the heatmap's title that its picture is still that of before, if it is."""
        if self._views.waiting:
            self._title()

    # -- the run -----------------------------------------------------------------------------------------------------
    def clear(self, reason: str) -> None:
        """Forget the run's numbers and say why there are none; the selection stays, for the next run."""
        self.run = self.view = self.sheet = self.round_view = None
        self.stats.clear()
        for questions in (self._views, self._sheets, self._cells, self._rounds, self._round_cells):
            questions.clear()
        self.panes.clear(reason)

    def open(self, run: RunInfo) -> None:
        """A run has opened: keep what exists of the selection, ask for its pictures."""
        self.clear("capturing attention …")
        self.run = run
        if len(self.selection.clamped(run).axis(run)) != self._length:
            self.selection = replace(self.selection, window=None)
        self.panes.sheet.expect(run.n_layer, run.n_head)
        self.panes.set_memory(run.compressor is not None)
        for note in run.notes:
            self.panes.insights.status(note)
        self.select(self.selection)

    def grow(self, more: MoreSamples) -> None:
        """The run has more samples, after those it had: what is on display stays."""
        if self.run is not None:
            self.run = self.run.grown(more)
            self._title()

    def analysed(self) -> None:
        """Every sample has been analysed: silence in the log now means something."""
        self.panes.insights.status("no evidence for any insight in these samples")

    # -- selecting ---------------------------------------------------------------------------------------------------
    def select(self, selection: Selection) -> None:
        """Mark a selection on every pane now, then ask for what it shows."""
        if self.run is None:
            return
        self.selection = selection.clamped(self.run)
        self._length = len(self.axis)
        self.panes.sheet.select(self.selection.layer, self.selection.shown_head)
        self._title()
        self._show_statistics()
        self.ask_sheet()
        self.ask_view()
        self.ask_round()

    def go(self, selection: Selection, key: int | None) -> None:
        """Select, and put the heatmap's cursor on the row that was asked for and on a key; its window follows."""
        if self.run is None:
            return
        axis = selection.axis(self.run)
        row = selection.row(axis) if selection.query != self.selection.query else None
        if row is None and key is None:
            self.select(selection)
            return
        here = self.panes.heatmap.cursor
        window = None
        if selection.window is not None:
            target = here[0] if row is None else row, here[1] if key is None else key
            window = zoom.moved_to(selection.window, *target, len(axis))
        if window != selection.window:
            self.panes.heatmap.aim(row, key)
            self.select(replace(selection, window=window))
        else:
            self.select(selection)
            self.panes.heatmap.goto(row, key)

    def zoom(self, step: int) -> str | None:
        """Zoom the heatmap in (1) or out (-1) around its cursor, or show the whole matrix (0).

        Returns why there is nothing to do, or None.
        """
        if self.run is None or self.view is None:
            return "nothing to zoom into yet"
        n, at, window = len(self.axis), self.panes.heatmap.cursor, self.selection.window
        if step > 0:
            wanted = zoom.zoomed_in(window, at, self._pixels, n)
        else:
            wanted = zoom.zoomed_out(window, at, n) if step else None
        if wanted == window:
            return "one cell is one weight" if step > 0 else "this is the whole matrix"
        self._show_window(wanted)
        return None

    def pan(self, query: int, key: int) -> None:
        """Move the heatmap's window to a weight, and the cursor with it; one move at a time."""
        window = self.selection.window
        if self.run is None or window is None or self._views.waiting:
            return
        self.panes.heatmap.aim(query, key)
        self._show_window(zoom.moved_to(window, query, key, len(self.axis)))

    def _show_window(self, window: Window | None) -> None:
        self.selection = replace(self.selection, window=window)
        self.ask_view()
        self._title()

    @property
    def _pixels(self) -> tuple[int, int]:
        """(rows, cols) that the heatmap can show. A pane that is not on display has no size; its picture is still
        needed, for the curves."""
        return self.panes.heatmap.pixels_wanted() if self.panes.heatmap.size else UNSEEN

    def ask_view(self) -> None:
        """Ask for the selected head at the heatmap's size."""
        if self.run is None:
            return
        chosen = self.selection
        frame = Frame(*self._pixels, chosen.window)
        request = GetView(self.engine.next_id(), chosen.place(self.run), frame)
        view = self._views.ask(request)
        if view is None:
            self._foresight.asked(request)
            self.engine.send(request)
        elif view is not self.view:
            self._show_view(view)
            if self.look_ahead:
                self._foresight.plan(request, self.run)

    def ask_sheet(self) -> None:
        """Ask for the selected sample's thumbnails at the sheet's size."""
        if self.run is None:
            return
        rows, cols = self.panes.sheet.pixels_wanted()
        shrink = 2 if self.coarse else 1
        chosen = self.selection
        frame = Frame(max(1, rows // shrink), max(1, cols // shrink))
        request = GetSheet(self.engine.next_id(), chosen.sample, frame, chosen.unit)
        sheet = self._sheets.ask(request)
        if sheet is None:
            self.engine.send(request)
        elif sheet is not self.sheet:
            self._show_sheet(sheet)

    def ask_cell(self, query: int, key: int) -> None:
        """Ask for the exact weight under the cursor and its rank."""
        if self.run is None or self.view is None:
            return
        request = GetCell(self.engine.next_id(), replace(self.view.place, query=query), key)
        cell = self._cells.ask(request)
        if cell is None:
            self.engine.send(request)
        else:
            self.panes.heatmap.show_cell(cell)

    def ask_round(self) -> None:
        """Ask for the compressor's attention in the selected round, where the model has a compressor."""
        if self.run is None or self.run.compressor is None:
            return
        chosen = self.selection
        if not self.run.compressor.rounds[chosen.sample]:
            self.round_view = None
            for pane in (self.panes.memory, self.panes.latents):
                pane.clear("it all fits: nothing compressed")
            return
        pane = self.panes.memory
        size = pane.pixels_wanted() if pane.size else UNSEEN
        request = GetView(self.engine.next_id(), chosen.memory_place, Frame(*size))
        view = self._rounds.ask(request)
        if view is None:
            self.engine.send(request)
        elif view is not self.round_view:
            self._show_round(view)

    def ask_round_cell(self, query: int, key: int) -> None:
        """The same as `ask_cell` in the compressor's pane."""
        view = self.round_view
        if view is None:
            return
        request = GetCell(self.engine.next_id(), replace(view.place, query=query), key)
        cell = self._round_cells.ask(request)
        if cell is None:
            self.engine.send(request)
        else:
            self.panes.memory.show_cell(cell)

    def ask_knock_out(self, *, episode: bool = False) -> str | None:
        """Ask what the transition under the heatmap's cursor, or its whole episode, matters for the action.

        Returns why that cannot be asked, or None.
        """
        if self.run is None or self.view is None:
            return "nothing to knock out yet"
        seen = self.view.place
        axis = Axis(self.run.layout(seen.sample).view(seen.unit), self.run.samples[seen.sample])
        _, key = self.panes.heatmap.cursor
        index = axis.transition(key)
        if index is None or index >= axis.sample.n_context:
            return "put the heatmap's cursor on a column that is a transition of the context"
        chosen: tuple[int, ...] = (index,)
        label = place(axis.sample, index)
        if episode:
            number = int(axis.sample.episode[index])
            chosen = tuple(int(i) for i in axis.layout.visible if axis.sample.episode[i] == number)
            label = f"ep{number} ({len(chosen)} transitions)"
        self.engine.send(AskKnockOut(self.engine.next_id(), seen.sample, chosen, None, label))
        return None

    def ask_mute(self) -> None:
        """Ask what the selected head matters for the action."""
        if self.run is not None:
            chosen = self.selection
            head = (chosen.layer, chosen.head)
            label = f"L{chosen.layer}H{chosen.head}"
            self.engine.send(AskKnockOut(self.engine.next_id(), chosen.sample, (), head, label))

    # -- showing -----------------------------------------------------------------------------------------------------
    def receive(self, reply: Reply) -> None:
        """Show an answer, unless its pane has moved on."""
        match reply:
            case ViewReady():
                if reply.view.place.round is not None:
                    if self._rounds.accept(reply.id, reply.view):
                        self._show_round(reply.view)
                elif self._views.accept(reply.id, reply.view):
                    self._show_view(reply.view)
                    if self.look_ahead and self.run is not None:
                        self._foresight.answered(self.run)
                else:
                    self._foreseen(reply.view)
            case SheetReady():
                if self._sheets.accept(reply.id, reply.sheet):
                    self._show_sheet(reply.sheet)
            case CellReady():
                if reply.cell.place.round is not None:
                    if self._round_cells.accept(reply.id, reply.cell):
                        self.panes.memory.show_cell(reply.cell)
                elif self._cells.accept(reply.id, reply.cell):
                    self.panes.heatmap.show_cell(reply.cell)
            case StatsReady():
                self.stats[reply.sample] = reply.stats
                if reply.sample == self.selection.sample:
                    self._show_statistics()
            case InsightFound():
                self.panes.insights.add(reply.insight)
                # The log writes itself after the next refresh, title included; ours comes after that.
                self.panes.insights.call_after_refresh(self._title)
            case PlaceboReady():
                self.panes.insights.note(reply.placebo.words)
            case Failed():
                self._sheets.fail(reply.id)
                self._cells.fail(reply.id)
                self._round_cells.fail(reply.id)
                if self._rounds.fail(reply.id):
                    self.round_view = None
                    self.panes.memory.clear(str(reply.error))
                if self._views.fail(reply.id):
                    self.view = None
                    self.panes.heatmap.clear(str(reply.error))
            case _:
                pass  # the app's own: jobs and the run itself

    def _show_view(self, view: HeadView) -> None:
        self.view = view
        axis = self.axis
        self.panes.heatmap.show(view, axis)
        if (cursor := self.panes.heatmap.cursor_in(view)) is not None:
            self.ask_cell(*cursor)
        query = view.place.query
        self.panes.query_curve.show(view.query_row, axis, query, "", "query")
        self.panes.received_curve.show(view.received, axis, query, "", "received")
        latents = axis.layout.kind == LATENT
        if latents.any():
            names = Axis.latents(self.sample, int(latents.sum()))
            self.panes.latents.show(view.query_row[latents], names, query, "", "latents")
        self._title()

    def _foreseen(self, view: HeadView) -> None:
        """A picture that may be wanted next: what takes long to draw of it is drawn now."""
        chosen, seen = self.selection, view.place
        if self.run is None or (seen.sample, seen.unit, seen.query) != (chosen.sample, chosen.unit, self.row):
            return
        self.panes.query_curve.prepare(view.query_row, self.axis, seen.query, "query")
        self.panes.received_curve.prepare(view.received, self.axis, seen.query, "received")
        if (cursor := self.panes.heatmap.cursor_in(view)) is not None:
            query, key = cursor
            cell = GetCell(self.engine.next_id(), replace(seen, query=query), key)
            if self._cells.foresee(cell):
                self.engine.send(cell)
        self._foresight.go_on()

    def _show_round(self, view: HeadView) -> None:
        assert self.run is not None
        assert self.run.compressor is not None
        self.round_view = view
        keys = self.run.compressor.rounds[view.place.sample][view.place.round or 0].view(view.place.unit)
        rows = Axis.latents(self.sample, self.run.compressor.n_latents)
        self.panes.memory.show(view, rows, Axis(keys, self.sample))
        self._title()

    def _show_sheet(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.panes.sheet.show(sheet, self.axis.n_keys)
        self._title()

    def _show_statistics(self) -> None:
        stats = self.stats.get(self.selection.sample)
        seen = self.sample.last(len(self.axis.layout.visible))
        self.panes.statistics.show(stats, self.selection.layer, self.selection.shown_head, seen)
        self._title()

    def _title(self) -> None:
        """Pane titles say what is selected now; the heatmap adds … while its picture is still that of before."""
        if self.run is None:
            return
        chosen = self.selection
        waiting = " …" if self._views.waiting else ""
        sample = f"sample {chosen.sample + 1}/{len(self.run.samples)}"
        query = "query" if chosen.query == LAST else f"q{self.row}"
        name = self.panes.name_pane
        name(HEADS, chosen.where)
        layout = self.run.layout(chosen.sample)
        unit = f" · {chosen.unit}" if layout.summed else ""
        name(HEATMAP, f"{chosen.where}{waiting}{self._window_label()}{unit} · {sample}")
        if self.run.compressor is not None:
            rounds = len(self.run.compressor.rounds[chosen.sample])
            name(LATENTS, f"{query} · {chosen.where}")
            name(
                COMPRESSOR, f"round {chosen.round}/{rounds} · {chosen.memory_where}" if rounds else "nothing compressed"
            )
        name(QUERY, f"{query} → history")
        name(RECEIVED, "mean over queries")
        name(NUMBERS, f"{chosen.where} · {sample}")
        name(INSIGHTS, _counted(self.panes.insights.insights))

    def _window_label(self) -> str:
        """The part of the matrix that is shown, or is about to be; nothing where that is all of it."""
        window, view = self.selection.window, self.view
        if window is not None and view is not None and not self._views.waiting:
            rows, cols = view.row_edges, view.col_edges  # what was asked for, to the edges of blocks
            window = int(rows[0]), int(rows[-1]), int(cols[0]), int(cols[-1])
        return "" if window is None else f" · {zoom.label(window)}"

    def next_scale(self) -> str:
        """Go to the heatmap's next colour scale. Returns its name in words."""
        heatmap = self.panes.heatmap
        heatmap.scale = SCALES[(SCALES.index(heatmap.scale) + 1) % len(SCALES)]
        self._title()
        return SCALE_NAMES[heatmap.scale]

    # -- copying -----------------------------------------------------------------------------------------------------
    def copy(self, pane: int) -> tuple[str, str] | None:
        """(what it is, its numbers as TSV) of a pane, or None while the pane has none."""
        if self.run is None:
            return None
        chosen, view, where = self.selection, self.view, self.selection.where
        if pane == HEADS and self.sheet is not None:
            return f"entropy of {self.sheet.entropy_norm.size} heads", tsv.sheet(self.sheet)
        if pane == NUMBERS and (stats := self.stats.get(chosen.sample)) is not None:
            return f"statistics of {where}", tsv.statistics(stats, chosen.layer, chosen.shown_head)
        if pane == INSIGHTS and (found := self.panes.insights.insights):
            return f"{len(found)} insights", tsv.insights(found)
        if pane == COMPRESSOR and self.round_view is not None:
            rows, cols = self.round_view.pooled.shape
            return f"attention of latents in round {chosen.round}, {chosen.memory_where}, {rows}×{cols}", tsv.matrix(
                self.round_view
            )
        if view is None:
            return None
        if pane == HEATMAP:
            rows, cols = view.pooled.shape
            return f"attention of {where}{self._window_label()}, {rows}×{cols}", tsv.matrix(view)
        if pane == QUERY:
            return f"attention of q{view.place.query} in {where}", tsv.curve(view.query_row, self.axis, "attention")
        if pane == RECEIVED:
            return f"attention received in {where}", tsv.curve(view.received, self.axis, "received")
        latents = self.axis.layout.kind == LATENT
        if pane == LATENTS and latents.any():
            names = Axis.latents(self.sample, int(latents.sum()))
            return f"attention of q{view.place.query} on latents in {where}", tsv.curve(
                view.query_row[latents], names, "attention"
            )
        return None


def _counted(insights: list[Insight]) -> str:
    """ "54 found · 40 confirmed · 14 no evidence": how many say something, and of each status but "observed"."""
    if not insights:
        return ""
    counts = Counter(one.status for one in insights)
    parts = [f"{counts[status]} {status}" for status in ("confirmed", "refuted", "no evidence") if counts[status]]
    return " · ".join([f"{len(insights) - counts['no evidence']} found", *parts])
