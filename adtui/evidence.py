"""Statistics of all samples → effect and interval of every head, every layer and the model. Numpy only."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .intervals import Estimate, estimate
from .records import Doubles, HeadStats, Sample, SampleStats

MIN_HISTORIES = 3  # an interval from two histories is the line between two points

Scope = tuple[int | None, int | None]  # (layer, head); (None, None) is the model, (layer, None) a layer
Measure = Callable[[HeadStats, int], Doubles]


class Evidence:
    """What is known after some samples.

    Args:
        stats: one per sample, all of one model.
        samples: the same samples in the same order.

    Attributes:
        n_histories: number of independent histories among the samples.
        n_keys: number of context keys n, the median where samples differ.
        scopes: (layer, head) of the model, then of every layer, then of every head.
    """

    def __init__(self, stats: Sequence[SampleStats], samples: Sequence[Sample]) -> None:
        self.stats = tuple(stats)
        self.samples = tuple(samples)
        self.n_histories = len({sample.history for sample in samples})
        self.n_keys = int(np.median([sample.n_context for sample in samples])) if samples else 0
        n_layer, n_head = self.stats[0].plain.entropy.shape if self.stats else (0, 0)
        self.scopes: tuple[Scope, ...] = (
            (None, None),
            *((layer, None) for layer in range(n_layer)),
            *((layer, head) for layer in range(n_layer) for head in range(n_head)),
        )
        self._known: dict[tuple[Measure, bool, int, bool], Estimate] = {}

    def effects(self, measure: Measure, *, is_log: bool, min_keys: int, weighted: bool = False) -> Estimate:
        """Effect of every scope, in the order of `scopes`.

        A layer is the mean over its heads' own effects, the model the mean over all heads: per head first, so that no
        head hides in the average of rows. (The users' script averages rows first; its numbers are the `seed` set.)

        Args:
            measure: statistics of one sample and its n → (L, H) effect.
            is_log: it measures the effect's logarithm, which is averaged, and the exponential of that is returned.
            min_keys: samples with fewer context keys are left out.
            weighted: use the value-weighted row.
        """
        key = (measure, is_log, min_keys, weighted)
        if key not in self._known:
            found = self._effects(measure, min_keys, weighted)
            self._known[key] = (
                Estimate(np.exp(found.mean), np.exp(found.low), np.exp(found.high), found.n) if is_log else found
            )
        return self._known[key]

    def _effects(self, measure: Measure, min_keys: int, weighted: bool) -> Estimate:
        rows = []
        for one, sample in zip(self.stats, self.samples, strict=True):
            values = measure(one.weighted if weighted else one.plain, sample.n_context)
            if sample.n_context < min_keys:
                values = np.full_like(values, np.nan)
            rows.append(np.concatenate([[_mean(values)], [_mean(layer) for layer in values], values.ravel()]))
        return estimate(np.stack(rows), [sample.history for sample in self.samples])

    @property
    def count(self) -> str:
        """The number of histories in words."""
        return {1: "one history", 2: "two histories"}.get(self.n_histories, f"{self.n_histories} histories")


def subject(scope: Scope) -> str:
    """A scope as the subject of a sentence, counted from 0 like the figures' file names."""
    layer, head = scope
    if layer is None:
        return "The model (mean over all heads)"
    return f"Layer {layer} (mean over heads)" if head is None else f"Layer {layer} head {head}"


def _mean(values: Doubles) -> float:
    """Mean over the heads that define the value, NaN where none does."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")
