"""The explorer: what its panes ask and tell, what it takes away, and what it asks of the app."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static

from ...records.answer import Key
from ...records.messages import OpenRun, Progress, Reply, WeightsReady
from ...records.plain import to_ascii
from ...records.run import MoreSamples, RunInfo
from ..engine_client import EngineLink
from ..key import COMPRESSOR as NEEDS_COMPRESSOR
from ..key import HEADS as HEADS_FOCUSED
from ..key import HEATMAP as HEATMAP_FOCUSED
from ..key import INSIGHTS as INSIGHTS_FOCUSED
from ..key import VIEWS_DIFFER
from ..key_bars import bar
from ..key_words import filled_for
from ..keys import bindings
from ..map.desk import MapDesk
from ..screens.answer import LAB, AnswerScreen
from ..widgets.heatmap import HeatmapPane
from ..widgets.picture import PicturePane
from ..widgets.sheet import SheetPane
from .marking import MarkingScreen
from .panes import COMPRESSOR, HEADS, HEATMAP, INSIGHTS, Panes
from .presenter import Presenter

REST_SECONDS = 0.08
"""A held arrow key repeats faster than this."""


class ExplorerScreen(MarkingScreen):
    """Looks at attention: what the panes say, what is taken away, what leaves the app.

    Args:
        plain: ASCII only.
        coarse: ask for coarser thumbnails, for a slow line.
        look_ahead: fetch the heads beside the one on display while nothing else is asked.
        telling: see `Presenter`.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings()]

    class Reload(Message):
        """The user wants the newest checkpoint."""

    class Back(Message):
        """Esc, with nothing left to close here."""

    class Lab(Message):
        """The user wants the compression lab."""

    class Choose(Message):
        """The user wants another run."""

    def __init__(
        self,
        engine: EngineLink,
        plain: bool = False,
        *,
        coarse: bool = False,
        look_ahead: bool = False,
        telling: bool = False,
    ) -> None:
        self._note = Static(id="note")
        panes = Panes(plain)
        presenter = Presenter(engine, panes, coarse=coarse, look_ahead=look_ahead, telling=telling)
        super().__init__(engine, panes, presenter, plain, [self._note])
        self._rest: Timer | None = None
        self.map = MapDesk(engine, plain)

    def on_mount(self) -> None:
        self.panes.clear("starting …")

    # -- status ------------------------------------------------------------------------------------------------------
    def note(self, text: str) -> None:
        """Say something at the right end of the status line; "" takes it away."""
        self._note.update(Content(filled_for(self.app, text)))
        self._note.display = bool(text)

    def opening(self, asked: OpenRun) -> None:
        """A run is being opened; what is shown of the one before stays until it is."""
        before, self.asked = self.asked, asked
        self.status.message = f"opening {asked.path}"
        if self.presenter.run is None:
            self.panes.clear("opening the run …")
        elif before is not None and before.flow_step != asked.flow_step:
            self.note(f"opening flow step {asked.flow_step}" if asked.flow_step else "opening the prior pass")
        else:
            again = before is None or before.path == asked.path
            self.note("opening the newest checkpoint" if again else f"opening {Path(asked.path).name}")

    def stopped_opening(self, how: str = "stopped") -> None:
        """The user did not want to wait, or it failed, and there is no run from before."""
        self.status.message = "nothing open"
        self.panes.clear(f"opening {how}: <explorer.reload> tries again, <explorer.quit> quits")

    def open(self, run: RunInfo) -> None:
        """A run has opened."""
        self.note("")
        if self.plain:
            run = replace(run, family=to_ascii(run.family), source=to_ascii(run.source))
        self.forget_knock_outs()
        self.forget_bookmarks()
        self.presenter.open(run)
        self.status.open(run)
        self.status.sample = self.presenter.selection.sample
        self.draw_bar()
        self.map.opened(run)

    def receive(self, reply: Reply) -> None:
        """An answer to something that was asked here or on the map."""
        if isinstance(reply, WeightsReady):
            self.copy_weights(reply)
        self.map.receive(reply)
        self.presenter.receive(reply)

    def show_progress(self, progress: Progress | None) -> None:
        super().show_progress(progress)
        self.map.show_progress(progress)

    def grow(self, more: MoreSamples) -> None:
        """The run has more samples than before."""
        self.presenter.grow(more)
        if self.presenter.run is not None:
            self.status.open(self.presenter.run)

    # -- panes -------------------------------------------------------------------------------------------------------
    def bar(self) -> str:
        heatmap, has = self.panes.active in (HEATMAP, COMPRESSOR), frozenset(self._there_is())
        return bar(self.size.width, heatmap=heatmap, plain=self.plain, has=has, changes=self.changes)

    def _there_is(self) -> Iterator[str]:
        """What keys may need, see `Key.only`."""
        run = self.presenter.run
        if run is not None and run.layout(self.presenter.selection.sample).summed:
            yield VIEWS_DIFFER
        if run is not None and run.compressor is not None:
            yield NEEDS_COMPRESSOR
        if self.panes.active == HEATMAP:
            yield HEATMAP_FOCUSED
        if self.panes.active == INSIGHTS:
            yield INSIGHTS_FOCUSED
        if self.panes.active == HEADS:
            yield HEADS_FOCUSED

    @on(Panes.Activated)
    def _activated(self) -> None:
        self.draw_bar()

    @on(PicturePane.SizeChanged, "#heatmap")
    def _heatmap_resized(self) -> None:
        self.presenter.ask_view()

    @on(PicturePane.SizeChanged, "#memory")
    def _memory_resized(self) -> None:
        self.presenter.ask_round()

    @on(PicturePane.SizeChanged, "#sheet")
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
        self.select(replace(self.presenter.selection, layer=event.layer, head=event.head, mean=False))

    def action_go_pane(self, index: int) -> None:
        """A pane by number."""
        if index < self.panes.count:
            super().action_go_pane(index)
        elif self.presenter.run is None:
            self.notify("nothing is open yet: whether there is a compressor is not known", severity="warning")
        else:
            self.notify("this model has no compressor, and so no latents", severity="warning")

    def leave(self) -> None:
        """The app cancels what runs."""
        self.post_message(self.Back())

    # -- other screens -----------------------------------------------------------------------------------------------
    def action_answer(self) -> None:
        """The answer in full."""
        if (answer := self.panes.answer.answer) is None:
            self.notify("no answer yet: the run is opening", severity="warning")
        else:
            self.app.push_screen(AnswerScreen(answer, self.plain), self._to_evidence)

    def _to_evidence(self, goal: Key | str | None) -> None:
        if goal == LAB:
            self.action_lab()
        elif isinstance(goal, tuple):
            _, layer, head, _ = goal
            if layer is not None and head is not None:
                self.select(replace(self.presenter.selection, layer=layer, head=head, mean=False))
            self.panes.activate(INSIGHTS)
            self.panes.insights.call_after_refresh(self.panes.insights.reveal, goal)

    def action_map(self) -> None:
        """Attention on the world itself."""
        if (run := self.presenter.run) is None:
            self.notify("no map yet: the run is opening", severity="warning")
            return
        chosen = self.presenter.selection
        self.map.enter(self.app, run, chosen, chosen.moment(run), self.select)

    def action_lab(self) -> None:
        """The compression lab."""
        if self.presenter.run is None:
            self.notify("nothing to compress yet: the run is opening", severity="warning")
        else:
            self.post_message(self.Lab())

    # -- everything else ---------------------------------------------------------------------------------------------
    def action_scale(self) -> None:
        """The next colour scale."""
        self.notify(f"colour scale: {self.panes.heatmap.next_scale()}", timeout=2)

    def action_reload(self) -> None:
        """The newest checkpoint."""
        self.post_message(self.Reload())

    def action_runs(self) -> None:
        """The list of runs."""
        self.post_message(self.Choose())
