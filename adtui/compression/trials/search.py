"""The smallest context that does: many candidates on training tasks, the best of them tested once on held-out ones.

Successive halving (Jamieson & Talwalkar 2016, arXiv 1502.07943): every candidate acts in few rooms, the better half in
twice as many, until few are left. What is looked at so often proves nothing; so the smallest that looks good enough is
then tested once, in rooms of held-out tasks with draws of their own, by the gate, and that is the only test.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ...records.arrays import Doubles
from ...records.defaults import MARGIN, TRIAL_STREAMS
from ...records.interval import Interval
from ...records.trial import LAST, SweepReport
from ...records.trial_search import Round, SearchReport, Tried
from ...statistics.intervals import estimate
from ...worlds.draws import Use, number
from ..choice import parse
from ..strategies.base import Positions
from . import backends
from .candidates import HISTORIES, HISTORIES_TESTED, Candidate, candidates_of, none_below, weight, whole_of, work
from .cell import leave_interrupts_to_the_parent, opened
from .closed_loop import random_returns, returns_and_actions
from .gate import COLLAPSES
from .plan import FULL, WIPED, ModelSource, Plan, fingerprint, sweep
from .prepare import Prepared, check_choice
from .runner import described
from .runner import run as run_trials
from .search_store import StoredRuns

TASKS = 16
"""Training tasks that the rooms are of."""
SAFE = 0.5
"""Share of the margin and of the gate's limit of collapses that looks good enough: the test must rule out the rest."""

Progress = Callable[[str, int, int, bool], None]
"""Called with (what, work done, work in all as far as it is known, whether it was done now or in an earlier call)."""


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


def search_of(
    prepared: Prepared,
    strategies: Sequence[str],
    *,
    budgets: Sequence[int] = (),
    margin: float = MARGIN,
    wide: bool = True,
    seconds: float | None = None,
    jobs: int = 1,
    backend: str = "local",
    alone: bool = False,
) -> Search:
    """The search that a user asks for.

    Args:
        strategies, budgets: see `candidates.candidates_of`.
        wide: try both ways for kept transitions to stand, where the model can be told; else the plan's alone.
        margin, seconds, jobs, backend, alone: see `Search`.

    Raises:
        ConfigError: as `candidates_of`, or nothing is below the context's length.
        ModelError: as `prepare`, of any candidate.
    """
    plan = prepared.plan
    if plan.streams == TRIAL_STREAMS:  # one test alone: more histories, so that less is left open
        plan = replace(plan, streams=-(-HISTORIES_TESTED // len(plan.goals)))
    places = places_of(prepared.opening, plan) if wide else (plan.positions,)
    candidates = candidates_of(strategies, plan.n_context, places, budgets, plan.level)
    if not candidates:
        raise none_below(plan.n_context)
    for one in candidates:
        check_choice(opened(prepared.opening)[0], one.choice, plan.level)
    return Search(prepared.opening, plan, prepared.training, candidates, margin, seconds, jobs, backend, alone)


def places_of(opening: ModelSource, plan: Plan) -> tuple[Positions, ...]:
    """Where kept transitions may stand in this model, as far as the search tries it."""
    able = opened(opening)[0].network.keeps_positions and plan.level != "cache"
    return tuple(dict.fromkeys((plan.positions, "spread"))) if able else (plan.positions,)


def search(
    wanted: Search,
    *,
    about: Mapping[str, Any] | None = None,
    output: Path | None = None,
    progress: Progress = lambda *_: None,
    told: Callable[[Round], None] = lambda _: None,
) -> SearchReport:
    """Search, then test once. An interrupt leaves what is finished in `output`; the same call goes on from there.

    Args:
        told: called with each finished round.

    Raises:
        as `runner.run`.
    """
    backends.check(wanted.backend)
    ends = math.inf if wanted.seconds is None else time.monotonic() + wanted.seconds
    stored = StoredRuns(output, fingerprint(wanted.opening, wanted.rooms(HISTORIES[0])))
    left, rounds, done, n = list(wanted.candidates), list[Round](), 0, wanted.plan.n_context
    tested, whole = len(wanted.plan.rooms), whole_of(wanted.plan.level)
    for past, histories in enumerate(HISTORIES):
        plan, asked = wanted.rooms(histories), [whole, *left]
        found: dict[str, list[float]] = {}
        total = done + work(left, n, HISTORIES[past:], tested)
        for one, returns, fresh in _returns(wanted, plan, histories, asked, stored, ends):
            found[one.name] = returns
            done += histories * weight(one.budget or n)
            what = "full context" if one == whole else one.name
            progress(f"round {past + 1}, {len(found)} of {len(asked)}: {what}", done, total, fresh)
        if len(found) <= len(left):
            break  # the time is over
        rounds.append(_round(wanted, plan, histories, left, found, last=histories == HISTORIES[-1]))
        told(rounds[-1])
        kept = {one.name for one in rounds[-1].tried if one.kept}
        left = [one for one in left if one.name in kept]
    chosen, why = _chosen(wanted.candidates, rounds, ended=len(rounds) < len(HISTORIES))
    described_as = described(about or {}, fingerprint(wanted.opening, wanted.plan), wanted.plan)
    if chosen is None:
        return SearchReport(described_as, tuple(rounds), None, why, None)
    far = _Far(progress, wanted.plan, done, done + work([chosen], n, (), tested))
    confirmation = _test(wanted, chosen, about, output, far)
    return SearchReport(described_as, tuple(rounds), chosen.choice.label, why, confirmation, chosen.positions)


def _test(
    wanted: Search, chosen: Candidate, about: Mapping[str, Any] | None, output: Path | None, far: _Far
) -> SweepReport:
    """The one test of a candidate."""
    return run_trials(
        wanted.opening,
        replace(wanted.plan, positions=chosen.positions),
        sweep([chosen.choice.label], []),
        about=about,
        margin=wanted.margin,
        jobs=wanted.jobs,
        backend=wanted.backend,
        alone=wanted.alone,
        output=None if output is None else output / "confirmation" / chosen.positions,
        progress=lambda label, done, of: far.cell(label, done, of),
        inside=far.episode,
    )


@dataclass
class _Far:
    """How far the test is, in work."""

    progress: Progress
    plan: Plan
    done: int
    total: int

    def episode(self, label: str, done: int, of: int) -> None:
        """Within a cell."""
        inside = self._work(label) * done // of
        self.progress(f"test of {self._name(label)}: episode {done} of {of}", self.done + inside, self.total, True)

    def cell(self, label: str, done: int, of: int) -> None:
        """A cell is finished."""
        self.done = min(self.done + self._work(label), self.total)
        self.progress(f"test, {done} of {of} cells: {self._name(label)}", self.done, self.total, True)

    def _work(self, label: str) -> int:
        budget = None if label in (FULL, WIPED) else parse(label).budget
        return len(self.plan.rooms) * weight(budget or self.plan.n_context)

    def _name(self, label: str) -> str:
        return {FULL: "full context", WIPED: "context wiped"}.get(label, label)


def _returns(
    wanted: Search, plan: Plan, histories: int, candidates: Sequence[Candidate], stored: StoredRuns, ends: float
) -> Iterator[tuple[Candidate, list[float], bool]]:
    """(candidate, return of the last episodes in each room, whether it ran now), as they end; first those on disk."""
    todo = []
    for one in candidates:
        if (key := f"{histories}/{one.name}") in stored.found:
            yield one, stored.found[key], False
        else:
            todo.append(one)
    size = max(1, wanted.jobs)
    for first in range(0, len(todo), size):
        if time.monotonic() > ends:
            return
        tasks = [(wanted.opening, plan, one) for one in todo[first : first + size]]
        for one, returns in backends.each(wanted.backend, wanted.jobs, _run, tasks):
            stored.keep(f"{histories}/{one.name}", returns)
            yield one, returns, True


def _run(opening: ModelSource, plan: Plan, candidate: Candidate) -> tuple[Candidate, list[float]]:
    """One candidate in the rooms of one round."""
    import torch

    leave_interrupts_to_the_parent()
    torch.set_num_threads(1)
    model, _ = opened(opening)
    returns, _ = returns_and_actions(model, replace(plan, positions=candidate.positions), candidate.choice)
    return candidate, returns[:, -LAST:].mean(axis=1).tolist()


def _round(
    wanted: Search,
    plan: Plan,
    histories: int,
    candidates: Sequence[Candidate],
    found: Mapping[str, list[float]],
    *,
    last: bool,
) -> Round:
    full = np.array(found[whole_of(plan.level).name])
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
    return Tried(one.choice.label, one.budget, one.positions, _interval(loss), collapses, kept=False, level=one.level)


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
