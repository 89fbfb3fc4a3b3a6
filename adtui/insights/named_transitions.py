"""Which transitions an insight names in one context: those that a knock-out hides. Numpy only.

Indices count the transitions that the model sees one by one, from the oldest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..records.arrays import Doubles, Ints
from ..records.attention import Attention
from ..records.insight import Insight
from ..records.layout import Layout
from ..records.sample import Sample
from ..statistics.heads import HOLDING_TOLERANCE, clearly_attended, visible_part
from ..statistics.landmarks import candidates, received_lift
from ..statistics.repeats import followers, repeats, revisits
from .measures import SPARSE_REWARDS


@dataclass(frozen=True)
class Context:
    """One context as one head, or the mean of some heads, attends to it.

    Attributes:
        p: (n,) the query row over the transitions that the model sees, summing to 1.
        received: (n,) attention that each receives over what uniform attention would give it.
        sample: the part of the context that the model sees one by one.
    """

    p: Doubles
    received: Doubles
    sample: Sample

    @property
    def n(self) -> int:
        return len(self.p)


@dataclass(frozen=True)
class Heads:
    """One context as every head attends to it.

    Attributes:
        p: (L, H, n) the query rows over the transitions that the model sees, summing to 1.
        received: (L, H, n), as in `Context`.
        sample: as in `Context`.
    """

    p: Doubles
    received: Doubles
    sample: Sample

    def of(self, insight: Insight) -> Context:
        """The context as the insight's head attends to it; for a layer or the model the mean over its heads' rows."""
        layers = slice(None) if insight.layer is None else slice(insight.layer, insight.layer + 1)
        heads = slice(None) if insight.head is None else slice(insight.head, insight.head + 1)
        p, received = (part[layers, heads].mean(axis=(0, 1)) for part in (self.p, self.received))
        return Context(p, received, self.sample)


def every_head(sample: Sample, attention: Attention, layout: Layout, *, causal: bool) -> Heads:
    """The context as every head attends to it."""
    row = layout.by_transition(attention.query_row.astype(np.float64))[..., :-1]
    with np.errstate(invalid="ignore", divide="ignore"):
        p = row / row.sum(axis=-1, keepdims=True)
    return Heads(p, received_lift(attention, layout, causal=causal), visible_part(sample, layout))


def named(insight: Insight, found: Context) -> Ints | None:
    """The transitions that the insight names there, at most half of them; None where its kind names none.

    Half at most, because random draws of a larger set would share most of it.
    """
    if insight.kind not in NAMES:
        return None
    chosen = np.unique(NAMES[insight.kind](found))
    return chosen if len(chosen) <= found.n // 2 else np.zeros(0, np.int64)


def _quarter(found: Context) -> int:
    return max(1, found.n // 4)


def _newest(found: Context) -> Ints:
    return np.arange(found.n - _quarter(found), found.n, dtype=np.int64)


def _oldest(found: Context) -> Ints:
    return np.arange(_quarter(found), dtype=np.int64)


def _first(found: Context) -> Ints:
    return np.arange(min(1, found.n), dtype=np.int64)


def _heaviest(found: Context) -> Ints:
    """The fewest that hold 90 %."""
    order = np.argsort(-found.p, kind="stable")
    fewest = int((found.p[order].cumsum() < 0.9 - HOLDING_TOLERANCE).sum()) + 1
    return order[:fewest].astype(np.int64)


def _landmarks(found: Context) -> Ints:
    """Those beyond the rule's line; the largest, where the mean over heads has none."""
    among = candidates(found.n)
    if not len(among):
        return among
    beyond = among[found.received[among] > np.sqrt(found.n)]
    return beyond if len(beyond) else among[[int(found.received[among].argmax())]]


def _clusters(found: Context) -> Ints:
    return np.flatnonzero(clearly_attended(found.p)).astype(np.int64)


def _rewarded(found: Context) -> Ints:
    return _if_sparse(np.flatnonzero(found.sample.rewarded), found.n)


def _revisited(found: Context) -> Ints:
    return _if_sparse(np.flatnonzero(revisits(found.sample)), found.n)


def _followers(found: Context) -> Ints:
    return _if_sparse(np.flatnonzero(followers(found.sample)), found.n)


def _repeats(found: Context) -> Ints:
    return _if_sparse(np.flatnonzero(repeats(found.sample)), found.n)


def _if_sparse(chosen: Ints, n: int) -> Ints:
    """None of them where they are too many for the insight to be about this context."""
    return chosen.astype(np.int64) if len(chosen) < SPARSE_REWARDS * n else np.zeros(0, np.int64)


NAMES: dict[str, Callable[[Context], Ints]] = {
    "recency": _newest,
    "primacy": _oldest,
    "sparse": _heaviest,
    "sink": _first,
    "landmark": _landmarks,
    "clustered": _clusters,
    "reward-seeking": _rewarded,
    "state-revisit": _revisited,
    "induction": _followers,
    "n-gram": _repeats,
}
