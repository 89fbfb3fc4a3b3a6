"""Following a training run: its checkpoints one by one, over all of training, and as they come."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on, work
from textual.timer import Timer

from ..files.runs import UNKNOWN_STEP, Run, awaits_checkpoint, find_run
from ..records.errors import AdtuiError, CheckpointError, RunError
from ..records.messages import Failed, OpenRun
from ..records.run import RunInfo
from ..records.timeline import Timeline
from ..records.timeline_messages import FollowTraining
from .engine_client import EngineLink
from .explorer.selecting import SelectingScreen
from .reloading import ReloadingApp

if TYPE_CHECKING:  # who does not look at it does not wait for it
    from .timeline.screen import TimelineScreen

POLL_SECONDS = 0.5
"""How often training is looked at while it is watched: a file that has stood still between two looks is at rest."""
Seen = tuple[int, int, int]
NOTHING: Seen = (UNKNOWN_STEP, 0, 0)


class FollowingApp(ReloadingApp):
    """Opens other checkpoints of the run, and new ones by itself where the user wants that.

    Where training is watched whose first checkpoint is not there yet, it is waited for.

    Attributes:
        waiting: whether it is.
        watching: whether new checkpoints are opened when they are complete.
        timeline: the screen of the training run while it is on display.
    """

    plain: bool

    def __init__(self, engine: EngineLink | None, request: OpenRun, run: Run | None, *, watch: bool = False) -> None:
        super().__init__(engine, request, run)
        self.watching = watch
        self.waiting = False
        self.timeline: TimelineScreen | None = None
        self._followed: int | None = None
        self._found: Timeline | None = None
        self._timer: Timer | None = None
        self._last: Seen = NOTHING
        self._tried: Seen = NOTHING
        self._trying: int | None = None

    # -- one checkpoint after another --------------------------------------------------------------------------------
    @on(SelectingScreen.OtherCheckpoint)
    def _other(self, message: SelectingScreen.OtherCheckpoint) -> None:
        self._open_beside(message.by)

    @work(exclusive=True, exit_on_error=False, group="checkpoint")
    async def _open_beside(self, by: int) -> None:
        """The checkpoint before or after the one that is on display, or being opened."""
        known = await self.checkpoints()
        here = Path(self.pinned or (self.opened.path if self.opened else "")).name
        at = next((index for index, (_, path) in enumerate(known) if path.name == here), len(known) - 1)
        if not 0 <= at + by < len(known):
            self.notify("this is the newest checkpoint" if by > 0 else "this is the first checkpoint", timeout=3)
        elif known:
            self._pin(known, at + by)

    def _pin(self, known: tuple[tuple[int, Path], ...], at: int) -> None:
        self.remember()
        self.pinned = None if at == len(known) - 1 else str(known[at][1])
        self.open_run()

    async def checkpoints(self) -> tuple[tuple[int, Path], ...]:
        """What is on disk now, in order of step; none where one file was opened by itself."""
        if self.watched is None or not self.watched.follows:
            self.notify("one file was opened, not a run: it has no other checkpoints here", severity="warning")
            return ()
        try:
            return (await asyncio.to_thread(find_run, self.watched.directory)).checkpoints
        except AdtuiError as error:
            self.notify(str(error), severity="warning", markup=False)
            return ()

    # -- over all of training ----------------------------------------------------------------------------------------
    @on(SelectingScreen.Timeline)
    def _enter_timeline(self) -> None:
        if self.opened is None or self.watched is None or not self.watched.follows:
            self.notify("one file was opened, not a run: there is no training to see", severity="warning")
            return
        from .timeline.screen import TimelineScreen
        from .timeline.state import TimelineState

        chosen = self.explorer.presenter.selection
        state = TimelineState(self.opened.step, (chosen.layer, chosen.head), found=self._found)
        self.timeline = TimelineScreen(state, self.opened, self.plain)
        self.push_screen(self.timeline, self._left_timeline)
        self.measure_training()

    def _left_timeline(self, _: None) -> None:
        self.timeline = None

    def measure_training(self) -> None:
        """Ask for what is new; what is known is kept on disk and comes at once."""
        if self.watched is not None and not self.jobs.has(self._followed):
            self._followed = self.engine.next_id()
            asked = replace(self.request, path=str(self.watched.directory))
            self.send_long(FollowTraining(self._followed, asked), "timeline")

    def forget_training(self) -> None:
        """Another run is chosen: none of its checkpoints is known."""
        self.pinned, self._found = None, None

    def take_timeline(self, number: int, found: Timeline) -> None:
        """What is known now."""
        if number == self._followed:
            self._found = found
            if self.timeline is not None:
                self.timeline.receive(found)

    def on_timeline_screen_open_checkpoint(self, event: TimelineScreen.OpenCheckpoint) -> None:
        """By name: importing the screen costs what only who opens it should wait for."""
        layer, head = event.head
        self.explorer.select(replace(self.explorer.presenter.selection, layer=layer, head=head, mean=False))
        if self.opened is None or event.step != self.opened.step:
            self._open_step(event.step)

    @work(exclusive=True, exit_on_error=False, group="checkpoint")
    async def _open_step(self, step: int) -> None:
        known = await self.checkpoints()
        for index, (one, _) in enumerate(known):
            if one == step:
                self._pin(known, index)

    # -- as they come ------------------------------------------------------------------------------------------------
    @on(SelectingScreen.Watch)
    def _watch(self) -> None:
        """Begin or end."""
        if self.waiting:
            instead = "<explorer.runs> chooses another run, <explorer.quit> quits"
            self.notify(f"watching: its first checkpoint is waited for; {instead}")
            return
        if self.watched is None or not self.watched.follows:
            self.notify("one file was opened, not a run: no checkpoint will come", severity="warning")
            return
        self.watching = not self.watching
        if self.watching:
            self.pinned = None
        self.notify("watching training: new checkpoints open by themselves" if self.watching else "not watching")
        self.say_watching()
        self.watch_on()

    def say_watching(self) -> None:
        """At the right end of the status line, where nothing else is to be said there."""
        self.explorer.note("watching" if self.watching and self.pinned is None else "")

    def look_sometimes(self) -> None:
        """Say what is newer, where it is not opened by itself."""
        if not self.watching or self.pinned is not None:
            self.look_for_newer()

    def watch_on(self) -> None:
        """Look often while training is watched."""
        if self.watching and self._timer is None:
            self._timer = self.set_interval(POLL_SECONDS, self._look)
        elif not self.watching and self._timer is not None:
            self._timer.stop()
            self._timer = None

    @work(exclusive=True, exit_on_error=False, group="follow")
    async def _look(self) -> None:
        """Open the newest checkpoint where it is new and has stood still since the last look."""
        if self.waiting:
            await self._look_for_first()
            return
        run = self.watched
        under_way = self.opening != self.shown and self.jobs.has(self.opening)
        if run is None or self.pinned is not None or under_way:
            return
        seen = await asyncio.to_thread(run.fingerprint)
        rests, self._last = seen == self._last, seen
        if not rests or seen in (NOTHING, self._tried) or not self._is_new(seen):
            return
        self._tried = seen
        self.open_run()
        self._trying = self.opening

    def wait_for_first(self) -> bool:
        """Wait where there is no checkpoint yet, and say so. Returns whether it is waited for."""
        self.waiting = self.watching and self.watched is None and awaits_checkpoint(self.request.path)
        if self.waiting:
            self.explorer.status.message = f"waiting for the first checkpoint in {self.request.path}"
            self.explorer.panes.clear("no checkpoint yet: it opens when it is complete, <explorer.quit> quits")
        return self.waiting

    def open_run(self) -> None:
        self.waiting = False
        super().open_run()

    def ask_again(self) -> None:
        if self.waiting:
            self.notify("no checkpoint yet: it opens by itself", timeout=4)
        else:
            super().ask_again()

    async def _look_for_first(self) -> None:
        """Open the run when its first checkpoint is there; whether it is complete is seen as of any other."""
        try:
            run = await asyncio.to_thread(find_run, self.request.path)
        except RunError:
            return
        self.waiting, self.watched = False, run

    def _is_new(self, seen: Seen) -> bool:
        return self.opened is None or seen[0] > self.opened.step or self.rewritten(seen)

    def waits_on(self, reply: Failed) -> bool:
        """Whether this failure is that of a checkpoint which is not complete yet, while training is watched: then it is
        tried again when its file has changed."""
        if reply.id == self._followed and self.timeline is not None:
            self.timeline.failed("nothing could be measured")
        if not (self.watching and reply.id == self.opening and isinstance(reply.error, CheckpointError)):
            return False
        self.jobs.end(reply.id)
        if self.opened is None:
            self.explorer.stopped_opening("waits for the checkpoint to be complete")
        else:
            self.not_opened()
        if self._trying != reply.id:  # opened by other means: its file is the one that is there
            self._tried = self._last
        self.explorer.note("waiting for a checkpoint to be complete")
        return True

    def has_opened(self, run: RunInfo, number: int) -> None:
        measuring = None if self._followed is None else self.jobs.of(self._followed)
        super().has_opened(run, number)
        if measuring is not None:  # it is about the run, not about what was open
            self.jobs.begin(measuring.id, measuring.what)
            self.jobs.update(measuring)
        if self.timeline is not None:
            self.timeline.opened(run)
            if self.watching:
                self.measure_training()
