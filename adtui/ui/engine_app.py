"""An app with an engine in another process: starts it, listens to it, sends it long work, ends it."""

from __future__ import annotations

import gc

from textual import work
from textual.notifications import SeverityLevel

from ..records.compare_messages import CompareRuns
from ..records.errors import AdtuiError, EngineError
from ..records.map_messages import ExportMoment
from ..records.messages import ExportAll, ExportView, Failed, OpenRun, Resume
from ..records.side_messages import ExportPair, SetBeside
from ..records.timeline_messages import FollowTraining
from ..records.trial_messages import ExportSweep, RunSearch, RunSweep
from .engine_client import EngineClient, EngineLink
from .jobs import Jobs
from .key_names import Changes
from .key_words import filled
from .messages import EngineDied, EngineReplied
from .terminal.graphics_app import GraphicsApp

Long = (
    OpenRun
    | Resume
    | ExportView
    | ExportAll
    | ExportMoment
    | ExportPair
    | ExportSweep
    | RunSearch
    | RunSweep
    | FollowTraining
    | SetBeside
    | CompareRuns
)


class EngineApp(GraphicsApp[str]):
    """Posts `EngineReplied` for everything that the engine says, and `EngineDied` when it is gone unasked.

    Args:
        engine: None for the real one.

    Attributes:
        jobs: the long work under way.
        opening: the request that opens the run, None before there is one.
        alive: whether there is an engine that answers.
        key_changes: the user's own keys, see `change_keys`.
    """

    def __init__(self, engine: EngineLink | None) -> None:
        super().__init__()
        self.engine: EngineLink = EngineClient() if engine is None else engine
        self.jobs = Jobs()
        self.opening: int | None = None
        self.alive = False
        self.key_changes: Changes = {}

    def change_keys(self, changes: Changes) -> None:
        """Other keys for some of what keys do; bars, the help, the palette and every sentence show them."""
        self.key_changes = changes
        self.set_keymap(dict(changes))

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """The same with the user's keys, see `key_words`."""
        message = filled(message, self.key_changes, markup=markup)
        title = filled(title, self.key_changes)
        super().notify(message, title=title, severity=severity, timeout=timeout, markup=markup)

    async def on_unmount(self) -> None:
        await self.engine.close(busy=self.jobs.newest not in (None, self.opening))

    @work(exclusive=True, exit_on_error=False, group="engine")
    async def listen(self) -> None:
        """Start the engine and post what it says until it is gone."""
        if not gc.isenabled():  # `adtui PATH` starts so: the first picture is there now, and what made it stays
            gc.freeze()
            gc.enable()
        try:
            await self.engine.start()
        except AdtuiError as error:
            self.post_message(EngineDied(str(error)))
            return
        async for reply in self.engine.replies():
            self.post_message(EngineReplied(reply))
        if self.engine.reason is not None:
            self.post_message(EngineDied(self.engine.reason, self.engine.log))

    def send_long(self, request: Long, what: str) -> None:
        """Send a request for long work, and show that it has begun."""
        self.jobs.begin(request.id, what)
        self.show_progress()
        try:
            self.engine.send(request)
        except EngineError as error:  # a report may be too large for the pipe: told as if the engine had said so
            self.post_message(EngineReplied(Failed(request.id, error)))

    def show_progress(self) -> None:
        """How far the newest long work is."""
        raise NotImplementedError
