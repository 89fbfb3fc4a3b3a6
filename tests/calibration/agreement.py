"""Planted effects of graded strength: how many of those that the first test confirms the other ablations leave."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from planted import planted_run, planted_samples

from adtui.attention.knock_outs import ablations
from adtui.engine.opening import open_session
from adtui.insights.agreement import DRAWS, FIRST, OTHERS, agreement
from adtui.insights.confirmation import CONTROLS, KnockOuts
from adtui.records.insight import Insight, KnockOut
from adtui.records.steps import at_one_go

from .placebos import LEVEL
from .power import REWARDED_HEAD, STRENGTHS
from .rates import Rate, table

CONTEXTS = (6, 18)
CLAIM = Insight("reward-seeking", "head", "", 1.0, (1.0, 1.0), 0, 1.0, "")
Found = dict[tuple[str, str], list[KnockOut]]
"""(way, direction) → a knock-out for each context."""


def tried(strength: float, contexts: int, seed: int) -> Found:
    """Every ablation of the rewarded transitions from the head that reads rewards, in every planted context."""
    with tempfile.TemporaryDirectory() as directory:
        model = open_session(planted_run(Path(directory), strength), samples=1, device="cpu").model
    found: Found = {how: [] for how in (FIRST, *OTHERS)}
    for index, sample in enumerate(planted_samples(contexts)):
        for (way, direction), each in found.items():
            draws = {"controls": CONTROLS if (way, direction) == FIRST else DRAWS, "seed": seed, "index": index}
            named = [np.flatnonzero(sample.rewards > 0)]
            steps = ablations(model, sample, named, where=REWARDED_HEAD, way=way, directions=[direction], **draws)
            each += at_one_go(steps)[direction]
    return found


def confirmed(found: Found, chosen: np.ndarray) -> tuple[bool, bool]:
    """By the first test with its minimum effect, and with the other ablations as well."""
    one = KnockOuts(CLAIM)
    for at, context in enumerate(chosen.tolist()):
        one.add(found[FIRST][context], at, at)
    one.others = {how: {at: found[how][context] for at, context in enumerate(chosen.tolist())} for how in OTHERS}
    first = one.effect.p <= 2 * LEVEL and one.effect.side == "confirmed"
    return first, first and agreement(one.panel("confirmed"))[0]


def report(tests: int, seed: int, contexts_of: int = 40) -> tuple[str, list[list[object]]]:
    """The table and its rows."""
    rows: list[list[object]] = []
    for strength in STRENGTHS:
        found = tried(strength, contexts_of, seed)
        for contexts in CONTEXTS:
            rng = np.random.default_rng([seed, contexts])
            hits = np.zeros(2, np.int64)
            for _ in range(tests):
                hits += confirmed(found, rng.choice(contexts_of, contexts, replace=False))
            rows.append([f"head of strength {strength:g}", contexts, *(Rate(int(count), tests) for count in hits)])
    header = ["planted", "contexts", "first test", "and the other ablations"]
    return table(f"Power with the other ablations: confirmed at 2.5 % a side, {tests} tests each", header, rows), rows
