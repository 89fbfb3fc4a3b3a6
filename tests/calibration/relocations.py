"""Moved rewards: places paired with edits by chance, effects of graded strength, models that have learnt nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from adtui.attention.relocations import relocate
from adtui.engine.opening import open_session
from adtui.insights.following import PLACES, Following, follows
from adtui.models.model import Model
from adtui.records.relocation import Relocation
from adtui.records.sample import Sample
from adtui.worlds.settings import known_world
from adtui.worlds.world import World

from .null_models import N_TRANSIT, RUN, permuted, untrained
from .placebos import LEVEL
from .rates import Rate, table

CONTEXTS = (6, 18, 60)
SHARES = (0.05, 0.1, 0.2, 0.3, 0.5, 1.0)


def moved(model: Model, samples: Sequence[Sample], world: World, seed: int) -> tuple[list[Relocation], np.ndarray]:
    """Those contexts whose reward can be moved, and their tasks."""
    found = [relocate(model, one, world, places=PLACES, seed=seed, index=index) for index, one in enumerate(samples)]
    tasks = [sample.cluster for sample, one in zip(samples, found, strict=True) if one is not None]
    return [one for one in found if one is not None], np.array(tasks)


def shuffled(one: Relocation, rng: np.random.Generator) -> Relocation:
    """Places paired with edits by chance."""
    return replace(one, after=one.after[rng.permutation(PLACES)])


def diluted(one: Relocation, share: float) -> Relocation:
    """The policy follows the reward in so large a share; the rest is the mean of its policies, whatever the edit."""
    return replace(one, after=share * one.after + (1 - share) * one.after.mean(axis=0))


def decided(found: Following, side: str) -> bool:
    """By itself, at LEVEL a side."""
    return found.p <= 2 * LEVEL and found.side == side


def counted(
    contexts: list[Relocation],
    tasks: np.ndarray,
    size: int,
    tests: int,
    rng: np.random.Generator,
    *,
    by_chance: bool = False,
) -> list[Rate]:
    """Of tests in `size` contexts each: beyond chance above and below, then confirmed and refuted by the rule."""
    hits = np.zeros(4, np.int64)
    for _ in range(tests):
        chosen = rng.choice(len(contexts), size, replace=False)
        found = follows([shuffled(contexts[at], rng) if by_chance else contexts[at] for at in chosen], tasks[chosen])
        beyond = found.p <= 2 * LEVEL
        hits += (beyond and found.up, beyond and not found.up, decided(found, "confirmed"), decided(found, "refuted"))
    return [Rate(int(count), tests) for count in hits]


def rates(
    contexts: list[Relocation], tasks: np.ndarray, tests: int, seed: int
) -> tuple[list[list[object]], list[Rate]]:
    """Rows of chance pairings, then of diluted policies; and the rates of chance pairings."""
    rows: list[list[object]] = []
    own: list[Rate] = []
    for size in (one for one in CONTEXTS if one <= len(contexts)):
        rng = np.random.default_rng([seed, size])
        each = counted(contexts, tasks, size, tests, rng, by_chance=True)
        own += each
        rows.append(["paired by chance", size, *each])
    for share in SHARES:
        weaker = [diluted(one, share) for one in contexts]
        whole = follows(weaker, tasks).moved
        for size in (one for one in CONTEXTS if one <= len(contexts)):
            rng = np.random.default_rng([seed, size, int(100 * share)])
            each = counted(weaker, tasks, size, max(1, tests // 5), rng)
            rows.append([f"{share:.0%} of the model, {100 * whole:.1f} points", size, *each])
    return rows, own


def learnt_nothing(models: int, samples: Sequence[Sample], world: World, seed: int) -> list[list[object]]:
    """Models with start values and with permuted weights before the bundled run's contexts."""
    rows: list[list[object]] = []
    for make in (untrained, permuted):
        found = []
        for index in range(models):
            with tempfile.TemporaryDirectory() as directory:
                model = open_session(
                    make(Path(directory), seed + index), samples=1, device="cpu", context=N_TRANSIT - 1
                ).model
            contexts, tasks = moved(model, samples, world, seed)
            found.append(follows(contexts, tasks))
        beyond = sum(one.p <= 2 * LEVEL for one in found)
        sides = [sum(decided(one, side) for one in found) for side in ("confirmed", "refuted")]
        largest = max(abs(one.moved) for one in found)
        rows.append([make.__name__, models, found[0].contexts, beyond, *sides, f"{100 * largest:.2g}"])
    return rows


def report(contexts: int, tests: int, models: int, seed: int) -> tuple[str, list[Rate]]:
    """Both tables, and the rates that must not exceed LEVEL."""
    session = open_session(RUN, samples=contexts, seed=seed + 100, device="cpu")
    world = known_world(session.info.settings)
    assert world is not None
    rows, own = rates(*moved(session.model, session.samples, world, seed), tests, seed)
    header = ["policy", "contexts", "test: above", "test: below", "rule: confirmed", "rule: refuted"]
    text = table(f"Moved rewards, {tests} tests each by chance, {max(1, tests // 5)} of the others", header, rows)
    short = [one.last(N_TRANSIT - 1) for one in session.samples]
    nothing = learnt_nothing(models, short, world, seed)
    header = ["weights", "models", "contexts", "p ≤ 5 %", "confirmed", "refuted", "largest effect, points"]
    return text + "\n" + table("Moved rewards, models that have learnt nothing", header, nothing), own
