"""Statistics of several samples averaged, with intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..records.arrays import Doubles
from ..records.interval import Estimate
from ..records.sample import Sample
from ..records.statistics import HeadStats
from .intervals import LOG_LIMIT, estimate

# Not here: max_position, whose average means nothing, and episode_lift, whose episodes differ between samples.
AVERAGED = (
    "self_mass", "other_mass", "entropy", "entropy_norm", "effective", "mean", "std", "max", "recent_distant",
    "log_recent_distant", "mean_lag", "sink_mass", "holding", "rewarded_mass", "rewarded_lift", "revisit_mass",
    "revisit_lift", "landmark_lift", "runs", "distinct", "induction_lift", "ngram_lift",
)  # fmt: skip


def aggregate(stats: Sequence[HeadStats], samples: Sequence[Sample]) -> dict[str, Estimate]:
    """Every averaged statistic over samples: name → Estimate of shape (L, H); `holding` (L, H, 4).

    `recent_distant` is a geometric mean: its logarithm is averaged, limited to ± ln 10⁶ so that one sample with an
    empty quarter cannot make the mean infinite. Lifts are averaged over the samples that have such tokens.

    Args:
        stats: one per sample, all of one model.
        samples: the same samples in the same order.
    """
    if not stats:
        return {}
    histories = [sample.history for sample in samples]
    stacked = {name: _stack(stats, name) for name in AVERAGED}
    columns = np.concatenate([values.reshape(len(stats), -1) for values in stacked.values()], axis=1)
    joint = estimate(columns, histories)
    out: dict[str, Estimate] = {}
    start = 0
    for name, values in stacked.items():
        shape, stop = values.shape[1:], start + int(np.prod(values.shape[1:]))
        parts = (part[start:stop].reshape(shape) for part in (joint.mean, joint.low, joint.high))
        mean, low, high = (np.exp(part) for part in parts) if name == "recent_distant" else parts
        out[name] = Estimate(mean, low, high, joint.n[start:stop].reshape(shape))
        start = stop
    return out


def _stack(stats: Sequence[HeadStats], name: str) -> Doubles:
    """(S, L, H, …) float64; undefined `holding` (0) becomes NaN and the ratio its limited logarithm."""
    values = np.stack([np.asarray(getattr(one, name), np.float64) for one in stats])
    if name == "holding":
        return np.where(values == 0, np.nan, values)
    if name == "recent_distant":
        return _stack(stats, "log_recent_distant")
    return np.clip(values, -LOG_LIMIT, LOG_LIMIT) if name == "log_recent_distant" else values
