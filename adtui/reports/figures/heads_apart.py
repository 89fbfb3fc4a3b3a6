"""Which heads of two runs differ: a line a pair, the most different first, and the claims that hold in one only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ...records.head_comparison import HeadComparison
from ...records.interval import Interval
from ...records.place import head_name
from .heatmap import add_axes
from .lines import heading
from .style import DPI, HAIRLINE, INK, QUIET, SMALL, WIDTH, head_colours, print_style
from .trials import RIGHT, TOP, legend

LEFT, BOTTOM, LINE, CLAIMS = 1.6, 0.85, 0.34, 3.4  # inches: names, labels below, a pair, its claims at the right
SHOWN = 48
"""Pairs that are drawn: more have no room on a page."""
ROWS, WRITES = 0, 1


def heads_figure(found: HeadComparison, *, dpi: float = DPI) -> Figure:
    """How far the rows of each pair are apart, and what both write, with 95 % intervals over tasks."""
    pairs = found.pairs[:SHOWN]
    height = TOP + LINE * max(len(pairs), 6) + BOTTOM
    title = f"A {found.first}, B {found.second} · heads matched by {found.matched} · {found.contexts}"
    colours = head_colours(2)
    with print_style():
        figure = Figure(figsize=(WIDTH, height), dpi=dpi)
        heading(figure, "Heads that differ", title, None)
        axes = add_axes(figure, LEFT, BOTTOM, WIDTH - LEFT - RIGHT - CLAIMS, height - TOP - BOTTOM)
        _dots(axes, [pair.difference for pair in pairs], -0.14, colours[WRITES], "s")
        _dots(axes, [pair.divergence for pair in pairs], 0.14, colours[ROWS], "o")
        axes.set(xlim=(0.0, 1.0), ylim=(len(pairs) - 0.5, -0.5), xlabel="0 the same, 1 nothing in common")
        axes.set_yticks(range(len(pairs)), [_pair(pair.first, pair.second) for pair in pairs])
        axes.grid(axis="x", color=HAIRLINE, linewidth=0.5)
        for line, pair in enumerate(pairs):
            alone = [one for one in found.in_one_only if (one.first, one.second) == (pair.first, pair.second)]
            words = ", ".join(f"{one.kind} in {'A' if one.holds_first else 'B'} only" for one in alone)
            axes.text(1.02, line, words, va="center", size=SMALL, color=INK, clip_on=False)
        if not found.in_one_only:
            axes.text(1.02, 0, "no claim holds in one only", va="center", size=SMALL, color=QUIET, clip_on=False)
        marks = ((WRITES, "s", "what they write at\nthe query differs"), (ROWS, "o", "their query rows\ndiffer (JS)"))
        handles = [
            Line2D([], [], color=colours[which], marker=sign, linestyle="none", label=label)
            for which, sign, label in marks
        ]
        if len(found.pairs) > len(pairs):
            rest = f"{len(pairs)} of {len(found.pairs)} pairs,\nthe most different"
            handles.append(Line2D([], [], linestyle="none", label=rest))
        legend(figure, handles, height)
    return figure


def _pair(first: tuple[int, int], second: tuple[int, int]) -> str:
    one, other = head_name(*first), head_name(*second)
    return one if one == other else f"{one} / {other}"


def _dots(axes: Axes, values: Sequence[Interval], shift: float, colour: str, marker: str) -> None:
    lines = np.arange(len(values)) + shift
    known = [(line, one) for line, one in zip(lines.tolist(), values, strict=True) if np.isfinite(one.low)]
    axes.hlines([at for at, _ in known], [one.low for _, one in known], [one.high for _, one in known], color=colour)
    axes.plot(
        [one.mean for one in values], lines, color=colour, marker=marker, linestyle="none", markersize=6, clip_on=False
    )
