"""The smallest context that does: many candidates on training tasks, the best of them tested once on held-out ones.

Successive halving (Jamieson & Talwalkar 2016, arXiv 1502.07943): every candidate acts in few rooms, the better half in
twice as many, until few are left. What is looked at so often proves nothing; so the smallest that looks good enough is
then tested once, in rooms of held-out tasks with draws of their own, by the gate, and that is the only test.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ...files.atomic import replacing
from ...records.arrays import Doubles
from ...records.errors import ConfigError
from ...records.interval import Interval
from ...records.trial import LAST
from ...records.trial_search import Round, SearchReport, Tried
from ...statistics.intervals import estimate
from ...worlds.draws import Use, number
from . import backends
from .candidates import WHOLE, Candidate
from .cell import leave_interrupts_to_the_parent, opened
from .closed_loop import random_returns, returns_and_actions
from .gate import COLLAPSES
from .plan import ModelSource, Plan, fingerprint, sweep
from .runner import described
from .runner import run as run_trials

HISTORIES = (16, 32, 64)
"""Rooms of a candidate in each round."""
HISTORIES_TESTED = 256
"""Of the one test, where nobody says how many: what 128 cannot rule out is half of the usual margin."""
TASKS = 16
"""Training tasks that the rooms are of."""
SAFE = 0.5
"""Share of the margin and of the gate's limit of collapses that looks good enough: the test must rule out the rest."""
FILE = "search.json"

Progress = Callable[[str, int, int], None]
"""Called with (what, runs done, runs in all as far as it is known)."""


@dataclass(frozen=True)
class Search:
    """What is searched, and how.

    Attributes:
        plan: of the test: held-out tasks, its own draws.
        training: tasks that candidates are tried on.
        candidates: what is tried.
        margin: share of (full − random) that counts as no loss.
        seconds: no candidate is begun later; None is no limit.
        alone: of the test, see `runner.run`.
    """

    opening: ModelSource
    plan: Plan
    training: tuple[int, ...]
    candidates: tuple[Candidate, ...]
    margin: float
    seconds: float | None = None
    jobs: int = 1
    backend: str = "local"
    alone: bool = False

    def rooms(self, histories: int) -> Plan:
        """Of one round: so many rooms of training tasks, with draws that nothing else has."""
        tasks = self.training[:TASKS]
        seed = number(self.plan.seed, Use.SEARCH, 0)
        return replace(self.plan, goals=tasks, streams=max(1, histories // len(tasks)), seed=seed)


def search(
    wanted: Search,
    *,
    about: Mapping[str, Any] | None = None,
    output: Path | None = None,
    progress: Progress = lambda *_: None,
) -> SearchReport:
    """Search, then test once. An interrupt leaves what is finished in `output`; the same call goes on from there.

    Raises:
        as `runner.run`.
    """
    backends.check(wanted.backend)
    ends = math.inf if wanted.seconds is None else time.monotonic() + wanted.seconds
    stored = _Stored(output, wanted)
    left, rounds, done = list(wanted.candidates), list[Round](), 0
    total = _runs(len(left))
    for histories in HISTORIES:
        plan = wanted.rooms(histories)
        found: dict[str, list[float]] = {}
        for name, returns in _returns(wanted, plan, histories, [WHOLE, *left], stored, ends):
            found[name] = returns
            done += 1
            progress(f"{name}: {histories} histories", done, total)
        if len(found) <= len(left):
            break  # the time is over
        rounds.append(_round(wanted, plan, histories, left, found, last=histories == HISTORIES[-1]))
        kept = {one.name for one in rounds[-1].tried if one.kept}
        left = [one for one in left if one.name in kept]
    chosen, why = _chosen(wanted.candidates, rounds, ended=len(rounds) < len(HISTORIES))
    told = described(about or {}, fingerprint(wanted.opening, wanted.plan), wanted.plan)
    if chosen is None:
        return SearchReport(told, tuple(rounds), None, why, None)
    confirmation = run_trials(
        wanted.opening,
        replace(wanted.plan, positions=chosen.positions),
        sweep([chosen.choice.label], []),
        about=about,
        margin=wanted.margin,
        jobs=wanted.jobs,
        backend=wanted.backend,
        alone=wanted.alone,
        output=None if output is None else output / "confirmation",
        progress=lambda label, cell, of: progress(f"test: {label}", done + cell, done + of),
    )
    return SearchReport(told, tuple(rounds), chosen.choice.label, why, confirmation, chosen.positions)


def _runs(candidates: int) -> int:
    total = 0
    for _ in HISTORIES:
        total += candidates + 1
        candidates = math.ceil(candidates / 2)
    return total


class _Stored:
    """Finished runs on disk, of the same weights, tasks and draws."""

    def __init__(self, output: Path | None, wanted: Search) -> None:
        self._path = None if output is None else output / FILE
        self._mark = fingerprint(wanted.opening, wanted.rooms(HISTORIES[0]))
        self.found: dict[str, list[float]] = {}
        if self._path is None or not self._path.is_file():
            return
        try:
            document = json.loads(self._path.read_bytes())
            same = document["fingerprint"] == self._mark
            self.found = {str(key): [float(one) for one in row] for key, row in document["runs"].items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            raise _not_ours(self._path, "another file") from None
        if not same:
            raise _not_ours(self._path, "that of another checkpoint or other settings")

    def keep(self, key: str, returns: list[float]) -> None:
        self.found[key] = returns
        if self._path is not None:
            with replacing(self._path) as temporary:
                temporary.write_text(json.dumps({"fingerprint": self._mark, "runs": self.found}), encoding="utf-8")


def _not_ours(path: Path, found: str) -> ConfigError:
    action = "give another --output, or remove it"
    return ConfigError(path, expected="a search of this checkpoint", found=found, action=action)


def _returns(
    wanted: Search, plan: Plan, histories: int, candidates: Sequence[Candidate], stored: _Stored, ends: float
) -> Iterator[tuple[str, list[float]]]:
    """(name, return of the last episodes in each room), those on disk first, as they end."""
    todo = []
    for one in candidates:
        if (key := f"{histories}/{one.name}") in stored.found:
            yield one.name, stored.found[key]
        else:
            todo.append(one)
    size = max(1, wanted.jobs)
    for first in range(0, len(todo), size):
        if time.monotonic() > ends:
            return
        tasks = [(wanted.opening, plan, one) for one in todo[first : first + size]]
        for name, returns in backends.each(wanted.backend, wanted.jobs, _run, tasks):
            stored.keep(f"{histories}/{name}", returns)
            yield name, returns


def _run(opening: ModelSource, plan: Plan, candidate: Candidate) -> tuple[str, list[float]]:
    """One candidate in the rooms of one round."""
    import torch

    leave_interrupts_to_the_parent()
    torch.set_num_threads(1)
    model, _ = opened(opening)
    returns, _ = returns_and_actions(model, replace(plan, positions=candidate.positions), candidate.choice)
    return candidate.name, returns[:, -LAST:].mean(axis=1).tolist()


def _round(
    wanted: Search,
    plan: Plan,
    histories: int,
    candidates: Sequence[Candidate],
    found: Mapping[str, list[float]],
    *,
    last: bool,
) -> Round:
    full = np.array(found[WHOLE.name])
    margin = wanted.margin * float(full.mean() - np.mean(random_returns(plan)))
    tried = [_tried(one, full - np.array(found[one.name]), margin) for one in candidates]
    tried.sort(key=lambda one: _rank(one, margin))
    better = math.ceil(len(tried) / 2)
    ordered = tuple(
        replace(one, kept=_good(one, margin) if last else place < better) for place, one in enumerate(tried)
    )
    return Round(histories, margin, float(full.mean()), ordered)


def _tried(one: Candidate, loss: Doubles, margin: float) -> Tried:
    collapses = float((loss > margin).mean())
    return Tried(one.choice.label, one.budget, one.positions, _interval(loss), collapses, kept=False)


def _interval(loss: Doubles) -> Interval:
    found = estimate(loss[:, None], np.arange(len(loss)))
    return Interval(float(found.mean[0]), float(found.low[0]), float(found.high[0]))


def _good(one: Tried, margin: float) -> bool:
    return one.loss.mean <= SAFE * margin and one.collapses <= SAFE * COLLAPSES


def _rank(one: Tried, margin: float) -> tuple[bool, int, float]:
    """What looks good enough comes first, the smaller before the larger; of the others the one that loses least."""
    good = _good(one, margin)
    return not good, one.budget if good else 0, one.loss.mean


def _chosen(candidates: Sequence[Candidate], rounds: Sequence[Round], *, ended: bool) -> tuple[Candidate | None, str]:
    if not rounds:
        return None, "the time was over before every candidate had been tried once"
    newest = rounds[-1]
    limit = SAFE * newest.margin
    good = [one for one in newest.tried if _good(one, newest.margin)]
    early = f"; the time was over after {len(rounds)} of {len(HISTORIES)} rounds" if ended else ""
    on = f"on {newest.histories} histories of training tasks"
    few = f"with at most {SAFE * COLLAPSES:.0%} of them beyond the margin"
    if not good:
        return None, f"no candidate loses at most {limit:.2f} {on} {few}{early}"
    best = min(good, key=lambda one: (one.budget, one.loss.mean))
    why = (
        f"{best.name} is the smallest of {len(rounds[0].tried)} candidates that loses at most {limit:.2f} of "
        f"{newest.full:.2f} {on} {few} "
        f"({best.loss.mean:+.2f} [{best.loss.low:+.2f}, {best.loss.high:+.2f}], {best.collapses:.0%}){early}"
    )
    return next(one for one in candidates if one.name == best.name), why
