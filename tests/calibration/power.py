"""Planted effects of graded strength: how often either rule confirms them, a test by itself."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from planted import planted_run, planted_samples

from adtui.engine.opening import open_session
from adtui.insights.confirmation import CONTROLS, Draws
from adtui.records.arrays import Doubles

from . import earlier
from .placebos import LEVEL, Pool, _draw, _others, kls
from .rates import Rate, table

FACTORS = (2.0, 3.0, 5.0, 10.0)
STRENGTHS = (0.1, 0.15, 0.2, 0.3, 0.5, 1.0)
REWARDED_HEAD = (0, 1)
CONTEXTS = (6, 18, 60)


def confirmed(equal: Doubles, apart: Doubles, tasks: np.ndarray) -> tuple[bool, bool, bool]:
    """By the earlier rule, by the present test alone, by the present rule; the named set is first in (C, K)."""
    effect = Draws(equal, np.zeros(equal.shape, np.bool_), tasks).effects()[0]
    beyond = effect.p <= 2 * LEVEL
    return earlier.earlier(apart)[0], beyond and effect.ratio > 1, beyond and effect.side == "confirmed"


def scaled(found: Pool, contexts: int, tests: int, seed: int) -> list[list[object]]:
    """A chance set whose KL is multiplied, among the skewed KLs of the bundled run."""
    rows: list[list[object]] = []
    for factor in FACTORS:
        rng = np.random.default_rng([seed, contexts, int(10 * factor)])
        hits = np.zeros(3, np.int64)
        for _ in range(tests):
            chosen = rng.choice(len(found.tasks), contexts, replace=False)
            columns = np.stack([rng.choice(found.equal.shape[1], 1 + CONTROLS, replace=False) for _ in chosen])
            equal = found.equal[chosen[:, None], columns]
            apart = found.apart[chosen, rng.integers(found.apart.shape[1], size=contexts)].copy()
            equal[:, 0] *= factor
            apart[:, 0] *= factor
            hits += confirmed(equal, apart, found.tasks[chosen])
        rows.append([f"{factor:g} times the KL", contexts, *(Rate(int(count), tests) for count in hits)])
    return rows


def planted(contexts_of: int, tests: int, seed: int) -> list[list[object]]:
    """The head that reads rewards, writing more or less into the action logits."""
    rows: list[list[object]] = []
    samples = planted_samples(contexts_of)
    for strength in STRENGTHS:
        with tempfile.TemporaryDirectory() as directory:
            session = open_session(planted_run(Path(directory), strength), samples=1, device="cpu")
        equal, apart, kl = [], [], []
        for index, sample in enumerate(samples):
            rng = np.random.default_rng([seed, index])
            visible, named = np.arange(sample.n_context), np.flatnonzero(sample.rewards > 0)
            draws = [_draw(rng, visible, len(named)) for _ in range(CONTROLS)]
            both = kls(session, sample, [named, *draws, *_others(rng, visible, named)], where=REWARDED_HEAD)
            kl.append(both[0])
            equal.append(both[: 1 + CONTROLS])
            apart.append(both[[0, *range(1 + CONTROLS, len(both))]])
        for contexts in (one for one in CONTEXTS if one <= contexts_of):
            rng = np.random.default_rng([seed, contexts])
            hits = np.zeros(3, np.int64)
            for _ in range(tests):
                chosen = rng.choice(len(samples), contexts, replace=False)
                hits += confirmed(np.stack(equal)[chosen], np.stack(apart)[chosen], chosen)
            label = f"head of strength {strength:g}, mean KL {np.mean(kl):.2g}"
            rows.append([label, contexts, *(Rate(int(count), tests) for count in hits)])
    return rows


def report(found: Pool, tests: int, seed: int, contexts_of: int = 40) -> tuple[str, list[list[object]]]:
    """The table and its rows."""
    possible = [contexts for contexts in CONTEXTS if contexts <= len(found.tasks)]
    rows = [row for contexts in possible for row in scaled(found, contexts, tests, seed)]
    rows += planted(contexts_of, tests, seed)
    header = ["planted", "contexts", "earlier", "test alone", "rule"]
    return table(f"Power: confirmed at 2.5 % a side, {tests} tests each", header, rows), rows
