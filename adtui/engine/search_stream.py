"""A search that tells of its rounds as they end, in the app's own words."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from ..compression.trials.plan import fingerprint
from ..compression.trials.search import search, search_of
from ..records.durations import time_left
from ..records.messages import Progress, Reply
from ..records.trial_messages import RoundReady, RunSearch, SearchReady, SearchStarted
from .trials_stream import prepared

Send = Callable[[Reply], None]
WHAT = "search"
SECONDS_BETWEEN = 0.5
"""Of two words about how far it is."""
SURE = 5.0
"""Before so many seconds the pace says too little."""


def answer(request: RunSearch, send: Send) -> None:
    """Run the search that `request` asks for; all replies but Done and Failed.

    Raises:
        AdtuiError: with what to do.
    """
    ready = prepared(request)
    wanted = search_of(ready, request.strategies)
    output = Path(request.directory) / f"search-{ready.name}-{fingerprint(wanted.opening, wanted.plan)}"
    send(SearchStarted(request.id, os.getpid(), str(output), len(wanted.candidates)))
    report = search(
        wanted,
        about=ready.about,
        output=output,
        progress=Pace(request.id, send).far,
        told=lambda round_: send(RoundReady(request.id, round_)),
    )
    send(SearchReady(request.id, report))


class Pace:
    """Work that was done → how much is left, in time; what an earlier search had done tells nothing of the pace."""

    def __init__(self, request: int, send: Send, clock: Callable[[], float] = time.monotonic) -> None:
        self._request, self._send, self._clock = request, send, clock
        self._start = clock()
        self._last = self._start - SECONDS_BETWEEN
        self._before = 0

    def far(self, what: str, done: int, total: int, fresh: bool) -> None:
        """See `search.Progress`."""
        now = self._clock()
        if not fresh:
            self._before, self._start = done, now
        if now - self._last < SECONDS_BETWEEN:
            return
        self._last = now
        spent, ran = now - self._start, done - self._before
        rate = ran / spent if spent >= SURE and ran > 0 else 0.0
        left = f", about {time_left((total - done) / rate)} left" if rate else ""
        self._send(Progress(self._request, WHAT, 100 * done // total, 100, note=what + left))
