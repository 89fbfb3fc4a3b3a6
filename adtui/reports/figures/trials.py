"""What compression trials found, as figures: return against each cost, and return per episode."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from ...compression.trials.front import Axis, Point, points, spent
from ...compression.trials.plan import FULL, RANDOM, RECENT
from ...records.interval import Interval
from ...records.trial import LAST, SweepReport, Trial
from ...records.trial_cost import size_words
from .heatmap import LEFT, add_axes
from .lines import heading
from .style import DPI, HAIRLINE, INK, QUIET, SMALL, WIDTH, head_colours, print_style

HEIGHT, TOP, BOTTOM, RIGHT = 8.0, 1.0, 0.95, 3.6  # inches; the legend stands at the right
PANEL, BETWEEN, BELOW, GAP, ACROSS = 3.3, 1.25, 0.85, 0.75, 3  # of the panels of returns: heights and gaps, a row
BANDS = 3  # so many intervals of curves can be told apart in a panel
BAND = "#e9eef3"
MARKERS = "osD^vP*Xh<>pd8"
TITLES: dict[Axis, tuple[str, str]] = {
    "kept": ("Return against kept transitions", "Kept transitions"),
    "bytes": ("Return against memory", "Bytes of transitions that an agent holds"),
    "time": ("Return against time", "Milliseconds of a step, for each of many agents side by side"),
}
CACHED = TITLES | {
    "kept": ("Return against kept entries", "Entries of a head, on average"),
    "bytes": ("Return against memory", "Bytes that an agent holds: keys, values and what stands beside them"),
}
"""Where keys and values are held."""
LEAST: dict[Axis, float] = {"kept": 0.5, "bytes": 26.0, "time": 1e-6}
"""Where a cell that spends nothing stands on the logarithmic scale."""
APART: dict[Axis, float] = {"kept": 1.15, "bytes": 1.25, "time": 1.15}
"""Ticks nearer than this factor would touch."""


def pareto_figure(report: SweepReport, axis: Axis = "kept", *, dpi: float = DPI) -> Figure:
    """Mean return of the last episodes against a cost: a mark per cell, the front, full context's margin."""
    found, full = points(report.trials, axis), report.baselines.full
    colours, last = strategy_colours(report.trials), min(LAST, len(full.episodes))
    title, label = (CACHED if report.cached else TITLES)[axis]
    with print_style():
        figure = Figure(figsize=(WIDTH, HEIGHT), dpi=dpi)
        heading(figure, title, _about(report), None)
        axes = add_axes(figure, LEFT, BOTTOM, WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM)
        if np.isfinite(report.verdict.margin):
            axes.axhspan(full.last.mean - report.verdict.margin, full.last.mean, color=BAND, linewidth=0, zorder=0)
        axes.axhline(full.last.mean, color=INK, linewidth=1.4, linestyle=(0, (6, 3)), zorder=1)
        front = sorted((point for point in found if point.front), key=lambda point: point.spent)
        axes.plot([p.spent for p in front], [p.last.mean for p in front], color=HAIRLINE, linewidth=2.4, zorder=2)
        for point, shift in zip(found, _apart(found, axis), strict=True):
            _mark(axes, point, max(point.spent, LEAST[axis]) * shift, colours)
        _scale(axes, _marked(report, found, axis), axis)
        axes.set_xlabel(label)
        axes.set_ylabel(f"Return per episode, last {last}")
        handles = [_handle(name, colours) for name in colours]
        handles += [
            Line2D([], [], color=INK, linewidth=1.4, linestyle=(0, (6, 3)), label="full context"),
            Line2D([], [], color=BAND, linewidth=9, label="… less the margin"),
            Line2D([], [], color=HAIRLINE, linewidth=2.4, label="front"),
        ]
        legend(figure, handles, HEIGHT)
    return figure


def returns_figure(report: SweepReport, *, dpi: float = DPI) -> Figure:
    """Return per episode: a panel per budget, its strategies beside full context."""
    budgets = sorted({t.cell.budget for t in report.trials if t.cell.budget is not None and t.closed_loop})
    rows = max(1, -(-len(budgets) // ACROSS))
    across = min(ACROSS, max(1, len(budgets)))
    height = TOP + 0.1 + rows * PANEL + (rows - 1) * BETWEEN + BELOW
    colours = strategy_colours(report.trials)
    what = "entries a head" if report.cached else "transitions"
    with print_style():
        figure = Figure(figsize=(WIDTH, height), dpi=dpi)
        heading(figure, "Return per episode", _about(report), None)
        width = (WIDTH - LEFT - RIGHT - (across - 1) * GAP) / across
        for place, budget in enumerate(budgets or [None]):
            row, column = divmod(place, across)
            bottom = height - TOP - 0.1 - (row + 1) * PANEL - row * BETWEEN
            axes = add_axes(figure, LEFT + column * (width + GAP), bottom, width, PANEL)
            _panel(axes, report, budget, colours)
            axes.set_title("full context" if budget is None else f"{budget} {what}", loc="left")
            best = [one for one in report.baselines.optimal if one == one]  # NaN where nobody knows it
            if best:
                axes.set_ylim(0.0, max(best) * 1.05)
            axes.set_xlabel("Episode")
            if column == 0:
                axes.set_ylabel("Return")
        handles = [Line2D([], [], color=colours[name], linewidth=1.8, label=name) for name in colours]
        handles.append(Line2D([], [], color=INK, linewidth=2.0, linestyle=(0, (6, 3)), label="full context"))
        legend(figure, handles, height)
    return figure


def strategy_colours(trials: Sequence[Trial]) -> dict[str, str]:
    """One colour per strategy, and way to share, in the order of the trials, controls last and grey."""
    names = {trial.cell.name: trial.cell.strategy for trial in trials if trial.cell.strategy != FULL}
    own = [name for name, strategy in names.items() if strategy not in (RANDOM, RECENT)]
    colours = dict(zip(own, head_colours(len(own)), strict=True))
    greys = {RECENT: "#5f5f5f", RANDOM: "#a3a3a3"}
    return colours | {name: greys[one] for one in greys for name, strategy in names.items() if strategy == one}


def _about(report: SweepReport) -> str:
    about, full = report.about, report.baselines.full
    parts = [str(about.get("checkpoint", "")), f"step {about['step']}" if "step" in about else ""]
    goals = f" on {about['held_out']}" if "held_out" in about else ""
    parts += ["level cache"] if report.cached else []
    parts.append(f"{len(full.last_by_history)} histories of {len(full.episodes)} episodes{goals}, 95 % intervals")
    return " · ".join(part for part in parts if part)


def _marked(report: SweepReport, found: Sequence[Point], axis: Axis) -> list[float]:
    """Where ticks may stand: at the budgets, else at what cells spend, and full context."""
    if axis == "kept":
        return [float(trial.cell.budget) for trial in report.trials if trial.cell.budget]
    whole = [spent(trial, axis) for trial in report.trials if trial.cell.strategy == FULL]
    return [*(point.spent for point in found), *(value for value in whole if value is not None)]


def _apart(found: Sequence[Point], axis: Axis) -> list[float]:
    """Factors that move cells of equal size beside each other, so that their intervals can be told apart."""
    shifts = []
    for point in found:
        near = 0.5 if axis == "kept" else 0.01 * point.spent
        same = [other.label for other in found if abs(other.spent - point.spent) <= near]
        shifts.append(1.0 + 0.018 * (same.index(point.label) - (len(same) - 1) / 2))
    return shifts


def _mark(axes: Axes, point: Point, at: float, colours: dict[str, str]) -> None:
    colour = colours[point.name]
    if np.isfinite(point.last.low):
        axes.plot([at, at], [point.last.low, point.last.high], color=colour, linewidth=1.3, zorder=3)
    axes.plot(
        [at],
        [point.last.mean],
        linestyle="none",
        marker=_marker(point.name, colours),
        markersize=10 if point.front else 7,
        color=colour,
        markeredgecolor=INK if point.front else colour,
        markeredgewidth=1.4,
        zorder=4,
    )


def _marker(name: str, colours: dict[str, str]) -> str:
    return MARKERS[list(colours).index(name) % len(MARKERS)]


def _handle(name: str, colours: dict[str, str]) -> Line2D:
    return Line2D([], [], linestyle="none", marker=_marker(name, colours), color=colours[name], label=name)


def _scale(axes: Axes, values: Sequence[float], axis: Axis) -> None:
    """Logarithmic, as budgets are chosen; ticks at what cells spend, as many as stand apart."""
    least = LEAST[axis]
    shown = sorted(max(value, least) for value in values)
    ticks: list[float] = []
    for value in shown:
        if not ticks or value > ticks[-1] * APART[axis]:
            ticks.append(value)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(ticks or [1.0]))
    axes.xaxis.set_minor_locator(NullLocator())
    words = size_words if axis == "bytes" else "{:.3g}".format
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: words(value)))
    if shown:
        axes.set_xlim(shown[0] * 0.8, shown[-1] * 1.25)


def _panel(axes: Axes, report: SweepReport, budget: int | None, colours: dict[str, str]) -> None:
    """Full context, then every strategy at this budget, controls thin."""
    curve(axes, report.baselines.full.episodes, INK, 2.0, (0, (6, 3)), band=True)
    trials = [trial for trial in report.trials if trial.cell.budget == budget and trial.cell.strategy != FULL]
    own = [trial for trial in trials if trial.cell.strategy not in (RANDOM, RECENT)]
    for trial in trials:
        if trial.closed_loop is not None:
            wide = 1.8 if trial in own else 1.0
            band = trial in own and len(own) <= BANDS
            curve(axes, trial.closed_loop.episodes, colours[trial.cell.name], wide, "solid", band=band)


def curve(axes: Axes, episodes: Sequence[Interval], colour: str, width: float, style: object, *, band: bool) -> None:
    """Means by episode, and their intervals where `band` asks for them and they are known."""
    numbers = np.arange(len(episodes))
    mean = np.array([one.mean for one in episodes])
    low, high = (np.array([getattr(one, end) for one in episodes]) for end in ("low", "high"))
    if band and np.isfinite(low).all():
        axes.fill_between(numbers, low, high, color=colour, alpha=0.13, linewidth=0)
    axes.plot(numbers, mean, color=colour, linewidth=width, linestyle=style)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axes.set_xlim(0, max(1, len(episodes) - 1))


def legend(figure: Figure, handles: Sequence[Line2D], height: float) -> None:
    """At the right of a figure so high, in inches."""
    corner = (1.0 - (RIGHT - 0.3) / WIDTH, 1.0 - TOP / height)
    figure.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=corner,
        fontsize=SMALL,
        handlelength=1.8,
        borderaxespad=0.0,
        labelcolor=QUIET,
    )
