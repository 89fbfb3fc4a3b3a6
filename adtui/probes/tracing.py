"""Which paths carry rewards to the action: effects over tasks, and a test of all of them together.

The test of a path asks whether the change of the logit difference is as often up as down: given its sizes, each task's
sign is then a coin, and all assignments of signs are equally likely (Fisher, *The Design of Experiments*, 1935).
Contexts of one task are averaged first. A path that moves the logits now this way, now that is not found.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from ..models.model import Model
from ..records.arrays import Doubles, Floats, Ints
from ..records.interval import Interval
from ..records.probe import Path, PathGraph, Route
from ..statistics.divergence import divergence
from ..statistics.intervals import average_within, ratio
from ..statistics.randomisation import randomisation_test
from ..statistics.significance import benjamini_hochberg
from ..worlds.draws import Use, generator
from .lived import Lived
from .patching import Patched, patch
from .thresholds import PROBES

CONTEXTS = int(PROBES["path contexts"].value)
LEAST = int(PROBES["path tasks"].value)


def trace(model: Model, lived: Lived) -> Iterator[tuple[int, int] | PathGraph]:
    """Patch every path in contexts that hold a reward; yields (contexts done, in all), and last the graph.

    Raises:
        ModelError: the model cannot be taken apart.
    """
    rows = chosen(lived)
    tasks = lived.task[rows]
    if (count := len(np.unique(tasks))) < LEAST:
        nothing = f"contexts of {count} tasks hold a reward that the model sees, {LEAST} are needed"
        yield PathGraph(len(rows), count, float("nan"), float("nan"), (), nothing)
        return
    for step in patch(model, lived.contexts.part(rows)):
        if isinstance(step, Patched):
            yield graph_of(step, tasks)
        else:
            yield step


def chosen(lived: Lived) -> Ints:
    """(C,) contexts that hold a reward, at most CONTEXTS, the tasks in turn, each task's in a random order."""
    held = np.flatnonzero(np.take_along_axis(lived.found, lived.moments, axis=2).reshape(-1))
    held = generator(lived.plan.seed, Use.PROBE_PATHS).permutation(held)
    turns: dict[int, int] = {}
    order = []
    for row in held.tolist():
        task = int(lived.task[row])
        turns[task] = turns.get(task, 0) + 1
        order.append((turns[task], task, row))
    return np.array(sorted(row for _, _, row in sorted(order)[:CONTEXTS]), dtype=np.int64)


def graph_of(found: Patched, tasks: Ints) -> PathGraph:
    """The graph of patched logits; `tasks` (B,) are of the contexts."""
    total = _by_task(_falls(found.clean, found.corrupted), tasks)
    paths = []
    for route, logits in found.paths.items():
        change = _by_task(_falls(found.clean, logits), tasks)
        kl = _by_task(divergence(found.clean, logits), tasks)
        paths.append(Path(route, float(kl.mean()), float(change.mean()), _share(change, total), signs(change)))
    paths.sort(key=_place)
    kl = _by_task(divergence(found.clean, found.corrupted), tasks)
    return PathGraph(len(tasks), len(total), float(kl.mean()), float(total.mean()), tuple(decided(paths)))


def _place(one: Path) -> tuple[bool, Route]:
    return one.route.later is not None, one.route


def _share(change: Doubles, total: Doubles) -> Interval:
    return ratio(change, total)


def _by_task(values: Doubles, tasks: Ints) -> Doubles:
    """(B,) → (G,) mean over the contexts of each task."""
    return average_within(values[:, None], tasks)[:, 0]


def _falls(clean: Floats, other: Floats) -> Doubles:
    """(B,) by how much the logit of the clean run's likeliest action falls against the mean of all others."""
    best = clean.argmax(axis=1)
    rows, A = np.arange(len(clean)), clean.shape[1]

    def difference(logits: Floats) -> Doubles:
        wide = logits.astype(np.float64)
        found: Doubles = wide[rows, best] - (wide.sum(axis=1) - wide[rows, best]) / max(1, A - 1)
        return found

    return difference(clean) - difference(other)


def signs(change: Doubles) -> float:
    """p-value of "each task's change (G,) is as likely up as down", both sides."""
    both = np.stack([change, -change], axis=1)
    return float(randomisation_test(both, np.ones(len(change))).either[0])


def decided(paths: Sequence[Path]) -> list[Path]:
    """All paths with their verdicts, decided together."""
    beyond = benjamini_hochberg([one.p for one in paths], PROBES["false discoveries"].value)
    return [replace(one, verdict=_verdict(one, hit)) for one, hit in zip(paths, beyond, strict=True)]


def _verdict(one: Path, beyond: bool) -> str:
    if not beyond:
        return "no evidence: not beyond chance"
    if one.kl < PROBES["path KL"].value:
        return f"no evidence: a KL below {PROBES['path KL'].value:g} nats"
    if not abs(one.share.mean) >= PROBES["path share"].value:  # NaN too
        return f"no evidence: a share below {PROBES['path share'].value:.0%}"
    return "confirmed"
