"""Where an insight can be looked at: the sample that shows it most clearly, and a transition that it names there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..records.insight import Insight
from ..records.layout import Layout
from ..records.sample import Sample, phase_of
from ..records.statistics import SampleStats
from ..statistics.heads import visible_part
from .kind import Kind
from .kinds import INSIGHT_KINDS
from .named_transitions import NAMES, Context

BY_ATTENTION = {"sparse", "clustered"}
"""Kinds whose transitions are those of most attention: the maximum is among them."""
BY_ALL_ROWS = {"landmark"}
"""Kinds whose transitions cannot be told from the statistics of the query's row."""


def clearest_sample(insight: Insight, stats: Mapping[int, SampleStats], samples: Sequence[Sample]) -> int | None:
    """The sample whose effect is furthest on the rule's side of the threshold.

    Args:
        insight: what is looked for; of a phase, only that phase's samples count.
        stats: of the samples that have been analysed, by their index.
        samples: all of them.

    Returns:
        None where the kind is not measured in single samples, or no sample defines it.
    """
    kind = next((one for one in INSIGHT_KINDS if one.name == insight.kind), None)
    if kind is None or kind.across is not None:
        return None
    effects = {
        index: clearness
        for index, found in stats.items()
        if index < len(samples)
        and insight.phase in ("", phase_of(samples[index]))
        and np.isfinite(clearness := _clearness(kind, insight, found, samples[index].n_context))
    }
    return max(effects, key=lambda index: effects[index]) if effects else None


def _clearness(kind: Kind, insight: Insight, stats: SampleStats, n: int) -> float:
    """The larger, the more clearly the rule holds; NaN where the sample does not define it."""
    effect = np.asarray(kind.measure(stats.plain, n), np.float64)
    if effect.ndim:
        layers = slice(None) if insight.layer is None else slice(insight.layer, insight.layer + 1)
        heads = slice(None) if insight.head is None else slice(insight.head, insight.head + 1)
        effect = effect[layers, heads]
    finite = effect[np.isfinite(effect)]
    if not finite.size:
        return float("nan")
    mean = float(finite.mean())
    if kind.rule.either:
        return abs(mean)  # a logarithm
    if kind.rule.floor:
        return -abs(mean - (0.0 if kind.is_log else 1.0))  # the further inside, the better
    return mean if kind.rule.above else -mean


def newest_named(insight: Insight, stats: SampleStats | None, sample: Sample, layout: Layout) -> int | None:
    """The newest transition of a context that an insight names; of kinds by attention, the one of most attention.

    Returns its index in the context, from the oldest; None where the kind names none there, or where which ones it
    names is not known from the statistics.
    """
    if insight.kind not in NAMES or insight.kind in BY_ALL_ROWS or not len(layout.visible):
        return None
    if insight.kind in BY_ATTENTION:
        if stats is None or insight.layer is None or insight.head is None:
            return None
        at = int(stats.plain.max_position[insight.layer, insight.head])
        return int(layout.visible[at]) if at < len(layout.visible) else None
    alike = np.full(len(layout.visible), 1 / len(layout.visible))
    chosen = NAMES[insight.kind](Context(alike, np.ones(len(alike)), visible_part(sample, layout)))
    return int(layout.visible[int(chosen.max())]) if len(chosen) else None
