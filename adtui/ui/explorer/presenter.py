"""Between the engine and the panes: what is selected, and what is asked when that changes."""

from __future__ import annotations

from dataclasses import replace

from ...records.attention import HeadView, Window
from ...records.axis import Axis
from ...records.chances import Chances
from ...records.messages import GetWeights, InsightFound, PlaceboReady, Reply, StatsReady
from ...records.run import MoreSamples, RunInfo
from ...records.statistics import SampleStats
from ..engine_client import EngineLink
from . import clipboard, zoom
from .answering import Answering
from .asking import Asking
from .display import Display
from .look_ahead import heads_beside
from .panes import Panes
from .selection import Selection
from .showing import Showing


class Presenter:
    """Keeps the panes in step with a selection.

    A new selection is marked on the panes at once; pictures follow when the engine answers. Answers to questions that
    a later key press has replaced are kept for going back, and not shown.

    Args:
        engine: who answers; panes: the explorer's.
        coarse, look_ahead: see `Asking`.
        telling: go to the most telling head by itself, until the user has taken over.
    """

    def __init__(
        self,
        engine: EngineLink,
        panes: Panes,
        *,
        coarse: bool = False,
        look_ahead: bool = False,
        telling: bool = False,
    ) -> None:
        self.engine = engine
        self.panes = panes
        self.selection = Selection()
        self.run: RunInfo | None = None
        self.stats: dict[int, SampleStats] = {}
        self._showing = Showing(panes, self._now)
        self._asking = Asking(
            engine,
            panes,
            self._showing,
            beside=lambda shown: () if self.run is None else heads_beside(shown, self.run),
            coarse=coarse,
            look_ahead=look_ahead,
        )
        self._length: int | None = None
        self.answering = Answering(panes, telling)

    # -- what is on display ------------------------------------------------------------------------------------------
    @property
    def view(self) -> HeadView | None:
        """The heatmap's picture."""
        return self._asking.views.shown

    @property
    def round_view(self) -> HeadView | None:
        """The picture of the compressor."""
        return self._asking.rounds.shown

    @property
    def axis(self) -> Axis:
        """The positions on display. Only while a run is open."""
        assert self.run is not None, "no run is open"
        return self.selection.axis(self.run)

    def _now(self) -> Display | None:
        if self.run is None:
            return None
        return Display(
            self.run,
            self.selection,
            view=self.view,
            waiting=self._asking.views.waiting,
            sheet=self._asking.sheets.shown,
            round_view=self.round_view,
            stats=self.stats.get(self.selection.sample),
            insights=self.panes.insights.insights,
            stopped=self.answering.where,
            said=self.panes.insights.said,
            chances=self.panes.actions.shown,
        )

    @property
    def waiting(self) -> bool:
        """True while a pane waits for the engine."""
        return self._asking.waiting

    def mark_waiting(self) -> None:
        """Say in the heatmap's title that its picture is still that of before, if it is."""
        if self._asking.views.waiting:
            self._showing.titles()

    def titles(self) -> None:
        """Say in the titles what has changed without a question."""
        self._showing.titles()

    def resumed(self) -> None:
        """What was stopped goes on."""
        if self.run is not None:
            self.answering.begin(self.run)
            self._showing.titles()

    def copy(self, pane: int) -> tuple[str, str] | GetWeights | str | None:
        """(what it is, its numbers as TSV) of a pane, what to ask for them, why not, or None while it has none."""
        display = self._now()
        return None if display is None else clipboard.question(pane, display) or clipboard.copy(pane, display)

    # -- the run -----------------------------------------------------------------------------------------------------
    def clear(self, reason: str) -> None:
        """Forget the run's numbers and say why there are none; the selection stays, for the next run."""
        self.run = None
        self.stats.clear()
        self._asking.clear()
        self.panes.clear(reason)

    def open(self, run: RunInfo) -> None:
        """A run has opened: keep what exists of the selection, ask for its pictures."""
        self.clear("capturing attention …")
        self.run = run
        if len(self.selection.clamped(run).axis(run)) != self._length:
            self.selection = replace(self.selection, window=None)
        self.panes.sheet.expect(run.n_layer, run.n_head, () if run.circuit is None else run.circuit.heads)
        self.panes.set_memory(run.compressor is not None)
        for note in run.notes:
            self.panes.insights.status(note)
        self._note()
        self.select(self.selection)
        self.answering.begin(run)

    def _note(self, *more: str) -> None:
        """What stands below the insights: first what is known of a circuit."""
        circuit = None if self.run is None else self.run.circuit
        self.panes.insights.note("\n".join(([] if circuit is None else [circuit.words]) + [*more]))

    def grow(self, more: MoreSamples) -> None:
        """The run has more samples, after those it had: what is on display stays."""
        if self.run is not None:
            self.run = self.run.grown(more)
            self._showing.titles()
            self.answering.show(self.run)

    def analysed(self) -> None:
        """Every sample has been analysed: silence in the log now means something."""
        self.panes.insights.status("no evidence for any insight in these samples")
        self.stopped()
        self._turn_to(self.answering.most_telling())

    def stopped(self, where: str = "") -> None:
        """Nothing is tested any more: to the end, or else in words how far."""
        self.answering.end(self.run, where)
        self._showing.titles()

    def _turn_to(self, head: tuple[int, int] | None) -> None:
        if head is not None:
            self.select(replace(self.selection, layer=head[0], head=head[1]))

    # -- selecting ---------------------------------------------------------------------------------------------------
    def select(self, selection: Selection) -> None:
        """Mark a selection on every pane now, then ask for what it shows."""
        if self.run is None:
            return
        self.selection = selection.clamped(self.run)
        self._length = len(self.axis)
        self.panes.sheet.select(self.selection.layer, self.selection.shown_head)
        self._showing.statistics()
        self.ask_sheet()
        self.ask_view()
        self.ask_actions()
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
            wanted = zoom.zoomed_in(window, at, self._asking.pixels, n)
        else:
            wanted = zoom.zoomed_out(window, at, n) if step else None
        if wanted == window:
            return "one cell is one weight" if step > 0 else "this is the whole matrix"
        self._show_window(wanted)
        return None

    def pan(self, query: int, key: int) -> None:
        """Move the heatmap's window to a weight, and the cursor with it; one move at a time."""
        window = self.selection.window
        if self.run is None or window is None or self._asking.views.waiting:
            return
        self.panes.heatmap.aim(query, key)
        self._show_window(zoom.moved_to(window, query, key, len(self.axis)))

    def _show_window(self, window: Window | None) -> None:
        self.selection = replace(self.selection, window=window)
        self.ask_view()
        self._showing.titles()

    # -- asking ------------------------------------------------------------------------------------------------------
    def ask_view(self) -> None:
        """Ask for the selected head at the heatmap's size."""
        if self.run is not None:
            self._asking.view(self.selection.place(self.run), self.selection)

    def ask_sheet(self) -> None:
        """Ask for the selected sample's thumbnails at the sheet's size."""
        if self.run is not None:
            self._asking.sheet(self.selection)

    def ask_actions(self) -> None:
        """Ask what the model would do at the selected row's state."""
        if self.run is not None:
            chosen = self.selection
            self._asking.actions(chosen.sample, self.axis.transition(chosen.row(self.axis)))

    def ask_cell(self, query: int, key: int) -> None:
        """Ask for the exact weight under the cursor and its rank."""
        self._asking.cell(query, key)

    def ask_round(self) -> None:
        """Ask for the compressor's attention in the selected round, where the model has a compressor."""
        if self.run is None or (memory := self.run.compressor) is None:
            return
        if memory.rounds[self.selection.sample]:
            self._asking.round(self.selection)
        else:
            self._asking.no_round()

    def ask_round_cell(self, query: int, key: int) -> None:
        """The same as `ask_cell` in the compressor's pane."""
        self._asking.round_cell(query, key)

    def chances_again(self) -> None:
        """The actions without anything taken away."""
        self._asking.chances.forget()
        self.ask_actions()

    def knocked_out(self, chances: Chances) -> None:
        """Show what a knock-out made of the actions, where its sample's query is on display."""
        shown = self.panes.actions.shown
        if shown is not None and (shown.sample, shown.index) == (chances.sample, chances.index):
            self._showing.chances(chances)

    # -- answers -----------------------------------------------------------------------------------------------------
    def receive(self, reply: Reply) -> None:
        """Show an answer, unless its pane has moved on."""
        match reply:
            case StatsReady():
                first = not self.stats
                self.stats[reply.sample] = reply.stats
                if first:
                    self._turn_to(self.answering.most_focused(reply.stats))
                if reply.sample == self.selection.sample:
                    self._showing.statistics()
            case InsightFound():
                self.panes.insights.add(reply.insight)
                # The log writes itself after the next refresh, title included; ours comes after that.
                self.panes.insights.call_after_refresh(self._showing.titles)
                self.panes.insights.call_after_refresh(lambda: self.answering.show(self.run))
            case PlaceboReady():
                self._note(reply.placebo.words)
                self.analysed()  # what follows says how surely that comes back
            case _:
                self._asking.receive(reply)
