"""Which paths carry rewards to the action: effects over tasks, and a test of all of them together.

The size of a path is how far it moves the logits the way they go where all rewards are off: the inner product of the
two changes, of logits less their mean, over that of the second with itself. So it is 1 for everything, 0 for nothing,
and needs no right action. The test asks whether a path goes that way as often as the other: given the sizes, each
task's sign is then a coin, and all assignments of signs are equally likely (Fisher, *The Design of Experiments*, 1935).
Contexts of one task are averaged first. In models that have learnt nothing a change of rewards may move the logits the
same way everywhere, too; it is the minimum of KL that leaves such edges out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from ..models.model import Model
from ..records.arrays import Doubles, Floats, Ints
from ..records.probe import Path, PathGraph, Route
from ..statistics.divergence import divergence
from ..statistics.intervals import average_within, ratio
from ..statistics.randomisation import randomisation_test
from ..statistics.significance import benjamini_hochberg
from ..statistics.turns import in_turn
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
    rows = chosen(lived, model.network.layout(lived.plan.n_context).visible)
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


def chosen(lived: Lived, visible: Ints) -> Ints:
    """(C,) contexts with a reward among these transitions, at most CONTEXTS, the tasks in turn.

    Each task's contexts come in a random order.
    """
    held = np.flatnonzero((lived.contexts.rewards[:, visible] > 0).any(axis=1))
    held = generator(lived.plan.seed, Use.PROBE_PATHS).permutation(held)
    rows = ((int(lived.task[row]), (int(lived.task[row]), row)) for row in held.tolist())
    return np.array(sorted(row for _, row in in_turn(rows, CONTEXTS)), dtype=np.int64)


def graph_of(found: Patched, tasks: Ints) -> PathGraph:
    """The graph of patched logits; `tasks` (B,) are of the contexts."""
    whole = _change(found.clean, found.corrupted)
    total = _by_task((whole * whole).sum(axis=1), tasks)
    paths = []
    for route, logits in found.paths.items():
        along = _by_task((_change(found.clean, logits) * whole).sum(axis=1), tasks)
        kl = _by_task(divergence(found.clean, logits), tasks)
        paths.append(Path(route, float(kl.mean()), ratio(along, total), signs(along)))
    paths.sort(key=_place)
    kl = _by_task(divergence(found.clean, found.corrupted), tasks)
    changed = _by_task((found.clean.argmax(axis=1) != found.corrupted.argmax(axis=1)).astype(np.float64), tasks)
    return PathGraph(len(tasks), len(total), float(kl.mean()), float(changed.mean()), tuple(decided(paths)))


def _place(one: Path) -> tuple[bool, Route]:
    return one.route.later is not None, one.route


def _by_task(values: Doubles, tasks: Ints) -> Doubles:
    """(B,) → (G,) mean over the contexts of each task."""
    return average_within(values[:, None], tasks)[:, 0]


def _change(clean: Floats, other: Floats) -> Doubles:
    """(B, A) of the logits less their mean over the actions, which no probability hangs on."""
    moved = other.astype(np.float64) - clean
    found: Doubles = moved - moved.mean(axis=1, keepdims=True)
    return found


def signs(along: Doubles) -> float:
    """p-value of "each task's number (G,) is as likely above 0 as below", both sides."""
    both = np.stack([along, -along], axis=1)
    return float(randomisation_test(both, np.ones(len(along))).either[0])


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
