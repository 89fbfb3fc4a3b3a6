"""Two runs side by side, chosen in the list of runs, among a run's checkpoints, or on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on, work

from ..files.runs import Run
from ..records.messages import Cancel, OpenRun, Reply
from ..records.run import RunInfo
from .choosing import ChoosingApp
from .engine_client import EngineLink
from .explorer.selecting import SelectingScreen
from .sides.desk import WHAT, SidesDesk

if TYPE_CHECKING:  # who does not look at it does not wait for it
    from .sides.screen import SidesScreen
    from .timeline.screen import TimelineScreen


class ComparingApp(ChoosingApp):
    """Sets a second checkpoint beside the one that is open.

    Args:
        engine, request, run, runs, watch: see `ChoosingApp`.
        beside: a checkpoint to set beside the run as soon as that is open, "" for none.
    """

    def __init__(
        self,
        engine: EngineLink | None,
        request: OpenRun,
        run: Run | None,
        runs: Sequence[Run] = (),
        *,
        watch: bool = False,
        beside: str = "",
    ) -> None:
        super().__init__(engine, request, run, runs, watch=watch)
        self._first_beside = beside
        self.sides = SidesDesk(self, self.engine, lambda asked: self.send_long(asked, WHAT))

    def take(self, reply: Reply) -> bool:
        """Answers about what is side by side. Returns True for a failure that is told there."""
        return self.sides.receive(reply)

    def has_opened(self, run: RunInfo, number: int) -> None:
        job = None if self.sides.job is None else self.jobs.of(self.sides.job)
        super().has_opened(run, number)
        if job is not None:  # it is about two checkpoints, whatever is open
            self.jobs.begin(job.id, job.what)
            self.jobs.update(job)
        if self._first_beside:
            other, self._first_beside = self._first_beside, ""
            self.set_beside(other)

    def show_progress(self) -> None:
        self.sides.show_progress(self.jobs.progress)

    # -- one more beside it ------------------------------------------------------------------------------------------
    @on(SelectingScreen.Beside)
    def _beside(self) -> None:
        """What was beside it last, else the list to choose from."""
        if (first := self._exactly()) is not None and self.sides.knows(first):
            self.sides.again(self.plain)
        else:
            self.choose_again(beside=True)

    def on_sides_screen_other(self, _: SidesScreen.Other) -> None:
        """Another run beside it."""
        self.choose_again(beside=True)

    def compare_chosen(self, runs: Sequence[Run]) -> None:
        self.set_beside(str(runs[0].latest))

    @work(exclusive=True, exit_on_error=False, group="checkpoint")
    async def on_timeline_screen_beside(self, event: TimelineScreen.Beside) -> None:
        """A checkpoint of the same run."""
        for step, path in await self.checkpoints():
            if step == event.step:
                self.set_beside(str(path))

    def set_beside(self, other: str) -> None:
        """Show a checkpoint beside the one that is open."""
        if (first := self._exactly()) is None:
            self.notify("nothing is open yet that it could stand beside", severity="warning")
        elif Path(other).resolve() == Path(first.path).resolve():
            self.notify("that is the checkpoint on display: choose another beside it", severity="warning")
        else:
            self.sides.enter(first, other, self.explorer.presenter.selection.sample, self.plain)

    def _exactly(self) -> OpenRun | None:
        """How the checkpoint on display was opened, by its file: training may have gone on."""
        return None if self.opened is None else replace(self.asked, id=0, path=self.opened.path)

    # -- what its screen asks for ------------------------------------------------------------------------------------
    def on_sides_screen_export(self, event: SidesScreen.Export) -> None:
        """The figure of a pair."""
        self.send_long(event.request, "export")

    def on_sides_screen_match(self, event: SidesScreen.Match) -> None:
        """Heads matched in another way."""
        self.sides.match(event.request)

    def on_sides_screen_stop(self, _: SidesScreen.Stop) -> None:
        """The comparison is wanted no more."""
        if (job := self.sides.stop()) is not None:
            self.engine.send(Cancel(self.engine.next_id(), job))
