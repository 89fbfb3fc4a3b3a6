"""The engine process: requests in, records and progress out. `python -m adtui.engine`, started by the app.

One thread reads requests into a queue; the main thread answers quick ones at once and advances long jobs one step at
a time in between, so that a head can be looked at while figures are written. It leaves when its input closes.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Iterable

from ..records.messages import (
    AskKnockOut,
    Cancel,
    GetCell,
    GetChances,
    GetSheet,
    GetView,
    Ready,
    Request,
)
from ..records.pipe import FrameError, Pipe, standard_pipe
from ..records.side_messages import GetPair
from .jobs import Engine
from .remembering import RememberingEngine

SECONDS_TO_LEAVE = 3.0
REPLACEABLE = (GetView, GetSheet, GetCell, GetChances, GetPair, AskKnockOut)
"""A newer request of the same kind, about the model or about its compressor, takes the place of a waiting one."""
NUDGE = Request(-1)
"""Nothing to answer: a job that was waiting can go on."""


def newest(requests: Iterable[Request]) -> list[Request]:
    """Drop view requests that a later one for the same pane replaces; keep the order of the rest."""
    kept: list[Request] = []
    for request in requests:
        if isinstance(request, REPLACEABLE):
            kept = [other for other in kept if _pane(other) != _pane(request)]
        kept.append(request)
    return kept


def _pane(request: Request) -> tuple[type[Request], bool]:
    return type(request), isinstance(request, GetView | GetCell) and request.place.round is not None


def serve(pipe: Pipe) -> None:
    """Answer the requests that come through a pipe until its other end closes."""
    inbox: queue.SimpleQueue[Request | None] = queue.SimpleQueue()
    engine = RememberingEngine(pipe.send, lambda: inbox.put(NUDGE))
    threading.Thread(target=_read, args=(pipe, inbox, engine), daemon=True).start()
    pipe.send(Ready(0, os.getpid()))
    while True:
        waiting: list[Request | None] = [] if engine.busy else [inbox.get()]
        while not inbox.empty():
            waiting.append(inbox.get())
        for request in newest(r for r in waiting if r not in (None, NUDGE)):
            engine.handle(request)
        if None in waiting:
            engine.cancel_all()
            return
        engine.advance()


def _read(pipe: Pipe, inbox: queue.SimpleQueue[Request | None], engine: Engine) -> None:
    try:
        for request in pipe:
            if isinstance(request, Cancel):
                engine.stopping.add(request.job)  # at once: the main thread may be in the middle of that job
            elif isinstance(request, GetView) and request.place.round is None:
                engine.newest_view = request.id
            inbox.put(request)
    except FrameError as error:  # nothing after it can be trusted: leave, as when the app has gone
        print(f"engine: the app {error}", file=sys.stderr, flush=True)
    inbox.put(None)
    # The app is gone. A step under way may finish and clean up, but nothing keeps this process alive for long.
    time.sleep(SECONDS_TO_LEAVE)
    os._exit(0)


def main() -> None:
    """Entry point of the engine process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C belongs to the app
    with contextlib.suppress(BrokenPipeError):  # the app left first; there is nobody to tell
        serve(standard_pipe())
