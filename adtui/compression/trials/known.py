"""What stored trials say of a run, if they are about the same weights."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from ...files.stored import read_report
from ...models.mark import weights_mark
from ...models.model import Model
from ...records.answer import KnownTrials
from ...records.defaults import LEVEL, POSITIONS, SWEEP_FIGURES
from ...records.interval import Interval
from ...records.levels import CACHE, at_level
from ...records.trial_search import named
from .plan import FULL, RANDOM

BESIDE = "compression.json"
"""Beside a checkpoint: the report that came with the run."""
WRITTEN = "report.json"
"""In the figures' directory: the report of the trials that were exported last."""

NOT_JUDGED = "no evidence that a shorter context would do"


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _About(_Part):
    weights: str = Field(default="", max_length=64)


class _Loop(_Part):
    last: Interval
    difference: Interval


class _Baselines(_Part):
    full: _Loop


class _Cell(_Part):
    label: str = Field(max_length=200)
    positions: str = Field(default=POSITIONS, max_length=20)
    level: str = Field(default=LEVEL, max_length=20)

    @property
    def name(self) -> str:
        return named(self.label, self.positions, self.level)


class _Trial(_Part):
    cell: _Cell
    histories: int
    closed_loop: _Loop | None


class _Verdict(_Part):
    recommended: str | None
    tested: int


class _Stored(_Part):
    """What is read of a report."""

    about: _About
    baselines: _Baselines
    trials: list[_Trial]
    verdict: _Verdict


def known_trials(directory: Path, model: Model, figures: str | Path = SWEEP_FIGURES) -> KnownTrials | None:
    """What is stored beside a run's checkpoint or in the figures' directory; None where nothing is of these weights.

    The newer of the two counts. A file that is no report is said to be none, and one beside the checkpoint that is of
    other weights, as of an earlier checkpoint, is said to be that.
    """
    places = [Path(figures) / WRITTEN, directory / BESIDE]
    mine, damaged = [], []
    for path in places:
        stored = read_report(path, _Stored)
        if isinstance(stored, _Stored) and stored.about.weights != weights_mark(model):
            # The figures' directory belongs to no run: what lies there may well be of another.
            damaged += [f"{path} is of other weights: not shown"] if path.name == BESIDE else []
        elif isinstance(stored, _Stored):
            said = _said(stored)
            if said is None:
                damaged.append(f"{path} contradicts itself: not shown")
            else:
                mine.append((path.stat().st_mtime, said))
        elif isinstance(stored, str):
            damaged.append(stored)
    if mine:
        return replace(max(mine, key=lambda each: each[0])[1], damaged="; ".join(damaged))
    return KnownTrials("; ".join(damaged), "") if damaged else None


def _least(stored: _Stored) -> str:
    """Which of what was tried lost least, the controls left out; "" where nothing has numbers."""
    full = stored.baselines.full.last.mean
    tried = [
        (one.closed_loop.difference, one.cell)
        for one in stored.trials
        if one.closed_loop is not None and one.cell.label.partition(":")[0] not in (FULL, RANDOM)
    ]
    known = [(lost, cell) for lost, cell in tried if all(map(math.isfinite, (full, lost.mean, lost.low, lost.high)))]
    if not known:
        return ""
    lost, cell = max(known, key=lambda one: one[0].mean)
    least = "loses" if len(known) == 1 else "loses least,"
    return f": {cell.name} {least} {-lost.mean:.2f} [{-lost.high:.2f}, {-lost.low:.2f}] of {full:.2f}"


def _said(stored: _Stored) -> KnownTrials | None:
    """In words; None where the report recommends what it has no numbers for."""
    full, verdict = stored.baselines.full.last.mean, stored.verdict
    if verdict.recommended is None:
        histories = max((one.histories for one in stored.trials), default=0)
        cached = any(one.cell.level == CACHE for one in stored.trials)
        tested = at_level(f"{verdict.tested} tested", CACHE if cached else LEVEL)
        words = f"no shorter context passed ({tested})" if verdict.tested else NOT_JUDGED
        words += _least(stored)
        return KnownTrials(words, f"{histories} histories")
    chosen = next((one for one in stored.trials if one.cell.label == verdict.recommended), None)
    if chosen is None or chosen.closed_loop is None or not 0 < full < math.inf:
        return None
    lost = chosen.closed_loop.difference
    values = (lost.mean, lost.low, lost.high)
    if not all(map(math.isfinite, values)):
        return None
    shares = [f"{100 * (1 + value / full):.1f}" for value in values]
    words = f"{chosen.cell.name} keeps {shares[0]} % of the return [{shares[1]}, {shares[2]}] ✔"
    return KnownTrials(words, f"{chosen.histories} histories")
