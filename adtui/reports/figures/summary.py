"""Four histograms of one layer over samples and heads: how much, how concentrated, how even, how recent."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from ...records.statistics import SampleStats
from .heatmap import LEFT, add_axes
from .lines import heading
from .style import DPI, INK, QUERY, QUIET, SMALL, WIDTH, print_style

HEIGHT, TOP, GAP = 10.0, 0.75, 1.05  # inches
ABOVE, BELOW = 0.55, 0.85  # of each panel, for its title and its scale
BINS = 30
_MEAN: dict[str, Any] = {"color": QUERY, "linewidth": 1.6, "linestyle": (0, (5, 3))}
_AVERAGED: dict[str, Any] = {
    "color": INK,
    "linestyle": "none",
    "marker": "|",
    "markersize": 13,
    "markeredgewidth": 1.6,
}
_COLOURS = ("#4682b4", "#d98359", "#3f9b6a", "#8b6bb1")


def summary_figure(stats: Sequence[SampleStats], *, layer: int, title: str = "", dpi: float = DPI) -> Figure:
    """Distributions over every head of every sample; the head-averaged values of the script are ticked below.

    Args:
        stats: of each sample.
        title: the run, in words.
    """
    plain = [s.plain for s in stats]
    seed = [s.seed[layer] for s in stats]
    panels = (
        ("Mean attention to the context", "mean weight of a context token", [s.mean[layer] for s in plain],
         [s.mean_context_attention for s in seed]),
        ("Concentration", "standard deviation of the weights", [s.std[layer] for s in plain], [s.std for s in seed]),
        ("Entropy", "entropy of the query's row (nats)", [s.entropy[layer] for s in plain], [s.entropy for s in seed]),
        ("Recent against distant", "ln (newest quarter / oldest quarter): 0 is balanced",
         [s.log_recent_distant[layer] for s in plain],
         [log_ratio(s.recent_distant_ratio) for s in seed]),  # ratios span decades: one would be the whole axis
    )  # fmt: skip
    with print_style():
        figure = Figure(figsize=(WIDTH, HEIGHT), dpi=dpi)
        heading(figure, f"Attention statistics — layer {layer}", title, None)
        legend(figure)
        width = (WIDTH - LEFT - GAP - 0.35) / 2
        height = (HEIGHT - TOP) / 2 - ABOVE - BELOW
        for place, (name, unit, values, averaged) in enumerate(panels):
            row, column = divmod(place, 2)
            bottom = HEIGHT - TOP - (row + 1) * (ABOVE + height + BELOW) + BELOW
            axes = add_axes(figure, LEFT + column * (width + GAP), bottom, width, height)
            histogram(axes, np.concatenate([np.atleast_1d(v) for v in values]), np.array(averaged), _COLOURS[place])
            axes.set_title(name, loc="left")
            axes.set_xlabel(unit)
            axes.set_ylabel("heads × samples")
    return figure


def log_ratio(ratio: float) -> float:
    """ln, NaN where there is none."""
    return math.log(ratio) if ratio > 0 and math.isfinite(ratio) else math.nan


def histogram(axes: Axes, values: NDArray[np.float64], averaged: NDArray[np.float64], colour: str) -> None:
    """One histogram of finite values, their mean, and a tick per head-averaged value; says how many are undefined."""
    finite = values[np.isfinite(values)]
    kept = averaged[np.isfinite(averaged)]
    if not finite.size:
        axes.text(0.5, 0.5, "not defined here", transform=axes.transAxes, ha="center", color=QUIET)
        axes.set(xticks=[], yticks=[])
        return
    low, high = float(finite.min()), float(finite.max())
    margin = (high - low) * 0.02 or max(abs(high), 1e-6) * 0.05
    counts, edges = np.histogram(finite, bins=BINS, range=(low - margin, high + margin))
    axes.stairs(counts, edges, fill=True, color=colour)  # one outline instead of thirty patches
    mean, missing = float(finite.mean()), values.size - finite.size
    axes.axvline(mean, **_MEAN)
    axes.plot(kept, np.full(kept.size, 0.03), transform=axes.get_xaxis_transform(), **_AVERAGED)
    undefined = f", {missing} undefined" if missing else ""
    axes.set_title(f"mean {mean:.4g}{undefined}", loc="right", size=SMALL, color=QUERY)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axes.set_ylim(0.0, float(counts.max()) * 1.08)


def legend(figure: Figure) -> None:
    """What the marks of all four panels mean, once, beside the heading: inside a panel it would hide bars."""
    marks = [Line2D([], [], label="mean", **_MEAN), Line2D([], [], label="heads averaged first", **_AVERAGED)]
    corner = (1.0 - 0.3 / WIDTH, 1.0 - 0.15 / HEIGHT)
    figure.legend(handles=marks, loc="upper right", bbox_to_anchor=corner, ncols=2, fontsize=SMALL, borderaxespad=0.0)
