"""Raw outcomes of cells → records with intervals. Numpy only.

Intervals are 95 % bootstrap intervals over histories (`intervals.estimate`): what varies between goals and streams.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ...records.arrays import Doubles, Ints
from ...records.interval import Interval
from ...records.trial import ALL, LAST, STRATA, Baselines, ClosedLoop, OpenLoop, Stratum, SweepReport, Trial, TrialCell
from ...statistics.intervals import RESAMPLES, SEED, estimate, tail
from ..choice import Choice
from .cell import Outcome
from .gate import judge
from .plan import FULL, WIPED, Plan, cell_of


def report(
    about: Mapping[str, Any],
    plan: Plan,
    choices: Sequence[Choice],
    outcomes: Mapping[str, Outcome],
    random: Doubles,
    margin: float,
) -> SweepReport:
    """The records of a sweep; cells that are not in `outcomes` yet are left out, `none` and the control must be there.

    Args:
        random: (H,) return of random actions on each history's goal.
        margin: see `gate.judge`.
    """
    full = outcomes[FULL]
    cells = cells_of(choices, plan)
    trials = tuple(trial_of(cell, outcomes[cell.label], full, plan) for cell in cells if cell.label in outcomes)
    base = baselines(full, outcomes[WIPED], random, plan)
    return SweepReport(dict(about), base, trials, judge(base, trials, plan.rooms, plan.n_context, margin))


def cells_of(choices: Sequence[Choice], plan: Plan) -> list[TrialCell]:
    """The full context, then every choice."""
    whole = TrialCell(FULL, FULL, None, {}, plan.positions, plan.level)
    return [whole, *(cell_of(choice, plan) for choice in choices)]


def baselines(full: Outcome, wiped: Outcome, random: Doubles, plan: Plan) -> Baselines:
    """What trials are held against; see `report`."""
    return Baselines(
        full=closed_loop(full, full, plan),
        wiped=closed_loop(wiped, full, plan),
        random=tuple(random.tolist()),
        optimal=tuple(_optimal(plan).tolist()),
    )


def trial_of(cell: TrialCell, outcome: Outcome, full: Outcome, plan: Plan) -> Trial:
    """One cell's record, with its differences to the full context on the same goals and seeds."""
    compared = outcome.compared
    return Trial(
        cell=cell,
        histories=len(outcome.returns),
        open_loop=None if compared is None else open_loop(compared, plan, outcome.heads),
        closed_loop=closed_loop(outcome, full, plan),
        cost=outcome.cost,
    )


def closed_loop(outcome: Outcome, full: Outcome, plan: Plan) -> ClosedLoop:
    """Curves and paired differences of returns (H, E)."""
    returns = outcome.returns.astype(np.float64)
    last, other = returns[:, -LAST:].mean(axis=1), full.returns[:, -LAST:].mean(axis=1)
    regret = (_optimal(plan)[:, None] - returns).sum(axis=1)
    better = np.where(last > other, 1.0, np.where(last == other, 0.5, 0.0))
    intervals = _intervals(np.column_stack([returns, last, last - other, regret, better]))
    return ClosedLoop(
        episodes=tuple(intervals[:-4]),
        last=intervals[-4],
        difference=intervals[-3],
        regret=intervals[-2],
        improvement=intervals[-1],
        first_by_history=tuple(returns[:, 0].tolist()),
        last_by_history=tuple(last.tolist()),
    )


def open_loop(compared: Mapping[str, Sequence[float]], plan: Plan, heads: Doubles | None = None) -> OpenLoop:
    """What `cell.Outcome.compared` says, stratum by stratum."""
    rewarded, history = np.array(compared["rewarded"]), np.array(compared["history"], dtype=np.int64)
    agree, divergence = np.array(compared["agree"], dtype=np.float64), np.array(compared["kl"], dtype=np.float64)
    strata = {}
    for name, (least, most) in STRATA.items():
        rows = (rewarded >= least) & (rewarded <= most)
        if name != ALL and not plan.world.marked:
            rows[:] = False  # no transition is marked by a reward there
        strata[name] = _stratum(agree[rows], divergence[rows], history[rows])
    by_head = None if heads is None else tuple(map(tuple, heads.tolist()))
    return OpenLoop(float(np.mean(compared["kept"])), plan.n_context, strata, by_head)


def _stratum(agree: Doubles, divergence: Doubles, history: Ints) -> Stratum:
    if not len(agree):
        unknown = Interval(*[float("nan")] * 3)
        return Stratum(unknown, unknown, unknown, 0, 0)
    means = _intervals(np.column_stack([agree, divergence]), history)
    return Stratum(means[0], means[1], _percentile(divergence, history), len(agree), len(np.unique(history)))


def _percentile(values: Doubles, history: Ints, share: float = 0.95) -> Interval:
    """The percentile over all contexts; its interval resamples whole histories, with all their contexts."""
    _, members = np.unique(history, return_inverse=True)
    count = int(members.max()) + 1
    order = np.argsort(values)
    point = float(np.quantile(values, share, method="inverted_cdf"))
    if count < 2:
        return Interval(point, float("nan"), float("nan"))
    draws = np.random.default_rng(SEED).multinomial(count, np.full(count, 1 / count), size=RESAMPLES)
    weights = draws[:, members[order]].cumsum(axis=1)
    places = (weights < share * weights[:, -1:]).sum(axis=1)
    found = np.sort(values[order][np.minimum(places, len(values) - 1)])
    cut = int(tail(count) * RESAMPLES)
    return Interval(point, min(point, float(found[cut])), max(point, float(found[RESAMPLES - 1 - cut])))


def _intervals(columns: Doubles, histories: ArrayLike | None = None) -> list[Interval]:
    return estimate(columns, np.arange(len(columns)) if histories is None else histories).intervals


def _optimal(plan: Plan) -> Doubles:
    return plan.world.optimal_returns(plan.rooms)
