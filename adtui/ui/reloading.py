"""Opening a run, opening it again when it has a newer checkpoint, and going on with an analysis that was stopped."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from textual import work

from ..files.runs import UNKNOWN_STEP, Run
from ..records.messages import OpenRun, Resume
from ..records.run import RunInfo
from .engine_app import EngineApp
from .engine_client import EngineLink
from .explorer.screen import ExplorerScreen
from .explorer.selecting import SelectingScreen

WATCH_SECONDS = 5.0
"""How often the run directory is looked at for a newer checkpoint."""
ANALYSIS = "analysis"
"""The engine's name for the job."""


class ReloadingApp(EngineApp):
    """Knows which run is open, which request opens it, and what of it is on disk.

    What is on display stays until something else has opened: neither a reload that fails nor one that is stopped ends
    the work on it.

    Attributes:
        request: what to open; its id is ignored.
        watched: the run, looked at for newer checkpoints; None where only the engine can tell.
        opened: what is on display.
        shown: the request whose analysis is about that.
        pinned: an older checkpoint of the run that the user went to; None is the newest.
        explorer: shows it.
    """

    explorer: ExplorerScreen

    def __init__(self, engine: EngineLink | None, request: OpenRun, run: Run | None) -> None:
        super().__init__(engine)
        self.request, self.watched = request, run
        self.opened: RunInfo | None = None
        self.shown: int | None = None
        self.pinned: str | None = None
        self._analysed = False
        self._baseline: tuple[int, int, int] | None = None
        self._before: tuple[OpenRun, Run | None, str | None] | None = None

    def open_other(self, request: OpenRun, run: Run | None) -> None:
        """Open something else; what is on display stays what is open until that has."""
        self.remember()
        self.request, self.watched = request, run
        self.open_run()

    def remember(self) -> None:
        """What is asked for next may not open: what is open now is then what is asked for again."""
        if self.opened is not None and self._before is None:
            self._before = self.request, self.watched, self.pinned

    def open_run(self) -> None:
        """Open the run, or open it again with its newest checkpoint."""
        self.opening = self.engine.next_id()
        self.send_long(replace(self.asked, id=self.opening), "loading")
        self.explorer.opening(self.asked)

    @property
    def asked(self) -> OpenRun:
        """What to open now."""
        return self.request if self.pinned is None else replace(self.request, path=self.pinned)

    def on_selecting_screen_flow_step(self, message: SelectingScreen.FlowStep) -> None:
        """Open the run again with the pass of another flow step; one at a time."""
        if self.opening == self.shown:
            self.open_other(replace(self.request, flow_step=message.step), self.watched)

    def has_opened(self, run: RunInfo, number: int) -> None:
        """The engine has opened it, and has ended the work on what was open before."""
        self.jobs.keep(number)
        self.opened, self.shown = run, number
        self._analysed, self._baseline, self._before = False, None, None

    def not_opened(self) -> None:
        """It was stopped, or has failed: what was open before is."""
        self.explorer.note("")
        self.opening = self.shown
        if self._before is not None:
            (self.request, self.watched, self.pinned), self._before = self._before, None
            self.explorer.asked = self.asked

    def has_analysed(self) -> None:
        """All is known of what is on display."""
        self._analysed = True

    def ask_again(self) -> None:
        """The newest checkpoint; without a newer one, go on with what was stopped."""
        if self.watched is None or self.opened is None:
            self.open_run()
        else:
            self._ask_disk()

    @work(exclusive=True, exit_on_error=False, group="reload")
    async def _ask_disk(self) -> None:
        """Look for a newer checkpoint now; in a thread, for slow network disks."""
        if await self._newer() is not None:
            self.pinned = None
            self.open_run()
        elif self.opened is None or self.jobs.has(self.opening):
            self.notify("no newer checkpoint, and this one is being analysed", timeout=4)
        elif self._analysed:
            self.notify(f"no newer checkpoint than step {self.opened.step}", timeout=4)
        else:
            self.opening = self.shown = self.engine.next_id()
            self.explorer.presenter.resumed()
            self.send_long(Resume(self.opening), ANALYSIS)

    @work(exclusive=True, exit_on_error=False, group="watch")
    async def look_for_newer(self) -> None:
        """Say so where the newest checkpoint on disk is not the one on display."""
        if (found := await self._newer()) is not None:
            self.explorer.note(found)

    def rewritten(self, seen: tuple[int, int, int]) -> bool:
        """Whether the newest file is another than when the one on display was opened."""
        if self._baseline is None:
            self._baseline = seen
        return seen != self._baseline

    async def _newer(self) -> str | None:
        """What is newer on disk than what is on display; None where nothing is."""
        if self.watched is None or self.opened is None or self._before is not None:
            return None
        seen = await asyncio.to_thread(self.watched.fingerprint)
        rewritten = self.rewritten(seen)
        if seen == (UNKNOWN_STEP, 0, 0):
            return "its checkpoints are gone from the disk"
        if seen[0] > self.opened.step:
            return f"step {seen[0]} is there: <explorer.reload>"
        return "the checkpoint has changed: <explorer.reload>" if rewritten else None
