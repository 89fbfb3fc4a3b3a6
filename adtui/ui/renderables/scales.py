"""Colour scales on the terminal: attention (R, C) -> levels uint8; `records.weight_scale` has the scales themselves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from rich.text import Text

from ...records.arrays import Floats
from ...records.look import ROW
from ...records.weight_scale import bounds, positions
from .colors import LEVELS, MASKED, ColorTable

Levels = NDArray[np.uint8]


def largest(values: Floats) -> float:
    """The largest weight among the later half of the queries, (..., R, C); 0 when there is none.

    The first queries see few keys, so their weights are near 1 whatever the head does: they may saturate the scale
    instead of darkening the rest.
    """
    later = values[..., values.shape[-2] // 2 :, :]
    seen = later[np.isfinite(later)]
    return float(seen.max()) if seen.size else 0.0


def to_levels(values: Floats, scale: str, n_keys: int, top: float | None = None) -> Levels:
    """Turn weights into levels 0..31, 255 where masked.

    Args:
        values: (..., R, C) float32, NaN where no query of the block can see any key of the block.
        scale: one of `look.SCALES`.
        n_keys: number of keys, which places the uniform share on the logarithmic scale.
        top: the weight of the highest level, shared by all that is displayed together; `largest(values)` if None.
    """
    found = positions(values, scale, n_keys, largest(values) if top is None else top)
    levels = np.clip(found * LEVELS, 0, LEVELS - 1).astype(np.uint8)
    levels[~np.isfinite(values)] = MASKED
    return levels


def legend(scale: str, top: float, n_keys: int, table: ColorTable, steps: int = 8) -> Text:
    """The name of the scale and its colours between the weights at both ends: "log .001 ████████ .34"."""
    low, high = bounds(scale, top, n_keys)
    ends = (f"{low:.1g}", f"{high:.2g}") if scale != ROW else ("0", "row's largest")
    text = Text(f"{scale} {ends[0]} ", end="", no_wrap=True)
    for step in range(steps):
        text.append(*table.swatch(step * (LEVELS - 1) // (steps - 1)))
    return text.append(f" {ends[1]}")


def legends(scale: str, top: float, n_keys: int, table: ColorTable) -> tuple[Text, ...]:
    """The same in the ways that it can be said: in less room with fewer colours, then as the name alone."""
    return *(legend(scale, top, n_keys, table, steps) for steps in (8, 4)), Text(scale, end="", no_wrap=True)
