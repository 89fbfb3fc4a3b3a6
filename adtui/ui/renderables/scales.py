"""Colour scales: attention (R, C) -> levels uint8.

Attention rows are spiky: most weights are far below the largest, so a linear scale shows one bright pixel and darkness.
The square root and the logarithm lift the small weights; `row` shows each query's own pattern whatever its peak.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from rich.text import Text

from ...records.arrays import Floats
from .colors import LEVELS, MASKED, ColorTable

Levels = NDArray[np.uint8]

SCALES = ("log", "sqrt", "linear", "row")
"""In the order in which the key `s` goes through them."""
SCALE_NAMES = {"log": "logarithmic", "sqrt": "square root", "linear": "linear", "row": "row-relative"}


def largest(values: Floats) -> float:
    """The largest weight among the later half of the queries, (..., R, C); 0 when there is none.

    The first queries see few keys, so their weights are near 1 whatever the head does: they may saturate the scale
    instead of darkening the rest.
    """
    later = values[..., values.shape[-2] // 2 :, :]
    seen = later[np.isfinite(later)]
    return float(seen.max()) if seen.size else 0.0


def bounds(scale: str, top: float, n_keys: int) -> tuple[float, float]:
    """Weights at the bottom and the top of the scale.

    `log` starts a decade below the uniform share 1/n, so that "as much as chance" has the same place in every head.
    """
    if scale == "log":
        low = 0.1 / max(n_keys, 1)
        return low, max(top, 10 * low)
    return 0.0, 1.0 if scale == "row" else top


def to_levels(values: Floats, scale: str, n_keys: int, top: float | None = None) -> Levels:
    """Turn weights into levels 0..31, 255 where masked.

    Args:
        values: (..., R, C) float32, NaN where no query of the block can see any key of the block.
        scale: one of `SCALES`.
        n_keys: number of keys, which places the uniform share on the logarithmic scale.
        top: the weight of the highest level, shared by all that is displayed together; `largest(values)` if None.
    """
    top = largest(values) if top is None else top
    masked = ~np.isfinite(values)
    weights = np.where(masked, 0.0, values).astype(np.float64)
    if scale == "row":
        weights = _divide(weights, weights.max(axis=-1, keepdims=True, initial=0.0))
    elif scale == "log":
        low, high = bounds(scale, top, n_keys)
        weights = np.log(np.maximum(weights, low) / low) / np.log(high / low)
    elif scale in ("linear", "sqrt"):
        weights = _divide(weights, np.float64(top))
        weights = np.sqrt(weights) if scale == "sqrt" else weights
    else:
        raise ValueError(f"unknown colour scale {scale!r}: one of {', '.join(SCALES)}")
    levels = np.clip(weights * LEVELS, 0, LEVELS - 1).astype(np.uint8)
    levels[masked] = MASKED
    return levels


def _divide(weights: NDArray[np.float64], by: NDArray[np.float64] | np.float64) -> NDArray[np.float64]:
    """Zero where `by` is zero: a row without attention is dark, not undefined."""
    return np.divide(weights, by, out=np.zeros_like(weights), where=by > 0)


def legend(scale: str, top: float, n_keys: int, table: ColorTable, steps: int = 8) -> Text:
    """The name of the scale and its colours between the weights at both ends: "log .001 ████████ .34"."""
    low, high = bounds(scale, top, n_keys)
    ends = (f"{low:.1g}", f"{high:.2g}") if scale != "row" else ("0", "row's largest")
    text = Text(f"{scale} {ends[0]} ", end="", no_wrap=True)
    for step in range(steps):
        text.append(*table.swatch(step * (LEVELS - 1) // (steps - 1)))
    return text.append(f" {ends[1]}")
