"""The panel of ratios behind a tested insight: ways to ablate, directions, metrics."""

from __future__ import annotations

import math
from dataclasses import dataclass

MASK, MEAN, RESAMPLED = WAYS = ("mask", "mean", "resampled")
"""What ablated transitions show: nothing, the context's mean value, or another transition's keys and values."""
NOISING, DENOISING = DIRECTIONS = ("noising", "denoising")
"""What is named is ablated; or all that could be is, but for what is named."""
KL, LOGIT = METRICS = ("KL", "logit difference")
CAVEAT = (
    "Masking renormalises the softmax over what is left; ablated inputs may lie off the training distribution."
)  # fmt: skip
"""What no ablation is free of."""


@dataclass(frozen=True)
class Ablation:
    """One ablation of what an insight names, beside as many transitions drawn at random.

    Attributes:
        way: one of WAYS.
        direction: one of DIRECTIONS.
        metric: one of METRICS.
        ratio: above 1 where what is named matters more than chance sets. Noising: how many times as much it moves the
            actions as they do; denoising: how many times as much the actions are moved where only chance sets are kept.
            Geometric mean over draws, contexts and tasks; NaN where it was not tried.
        interval: its 95 % interval over tasks.
        n: in how many contexts it was tried.
        tasks: of how many tasks.
        agrees: with what the first test decided; None where it is not clear, was not tried, or nothing was decided.
    """

    way: str
    direction: str
    metric: str
    ratio: float = math.nan
    interval: tuple[float, float] = (math.nan, math.nan)
    n: int = 0
    tasks: int = 0
    agrees: bool | None = None
