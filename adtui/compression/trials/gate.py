"""The recommendation: does the evidence of rollouts allow a shorter context, and which?

Only closed-loop returns enter. Action agreement, KL and attention have no way in: on the bundled run random-20 agrees
with the full context where rewards abound and returns next to nothing.

A candidate passes when all of this holds, on histories paired by goal and seed:
- its mean return is not inferior to that of full context by the margin, by `bounded.p_above` over goals, with one
  history more that loses the whole return;
- at most COLLAPSES of all histories lose more than the margin, by `bounded.p_rarer` over goals: a mean hides them;
- better than `random` at the same budget, by a one-sided t-test over histories;
- better than `recent` at the same budget, likewise; `recent` itself need only beat `random`.
Its p-value is the largest of the tests (all must hold); Holm's correction over all candidates that were tested keeps
the chance of any false pass at ALPHA. A step that was measured to take longer than one of full context is no gain, and
is not recommended whatever it returns. Controls are no candidates.

Why this test of the mean: losses are skewed, most histories lose nothing and a few lose all. Recentred at the margin
and drawn again, the bundled run's own differences are "not inferior" by a t-test in up to 45 % of cases instead of 2.5,
and in up to a third by its skewness-adjusted forms (Johnson, JASA 73, 1978; Hall, J. R. Stat. Soc. B 54, 1992) and the
bootstrap-t: samples without the rare loss cannot tell its size. Only tests that reckon with one unseen loss of the
worst kind keep their level; of these, one whose weights also vary by goal keeps it if goals are drawn anew.
`python -m tests.calibration --parts gate --cells DIR` prints the rates (docs/trials.md).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ...records.arrays import Doubles, Ints
from ...records.defaults import MARGIN
from ...records.trial import Baselines, Collapses, Reason, Trial, TrialCell, Verdict
from ...statistics.bounded import HISTORIES_EACH, least, lower, p_above, p_rarer, upper, witnesses
from ...statistics.significance import holm, p_greater
from ..sharing import holds_more
from .plan import FULL, RANDOM, RECENT, beside

#: One-sided.
ALPHA = 0.025
LEAST_HISTORIES = 8
"""For whether the model learns at all; to judge candidates takes more, see `_doubt`."""
LEAST_GOALS = 8
"""With fewer the rate of false passes was not looked at, and no test can know goals that are not there."""
COLLAPSES = 0.10
"""A tenth of the histories that lose half of what is learnt costs as much as MARGIN allows the mean to lose."""
CONTROLS = (RANDOM, "lowest-attention")
NO_EVIDENCE = "No evidence for compressing"


@dataclass(frozen=True)
class _Tested:
    """One candidate after its tests; `p` is None where they could not be made."""

    trial: Trial
    faults: tuple[str, ...]
    p: float | None
    lost: float = float("nan")
    """A larger mean loss than this is ruled out at ALPHA."""
    collapses: Collapses | None = None


@dataclass(frozen=True)
class _Evidence:
    """What all candidates are held against.

    Attributes:
        full: (H,) return of full context.
        goals: (H,) the goal of each history.
        margin: > 0.
    """

    full: Doubles
    goals: Ints
    margin: float

    @property
    def worst(self) -> float:
        """The difference of a history that loses the whole return."""
        return -float(self.full.mean())

    def __str__(self) -> str:
        return f"{len(self.full)} histories on {len(np.unique(self.goals))} goals"


def judge(
    baselines: Baselines,
    trials: Sequence[Trial],
    goals: ArrayLike,
    n_context: int,
    margin_share: float = MARGIN,
) -> Verdict:
    """The smallest budget that passes, of equal budgets the one with the highest return; or no evidence, and why.

    Args:
        trials: all cells of one sweep, candidates and controls, over the histories of `baselines`.
        goals: (H,) the goal of each history; those of one goal resemble each other.
        n_context: transitions of a full context; a budget that large compresses nothing.
        margin_share: fixed before anything is run.
    """
    full = np.array(baselines.full.last_by_history)
    scale = float(full.mean() - np.mean(baselines.random)) if len(full) else float("nan")
    margin = margin_share * scale
    evidence = _Evidence(full, np.asarray(goals, np.int64), margin)
    doubt = _doubt(baselines, evidence)
    if doubt:
        return Verdict(None, f"{NO_EVIDENCE}: {doubt}.", margin, margin_share, False, 0, ())
    few = _too_few(evidence)
    if few:
        return Verdict(None, f"{NO_EVIDENCE}: {few}.", margin, margin_share, True, 0, ())
    candidates = [trial for trial in trials if trial.cell.strategy not in (FULL, *CONTROLS)]
    tested = [_test(trial, trials, evidence, n_context) for trial in candidates]
    adjusted = iter(holm([one.p for one in tested if one.p is not None]))
    count = sum(one.p is not None for one in tested)
    reasons = tuple(_reason(one, None if one.p is None else next(adjusted), count) for one in tested)
    passed = [one for one, reason in zip(tested, reasons, strict=True) if reason.passed]
    best = min(passed, key=_preference, default=None)
    sentence = _recommendation(best, evidence, count) if best else _refusal(tested, reasons, evidence)
    label = best.trial.cell.label if best else None
    return Verdict(label, sentence, margin, margin_share, True, count, reasons)


def pending(baselines: Baselines, cells: int, finished: int, margin_share: float = MARGIN) -> Verdict:
    """No verdict yet. Judging before all cells are finished would correct for fewer candidates than there are."""
    margin = margin_share * float(np.mean(baselines.full.last_by_history) - np.mean(baselines.random))
    sentence = f"No verdict before all cells are finished: {finished} of {cells} are."
    return Verdict(None, sentence, margin, margin_share, False, 0, ())


def _doubt(baselines: Baselines, evidence: _Evidence) -> str:
    """Why no candidate can be judged at all, or ""."""
    last = np.array(baselines.full.last_by_history)
    others = {
        "random actions": np.array(baselines.random),
        "its context wiped at every reset": np.array(baselines.wiped.last_by_history),
        "its own first episode": np.array(baselines.full.first_by_history),
    }
    if len(last) < LEAST_HISTORIES:
        return f"{evidence} are too few, at least {LEAST_HISTORIES} are needed (use more --streams)"
    equal = [name for name, values in others.items() if p_greater(last - values, 0.0) > ALPHA]
    if equal:
        length = len(baselines.full.episodes)
        return (
            f"that the model improves in context could not be shown with {evidence} of {length} episodes: its return "
            f"in the last of them is not clearly better than with {' or '.join(equal)}"
        )
    return ""


def _too_few(evidence: _Evidence) -> str:
    """Why no candidate could pass, whatever it returned, or "": what so few do not show may be beyond the margin."""
    needed = least(-evidence.margin, evidence.worst, ALPHA)
    goals = len(np.unique(evidence.goals))
    if goals < LEAST_GOALS:
        return f"{evidence} are too few, at least {LEAST_GOALS} goals are needed to say anything of others"
    if witnesses(evidence.goals) < needed:
        lost = -lower(np.zeros(len(evidence.full)), evidence.goals, evidence.worst, ALPHA)
        more = f"{needed}" if len(evidence.full) < needed else f"{math.ceil(needed / HISTORIES_EACH)} goals"
        return (
            f"{evidence} are too few: even if none of them lost anything, a mean loss of up to {lost:.2f} could not be "
            f"ruled out; a margin of {evidence.margin:.2f} needs at least {more}"
        )
    return ""


def _test(trial: Trial, trials: Sequence[Trial], evidence: _Evidence, n_context: int) -> _Tested:
    budget, closed = trial.cell.budget, trial.closed_loop
    if closed is None or len(closed.last_by_history) != len(evidence.full):
        return _Tested(trial, ("it was not rolled out on these histories, and nothing else is evidence",), None)
    if budget is None or budget >= n_context:
        return _Tested(trial, ("it keeps the whole context",), None)
    own = np.array(closed.last_by_history)
    p, faults, lost, collapses = _losses(own - evidence.full, evidence)
    for label in _others(trial.cell):
        other = _at(trials, label, len(own))
        if other is None:
            faults.append(f"{label} was not rolled out beside it")
            return _Tested(trial, tuple(faults), None, lost, collapses)
        against = p_greater(own - np.array(other), 0.0)
        p = max(p, against)
        if against > ALPHA:
            faults.append(f"it is not better than {label} ({np.mean(own) - np.mean(other):+.2f})")
    if trial.cost is not None and trial.cost.step_ratio > 1:
        faults.append(f"it saves no time: a step takes {trial.cost.step_ratio:.2f} times that of full context")
    return _Tested(trial, tuple(faults), p, lost, collapses)


def _losses(change: Doubles, evidence: _Evidence) -> tuple[float, list[str], float, Collapses]:
    """The larger p of mean and collapses, what they leave open in words, the loss not ruled out, and the collapses."""
    goals, margin, worst = evidence.goals, evidence.margin, evidence.worst
    p_mean, lost = p_above(change, goals, -margin, worst), -lower(change, goals, worst, ALPHA)
    hits = change < -margin
    p_hits, seen = p_rarer(hits, goals, COLLAPSES), Collapses(float(hits.mean()), upper(hits, goals, ALPHA))
    faults = []
    if p_mean > ALPHA:
        faults.append(
            f"it may lose more than the margin of {margin:.2f}: {change.mean():+.2f}, "
            f"and with {evidence} a mean loss of up to {lost:.2f} cannot be ruled out"
        )
    if p_hits > ALPHA:
        faults.append(
            f"{seen.share:.0%} of its histories lose more than the margin, and up to {seen.upper:.0%} cannot be ruled "
            f"out (limit {COLLAPSES:.0%})"
        )
    return max(p_mean, p_hits), faults, lost, seen


def _others(cell: TrialCell) -> tuple[str, ...]:
    """Labels of what a cell must be better than: `random` and, unless it is that itself, `recent`, of as many bytes."""
    assert cell.budget is not None
    random, recent = (beside(name, cell.budget, cell.shared) for name in (RANDOM, RECENT))
    return (random,) if cell.label == recent else (random, recent)


def _at(trials: Sequence[Trial], label: str, histories: int) -> tuple[float, ...] | None:
    """Returns by history of a comparison at the same budget."""
    for trial in trials:
        if trial.cell.label == label and trial.closed_loop is not None:
            values = trial.closed_loop.last_by_history
            return values if len(values) == histories else None
    return None


def _reason(one: _Tested, adjusted: float | None, count: int) -> Reason:
    faults = one.faults
    if not faults and adjusted is not None and adjusted > ALPHA:
        faults = (f"it does not hold after Holm's correction over {count} candidates (p = {adjusted:.3f})",)
    others = "random" if len(_others(one.trial.cell)) == 1 else "random and recent"
    text = "; ".join(faults) or f"{_shown(one)}, and it is better than {others} at the same budget"
    return Reason(one.trial.cell.label, not faults, text, one.p, adjusted, one.collapses)


def _shown(one: _Tested) -> str:
    """What the two tests of its losses leave open, where they pass."""
    assert one.collapses is not None
    return (
        f"not inferior to full context (a mean loss above {max(0.0, one.lost):.2f} is ruled out), "
        f"{one.collapses.share:.0%} of its histories lose more than the margin (at most {one.collapses.upper:.0%})"
    )


def _preference(one: _Tested) -> tuple[float, float]:
    cell, found = one.trial.cell, one.trial.open_loop
    assert cell.budget is not None
    assert one.trial.closed_loop is not None
    size = found.kept if holds_more(cell.shared) and found is not None else cell.budget  # some heads keep all
    return size, -one.trial.closed_loop.last.mean


def _recommendation(best: _Tested, evidence: _Evidence, count: int) -> str:
    assert best.trial.closed_loop is not None
    change, cell = best.trial.closed_loop.difference, best.trial.cell
    others = " and ".join(_others(cell))
    return (
        f"Keep {cell.label}: its return differs from that of full context by {change.mean:+.2f} (margin "
        f"−{evidence.margin:.2f}): {_shown(best)}, and it is better than {others} ({evidence}, one-sided {ALPHA:.1%} "
        f"after Holm over {count} candidates)."
    )


def _refusal(tested: Sequence[_Tested], reasons: Sequence[Reason], evidence: _Evidence) -> str:
    judged = [(one, reason) for one, reason in zip(tested, reasons, strict=True) if one.p is not None]
    if not judged:
        return f"{NO_EVIDENCE}: no candidate was rolled out beside its comparisons."
    _, near = min(judged, key=lambda pair: (len(pair[0].faults), pair[0].p or 0.0))
    return (
        f"{NO_EVIDENCE}: none of {len(judged)} candidates passes with {evidence} "
        f"(margin {evidence.margin:.2f}). Nearest is {near.label}: {near.text}."
    )
