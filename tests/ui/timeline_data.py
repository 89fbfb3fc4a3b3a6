"""A training run over its checkpoints, made by hand: heads that come to attend to what is new or rewarded."""

from __future__ import annotations

import numpy as np
from fake_engine import HEADS, LAYERS

from adtui.records.interval import Interval
from adtui.records.timeline import ENTROPY, RECENCY, REWARD, Effects, Emergence, Point, Returns, Timeline

STEPS = tuple(range(50, 1001, 50))


def timeline() -> Timeline:
    """L0H1 looks back from step 300 on, L1H2 at rewards from step 700 on; the return follows."""
    held = Interval(4.0, 3.0, 5.0)
    emergences = (
        Emergence(RECENCY, 0, 1, 300, 250, False, 15, 15, held),
        Emergence(REWARD, 1, 2, 700, 650, False, 7, 7, held),
    )
    points = tuple(_point(step) for step in STEPS)
    about = {"returns": {"histories": 32, "goals": "held-out goals"}}
    return Timeline(about, points, emergences, random=1.2, optimal=17.25)


def _point(step: int) -> Point:
    grown = step / STEPS[-1]
    heads = np.arange(LAYERS * HEADS, dtype=np.float64).reshape(LAYERS, HEADS)
    entropy = 1.0 - grown * heads / heads.max()
    recency, reward = np.ones_like(heads), np.ones_like(heads)
    recency[0, 1] = 4.0 if step >= 300 else 1.0
    reward[1, 2] = 4.0 if step >= 700 else 1.0
    effects = {ENTROPY: _effects(entropy), RECENCY: _effects(recency), REWARD: _effects(reward)}
    last = 2.0 + 15.0 * grown
    returns = Returns(Interval(2.0, 1.0, 3.0), Interval(last, last - 1, last + 1), 10, 32) if step % 100 == 0 else None
    return Point(step, f"ckpt-{step}.pt", effects, returns)


def _effects(mean: np.ndarray) -> Effects:
    claims = np.zeros(mean.shape, np.bool_)
    return Effects(mean, mean - 0.1, mean + 0.1, np.full(mean.shape, 8, np.int64), claims, claims)
