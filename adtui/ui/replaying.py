"""`adtui replay FILE`: an engine that has only what was recorded, and says so where more is asked."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import replace

from textual import on

from ..files.recorded_answers import Epoch, epochs
from ..files.session_file import Recorded
from ..records.errors import EngineError
from ..records.map_messages import ExportMoment
from ..records.messages import Cancel, Cancelled, Done, ExportAll, ExportView, Failed, OpenRun, Ready, Reply, Request
from ..records.trial_messages import ExportSweep
from .app import AdtuiApp
from .messages import EngineReplied

NOTE = "replay: read only"


class ReplayLink:
    """Answers from a recording. Every opening of a run takes the recording's next one, the last again at its end.

    Raises:
        ReportError: no run was opened while it was recorded.
    """

    def __init__(self, recorded: Recorded, name: str) -> None:
        self._epochs = epochs(recorded, name)
        self._now: Epoch = self._epochs[0]
        self._left = iter(self._epochs)
        self._ids = itertools.count(1)
        self._queue: asyncio.Queue[Reply | None] = asyncio.Queue()

    @property
    def request(self) -> OpenRun:
        """What was opened first."""
        return self._epochs[0].opening

    @property
    def reason(self) -> str | None:
        return None

    @property
    def log(self) -> tuple[str, ...]:
        return ()

    def next_id(self) -> int:
        return next(self._ids)

    async def start(self) -> None:
        self._queue.put_nowait(Ready(0, 0))

    def send(self, request: Request) -> None:
        for reply in self._answers(request):
            self._queue.put_nowait(replace(reply, id=request.id))

    async def replies(self) -> AsyncIterator[Reply]:
        while (reply := await self._queue.get()) is not None:
            yield reply

    async def close(self, *, busy: bool) -> None:
        del busy
        self._queue.put_nowait(None)

    def _answers(self, request: Request) -> list[Reply]:
        if isinstance(request, OpenRun):
            self._now = next(self._left, self._now)
            told = list(self._now.opened)
            ended = any(isinstance(reply, Done | Cancelled) for reply in told)
            return told if ended else [*told, Cancelled(0, "analysis")]  # the recording ended first
        if isinstance(request, Cancel):
            return []
        found = self._now.answers(request)
        if found and not isinstance(request, ExportView | ExportAll | ExportMoment | ExportSweep):
            return found
        error = EngineError("replay", expected="what was recorded", found="nothing on this", action="look elsewhere")
        return [Failed(0, error)]


class ReplayApp(AdtuiApp):
    """The app on a recording; its status line says so."""

    @on(EngineReplied)
    def _note_replay(self) -> None:
        self.explorer.note(NOTE)
