"""The UI's end of the pipe: starts the engine process, sends requests, yields replies, notices when it dies.

Nothing here blocks the event loop: writes go into asyncio's buffer, large pickles are decoded in a thread, and the
engine's standard error is drained into a ring buffer so that it can never fill up and stall the engine.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import signal
import threading
from collections import deque
from collections.abc import AsyncIterator, Sequence
from functools import partial
from subprocess import Popen
from typing import Protocol

from ..records.messages import Expect, OpenRun, Reply, Request
from ..records.pipe import CHUNK, FrameError, Frames, decode, encode
from .engine_process import COMMAND, started

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
    """The real engine: `python -m adtui.engine` behind two pipes.

    Args:
        command: starts it.
        process: the first one, where it has been started already.
    """

    def __init__(self, command: Sequence[str] = COMMAND, process: Popen[bytes] | None = None) -> None:
        self._command = tuple(command)
        self._ids = itertools.count(1)
        self._early, self._process = process, process
        self._input: asyncio.WriteTransport | None = None
        self._output: asyncio.StreamReader | None = None
        self._transports: list[asyncio.BaseTransport] = []
        self._drain: asyncio.Task[None] | None = None
        self._gone: asyncio.Future[int] | None = None
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

    def expect(self, opening: OpenRun) -> None:
        """Tell an engine that was started early what it will be asked to open."""
        assert self._early is not None, "it has been started"
        assert self._early.stdin is not None, "stdin is a pipe"
        with contextlib.suppress(OSError):  # it has gone: told when it is listened to
            self._early.stdin.write(encode(Expect(0, opening)))
            self._early.stdin.flush()

    async def start(self) -> None:
        self._reason = None  # of an engine before this one
        self._log.clear()
        process, self._early = self._early or started(self._command), None
        self._process = process
        loop = asyncio.get_running_loop()
        self._input, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, process.stdin)
        self._transports = [self._input]
        self._output, errors = asyncio.StreamReader(CHUNK), asyncio.StreamReader(CHUNK)
        for reader, pipe in ((self._output, process.stdout), (errors, process.stderr)):
            transport, _ = await loop.connect_read_pipe(partial(asyncio.StreamReaderProtocol, reader), pipe)
            self._transports.append(transport)
        self._gone = loop.create_future()
        threading.Thread(target=_wait, args=(process, loop, self._gone), daemon=True).start()
        self._drain = asyncio.create_task(self._read_log(errors))

    def send(self, request: Request) -> None:
        if self._input is None or self._input.is_closing():
            return
        self._input.write(encode(request))

    async def replies(self) -> AsyncIterator[Reply]:
        process, output, gone = self._process, self._output, self._gone
        assert process is not None, "start() comes first"
        assert output is not None, "start() comes first"
        assert gone is not None, "start() comes first"
        frames = Frames()
        try:
            while data := await output.read(CHUNK):
                for frame in frames.feed(data):
                    yield await asyncio.to_thread(decode, frame) if len(frame) >= LARGE else decode(frame)
        except ConnectionError:
            pass  # the pipe has closed: why is told by the exit code below
        except FrameError as error:
            self._reason = str(error)
            process.kill()
        await asyncio.wait([gone])
        if self._drain is not None:
            await self._drain
        if self._closing:
            self._reason = None
        elif self._reason is None:
            self._reason = why(gone.result()) + (f", {frames.cut}" if frames.cut else "")

    async def close(self, *, busy: bool) -> None:
        self._closing = True
        if self._early is not None:  # nobody has listened to it
            self._early.kill()
            self._early.wait()
        if self._gone is None or self._process is None or self._gone.done():
            return
        if self._input is not None:
            self._input.close()
        # An idle engine has nothing to clean up, but takes a second to unload torch: the user waits for the prompt.
        done, _ = await asyncio.wait([self._gone], timeout=LEAVE_SECONDS if busy else 0)
        if not done:
            self._process.kill()
            await asyncio.wait([self._gone])
        for transport in self._transports:
            transport.close()

    async def _read_log(self, errors: asyncio.StreamReader) -> None:
        pending = b""
        # read() rather than readline(): a progress bar without newlines would overflow the reader's limit.
        while chunk := await errors.read(1 << 16):
            *lines, pending = (pending + chunk).replace(b"\r", b"\n").split(b"\n")
            self._log.extend(line.decode("utf-8", "replace") for line in lines if line.strip())
            pending = pending[-4096:]
        if pending.strip():
            self._log.append(pending.decode("utf-8", "replace"))


def _wait(process: Popen[bytes], loop: asyncio.AbstractEventLoop, gone: asyncio.Future[int]) -> None:
    """Tell the event loop with which code a process ends; in a thread that ends with it."""
    code = process.wait()
    with contextlib.suppress(RuntimeError):  # the loop has ended before it
        loop.call_soon_threadsafe(gone.set_result, code)


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
