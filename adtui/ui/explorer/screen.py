"""The explorer: keys become selections, the presenter shows them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Static

from ...records.defaults import FIGURES
from ...records.messages import ExportAll, ExportView, KnockOutReady, Progress
from ...records.plain import to_ascii
from ...records.run import MoreSamples, RunInfo
from ..engine_client import EngineLink
from ..keys import COMPRESSOR as NEEDS_COMPRESSOR
from ..keys import HEATMAP as HEATMAP_FOCUSED
from ..keys import KEYS, VIEWS_DIFFER, bar, bindings
from ..renderables.knock_out import knock_out_text
from ..screens.help import HelpScreen
from ..widgets.heatmap import HeatmapPane
from ..widgets.sheet import SheetPane
from ..widgets.status import StatusLine
from .goto import Target, resolve
from .goto_screen import GotoScreen
from .panes import COMPRESSOR, HEADS, HEATMAP, LATENTS, Panes
from .presenter import Presenter
from .selection import Selection

REST_SECONDS = 0.08
"""A held arrow key repeats faster than this."""
WAIT_SECONDS = 0.2
"""A picture that takes longer is waited for visibly; of others every switch is one paint."""


class ExplorerScreen(Screen[None]):
    """Status line, panes, key bar.

    Args:
        plain: ASCII only.
        coarse: ask for coarser thumbnails, for a slow line.
    """

    KEYS = KEYS
    BINDINGS: ClassVar[list[BindingType]] = [*bindings()]

    class Reload(Message):
        """The user wants the newest checkpoint."""

    class Back(Message):
        """Esc, with nothing left to close here."""

    class Lab(Message):
        """The user wants the compression lab."""

    class Long(Message):
        """A long request for the engine."""

        def __init__(self, request: ExportView | ExportAll) -> None:
            super().__init__()
            self.request = request

    def __init__(self, engine: EngineLink, plain: bool = False, coarse: bool = False) -> None:
        super().__init__()
        self.plain = plain
        self.panes = Panes(plain)
        self.status = StatusLine(id="status")
        self.presenter = Presenter(engine, self.panes, coarse)
        self._engine = engine
        self._rest: Timer | None = None

    def compose(self) -> ComposeResult:
        with Horizontal(id="top"):
            yield self.status
            yield Static(id="note")
        yield self.panes
        yield Static(id="keybar")

    def on_mount(self) -> None:
        self.panes.fold(*self.app.size)
        self.panes.activate(HEADS)
        self.panes.clear("starting …")

    def on_resize(self, event: events.Resize) -> None:
        self.panes.fold(*event.size)
        self._draw_bar()

    # -- status ------------------------------------------------------------------------------------------------------
    def note(self, text: str) -> None:
        """Say something at the right end of the status line; "" takes it away."""
        note = self.query_one("#note", Static)
        note.update(Content(text))
        note.display = bool(text)

    def opening(self, path: str) -> None:
        """A run is being opened; what is shown of the one before stays until it is."""
        self.status.message = f"opening {path}"
        if self.presenter.run is None:
            self.panes.clear("opening the run …")
        else:
            self.note("opening the newest checkpoint")

    def stopped_opening(self, how: str = "stopped") -> None:
        """The user did not want to wait, or it failed, and there is no run from before."""
        self.status.message = "nothing open"
        self.panes.clear(f"opening {how}: r tries again, q quits")

    def open(self, run: RunInfo) -> None:
        """A run has opened."""
        self.note("")
        if self.plain:
            run = replace(run, family=to_ascii(run.family), source=to_ascii(run.source))
        self.presenter.open(run)
        self.status.open(run)
        self.status.sample = self.presenter.selection.sample
        self._draw_bar()

    def grow(self, more: MoreSamples) -> None:
        """The run has more samples than before."""
        self.presenter.grow(more)
        if self.presenter.run is not None:
            self.status.open(self.presenter.run)

    def show_progress(self, progress: Progress | None) -> None:
        """How far the newest long work is."""
        self.status.show_progress(progress)

    def _draw_bar(self) -> None:
        heatmap = self.panes.active in (HEATMAP, COMPRESSOR)
        run, has = self.presenter.run, set()
        if run is not None and run.layout(self.presenter.selection.sample).summed:
            has.add(VIEWS_DIFFER)
        if run is not None and run.compressor is not None:
            has.add(NEEDS_COMPRESSOR)
        if self.panes.active == HEATMAP:
            has.add(HEATMAP_FOCUSED)
        text = bar(self.size.width, heatmap=heatmap, plain=self.plain, has=frozenset(has))
        self.query_one("#keybar", Static).update(text)

    # -- panes -------------------------------------------------------------------------------------------------------
    @on(Panes.Activated)
    def _activated(self) -> None:
        self._draw_bar()

    @on(HeatmapPane.SizeChanged, "#heatmap")
    def _heatmap_resized(self) -> None:
        self.presenter.ask_view()

    @on(HeatmapPane.SizeChanged, "#memory")
    def _memory_resized(self) -> None:
        self.presenter.ask_round()

    @on(SheetPane.SizeChanged)
    def _sheet_resized(self) -> None:
        self.presenter.ask_sheet()

    @on(HeatmapPane.CursorMoved, "#heatmap")
    def _cursor_moved(self, event: HeatmapPane.CursorMoved) -> None:
        if self._rest is not None:
            self._rest.stop()
        # A rank can be read off a whole row of single weights; of others it cannot. It is asked for when the cursor
        # rests: an answer on the way would paint every step twice.
        if event.stepped and not event.ranked and event.value is not None:
            self._rest = self.set_timer(REST_SECONDS, partial(self.presenter.ask_cell, event.query, event.key))

    @on(HeatmapPane.CursorMoved, "#memory")
    def _memory_cursor_moved(self, event: HeatmapPane.CursorMoved) -> None:
        if not event.ranked and event.value is not None:
            self.presenter.ask_round_cell(event.query, event.key)

    @on(HeatmapPane.Beyond, "#heatmap")
    def _beyond(self, event: HeatmapPane.Beyond) -> None:
        self.presenter.pan(event.query, event.key)

    @on(SheetPane.Selected)
    def _clicked(self, event: SheetPane.Selected) -> None:
        self._select(replace(self.presenter.selection, layer=event.layer, head=event.head, mean=False))

    def action_pane(self, step: int) -> None:
        """Next or previous pane."""
        self.panes.activate(self.panes.active + step)

    def action_go_pane(self, index: int) -> None:
        """A pane by number."""
        if index < self.panes.count:
            self.panes.activate(index)
        else:
            self.notify("this model has no compressor, and so no latents", severity="warning")

    def action_full(self) -> None:
        """The active pane at full size, or back."""
        self.panes.set_full(not self.panes.full)

    def action_back(self) -> None:
        """Leave full size; otherwise the app cancels what runs."""
        if self.panes.full:
            self.panes.set_full(False)
        else:
            self.post_message(self.Back())

    # -- selection ---------------------------------------------------------------------------------------------------
    def _select(self, selection: Selection) -> None:
        self.presenter.select(selection)
        self.status.sample = self.presenter.selection.sample
        self.set_timer(WAIT_SECONDS, self.presenter.mark_waiting)

    def action_move(self, down: int, right: int) -> None:
        """Arrows: the heatmap's cursor while it has the focus, layers and heads otherwise."""
        if self.panes.active == HEATMAP:
            self.panes.heatmap.move_cursor(down, right)
        elif self.panes.active == COMPRESSOR:
            self.panes.memory.move_cursor(down, right)
        else:
            self.action_select(down, right)

    def action_select(self, layers: int, heads: int) -> None:
        """Another layer or head: the compressor's in its own pane, the model's elsewhere."""
        if run := self.presenter.run:
            chosen = self.presenter.selection
            memory = self.panes.active == COMPRESSOR
            self._select((chosen.memory_moved if memory else chosen.moved)(run, layers, heads))

    def action_round(self) -> None:
        """Another round of the compressor."""
        run = self.presenter.run
        if run is None:
            return
        rounds = 0 if run.compressor is None else len(run.compressor.rounds[self.presenter.selection.sample])
        if rounds == 0:
            why = "this model has no compressor" if run.compressor is None else "this context was not compressed"
            self.notify(why, severity="warning")
            return
        if self.panes.active not in (LATENTS, COMPRESSOR):
            self.panes.activate(COMPRESSOR)
        else:
            self._select(self.presenter.selection.memory_moved(run, rounds=1))

    def action_unit(self) -> None:
        """Tokens, or transitions."""
        run = self.presenter.run
        if run is None:
            return
        if run.layout(self.presenter.selection.sample).summed:
            self._select(self.presenter.selection.other_view(run))
        else:
            self.notify("every transition is one token here: both views are the same", timeout=3)

    def action_sample(self, step: int) -> None:
        """Another sample."""
        if run := self.presenter.run:
            self._select(self.presenter.selection.moved(run, samples=step))

    def action_row(self, step: int) -> None:
        """Another query row."""
        if run := self.presenter.run:
            self._select(self.presenter.selection.rows_moved(run, step))

    def action_episode(self, step: int) -> None:
        """The query row at an episode's start."""
        if run := self.presenter.run:
            self._select(self.presenter.selection.episodes_moved(run, step))

    def action_mean(self) -> None:
        """Mean over heads, or one head."""
        self._select(replace(self.presenter.selection, mean=not self.presenter.selection.mean))

    def action_goto(self) -> None:
        """Ask for a place."""
        run = self.presenter.run
        if run is None:
            self.notify("nothing to go to yet: the run is opening", severity="warning")
            return

        def go(target: Target | None) -> None:
            if target is not None and self.presenter.run is not None:
                self.presenter.go(*resolve(target, self.presenter.run, self.presenter.selection))
                self.status.sample = self.presenter.selection.sample

        self.app.push_screen(GotoScreen(lambda target: resolve(target, run, self.presenter.selection), self.plain), go)

    # -- knock-outs --------------------------------------------------------------------------------------------------
    def action_knock_out(self) -> None:
        """Take the transition under the cursor away; with the heads in focus, the selected head."""
        if self.panes.active == HEADS:
            self.presenter.ask_mute()
        else:
            self._ask_knock_out(episode=False)

    def action_knock_out_episode(self) -> None:
        """Take the whole episode under the cursor away."""
        self._ask_knock_out(episode=True)

    def _ask_knock_out(self, *, episode: bool) -> None:
        if (why := self.presenter.ask_knock_out(episode=episode)) is not None:
            self.notify(why, severity="warning")

    def knocked_out(self, reply: KnockOutReady) -> None:
        """Say what a knock-out found."""
        text = knock_out_text(reply.result, reply.label, not self.plain)
        self.notify(text, title="knock-out", timeout=12, markup=False)

    def action_lab(self) -> None:
        """The compression lab."""
        if self.presenter.run is None:
            self.notify("nothing to compress yet: the run is opening", severity="warning")
        else:
            self.post_message(self.Lab())

    # -- everything else ---------------------------------------------------------------------------------------------
    def action_scale(self) -> None:
        """The next colour scale."""
        self.notify(f"colour scale: {self.presenter.next_scale()}", timeout=2)

    def action_zoom(self, step: int) -> None:
        """In (1) or out (-1) around the heatmap's cursor; 0 is the whole matrix."""
        if (why := self.presenter.zoom(step)) is not None:
            self.notify(why, timeout=3)

    def action_copy(self) -> None:
        """Numbers of the active pane, to the clipboard of the terminal."""
        copied = self.presenter.copy(self.panes.active)
        if copied is None:
            self.notify("no numbers in this pane yet", severity="warning")
            return
        what, text = copied
        self.app.copy_to_clipboard(text)
        self.notify(f"copied {what}: {text.count(chr(10)) - 1} rows (if your terminal allows OSC 52)")

    def action_export(self) -> None:
        """Figures of what is shown."""
        if self.presenter.run is not None:
            chosen = self.presenter.selection
            number = self._engine.next_id()
            self._long(ExportView(number, chosen.sample, chosen.layer, chosen.shown_head, FIGURES))

    def action_export_all(self) -> None:
        """Every figure."""
        if self.presenter.run is not None:
            self._long(ExportAll(self._engine.next_id(), FIGURES))

    def _long(self, request: ExportView | ExportAll) -> None:
        self.post_message(self.Long(request))

    def action_reload(self) -> None:
        """The newest checkpoint."""
        self.post_message(self.Reload())

    def action_help(self) -> None:
        """Keys and numbers, explained."""
        self.app.push_screen(HelpScreen(self.plain))
