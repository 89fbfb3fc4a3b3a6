"""What the token axis means: where episodes begin, which transitions were rewarded, which token asks."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.transforms import blended_transform_factory

from ...records.axis import Axis
from ...records.layout import LATENT
from .style import HAIRLINE, QUERY, QUIET, REWARD, SMALL

STRIP, GAP = 0.09, 0.04  # inches: height of the strip of reward marks above an axes, and the space around it
QUERY_ARROW: dict[str, Any] = {
    "marker": 4,  # caret left, its tip on the point
    "markersize": 9,
    "color": QUERY,
    "linestyle": "none",
}


def position_ticks(n_tokens: int) -> list[int]:
    """About five round token positions."""
    steps = (factor * 10**power for power in range(8) for factor in (1, 2, 5))
    return list(range(0, n_tokens, next(size for size in steps if n_tokens <= 6 * size)))


def mark_rewards(axes: Axes, axis: Axis, height: float) -> None:
    """A strip above the axes (`height` inches tall): a bar over every rewarded key, neighbours merged."""
    edges = np.diff(np.concatenate([[0], axis.rewarded.astype(np.int8), [0]]))
    first, end = np.flatnonzero(edges > 0), np.flatnonzero(edges < 0)
    low, high = 1.0 + GAP / height, 1.0 + (GAP + STRIP) / height
    bars = [[(a - 0.5, low), (a - 0.5, high), (b - 0.5, high), (b - 0.5, low)] for a, b in zip(first, end, strict=True)]
    across = blended_transform_factory(axes.transData, axes.transAxes)
    strip = PolyCollection(bars, facecolors=REWARD, edgecolors="none", transform=across, clip_on=False)
    axes.add_collection(strip, autolim=False)


def mark_episodes(axes: Axes, axis: Axis, *, colour: str = HAIRLINE, both: bool = False) -> None:
    """Lines where a new episode begins, on the key axis or on `both` axes."""
    low, high = -0.5, len(axis) - 0.5
    for vertical in (True, False)[: 1 + both]:
        flat = blended_transform_factory(axes.transData, axes.transAxes) if not both else axes.transData
        span = (low, high) if both else (0.0, 1.0)
        ends = [[(at - 0.5, span[0]), (at - 0.5, span[1])] for at in axis.starts.tolist() if at > 0]
        lines = ends if vertical else [[point[::-1] for point in line] for line in ends]
        axes.add_collection(
            LineCollection(lines, colors=colour, linewidths=0.8, transform=flat, zorder=1.5), autolim=False
        )


def name_episodes(axes: Axes, axis: Axis, height: float, width: float) -> None:
    """Episode numbers above the axes (`width` × `height` inches), thinned out until they cannot touch."""
    starts, count = axis.starts, axis.starts.size
    latents = np.flatnonzero(axis.layout.kind == LATENT)
    if not count:
        return
    ends = np.append(starts[1:], len(axis))
    centres = (starts + ends - 1) / 2.0
    stride = -(-count * 55 // int(100 * width))  # 0.55 inch a name
    across = blended_transform_factory(axes.transData, axes.transAxes)
    line = 1.0 + (2 * GAP + STRIP) / height
    for index in range(0, count, stride):
        if (ends[index] - starts[index]) * width < 0.3 * len(axis):
            continue  # a sliver of an episode at the edge has no room for its name
        text = f"ep {axis.episode[starts[index]]}"
        axes.text(centres[index], line, text, transform=across, ha="center", va="bottom", size=SMALL, color=QUIET)
    if len(latents) * width >= 0.6 * len(axis):
        centre = float(latents.mean())
        axes.text(centre, line, "latents", transform=across, ha="center", va="bottom", size=SMALL, color=QUIET)


def mark_query(axes: Axes, row: int) -> None:
    """An arrow at the right edge, beside the row at which the action is read."""
    beside = blended_transform_factory(axes.transAxes, axes.transData)
    axes.plot([1.0], [row], transform=beside, clip_on=False, **QUERY_ARROW)
