"""Attention weights → places on a colour scale, for the terminal's cells and for the figures alike.

Attention rows are spiky: most weights are far below the largest, so a linear scale shows one bright pixel and darkness.
The roots and the logarithm lift the small weights; `row` shows each query's own pattern whatever its peak.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .arrays import Doubles, Floats
from .look import CBRT, LINEAR, LOG, PRINTED, ROW, SQRT


def bounds(scale: str, top: float, n_keys: int) -> tuple[float, float]:
    """Weights at the bottom and the top of the scale.

    `log` starts a decade below the uniform share 1/n, so that "as much as chance" has the same place in every head.
    """
    if scale == LOG:
        low = 0.1 / max(n_keys, 1)
        return low, max(top, 10 * low)
    return 0.0, 1.0 if scale == ROW else top


def positions(weights: Floats | Doubles, scale: str, n_keys: int, top: float) -> Doubles:
    """Places (..., R, C) from 0 on; 1 is `top`, and what is above it lies above 1. NaN is taken for 0.

    Args:
        weights: (..., R, C), attention of queries R on keys C.
        scale: one of `PRINTED`.
        n_keys: number of keys, which places the uniform share on the logarithmic scale.
        top: the weight at 1; `row` has each row's largest instead.

    Raises:
        ValueError: there is no such scale.
    """
    found = np.where(np.isfinite(weights), weights, 0.0).astype(np.float64)
    if scale == ROW:
        return _divide(found, found.max(axis=-1, keepdims=True, initial=0.0))
    if scale == LOG:
        low, high = bounds(scale, top, n_keys)
        logs: Doubles = np.log(np.maximum(found, low) / low) / np.log(high / low)
        return logs
    if scale not in (LINEAR, SQRT, CBRT):
        raise ValueError(f"unknown colour scale {scale!r}: one of {', '.join(PRINTED)}")
    found = _divide(found, np.float64(top))
    return found if scale == LINEAR else np.sqrt(found) if scale == SQRT else np.cbrt(found)


def _divide(weights: Doubles, by: NDArray[np.float64] | np.float64) -> Doubles:
    """Zero where `by` is zero: a row without attention is dark, not undefined."""
    return np.divide(weights, by, out=np.zeros_like(weights), where=by > 0)
