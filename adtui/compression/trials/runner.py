"""A sweep: full context and its control first, then every cell as a task of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ...records.defaults import MARGIN
from ...records.levels import CACHE
from ...records.trial import SweepReport
from ..choice import Choice
from . import backends, store
from .alone import appending_alone, costs_alone
from .cell import Outcome, run_cell
from .closed_loop import random_returns
from .plan import FULL, WIPED, ModelSource, Plan, fingerprint
from .summary import report

#: Called after each finished cell with (its label, cells done, cells in all).
CellProgress = Callable[[str, int, int], None]
#: Called with the label and numbers of each finished cell, of those that `output` held first.
Found = Callable[[str, Outcome], None]


def run(
    opening: ModelSource,
    plan: Plan,
    choices: Sequence[Choice],
    *,
    about: Mapping[str, Any] | None = None,
    margin: float = MARGIN,
    jobs: int = 1,
    backend: str = "local",
    output: Path | None = None,
    progress: CellProgress | None = None,
    found: Found | None = None,
    warn: Callable[[str], None] | None = None,
    inside: Callable[[str, int, int], None] | None = None,
    alone: bool = False,
) -> SweepReport:
    """Run what is not finished yet, and report on all of it.

    An interrupt leaves the finished cells in `output`; the same call goes on from there.

    Args:
        choices: the cells, without the full context; `plan.sweep` adds what the gate needs.
        jobs: processes side by side; the numbers do not depend on it, nor on the backend.
        output: directory for finished cells, None to keep none.
        warn: called with a line of words where some cells in `output` cannot be read; they are run again.
        inside: called with (label, episodes done, episodes in all) of the cell that runs, where cells run in this
            process: one at a time, locally.
        alone: measure every cell in a process of its own too, here and one after the other; see `alone.costs_alone`.

    Raises:
        ConfigError: `output` holds another sweep, or the backend's package is missing.
        EngineError: a cell could not be measured in a process of its own.
        ExportError: `output` cannot be written.
        CheckpointError, ModelError: the model cannot be opened, or cannot keep positions.
    """
    backends.check(backend)
    mark = fingerprint(opening, plan)
    kept = store.Kept({}) if output is None else store.load(output, mark, (len(plan.rooms), plan.episodes))
    finished = kept.finished
    if kept.said and warn is not None:
        warn(kept.said)
    order = [FULL, WIPED, *(choice.label for choice in choices)]

    if found is not None:
        for label in order:
            if label in finished:
                found(label, finished[label])

    def note(label: str, outcome: Outcome) -> None:
        finished[label] = outcome
        if output is not None:
            store.save(output, mark, order, finished)
        if progress is not None:
            progress(label, sum(one in finished for one in order), len(order))
        if found is not None:
            found(label, outcome)

    for labels in (order[:2], order[2:]):
        actions = finished[FULL].actions if FULL in finished and labels[0:1] != [FULL] else None
        here = inside if jobs == 1 and backend == "local" else None
        tasks = [(opening, plan, label, actions, here) for label in labels if label not in finished]
        for label, outcome in backends.each(backend, jobs, _labelled, tasks):
            note(label, outcome)
    for label in [FULL, *order[2:]] if alone else []:
        outcome = finished[label]
        if outcome.cost is not None and not outcome.cost.alone:
            measured = costs_alone(opening, plan, label, outcome.heads)
            if label == FULL and plan.level == CACHE:
                measured += appending_alone(opening, plan)
            note(label, replace(outcome, cost=replace(outcome.cost, alone=measured)))
    return report(
        described(about or {}, mark, plan),
        plan,
        choices,
        finished,
        np.asarray(random_returns(plan), np.float64),
        margin,
    )


def described(about: Mapping[str, Any], mark: str, plan: Plan) -> dict[str, Any]:
    """What a report says of the sweep itself.

    Args:
        about: what is known of the run.
        mark: see `plan.fingerprint`.
    """
    return {**about, "fingerprint": mark, "plan": asdict(plan)}


def _labelled(
    opening: ModelSource, plan: Plan, label: str, actions: Any, inside: Callable[[str, int, int], None] | None
) -> tuple[str, Outcome]:
    return label, run_cell(opening, plan, label, actions, None if inside is None else partial(inside, label))
