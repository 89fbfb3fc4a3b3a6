"""Sets named by chance on the bundled run: confirmed and refuted rates of a test by itself, at 2.5 % a side.

Knock-outs are computed once for a pool of contexts; tests then draw contexts, and of each the sets, from the pool.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from adtui.attention.knock_outs import knock_outs
from adtui.engine.session import Session
from adtui.insights.confirmation import CONTROLS, Draws
from adtui.records.arrays import Doubles, Ints
from adtui.records.sample import Sample
from adtui.records.steps import at_one_go

from . import earlier
from .rates import Rate, table

HIDDEN = (4, 10, 19)
CONTEXTS = (18, 40, 60)
LEVEL = 0.025
"""Of one side."""


@dataclass(frozen=True)
class Pool:
    """KLs of sets of one size that were drawn at random, hidden from the whole model.

    Attributes:
        equal: (C, S) of S sets, each drawn from all transitions: draws as the present rule takes them.
        apart: (C, P, 17) of P times a set, and sixteen drawn from the others: as the earlier rule took them.
        tasks: (C,) of the contexts.
    """

    equal: Doubles
    apart: Doubles
    tasks: Ints


def pool(session: Session, hidden: int, packs: int, seed: int) -> Pool:
    """`packs` times 17 sets of either kind in every context of a session."""
    equal, apart = [], []
    for index, sample in enumerate(session.samples):
        rng = np.random.default_rng([seed, hidden, index])
        visible = session.layout(index).visible
        size = 1 + earlier.CONTROLS
        equal.append(kls(session, sample, [_draw(rng, visible, hidden) for _ in range(packs * size)]))
        named = [_draw(rng, visible, hidden) for _ in range(packs)]
        sets = [[one, *_others(rng, visible, one)] for one in named]
        apart.append(kls(session, sample, [one for pack in sets for one in pack]).reshape(packs, size))
    return Pool(np.stack(equal), np.stack(apart), np.array([sample.cluster for sample in session.samples]))


def kls(session: Session, sample: Sample, sets: Sequence[Ints], where: tuple[int, int | None] | None = None) -> Doubles:
    """(S,) the KL of hiding each set by itself."""
    steps = knock_outs(session.model, sample, sets, where=where, controls=0)
    return np.array([one.kl for one in at_one_go(steps)])


def _draw(rng: np.random.Generator, among: Ints, size: int) -> Ints:
    return rng.choice(among, size, replace=False)


def _others(rng: np.random.Generator, visible: Ints, named: Ints) -> list[Ints]:
    rest = np.setdiff1d(visible, named)
    return [_draw(rng, rest, len(named)) for _ in range(earlier.CONTROLS)]


def rates(found: Pool, contexts: int, tests: int, seed: int) -> dict[str, Rate]:
    """Of tests whose named set is the first draw: confirmed and refuted by either rule, the present one by its p alone
    and with the minimum effect."""
    rng = np.random.default_rng([seed, contexts])
    counts = dict.fromkeys(("earlier +", "earlier −", "test +", "test −", "rule +", "rule −"), 0)
    for _ in range(tests):
        chosen = rng.choice(len(found.tasks), contexts, replace=False)
        before = earlier.earlier(found.apart[chosen, rng.integers(found.apart.shape[1], size=contexts)])
        columns = np.stack([rng.choice(found.equal.shape[1], 1 + CONTROLS, replace=False) for _ in chosen])
        kl = found.equal[chosen[:, None], columns]
        effect = Draws(kl, np.zeros(kl.shape, np.bool_), found.tasks[chosen]).effects()[0]
        beyond = effect.p <= 2 * LEVEL
        for name, hit in (
            ("earlier +", before[0]), ("earlier −", before[1]),
            ("test +", beyond and effect.ratio > 1), ("test −", beyond and effect.ratio < 1),
            ("rule +", beyond and effect.side == "confirmed"), ("rule −", beyond and effect.side == "refuted"),
        ):  # fmt: skip
            counts[name] += bool(hit)
    return {name: Rate(count, tests) for name, count in counts.items()}


def report(session: Session, packs: int, tests: int, seed: int) -> tuple[str, list[Rate]]:
    """The table, and the rates of the present test, which must not exceed LEVEL."""
    rows, own = [], []
    for hidden in HIDDEN:
        found = pool(session, hidden, packs, seed)
        for contexts in (one for one in CONTEXTS if one <= len(session.samples)):
            got = rates(found, contexts, tests, seed)
            rows.append([hidden, contexts, *got.values()])
            own += [got["test +"], got["test −"]]
    header = ["hidden", "contexts"]
    header += [f"{rule}: {side}" for rule in ("earlier", "test alone", "rule") for side in ("confirmed", "refuted")]
    return table(f"Sets named by chance, {tests} tests each, nominal 2.5 % a side", header, rows), own
