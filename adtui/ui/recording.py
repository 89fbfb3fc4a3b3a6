"""`adtui RUN --record FILE`: what the app asks, what it is told and which keys are pressed, kept as it happens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from textual import events

from ..files.session_file import SessionWriter
from ..records.errors import ExportError
from ..records.messages import Opened, OpenRun, Progress, Ready, Reply, Request, StatsReady
from ..records.portable import PortableError
from ..records.session_messages import AskOrigin, OriginReady
from .app import AdtuiApp
from .engine_client import EngineLink


class RecordingLink:
    """An engine whose conversation is recorded; it asks where what is open comes from beside.

    How far work is is not kept; statistics are kept of the contexts that are looked at, as those of all would be most
    of a session.

    Attributes:
        problem: why the recording ended before the app, "" where it did not.
    """

    def __init__(self, engine: EngineLink, writer: SessionWriter) -> None:
        self._engine, self._writer = engine, writer
        self._stats: dict[int, StatsReady] = {}
        self._seen: set[int] = set()
        self._origins: set[int] = set()
        self.problem = ""

    @property
    def reason(self) -> str | None:
        return self._engine.reason

    @property
    def log(self) -> tuple[str, ...]:
        return self._engine.log

    def next_id(self) -> int:
        return self._engine.next_id()

    async def start(self) -> None:
        await self._engine.start()

    def send(self, request: Request) -> None:
        self._write("ask", request)
        self._look_at(request)
        self._engine.send(request)

    async def replies(self) -> AsyncIterator[Reply]:
        async for reply in self._engine.replies():
            if isinstance(reply, OriginReady) and reply.id in self._origins:
                self._write("origin", reply.text)
                continue
            self._keep(reply)
            yield reply

    async def close(self, *, busy: bool) -> None:
        await self._engine.close(busy=busy)
        if not self.problem:
            self._writer.close()

    def key(self, name: str) -> None:
        """A key that was pressed."""
        self._write("key", name)

    def _write(self, kind: str, value: object) -> None:
        """Whatever keeps a recording from going on ends it, and not the app."""
        if self.problem:
            return
        try:
            self._writer.write(kind, value)
        except (ExportError, PortableError) as error:
            self.problem = f"the recording ended early: {error}"

    def _keep(self, reply: Reply) -> None:
        if isinstance(reply, Progress | Ready):
            return
        if isinstance(reply, StatsReady) and reply.sample not in self._seen:
            self._stats[reply.sample] = reply
            return
        self._write("told", reply)
        if isinstance(reply, Opened):
            self._seen, self._stats = {0}, {}
            asked = AskOrigin(self._engine.next_id())
            self._origins.add(asked.id)
            self._engine.send(asked)

    def _look_at(self, request: Request) -> None:
        """The statistics of a context are kept from the moment on that it is asked about."""
        place: Any = getattr(request, "place", request)
        sample = getattr(place, "sample", None)
        if isinstance(request, OpenRun) or sample is None:
            return
        self._seen.add(sample)
        if sample in self._stats:
            self._write("told", self._stats.pop(sample))


class RecordedApp(AdtuiApp):
    """The app, its keys recorded too."""

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key) and isinstance(self.engine, RecordingLink):
            self.engine.key(event.key)
        await super().on_event(event)
