"""The gate's test of losses among others: how often each says "not inferior" where the mean loss is the margin, or 0.

A pool of paired differences, (k, m) by goal and history, is the population: shifted to the mean in question, goals are
drawn from it (or kept), then histories of each. Pools are made up, and with `--cells DIR` those of a finished sweep.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from adtui.compression.trials.cell import Outcome
from adtui.compression.trials.gate import ALPHA, COLLAPSES
from adtui.compression.trials.plan import FULL, WIPED
from adtui.compression.trials.store import NAME
from adtui.records.arrays import Doubles
from adtui.records.defaults import TRIAL_STREAMS
from adtui.records.trial import LAST
from adtui.statistics.bounded import HISTORIES_EACH, least, p_above, p_rarer
from adtui.statistics.significance import t_quantile

from .rates import Rate, table

#: As of the bundled run: 5 % of what full context returns above random actions, and what it returns.
MARGIN, WORST = 0.84, -17.2
#: The gate's own test promises 2.5 %; a rate above this fails.
HIGHEST = 0.035
DESIGNS = (
    *((8, n // 8, True) for n in (8, 16, 32, 64, 128, 256)),
    *((8, n // 8, False) for n in (8, 16, 32, 64, 128, 256, 1024)),
    *((32, n // 32, False) for n in (32, 64, 128, 256)),
)
"""Goals, histories of each, and whether the goals are those of the pool."""
RESAMPLES = 399
Bools = NDArray[np.bool_]
Test = Callable[[Doubles], Bools]
"""Differences (S, k, m) above the bound in question → (S,) whether it says that the mean lies above it."""


def pools(cells: Path | None, seed: int) -> dict[str, Doubles]:
    """Made-up pools of 8 goals × 16, then those of the finished cells in a directory."""
    rng = np.random.default_rng(seed)
    rare = -np.abs(rng.normal(0, 0.15, (8, 16)))
    rare.flat[rng.choice(128, 3, replace=False)] = (-13.0, -7.0, -2.5)
    mixed = rng.normal(-0.4, 0.3, (8, 16)) - rng.exponential(1.0, (8, 1))
    mixed.flat[rng.choice(128, 8, replace=False)] -= rng.uniform(8, 15, 8)
    found = {"made up, 3 of 128 lose much": rare, "made up, goals differ, 8 lose much": mixed}
    if cells is not None:
        lines = (cells / NAME).read_text(encoding="utf-8").splitlines()[1:]
        outcomes = {record["cell"]: Outcome.from_json(record) for record in map(json.loads, lines)}
        last = {label: one.returns[:, -LAST:].mean(axis=1) for label, one in outcomes.items()}
        others = (label for label in last if label not in (FULL, WIPED) and not label.startswith("random"))
        found |= {label: (last[label] - last[FULL]).reshape(-1, TRIAL_STREAMS) for label in others}
    return found


def drawn(pool: Doubles, mean: float, design: tuple[int, int, bool], tests: int, seed: int) -> Doubles:
    """(S, k, m) differences from a population with this mean."""
    k, m, same = design
    rng = np.random.default_rng([seed, k, m, same])
    goals = np.tile(np.arange(k) % len(pool), (tests, 1)) if same else rng.integers(0, len(pool), (tests, k))
    values: Doubles = (pool - pool.mean() + mean)[goals[:, :, None], rng.integers(0, pool.shape[1], (tests, k, m))]
    return values


def by_t(values: Doubles) -> Bools:
    """One-sided t-test of rows (S, n)."""
    said: Bools = _t(values) > t_quantile(ALPHA, values.shape[1] - 1)
    return said


def by_johnson(values: Doubles) -> Bools:
    """Johnson's t, adjusted for skewness (JASA 73, 1978)."""
    n, mean, spread = values.shape[1], values.mean(axis=1), _spread(values)
    third = ((values - mean[:, None]) ** 3).mean(axis=1)
    adjusted = mean + third / (6 * spread**2 * n) + third * mean**2 / (3 * spread**4)
    said: Bools = adjusted / spread * math.sqrt(n) > t_quantile(ALPHA, n - 1)
    return said


def by_hall(values: Doubles) -> Bools:
    """Hall's monotone transformation of t (J. R. Stat. Soc. B 54, 1992)."""
    n, mean, spread = values.shape[1], values.mean(axis=1), _spread(values)
    skew, t = ((values - mean[:, None]) ** 3).mean(axis=1) / spread**3, mean / spread
    said: Bools = math.sqrt(n) * (t + skew * t**2 / 3 + skew**2 * t**3 / 27 + skew / (6 * n)) > t_quantile(ALPHA, n - 1)
    return said


def by_bootstrap(values: Doubles) -> Bools:
    """Studentised bootstrap of rows (S, n)."""
    n, mean = values.shape[1], values.mean(axis=1, keepdims=True)
    draws = np.random.default_rng(n).multinomial(n, np.full(n, 1 / n), RESAMPLES) / n
    means = values @ draws.T
    spreads = np.sqrt(np.maximum(values**2 @ draws.T - means**2, 1e-9 * _spread(values)[:, None] ** 2) / (n - 1))
    said: Bools = ((means - mean) / spreads >= _t(values)[:, None]).mean(axis=1) <= ALPHA
    return said


def by_gaffke(values: Doubles) -> Bools:
    """Bayesian bootstrap of rows (S, n) with one value of the worst kind more (Gaffke 2004; arXiv 1905.06208)."""
    n = values.shape[1]
    weights = np.random.default_rng(n).dirichlet(np.ones(n + 1), 2000)
    said: Bools = (values @ weights[:, 1:].T + (WORST + MARGIN) * weights[:, 0] <= 0).mean(axis=1) <= ALPHA
    return said


def by_gate(values: Doubles) -> Bools:
    """The gate's own test of the mean, over goals."""
    goals = np.repeat(np.arange(values.shape[1]), values.shape[2])
    return np.array([p_above(one.ravel(), goals, 0.0, WORST + MARGIN) <= ALPHA for one in values])


def few_collapses(values: Doubles) -> Bools:
    """The gate's test of collapses: losses beyond the margin, which lie below 0 here."""
    goals = np.repeat(np.arange(values.shape[1]), values.shape[2])
    return np.array([p_rarer(one.ravel() < 0, goals, COLLAPSES) <= ALPHA for one in values])


def _histories(test: Test) -> Test:
    return lambda values: test(values.reshape(len(values), -1))


def _goals(test: Test) -> Test:
    return lambda values: test(values.mean(axis=2))


TESTS: dict[str, Test] = {
    "t": _histories(by_t),
    "t, goals": _goals(by_t),
    "Johnson": _histories(by_johnson),
    "Hall": _histories(by_hall),
    "boot-t": _histories(by_bootstrap),
    "boot-t, goals": _goals(by_bootstrap),
    "Gaffke": _histories(by_gaffke),
    "gate, mean": by_gate,
}


def rates(pool: Doubles, mean: float, design: tuple[int, int, bool], tests: int, seed: int) -> dict[str, Rate]:
    """How often each test says "not inferior"; "gate" is its test of the mean together with that of collapses."""
    values = drawn(pool, mean, design, tests, seed) + MARGIN
    said = {name: test(values) for name, test in TESTS.items()}
    said["gate"] = said["gate, mean"] & few_collapses(values)
    return {name: Rate(int(found.sum()), tests) for name, found in said.items()}


def accepted(design: tuple[int, int, bool]) -> bool:
    """Whether the gate judges so many histories at all."""
    return design[0] * min(design[1], HISTORIES_EACH) >= least(-MARGIN, WORST, ALPHA)


def report(cells: Path | None, tests: int, seed: int) -> tuple[str, bool]:
    """The tables, and whether the gate's test of the mean stays below HIGHEST wherever it judges."""
    parts, good = [], True
    for title, mean in (("the mean loss is the margin", -MARGIN), ("the mean loss is 0", 0.0)):
        rows: list[list[object]] = []
        for name, pool in pools(cells, seed).items():
            for design in DESIGNS:
                found = rates(pool, mean, design, tests, seed)
                good &= not (mean and accepted(design)) or found["gate, mean"].within(HIGHEST)
                goals = f"{design[0]} {'the same' if design[2] else 'drawn'}"
                rows.append([name, goals, design[0] * design[1], *(f"{100 * one.share:.1f}" for one in found.values())])
        header = ["differences", "goals", "n", *TESTS, "gate"]
        parts.append(table(f'"Not inferior" where {title}: % of {tests} tests each', header, rows))
    return "\n".join(parts), good


def _t(values: Doubles) -> Doubles:
    t: Doubles = values.mean(axis=1) / _spread(values) * math.sqrt(values.shape[1])
    return t


def _spread(values: Doubles) -> Doubles:
    spread: Doubles = np.maximum(values.std(axis=1, ddof=1), 1e-12)
    return spread
