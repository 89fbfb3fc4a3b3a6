"""The recommendation: does the evidence of rollouts allow a shorter context, and which?

Only closed-loop returns enter. Action agreement, KL and attention have no way in: on the bundled run random-20 agrees
with the full context where rewards abound and returns next to nothing.

A candidate passes when all of this holds, on histories paired by goal and seed:
- not inferior to full context: the lower end of the 95 % interval of the difference lies above −margin, and a
  one-sided t-test says so too;
- better than `random` at the same budget, by a one-sided t-test;
- better than `recent` at the same budget, likewise; `recent` itself need only beat `random`.
Its p-value is the largest of the tests (all must hold); Holm's correction over all candidates that were tested keeps
the chance of any false pass at ALPHA. Controls are no candidates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...records.defaults import MARGIN
from ...records.trial import Baselines, ClosedLoop, Reason, Trial, Verdict
from ...statistics.significance import holm, p_greater
from .plan import FULL, RANDOM, RECENT

#: One-sided.
ALPHA = 0.025
LEAST_HISTORIES = 8
CONTROLS = (RANDOM, "lowest-attention")
NO_EVIDENCE = "No evidence for compressing"


@dataclass(frozen=True)
class _Tested:
    """One candidate after its tests; `p` is None where they could not be made."""

    trial: Trial
    faults: tuple[str, ...]
    p: float | None


def judge(baselines: Baselines, trials: Sequence[Trial], n_context: int, margin_share: float = MARGIN) -> Verdict:
    """The smallest budget that passes, of equal budgets the one with the highest return; or no evidence, and why.

    Args:
        trials: all cells of one sweep, candidates and controls, over the histories of `baselines`.
        n_context: transitions of a full context; a budget that large compresses nothing.
        margin_share: fixed before anything is run.
    """
    full = np.array(baselines.full.last_by_history)
    scale = float(full.mean() - np.mean(baselines.random)) if len(full) else float("nan")
    margin = margin_share * scale
    doubt = _doubt(baselines)
    if doubt:
        return Verdict(None, f"{NO_EVIDENCE}: {doubt}.", margin, margin_share, False, 0, ())
    candidates = [trial for trial in trials if trial.cell.strategy not in (FULL, *CONTROLS)]
    tested = [_test(trial, trials, baselines.full, n_context, margin) for trial in candidates]
    adjusted = iter(holm([one.p for one in tested if one.p is not None]))
    count = sum(one.p is not None for one in tested)
    reasons = tuple(_reason(one, None if one.p is None else next(adjusted), count) for one in tested)
    passed = [trial for trial, reason in zip(candidates, reasons, strict=True) if reason.passed]
    best = min(passed, key=_preference, default=None)
    sentence = _recommendation(best, margin, count, len(full)) if best else _refusal(tested, margin, len(full))
    return Verdict(best.cell.label if best else None, sentence, margin, margin_share, True, count, reasons)


def pending(baselines: Baselines, cells: int, finished: int, margin_share: float = MARGIN) -> Verdict:
    """No verdict yet. Judging before all cells are finished would correct for fewer candidates than there are."""
    margin = margin_share * float(np.mean(baselines.full.last_by_history) - np.mean(baselines.random))
    sentence = f"No verdict before all cells are finished: {finished} of {cells} are."
    return Verdict(None, sentence, margin, margin_share, False, 0, ())


def _doubt(baselines: Baselines) -> str:
    """Why no candidate can be judged at all, or ""."""
    last = np.array(baselines.full.last_by_history)
    others = {
        "random actions": np.array(baselines.random),
        "its context wiped at every reset": np.array(baselines.wiped.last_by_history),
        "its own first episode": np.array(baselines.full.first_by_history),
    }
    if len(last) < LEAST_HISTORIES:
        return f"{len(last)} histories are too few, at least {LEAST_HISTORIES} are needed (use more --streams)"
    equal = [name for name, values in others.items() if p_greater(last - values, 0.0) > ALPHA]
    if equal:
        return f"the model does not improve in context: its return is not better than with {' or '.join(equal)}"
    return ""


def _test(trial: Trial, trials: Sequence[Trial], full: ClosedLoop, n_context: int, margin: float) -> _Tested:
    budget, closed = trial.cell.budget, trial.closed_loop
    if closed is None or len(closed.last_by_history) != len(full.last_by_history):
        return _Tested(trial, ("it was not rolled out on these histories, and nothing else is evidence",), None)
    if budget is None or budget >= n_context:
        return _Tested(trial, ("it keeps the whole context",), None)
    own = np.array(closed.last_by_history)
    p = p_greater(own - np.array(full.last_by_history), -margin)
    faults = []
    if p > ALPHA or not closed.difference.low > -margin:
        low, high = closed.difference.low, closed.difference.high
        faults.append(
            f"it may lose more than the margin of {margin:.2f}: {closed.difference.mean:+.2f} [{low:+.2f}, {high:+.2f}]"
        )
    for name in (RANDOM,) if trial.cell.strategy == RECENT else (RANDOM, RECENT):
        other = _at(trials, name, budget, len(own))
        if other is None:
            return _Tested(trial, (*faults, f"{name}:{budget} was not rolled out beside it"), None)
        against = p_greater(own - np.array(other), 0.0)
        p = max(p, against)
        if against > ALPHA:
            faults.append(f"it is not better than {name}:{budget} ({np.mean(own) - np.mean(other):+.2f})")
    return _Tested(trial, tuple(faults), p)


def _at(trials: Sequence[Trial], strategy: str, budget: int, histories: int) -> tuple[float, ...] | None:
    """Returns by history of a comparison at the same budget."""
    for trial in trials:
        if (trial.cell.strategy, trial.cell.budget) == (strategy, budget) and trial.closed_loop is not None:
            values = trial.closed_loop.last_by_history
            return values if len(values) == histories else None
    return None


def _reason(one: _Tested, adjusted: float | None, count: int) -> Reason:
    faults = one.faults
    if not faults and adjusted is not None and adjusted > ALPHA:
        faults = (f"it does not hold after Holm's correction over {count} candidates (p = {adjusted:.3f})",)
    others = "random" if one.trial.cell.strategy == RECENT else "random and recent"
    text = "; ".join(faults) or f"not inferior to full context, and better than {others} at the same budget"
    return Reason(one.trial.cell.label, not faults, text, one.p, adjusted)


def _preference(trial: Trial) -> tuple[int, float]:
    assert trial.cell.budget is not None
    assert trial.closed_loop is not None
    return trial.cell.budget, -trial.closed_loop.last.mean


def _recommendation(best: Trial, margin: float, count: int, histories: int) -> str:
    assert best.closed_loop is not None
    change, budget = best.closed_loop.difference, best.cell.budget
    others = f"random:{budget}" if best.cell.strategy == RECENT else f"random:{budget} and recent:{budget}"
    return (
        f"Keep {best.cell.label}: its return differs from that of full context by {change.mean:+.2f} "
        f"[{change.low:+.2f}, {change.high:+.2f}], above the margin of −{margin:.2f}, and is better than that of "
        f"{others} ({histories} paired histories, one-sided {ALPHA:.1%} after Holm over {count} candidates)."
    )


def _refusal(tested: Sequence[_Tested], margin: float, histories: int) -> str:
    judged = [one for one in tested if one.p is not None]
    if not judged:
        return f"{NO_EVIDENCE}: no candidate was rolled out beside its comparisons."
    near = min(judged, key=lambda one: (len(one.faults), one.p or 0.0))
    why = "; ".join(near.faults) or "it does not hold after Holm's correction"
    return (
        f"{NO_EVIDENCE}: none of {len(judged)} candidates passes on {histories} paired histories "
        f"(margin {margin:.2f}). Nearest is {near.trial.cell.label}: {why}."
    )
