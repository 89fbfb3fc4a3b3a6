"""Linear probes on the bundled run's residual stream with labels of which is known what the stream tells of them.

A test by itself, nominal 5 %: the chance sides of a claim are its two p-values and the larger of them, which decides;
"rule" also asks for the minimum gain. Nothing is to be found in placebos of the first kind (drawn at random) and beyond
the inputs in those of the second (told by the query's cell or by the age of the context, and noise).
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from adtui.probes.lived import Lived
from adtui.probes.options import Options
from adtui.probes.reading import GAIN, Labelings, baseline_of, dealt, orders, reading
from adtui.probes.runner import prepare, probed, residual_stream, rolled_out, traced
from adtui.probes.targets import GOAL, REWARD, STEP, targets_of
from adtui.records.arrays import Doubles, Floats
from adtui.records.probe import Reading
from adtui.statistics.ridge import standardised

from .null_models import RUN, permuted, untrained
from .rates import Rate, table

LEVEL = 0.05
SHUFFLES = 99
TOGETHER = 20
LAYER = 2
"""Of the residual stream: in the middle."""
TOLD = (0.02, 0.05, 0.1, 0.2)
"""Shares of the variance of planted labels."""
Labels = Callable[[np.random.Generator], Doubles]


def per_task(lived: Lived, rng: np.random.Generator) -> Doubles:
    """One number for each task, as goals are."""
    return rng.normal(size=lived.shape[0])[lived.task]


def per_context(lived: Lived, rng: np.random.Generator) -> Doubles:
    """One for each context."""
    return rng.normal(size=lived.contexts.count)


def switching(lived: Lived, rng: np.random.Generator) -> Doubles:
    """−1 until some moment of a room and 1 from then on, as rewards are found."""
    rooms, E = lived.shape[0] * lived.shape[1], lived.shape[2]
    return np.where(np.arange(E) >= rng.integers(1, E, size=(rooms, 1)), 1.0, -1.0).reshape(-1)


def by_cell(lived: Lived, rng: np.random.Generator, told: float = 0.5) -> Doubles:
    """A random number for each cell, and noise."""
    cells = np.unique(lived.contexts.query_states, axis=0, return_inverse=True)[1].reshape(-1)
    return mixed(rng.normal(size=cells.max() + 1)[cells], told, rng)


def by_side(lived: Lived, rng: np.random.Generator, told: float = 0.5) -> Doubles:
    """The query's coordinates in a random direction, and noise."""
    return mixed(lived.contexts.query_states @ rng.normal(size=2), told, rng)


def by_age(lived: Lived, rng: np.random.Generator, told: float = 0.5) -> Doubles:
    """A random number for each episode, and noise."""
    episodes = (lived.moments // lived.plan.world.horizon).reshape(-1)
    return mixed(rng.normal(size=episodes.max() + 1)[episodes], told, rng)


def planted(stream: Floats, embedding: Floats, told: float, rng: np.random.Generator) -> Doubles:
    """A random direction of what the layer holds beyond a linear function of the embedding, and noise."""
    inputs = np.column_stack([np.ones(len(embedding)), embedding])
    beyond = stream - inputs @ np.linalg.lstsq(inputs, stream, rcond=None)[0]
    left, _, _ = np.linalg.svd(beyond, full_matrices=False)
    return mixed(left[:, :16] @ rng.normal(size=16), told, rng)


def mixed(signal: Doubles, told: float, rng: np.random.Generator) -> Doubles:
    """With noise, so that the signal is this share of the variance."""
    signal = (signal - signal.mean()) / signal.std()
    found: Doubles = np.sqrt(told) * signal + np.sqrt(1 - told) * rng.normal(size=len(signal))
    return found


def rates(lived: Lived, stream: Floats, make: Labels, tests: int, seed: int) -> dict[str, Rate]:
    """Of labels that are drawn anew for each test; they are exchanged as those of `targets` are."""
    counts = dict.fromkeys(("exchanged", "gain", "test", "rule"), 0)
    for first in range(0, tests, TOGETHER):
        for found in _readings(lived, stream, make, range(first, min(first + TOGETHER, tests)), seed):
            counts["exchanged"] += found.p_shuffled <= LEVEL
            counts["gain"] += found.p_gain <= LEVEL
            counts["test"] += found.p <= LEVEL
            counts["rule"] += found.p <= LEVEL and found.gain.mean >= GAIN
    return {name: Rate(count, tests) for name, count in counts.items()}


def _readings(lived: Lived, stream: Floats, make: Labels, numbers: range, seed: int) -> list[Reading]:
    """What `reading.probe` gives for LAYER, of several labels in one go: they share the fits' matrices."""
    [told] = [one.told for one in targets_of(lived)[0] if one.name == REWARD]
    tasks = lived.shape[0]
    folds = dealt(tasks, seed)[lived.task]
    true, exchanged = [], []
    for number in numbers:
        values = make(np.random.default_rng([seed, number])).astype(np.float32).reshape(lived.shape)
        true.append(values.reshape(-1, 1))
        exchanged += [values[order].reshape(-1, 1) for order in orders(tasks, number, SHUFFLES)]
    alone = Labelings(np.concatenate(true, axis=1), 1, folds, lived.task)
    inputs, embedded = alone.errors(told), alone.errors(standardised(stream[0]))
    found = Labelings(np.concatenate(exchanged, axis=1), 1, folds, lived.task).errors(standardised(stream[1]))
    return [
        reading(
            1, found.part(slice(at * (1 + SHUFFLES), (at + 1) * (1 + SHUFFLES))),
            baseline_of(inputs.part(slice(at, at + 1)), embedded.part(slice(at, at + 1))),
        )
        for at in range(len(numbers))
    ]  # fmt: skip


def nothing_learnt(models: int, seed: int) -> str:
    """Models with start values, and with the bundled run's weights permuted: what is confirmed of them."""
    rows: list[list[object]] = []
    for name, maker in (("untrained", untrained), ("permuted", permuted)):
        counts: Counter[str] = Counter()
        for number in range(models):
            with tempfile.TemporaryDirectory() as directory:
                opened = prepare(maker(Path(directory), seed + number), Options(device="cpu", samples=40, seed=number))
            lived = rolled_out(opened)
            found = traced(opened, lived, probed(opened, lived))
            assert found.graph is not None
            counts["edges"] += len(found.graph.confirmed)
            counts["paths"] += len(found.graph.paths)
            for one in found.probes:
                counts[one.target] += any(each.verdict == "confirmed" for each in one.readings)
                counts[f"asked {one.target}"] += 1
        each = (f"{counts[target]} of {counts[f'asked {target}']}" for target in (REWARD, GOAL, STEP))
        rows.append([name, models, f"{counts['edges']} of {counts['paths']}", *each])
    header = ["weights", "models", "edges confirmed", *(f"models that hold {one}" for one in (REWARD, GOAL, STEP))]
    return table("Models that have learnt nothing, 40 histories each", header, rows)


def report(tests: int, seed: int, histories: int) -> tuple[str, list[Rate]]:
    """The table, and the rates that must not exceed LEVEL."""
    opened = prepare(RUN, Options(device="cpu", samples=histories, seed=seed))
    lived = rolled_out(opened)
    stream = residual_stream(opened.model, lived)[[0, LAYER]]
    rows, own = [], []
    placebos = {
        "drawn for each task": per_task, "drawn for each context": per_context, "switching once in a room": switching,
        "told by the query's cell": by_cell, "told by its coordinates": by_side, "told by the age": by_age,
    }  # fmt: skip
    for words, make in placebos.items():
        got = rates(lived, stream, partial(make, lived), tests, seed)
        rows.append([words, *got.values()])
        own.append(got["test"])
    for told in TOLD:
        got = rates(lived, stream, partial(planted, stream[1], stream[0], told), max(10, tests // 5), seed)
        rows.append([f"planted, {100 * told:g} % of the variance", *got.values()])
    header = ["label", "exchanged", "gain", "test", "rule"]
    title = f"Linear probes, {tests} tests each of placebos, {len(lived.contexts.states)} contexts, nominal 5 %"
    return table(title, header, rows), own
