"""The UI's end of the pipe: starts the engine process, sends requests, yields replies, notices when it dies.

Nothing here blocks the event loop: writes go into asyncio's buffer, large pickles are decoded in a thread, and the
engine's standard error is drained into a ring buffer so that it can never fill up and stall the engine.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import signal
import sys
from collections import deque
from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from ..records.errors import EngineError
from ..records.messages import Reply, Request
from ..records.pipe import CHUNK, FrameError, Frames, decode, encode

COMMAND = (sys.executable, "-m", "adtui.engine")
LOG_LINES = 30
LARGE = 1 << 20
"""Bytes from which a pickle is decoded in a thread: below that, decoding costs less than a frame."""
LEAVE_SECONDS = 1.5
"""How long the engine may take to leave after its pipe closes, before it is killed."""


class EngineLink(Protocol):
    """What the app needs of an engine. Tests give it one that lives in their own process."""

    def next_id(self) -> int:
        """A request id, larger than all before."""

    async def start(self) -> None:
        """Start the process. Raises EngineError when it cannot be started."""

    def send(self, request: Request) -> None:
        """Queue a request; never blocks. Requests to an engine that has gone are dropped.

        Raises:
            EngineError: the request is too large for the pipe.
        """

    def replies(self) -> AsyncIterator[Reply]:
        """Yield replies until the engine is gone."""

    async def close(self, *, busy: bool) -> None:
        """End the process; gently at first when it is `busy`, perhaps writing. Safe to call more than once."""

    @property
    def reason(self) -> str | None:
        """Why the engine is gone, in words; None when it was asked to leave or is still there."""

    @property
    def log(self) -> tuple[str, ...]:
        """The last lines of its standard error."""


class EngineClient:
    """The real engine: `python -m adtui.engine` behind two pipes."""

    def __init__(self, command: Sequence[str] = COMMAND) -> None:
        self._command = tuple(command)
        self._ids = itertools.count(1)
        self._process: asyncio.subprocess.Process | None = None
        self._drain: asyncio.Task[None] | None = None
        self._log: deque[str] = deque(maxlen=LOG_LINES)
        self._closing = False
        self._reason: str | None = None

    @property
    def reason(self) -> str | None:
        return self._reason

    @property
    def log(self) -> tuple[str, ...]:
        return tuple(self._log)

    @property
    def pid(self) -> int | None:
        """Process id of the engine, None before it starts."""
        return self._process.pid if self._process else None

    def next_id(self) -> int:
        return next(self._ids)

    async def start(self) -> None:
        self._reason = None  # of an engine before this one
        self._log.clear()
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                limit=CHUNK,
                # Its own group: a Ctrl+C typed while the terminal is not yet raw must not reach it. It still leaves
                # with us, because its stdin closes whichever way this process ends.
                process_group=0,
            )
        except OSError as error:
            raise EngineError(
                "engine process",
                expected=f"`{' '.join(self._command)}` to start",
                found=str(error),
                action="check the installation with `adtui doctor`",
            ) from error
        self._drain = asyncio.create_task(self._read_log())

    def send(self, request: Request) -> None:
        if self._process is None or self._process.stdin is None or self._process.stdin.is_closing():
            return
        self._process.stdin.write(encode(request))

    async def replies(self) -> AsyncIterator[Reply]:
        process = self._process
        assert process is not None, "start() comes first"
        assert process.stdout is not None, "stdout is a pipe"
        frames = Frames()
        try:
            while data := await process.stdout.read(CHUNK):
                for frame in frames.feed(data):
                    yield await asyncio.to_thread(decode, frame) if len(frame) >= LARGE else decode(frame)
        except ConnectionError:
            pass  # the pipe has closed: why is told by the exit code below
        except FrameError as error:
            self._reason = str(error)
            with contextlib.suppress(ProcessLookupError):  # it has left by itself
                process.kill()
        code = await process.wait()
        if self._drain is not None:
            await self._drain
        if self._closing:
            self._reason = None
        elif self._reason is None:
            self._reason = why(code) + (f", {frames.cut}" if frames.cut else "")

    async def close(self, *, busy: bool) -> None:
        self._closing = True
        process = self._process
        if process is None or process.returncode is not None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            # An idle engine has nothing to clean up, but takes a second to unload torch: the user waits for the prompt.
            await asyncio.wait_for(process.wait(), LEAVE_SECONDS if busy else 0)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):  # it left between the two lines
                process.kill()
            await process.wait()

    async def _read_log(self) -> None:
        assert self._process is not None, "start() comes first"
        assert self._process.stderr is not None, "stderr is a pipe"
        pending = b""
        # read() rather than readline(): a progress bar without newlines would overflow the reader's limit.
        while chunk := await self._process.stderr.read(1 << 16):
            *lines, pending = (pending + chunk).replace(b"\r", b"\n").split(b"\n")
            self._log.extend(line.decode("utf-8", "replace") for line in lines if line.strip())
            pending = pending[-4096:]
        if pending.strip():
            self._log.append(pending.decode("utf-8", "replace"))


def why(code: int) -> str:
    """An exit code in words. Negative codes are signals, as `subprocess` reports them."""
    if code == -signal.SIGKILL:
        return "it was killed by signal 9: probably out of memory"
    if code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = "unknown"
        return f"it was ended by signal {-code} ({name})"
    return f"it left with exit code {code}"
