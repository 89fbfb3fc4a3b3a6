"""The keys that move, to other heads, rows, samples, rounds and places, and that copy what is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from textual.message import Message
from textual.widget import Widget

from ...insights.head_query import HeadQuery
from ...insights.head_table import HeadRow, head_rows
from ...records.messages import OpenRun
from ...records.run import RunInfo
from ..screens.head_table import HeadTableScreen
from ..screens.panes import PanesScreen
from .goto import Target, resolve
from .goto_screen import GotoScreen
from .panes import COMPRESSOR, HEATMAP, LATENTS, Panes
from .presenter import Presenter
from .selection import Selection
from .shell_command import shell_command

WAIT_SECONDS = 0.2
"""A picture that takes longer is waited for visibly; of others every switch is one paint."""


class SelectingScreen(PanesScreen[Panes]):
    """Keys become selections, the presenter shows them.

    Args:
        panes, plain, aside: see `PanesScreen`.
        presenter: keeps the selection.

    Attributes:
        asked: what is open or being opened.
    """

    class FlowStep(Message):
        """The pass of a flow's step is wanted on display; 0 is the prior pass."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    class OtherCheckpoint(Message):
        """A later or earlier checkpoint of the run is wanted on display."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    class Timeline(Message):
        """The training run is wanted."""

    class Beside(Message):
        """Another run is wanted beside this one."""

    class Watch(Message):
        """New checkpoints are wanted by themselves, or no more."""

    def __init__(self, panes: Panes, presenter: Presenter, plain: bool, aside: Sequence[Widget] = ()) -> None:
        super().__init__(panes, plain, aside)
        self.presenter = presenter
        self.asked: OpenRun | None = None

    def select(self, selection: Selection) -> None:
        """Show another selection."""
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
            self.select((chosen.memory_moved if memory else chosen.moved)(run, layers, heads))

    def action_round(self) -> None:
        """Another round of the compressor, or step of the flow."""
        run = self.presenter.run
        if run is None:
            self.notify("nothing is open yet: whether there is a compressor is not known", severity="warning")
            return
        if run.flow_steps:
            self.post_message(self.FlowStep((run.flow_step + 1) % (run.flow_steps + 1)))
            return
        rounds = 0 if run.compressor is None else len(run.compressor.rounds[self.presenter.selection.sample])
        if rounds == 0:
            why = "this model has no compressor" if run.compressor is None else "this context was not compressed"
            self.notify(why, severity="warning")
            return
        if self.panes.active not in (LATENTS, COMPRESSOR):
            self.panes.activate(COMPRESSOR)
        else:
            self.select(self.presenter.selection.memory_moved(run, rounds=1))

    def action_unit(self) -> None:
        """Tokens, or transitions."""
        run = self.presenter.run
        if run is None:
            return
        if run.layout(self.presenter.selection.sample).summed:
            self.select(self.presenter.selection.other_view(run))
        else:
            self.notify("every transition is one token here: both views are the same", timeout=3)

    def action_sample(self, step: int) -> None:
        """Another sample."""
        if run := self.presenter.run:
            self.select(self.presenter.selection.moved(run, samples=step))

    def action_row(self, step: int) -> None:
        """Another query row."""
        if run := self.presenter.run:
            self._to_row(run, self.presenter.selection.rows_moved(run, step))

    def action_episode(self, step: int) -> None:
        """The query row at an episode's start."""
        if run := self.presenter.run:
            self._to_row(run, self.presenter.selection.episodes_moved(run, step))

    def _to_row(self, run: RunInfo, chosen: Selection) -> None:
        """Another query row: the heatmap's cursor goes there too, so that its read-out is about that row."""
        if chosen != self.presenter.selection:
            self.panes.heatmap.aim(chosen.row(chosen.axis(run)), None)
            self.select(chosen)

    def action_mean(self) -> None:
        """Mean over heads, or one head."""
        self.select(replace(self.presenter.selection, mean=not self.presenter.selection.mean))

    def action_goto(self) -> None:
        """Ask for a place."""
        run = self.presenter.run
        if run is None:
            self.notify("nothing to go to yet: the run is opening", severity="warning")
            return

        def go(target: Target | HeadQuery | None) -> None:
            if isinstance(target, HeadQuery):
                self.show_heads(target)
            elif target is not None and self.presenter.run is not None:
                self.presenter.go(*resolve(target, self.presenter.run, self.presenter.selection))
                self.status.sample = self.presenter.selection.sample

        self.app.push_screen(GotoScreen(lambda target: resolve(target, run, self.presenter.selection), self.plain), go)

    def action_heads(self) -> None:
        """The table of heads."""
        self.show_heads(HeadQuery())

    def show_heads(self, query: HeadQuery) -> None:
        """The table of the heads that meet a query; from there to one of them."""
        run, stats = self.presenter.run, self.presenter.stats
        known = [index for index in sorted(stats) if run is not None and index < len(run.samples)]
        if run is None or not known:
            self.notify("no table of heads yet: nothing has been analysed", severity="warning")
            return

        def go(row: HeadRow | None) -> None:
            if row is not None:
                self.select(replace(self.presenter.selection, layer=row.layer, head=row.head, mean=False))

        rows = head_rows([stats[one] for one in known], [run.samples[one] for one in known], self.panes.insights.known)
        chosen = self.presenter.selection
        said = f"mean over {len(known)} of {len(run.samples)} samples"
        at = None if query.by else (chosen.layer, chosen.head)
        measure = run.acts.short
        self.app.push_screen(HeadTableScreen(rows, query, at, samples=said, divergence=measure, plain=self.plain), go)

    def action_zoom(self, step: int) -> None:
        """In (1) or out (-1) around the heatmap's cursor; 0 is the whole matrix."""
        if (why := self.presenter.zoom(step)) is not None:
            self.notify(why, timeout=3)

    def action_copy_command(self) -> None:
        """The shell command for what the active pane shows, to the clipboard of the terminal."""
        if self.asked is None or self.presenter.run is None:
            self.notify("no command yet: the run is opening", severity="warning")
            return
        command = shell_command(self.panes.active, self.asked, self.presenter.selection, self.presenter.run)
        self.app.copy_to_clipboard(command)
        self.notify(f"copied (if your terminal allows OSC 52): {command}", markup=False)

    # -- the training run --------------------------------------------------------------------------------------------
    def action_checkpoint(self, by: int) -> None:
        """Another checkpoint, at the same place."""
        self.post_message(self.OtherCheckpoint(by))

    def action_timeline(self) -> None:
        """Every checkpoint."""
        if self.presenter.run is None:
            self.notify("no training to see yet: the run is opening", severity="warning")
        else:
            self.post_message(self.Timeline())

    def action_beside(self) -> None:
        """Another run or checkpoint beside this one."""
        if self.presenter.run is None:
            self.notify("nothing to compare yet: the run is opening", severity="warning")
        else:
            self.post_message(self.Beside())

    def action_watch(self) -> None:
        """Those that will come."""
        self.post_message(self.Watch())
