"""How well a linear probe tells a target from each layer, and whether that is beyond chance and beyond the inputs.

A probe is a ridge regression, fitted and tuned on four fifths of the tasks and scored on the others (Alain & Bengio,
arXiv 1610.01644; controls by labels that the model cannot know: Hewitt & Liang, arXiv 1909.03368). A label of two
values is −1 and 1. Confirmed is "the layer tells it, beyond what the query's own inputs tell", which needs both of
these to be false:

- "nothing is told": labels exchanged between tasks (`targets`) score as high;
- "no more is told than by the query's cell, the age of the context and the query's embedding": the errors on tasks are
  no smaller than those of the better of two baselines, which are probes too, or of the other tasks' mean label.

So the p-value of the claim is the larger of the two (an intersection-union test: Berger, Technometrics 24, 1982).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..records.arrays import Doubles, Floats, Ints
from ..records.interval import Interval
from ..records.probe import Probed, Reading
from ..statistics.intervals import average_within, ratio
from ..statistics.ridge import levels, out_of_fold, rotated, standardised
from ..statistics.significance import benjamini_hochberg, p_greater
from ..worlds.draws import Use, generator
from .targets import Target
from .thresholds import PROBES

GAIN = PROBES["gain"].value
SHUFFLES = int(PROBES["shuffles"].value)
FOLDS = int(PROBES["folds"].value)
Advance = Callable[[], None]


@dataclass(frozen=True, eq=False)
class Errors:
    """Squared errors of predictions, by task.

    Attributes:
        left: (T, P) mean squared error over a task's contexts, for each of P labelings.
        spread: (T, P) the same of the other folds' mean label.
    """

    left: Doubles
    spread: Doubles

    @property
    def score(self) -> Doubles:
        """(P,) share of the variance that is told, every task counting alike."""
        total = self.spread.sum(axis=0)
        told: Doubles = 1 - self.left.sum(axis=0) / np.where(total > 0, total, np.nan)
        return told

    def part(self, chosen: slice) -> Errors:
        """Of some labelings."""
        return Errors(self.left[:, chosen], self.spread[:, chosen])


@dataclass(frozen=True, eq=False)
class Labelings:
    """Labels of contexts, the true ones first, then exchanged ones, and what does not hang on any input.

    Attributes:
        values: (N, P · D).
        width: D, the columns of one labeling.
        folds, tasks: (N,) of the contexts.
    """

    values: Floats
    width: int
    folds: Ints
    tasks: Ints

    def errors(self, inputs: Doubles, *, true: bool = False) -> Errors:
        """Of probes on inputs (N, d), of all labelings or the true one."""
        values = self.values[:, : self.width] if true else self.values
        left = values - out_of_fold(rotated(inputs), values, self.folds)
        spread = values - levels(values, self.folds)
        return Errors(self._by_task(left), self._by_task(spread))

    def _by_task(self, errors: Floats) -> Doubles:
        squares = errors.astype(np.float64).reshape(len(errors), -1, self.width) ** 2
        return average_within(squares.sum(axis=2), self.tasks)


def labelings(target: Target, task: Ints, folds: Ints, orders: Sequence[Ints]) -> Labelings:
    """The target's labels under orders of the tasks; `task` and `folds` are of its rows."""
    each = [target.labels(order) for order in orders]
    return Labelings(np.concatenate(each, axis=1), each[0].shape[1], folds, task)


def orders(tasks: int, seed: int, shuffles: int = SHUFFLES) -> list[Ints]:
    """The true order of the tasks, then exchanges."""
    rng = generator(seed, Use.PROBE_SHUFFLES)
    return [np.arange(tasks, dtype=np.int64), *(rng.permutation(tasks) for _ in range(shuffles))]


def dealt(tasks: int, seed: int) -> Ints:
    """(G,) the fold of each of the tasks that have the label, equally many in each."""
    folds: Ints = generator(seed, Use.PROBE_FOLDS).permutation(np.arange(tasks, dtype=np.int64) % FOLDS)
    return folds


def probe(target: Target, stream: Floats, task: Ints, seed: int, advance: Advance, shuffles: int = SHUFFLES) -> Probed:
    """Read one target off every layer; verdicts come with `decided`.

    Args:
        stream: (L + 1, B, d) residual stream of all contexts.
        task: (B,) their tasks.
        advance: called after each layer.
    """
    rows, tasks = target.rows, int(task.max()) + 1
    present, members = np.unique(task[rows], return_inverse=True)
    folds = dealt(len(present), seed)[members.reshape(-1)]
    labels = labelings(target, task[rows], folds, orders(tasks, seed, shuffles))
    inputs = labels.errors(target.told, true=True)
    found: list[Errors] = []
    for layer in stream:
        found.append(labels.errors(standardised(layer[rows])))
        advance()
    baseline = baseline_of(inputs, found[0].part(slice(1)))
    readings = tuple(reading(number, one, baseline) for number, one in enumerate(found))
    return Probed(target.name, target.words, len(rows), len(present), float(inputs.score[0]), readings)


def baseline_of(*inputs: Errors) -> Errors:
    """The best of some baselines for the true labels, or to predict the other folds' mean where all are worse."""
    nothing = Errors(inputs[0].spread, inputs[0].spread)
    return max((nothing, *inputs), key=lambda one: float(one.score[0]))


def reading(layer: int, found: Errors, baseline: Errors) -> Reading:
    """Of all labelings from a layer, the true one first, beside the true one from a baseline."""
    scores = found.score
    less = baseline.left[:, 0] - found.left[:, 0]
    return Reading(
        layer=layer,
        score=float(scores[0]),
        shuffled=float(scores[1:].mean()),
        gain=ratio(less, found.spread[:, 0]) if layer else Interval(0.0, 0.0, 0.0),
        p_shuffled=float((scores >= scores[0]).mean()),  # the true labeling is one of them
        p_gain=p_greater(less, 0.0) if layer else 1.0,
        verdict="",
    )


def decided(probed: Sequence[Probed]) -> tuple[Probed, ...]:
    """All probes of a run with their verdicts, decided together."""
    tests = [one for each in probed for one in each.readings[1:]]
    beyond = iter(benjamini_hochberg([one.p for one in tests], PROBES["false discoveries"].value))
    return tuple(
        replace(each, readings=(each.readings[0], *(_verdict(one, next(beyond)) for one in each.readings[1:])))
        for each in probed
    )


def _verdict(one: Reading, beyond: bool) -> Reading:
    if beyond and one.gain.mean >= GAIN:
        return replace(one, verdict="confirmed")
    if beyond:
        return replace(one, verdict=f"no evidence: a gain below {GAIN:g}")
    chance = one.p_shuffled >= one.p_gain
    return replace(one, verdict=f"no evidence: {'not beyond chance' if chance else 'no more than the inputs tell'}")
