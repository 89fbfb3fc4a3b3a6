"""Statistics of all samples → effect and interval of every head, every layer and the model. Numpy only."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..records.arrays import Doubles
from ..records.interval import Estimate
from ..records.sample import WHILE, Sample, phase_of
from ..records.statistics import HeadStats, SampleStats
from ..statistics.intervals import average_within, difference, over_histories

MIN_HISTORIES = 3  # an interval from two histories is the line between two points

Scope = tuple[int | None, int | None]  # (layer, head); (None, None) is the model, (layer, None) a layer
Measure = Callable[[HeadStats, int], Doubles]
"""Statistics of one sample and its n → (L, H), or a single number that is about the model only."""


class Evidence:
    """What is known after some samples.

    Args:
        stats: one per sample, all of one model.
        samples: the same samples in the same order.
        phase: what the samples have in common; "" is nothing.

    Attributes:
        n_histories: number of independent histories among the samples.
        n_keys: number of context keys n, the median where samples differ.
        scopes: (layer, head) of the model, then of every layer, then of every head.
    """

    def __init__(self, stats: Sequence[SampleStats], samples: Sequence[Sample], phase: str = "") -> None:
        self.stats = tuple(stats)
        self.samples = tuple(samples)
        self.phase = phase
        self.n_histories = len({sample.history for sample in samples})
        self.n_keys = int(np.median([sample.n_context for sample in samples])) if samples else 0
        n_layer, n_head = self.stats[0].plain.entropy.shape if self.stats else (0, 0)
        self.scopes: tuple[Scope, ...] = (
            (None, None),
            *((layer, None) for layer in range(n_layer)),
            *((layer, head) for layer in range(n_layer) for head in range(n_head)),
        )
        self._known: dict[tuple[Measure, int, bool], Doubles] = {}
        self._estimates: dict[tuple[Measure, int, bool], Estimate] = {}
        self._parts: dict[str, Evidence] = {}

    def part(self, phase: str) -> Evidence:
        """The evidence of the samples in one phase."""
        if phase not in self._parts:
            chosen = [i for i, sample in enumerate(self.samples) if phase_of(sample) == phase]
            part = Evidence([self.stats[i] for i in chosen], [self.samples[i] for i in chosen], phase)
            part.scopes = self.scopes
            self._parts[phase] = part
        return self._parts[phase]

    def effects(self, measure: Measure, *, min_keys: int, weighted: bool = False) -> Estimate:
        """What `measure` gives for every scope, in the order of `scopes`: mean and interval over histories."""
        key = (measure, min_keys, weighted)
        if key not in self._estimates:
            self._estimates[key] = over_histories(self.per_history(measure, min_keys=min_keys, weighted=weighted))
        return self._estimates[key]

    def change(self, measure: Measure, across: tuple[str, str], *, min_keys: int, weighted: bool = False) -> Estimate:
        """The same, of the second phase less that of the first."""
        return difference(
            *(self.part(one).per_history(measure, min_keys=min_keys, weighted=weighted) for one in across)
        )

    def per_history(self, measure: Measure, *, min_keys: int, weighted: bool = False) -> Doubles:
        """(G, scopes) what `measure` gives, averaged within each history; NaN where it is not defined.

        A layer is the mean over its heads' own effects, the model the mean over all heads: per head first, so that no
        head hides in the average of rows. (The users' script averages rows first; its numbers are the `seed` set.)

        Args:
            min_keys: samples with fewer context keys are left out.
            weighted: use the value-weighted row.
        """
        key = (measure, min_keys, weighted)
        if key not in self._known:
            rows = [
                self._row(one, s, measure, min_keys, weighted) for one, s in zip(self.stats, self.samples, strict=True)
            ]
            table = np.stack(rows) if rows else np.zeros((0, len(self.scopes)))
            self._known[key] = average_within(table, np.array([sample.history for sample in self.samples]))
        return self._known[key]

    def _row(self, stats: SampleStats, sample: Sample, measure: Measure, min_keys: int, weighted: bool) -> Doubles:
        values = np.asarray(measure(stats.weighted if weighted else stats.plain, sample.n_context))
        row = np.full(len(self.scopes), np.nan)
        if sample.n_context < min_keys:
            return row
        if values.ndim == 0:  # of the context as a whole: not where latents carry some of it
            row[0] = np.nan if sample.older else values
            return row
        return np.concatenate([[_mean(values)], [_mean(layer) for layer in values], values.ravel()])

    @property
    def count(self) -> str:
        """The number of histories in words."""
        return {1: "one history", 2: "two histories"}.get(self.n_histories, f"{self.n_histories} histories")

    def subject(self, scope: Scope) -> str:
        """A scope as the subject of a sentence, counted from 0 like the figures' file names."""
        layer, head = scope
        if layer is None:
            words = "The model (mean over all heads)"
        else:
            words = f"Layer {layer} (mean over heads)" if head is None else f"Layer {layer} head {head}"
        return f"{WHILE[self.phase]}: {words[0].lower()}{words[1:]}" if self.phase else words


def _mean(values: Doubles) -> float:
    """Mean over the heads that define the value, NaN where none does."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")
