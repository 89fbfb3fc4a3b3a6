"""Four histograms of one layer over samples and heads: how much, how concentrated, how even, how recent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from ..records import SampleStats
from .heatmap import LEFT, add_axes
from .lines import heading
from .style import DPI, INK, QUERY, QUIET, SMALL, WIDTH, print_style

HEIGHT, TOP, GAP = 10.0, 0.75, 1.05  # inches
ABOVE, BELOW = 0.55, 0.85  # of each panel, for its title and its scale
BINS = 30
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
        ("Recent against distant", "newest quarter / oldest quarter", [s.recent_distant[layer] for s in plain],
         [s.recent_distant_ratio for s in seed]),
    )  # fmt: skip
    with print_style():
        figure = Figure(figsize=(WIDTH, HEIGHT), dpi=dpi)
        heading(figure, f"Attention statistics — layer {layer}", f"{title} · {len(stats)} samples", None)
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
    undefined = f" ({missing} undefined)" if missing else ""
    line = axes.axvline(mean, color=QUERY, linewidth=1.6, linestyle=(0, (5, 3)), label=f"mean {mean:.4g}{undefined}")
    (marks,) = axes.plot(kept, np.full(kept.size, 0.03), "|", transform=axes.get_xaxis_transform(), color=INK,
                         markersize=13, markeredgewidth=1.6, label="heads averaged first")  # fmt: skip
    # Above the axes, where no bar can be; "best" would hide bars and searching for it costs more than drawing.
    axes.legend(handles=[line, marks], loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, fontsize=SMALL,
                borderaxespad=0.2, columnspacing=1.2, handlelength=1.4)  # fmt: skip
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axes.set_ylim(0.0, float(counts.max()) * 1.08)
