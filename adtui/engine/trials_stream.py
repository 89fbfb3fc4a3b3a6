"""A sweep that tells of every cell as soon as it is finished, in the app's own words."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from ..compression.choice import Choice
from ..compression.trials.cell import Outcome
from ..compression.trials.closed_loop import random_returns
from ..compression.trials.plan import FULL, WIPED, Plan, fingerprint, sweep
from ..compression.trials.prepare import Prepared, prepare
from ..compression.trials.runner import described, run
from ..compression.trials.summary import baselines, cells_of, trial_of
from ..histories.goals import with_groups
from ..records.defaults import MARGIN, POSITIONS
from ..records.durations import time_left
from ..records.levels import CACHE
from ..records.messages import Progress, Reply
from ..records.trial_messages import (
    BaselinesReady,
    CellsDamaged,
    RunSearch,
    RunSweep,
    SweepReady,
    SweepStarted,
    TrialReady,
)

Send = Callable[[Reply], None]
WHAT = "trials"
SECONDS_BETWEEN = 0.5
"""Of two words about one cell."""


def answer(request: RunSweep, send: Send) -> None:
    """Run the trials that `request` asks for; all replies but Done and Failed.

    Raises:
        AdtuiError: with what to do.
    """
    choices = sweep(request.strategies, request.budgets)
    ready = prepared(request, choices)
    mark = fingerprint(ready.opening, ready.plan)
    output = Path(request.directory) / f"{ready.name}-{mark}"
    stream = Stream(request.id, ready.plan, choices, send)
    about = described(ready.about, mark, ready.plan)
    send(SweepStarted(request.id, os.getpid(), str(output), stream.labels, len(ready.plan.rooms), about))
    report = run(
        ready.opening,
        ready.plan,
        choices,
        about=ready.about,
        output=output,
        progress=stream.ran,
        inside=stream.inside,
        found=stream.found,
        warn=lambda said: send(CellsDamaged(request.id, said)),
    )
    send(SweepReady(request.id, report))


def prepared(request: RunSweep | RunSearch, choices: Sequence[Choice] = ()) -> Prepared:
    """What a request for trials or for a search opens, and how it runs. See `prepare`."""
    return prepare(
        request.path,
        device=request.device,
        heads=request.heads,
        causal=request.causal,
        adapter=request.adapter,
        context=request.context,
        streams=request.streams,
        episodes=request.episodes,
        positions="kept" if request.level == CACHE else POSITIONS,
        level=request.level,
        choices=choices,
        known=with_groups,
    )


class Stream:
    """Cells in, records out. A cell's record needs the full context, so others wait for it.

    Attributes:
        labels: of all cells, in the order in which they are run.
    """

    def __init__(self, request: int, plan: Plan, choices: Sequence[Choice], send: Send) -> None:
        self.labels = (FULL, WIPED, *(choice.label for choice in choices))
        self._request, self._plan, self._send = request, plan, send
        self._cells = {cell.label: cell for cell in cells_of(choices, plan)}
        self._outcomes: dict[str, Outcome] = {}
        self._told: set[str] = set()
        self._start, self._ran = time.monotonic(), 0
        self._last = self._start

    def found(self, label: str, outcome: Outcome) -> None:
        """A cell is finished, now or in an earlier sweep."""
        self._outcomes[label] = outcome
        full = self._outcomes.get(FULL)
        if full is None:
            return
        for known in [known for known in self._outcomes if known not in self._told]:
            self._told.add(known)
            if known in self._cells:
                trial = trial_of(self._cells[known], self._outcomes[known], full, self._plan)
                self._send(TrialReady(self._request, trial))
            else:
                random = np.asarray(random_returns(self._plan), np.float64)
                base = baselines(full, self._outcomes[known], random, self._plan)
                self._send(BaselinesReady(self._request, base, MARGIN))
        rate = self._ran / max(time.monotonic() - self._start, 1e-6)
        self._send(Progress(self._request, WHAT, len(self._outcomes), len(self.labels), rate))

    def inside(self, label: str, done: int, total: int) -> None:
        """How far the cell is that runs now, and about how long the others take at this pace; now and then."""
        now = time.monotonic()
        if now - self._last < SECONDS_BETWEEN:
            return
        self._last = now
        finished, spent = len(self._outcomes), now - self._start
        left = (len(self.labels) - finished - done / total) / (self._ran + done / total) * spent
        pace = self._ran / max(spent, 1e-6)
        note = f"{label}: episode {done} of {total}, about {time_left(left)} left"
        self._send(Progress(self._request, WHAT, finished, len(self.labels), pace, note))

    def ran(self, label: str, done: int, total: int) -> None:
        """A cell was run now: those that an earlier sweep had finished tell nothing of the pace."""
        del label, done, total
        self._ran += 1
