"""The app's engine: an `Engine` that shows what it kept of the same opening while torch and the model are loaded."""

from __future__ import annotations

import importlib
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ..records.messages import Expect, Opened, OpenRun, Progress, Reply, Request, StatsReady
from ..records.statistics import SampleStats
from .job import Steps
from .jobs import Engine
from .pictures import ANSWERS, MOST_ANSWERS, Pictures, keep, place_of, read

LOADING = "kept pictures, the model loads"
TICK = 0.004
"""Seconds between two looks at the questions while another thread imports torch."""
PATIENCE = 0.3
"""Seconds without a question after which torch is imported, though not all that was kept has been asked for. Loading
its libraries stops every thread, at times for a quarter of a second: not before the first picture stands."""

LATER = 2.0
"""Seconds after the first contexts have been analysed in which what the app asks for is kept as well: it goes to
another head when it has their numbers."""


class RememberingEngine(Engine):
    """Answers from what was kept, until the model can; then keeps the first answers for the next opening.

    Questions that were not kept, and all long work, wait until the model is loaded.
    """

    keep = True

    def __init__(self, send: Callable[[Reply], None], nudge: Callable[[], None] = lambda: None) -> None:
        super().__init__(self._tell, nudge)
        self._say = send
        self._shown: Pictures | None = None
        self._waiting: list[Request] = []
        self._asked_at = 0.0
        self._analysed_at: float | None = None
        self._expected: tuple[Path, Pictures] | None = None
        self._place: Path | None = None
        self._opened_info: Opened | None = None
        self._stats: dict[int, SampleStats] = {}
        self._asked: dict[int, Request] = {}
        self._answers: list[tuple[Request, Reply]] = []

    def handle(self, request: Request) -> None:
        if isinstance(request, Expect):
            self._expect(request.opening)
            return
        if isinstance(request, OpenRun):
            self._release()
        if self._shown is None:
            if self._place is not None and type(request) in ANSWERS:
                self._asked[request.id] = request
            super().handle(request)
        elif (known := self._shown.answer(request) if type(request) in ANSWERS else None) is not None:
            self._answers.append((replace(request, id=0), replace(known, id=0)))
            self._asked_at = time.monotonic()
            self._say(known)
        else:
            self._waiting.append(request)

    def advance(self) -> None:
        super().advance()
        if self._shown is not None and not any(job.opening for job in self.jobs):
            self._release()

    def _open(self, request: OpenRun, before: frozenset[int]) -> Steps:
        self._forget()
        if self.session is None:  # else the run on display stays there until the next one has opened
            self._place = place_of(request)
            self._shown = None if self._place is None else self._kept(self._place)
        if self._shown is not None:
            yield from self._show(request, self._shown)
        yield from super()._open(request, before)

    def _expect(self, opening: OpenRun) -> None:
        """Read what was kept of an opening before it is asked for; where there is nothing, import torch meanwhile."""
        place = place_of(opening)
        pictures = None if place is None else read(place)
        if place is None or pictures is None:
            _import_opening()
        else:
            self._expected = place, pictures
            _ = pictures.known  # found now rather than at the first question

    def _kept(self, place: Path) -> Pictures | None:
        expected, self._expected = self._expected, None
        return expected[1] if expected is not None and expected[0] == place else read(place)

    def _show(self, request: OpenRun, pictures: Pictures) -> Steps:
        """What was kept, and the import of torch beside the questions that follow."""
        self._say(Opened(request.id, pictures.info))
        for index, stats in enumerate(pictures.stats):
            self._say(StatsReady(request.id, index, stats))
        self._say(Progress(request.id, LOADING, 0, 0))
        self._asked_at = time.monotonic()
        yield
        while self._asks_on(pictures):
            time.sleep(TICK)
            yield
        loading = _import_opening()
        while loading.is_alive():
            time.sleep(TICK)
            yield

    def _asks_on(self, pictures: Pictures) -> bool:
        """Whether the app is still asking for what was kept."""
        met = {question for question, _ in self._answers}
        recent = time.monotonic() < self._asked_at + PATIENCE
        return recent and not self._waiting and len(met) < len(pictures.known)

    def _release(self) -> None:
        """The model is there, or will not be: whatever waited is answered in its order."""
        self._shown, waiting, self._waiting = None, self._waiting, []
        for request in waiting:
            if self.session is not None or type(request) not in ANSWERS:
                self.handle(request)

    def _tell(self, reply: Reply) -> None:
        """Send a reply; keep it where it belongs to the first pictures."""
        if isinstance(reply, Opened):
            self._opened_info = reply
            if self._shown is not None and self._shown.same_run(reply.run):
                return  # it is on display
            self._answers = []
        self._say(reply)
        if self._place is None:
            return
        if self._analysed_at is not None and time.monotonic() > self._analysed_at + LATER:
            self._forget()
            return
        asked, analysed = self._asked.pop(reply.id, None), self._analysed_at is not None
        if asked is not None and isinstance(reply, ANSWERS[type(asked)]) and len(self._answers) < MOST_ANSWERS:
            self._answers.append((replace(asked, id=0), replace(reply, id=0)))
            if analysed:
                self._keep()
        if isinstance(reply, StatsReady):
            self._stats[reply.sample] = reply.stats
        if isinstance(reply, Progress) and reply.what == "analysis" and reply.done == reply.total and not analysed:
            self._analysed_at = time.monotonic()
            self._keep()

    def _keep(self) -> None:
        opened, place = self._opened_info, self._place
        if opened is not None and place is not None and self._answers:
            stats = tuple(self._stats[index] for index in range(len(opened.run.samples)) if index in self._stats)
            if len(stats) == len(opened.run.samples):
                keep(place, Pictures(opened.run, stats, tuple(self._answers)))

    def _forget(self) -> None:
        self._place, self._opened_info, self._analysed_at = None, None, None
        self._stats, self._asked, self._answers = {}, {}, []


def _import_opening() -> threading.Thread:
    """Import what opens runs, and torch with it, in a thread."""
    thread = threading.Thread(target=importlib.import_module, args=(f"{__package__}.opening",), daemon=True)
    thread.start()
    return thread
