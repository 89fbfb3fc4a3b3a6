"""What each kind of insight measures, per head of one sample. Numpy only.

Every function takes a sample's HeadStats and its n and gives (L, H), or one number about the model; NaN where the
sample does not define it. Functions that begin with `log_` give the logarithm of the effect.
"""

from __future__ import annotations

import numpy as np

from ..records.arrays import Doubles
from ..records.statistics import HOLDING, HeadStats
from ..statistics.intervals import LOG_LIMIT

SPARSE_REWARDS = 0.25
"""Lift means nothing where a quarter of the transitions or more are of the kind."""


def log_recent_distant(stats: HeadStats, _n: int) -> Doubles:
    """ln(mean attention of the last quarter / of the first quarter), limited so that an empty quarter stays finite."""
    return np.clip(stats.log_recent_distant, -LOG_LIMIT, LOG_LIMIT)


def effective_share(stats: HeadStats, n: int) -> Doubles:
    """e^H / n: 1 for a uniform row, 1/n for a one-hot row."""
    return stats.effective / n if n else np.full_like(stats.effective, np.nan)


def log_effective(stats: HeadStats, _n: int) -> Doubles:
    """H, the logarithm of the number of effective positions."""
    return stats.entropy


def share_holding_90(stats: HeadStats, n: int) -> Doubles:
    """Fewest tokens that hold 90 % of the mass, over n."""
    counts = stats.holding[..., HOLDING.index(0.9)].astype(np.float64)
    return np.where(counts == 0, np.nan, counts) / max(n, 1)


def log_sink(stats: HeadStats, n: int) -> Doubles:
    """Mass on the first token over its uniform share 1/n."""
    return _log_lift(stats.sink_mass * n, n)


def log_landmark(stats: HeadStats, n: int) -> Doubles:
    """What the landmark receives over what uniform attention would give it."""
    return _log_lift(stats.landmark_lift, n)


def runs(stats: HeadStats, _n: int) -> Doubles:
    """Runs of clearly attended transitions over the number expected at random."""
    return stats.runs


def log_reward_lift(stats: HeadStats, n: int) -> Doubles:
    """Lift of rewarded transitions, where they are sparse."""
    return _sparse(_log_lift(stats.rewarded_lift, n), stats.n_rewarded, n)


def log_revisit_lift(stats: HeadStats, n: int) -> Doubles:
    """Lift of transitions from the query's state, where they are sparse."""
    return _sparse(_log_lift(stats.revisit_lift, n), stats.n_revisit, n)


def log_induction_lift(stats: HeadStats, n: int) -> Doubles:
    """Lift of what followed the query's state before, where such transitions are sparse."""
    return _sparse(_log_lift(stats.induction_lift, n), stats.n_induction, n)


def log_ngram_lift(stats: HeadStats, n: int) -> Doubles:
    """Lift of transitions from the query's state that were come to as the query was, where they are sparse."""
    return _sparse(_log_lift(stats.ngram_lift, n), stats.n_ngram, n)


def specialisation(stats: HeadStats, n: int) -> Doubles:
    """Each head's divergence from its layer's mean row, over the largest possible mean, ln min(H, n)."""
    heads = min(stats.distinct.shape[1], n)
    return stats.distinct / np.log(heads) if heads > 1 else np.full_like(stats.distinct, np.nan)


def log_depth_change(stats: HeadStats, _n: int) -> Doubles:
    """Change of H from the first layer to the last along a straight line through the layers' means; one number."""
    with np.errstate(invalid="ignore"):
        layers = stats.entropy.mean(axis=1)
    if len(layers) < 2 or not np.isfinite(layers).all():
        return np.array(np.nan)
    depth = np.linspace(-0.5, 0.5, len(layers))
    return np.asarray(depth @ layers / (depth @ depth))


def episodes(stats: HeadStats, _n: int) -> Doubles:
    """How many episodes the context touches; one number. NaN where episodes are no attempts, as in bandits."""
    return np.array(float(stats.episode_lift.shape[2]) or np.nan)


def _log_lift(lift: Doubles, n: int) -> Doubles:
    """ln of a lift, whose largest value is n; below 1/n it counts as that."""
    limit = float(max(n, 1))
    return np.asarray(np.log(np.clip(lift, 1 / limit, limit)))


def _sparse(values: Doubles, count: int, n: int) -> Doubles:
    return values if 0 < count < SPARSE_REWARDS * n else np.full_like(values, np.nan)
