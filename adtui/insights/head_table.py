"""One row of numbers for every head: what the table of heads and `adtui analyze` show, from one place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..records.insight import Insight
from ..records.place import head_name
from ..records.sample import Sample
from ..records.statistics import SampleStats
from ..statistics.averages import aggregate

TELLING = ("confirmed", "refuted", "observed")
"""Statuses that say something, from the strongest."""

MEANS = {
    "entropy": "entropy_norm",
    "keys": "effective",
    "recency": "recent_distant",
    "reward": "rewarded_lift",
    "self_mass": "self_mass",
    "state": "revisit_lift",
}
"""Field of HeadRow → the statistic whose mean over samples it is."""


@dataclass(frozen=True)
class HeadRow:
    """One head over all samples that have been analysed; NaN where undefined or not tested.

    Attributes:
        layer, head: from 0.
        entropy: H/ln n of the query's row, in [0, 1].
        keys: effective number of keys, e^H.
        recency: newest over oldest quarter of the context, geometric mean.
        reward: p on rewarded transitions over their uniform share.
        self_mass: attention of the query on itself.
        state: p on transitions from the query's state over their uniform share.
        knock_out_kl: mean KL(p_full ‖ p_without) of the actions in nats, the largest among what was hidden from it.
        kinds: (kind, status) of what is said of it, the strongest status first; no evidence is not said.
    """

    layer: int
    head: int
    entropy: float
    keys: float
    recency: float
    reward: float
    self_mass: float
    state: float
    knock_out_kl: float
    kinds: tuple[tuple[str, str], ...]

    @property
    def where(self) -> str:
        """ "L2H3"."""
        return head_name(self.layer, self.head)


def head_rows(
    stats: Sequence[SampleStats], samples: Sequence[Sample], insights: Sequence[Insight]
) -> tuple[HeadRow, ...]:
    """Every head, layer by layer; () without statistics.

    Args:
        stats: one per sample, all of one model.
        samples: the same samples in the same order.
        insights: what is known by now, in any order.
    """
    averages = aggregate([one.plain for one in stats], samples)
    if not averages:
        return ()

    def row(layer: int, head: int) -> HeadRow:
        means = {field: float(averages[name].mean[layer, head]) for field, name in MEANS.items()}
        moved, kinds = _said(layer, head, insights)
        return HeadRow(layer, head, **means, knock_out_kl=moved, kinds=kinds)

    layers, heads = averages["entropy"].mean.shape
    return tuple(row(layer, head) for layer in range(layers) for head in range(heads))


def _said(layer: int, head: int, insights: Sequence[Insight]) -> tuple[float, tuple[tuple[str, str], ...]]:
    mine = [one for one in insights if (one.layer, one.head) == (layer, head)]
    moved = [one.knock_out_kl for one in mine if np.isfinite(one.knock_out_kl)]
    kinds: dict[str, str] = {}
    for status in TELLING:
        for one in mine:
            if one.status == status:
                kinds.setdefault(one.kind, status)
    return max(moved, default=float("nan")), tuple(kinds.items())
