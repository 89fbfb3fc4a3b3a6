"""A sweep as text: a table of cells, then the verdict and what it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from ..compression.trials.plan import FULL
from ..records.interval import Interval
from ..records.trial import LAST, STRATA, SweepReport, Trial
from ..records.trial_cost import Alone, Cost, size_words
from .blocks import packed

DASH = "–"
COSTS = ("time", "ms", "holds", "keys, values")
APPENDED = "time, appending"
"""Beside these where keys and values are held."""
NAMES = {"all": "agree", "none": "without rewards", "1-10": "1–10 rewards", "more": "over 10 rewards"}
LEGEND = (
    "agree: the same likeliest action as with the full context, in all contexts and in those with so many rewarded "
    "transitions. KL of the actions from the full context's, nats: mean, 95th percentile. P(>full): chance of "
    "returning more than full context, ties half. time: of a step, over that with full context, median [95 %]; ms: for "
    "each of many agents side by side. holds: the transitions that an agent keeps; keys, values: of a pass over these."
)


MEMORY_WORDS = {
    "online": "Memory: online. What a strategy drops is gone; agree and KL choose from the full context.",
    "full": "Memory: full. At every step a strategy chooses from the full context again; nothing is freed.",
}
APPENDED_WORDS = (
    f"{APPENDED}: over a step of an agent that appends too, and holds the whole context in every head. That is no full "
    "context: the model has learned a position for each place, and once a context is full every step moves all "
    "transitions by one, so that what was read before stands elsewhere. Full context must then be read again, which "
    "the column time is over."
)
CACHED_WORDS = (
    "Level: cache. Each head holds K keys and values of its own choice; what it drops is gone, nothing is read again; "
    "holds: rewards, episodes and attention beside these."
)


def print_report(report: SweepReport, console: Console) -> None:
    """The table, or a block for each cell where it does not fit; then the verdict with a reason for every candidate."""
    table = table_of(report)
    fits = console.measure(table, options=console.options.update(max_width=1 << 16)).maximum <= console.width
    if fits:
        console.print(table)
    else:
        console.print(table.title, style="italic", highlight=False, markup=False)
        for line in stacked(report, console.width):
            console.print(line, highlight=False, markup=False, soft_wrap=True)
    for line in (LEGEND, *([APPENDED_WORDS] if report.cached else []), *alone_lines(report), *verdict_lines(report)):
        console.print(line, highlight=False, markup=False, soft_wrap=not console.is_terminal)


def table_of(report: SweepReport) -> Table:
    """One row a cell; agreement in all contexts, then by rewarded transitions in the full context."""
    table = Table(title=title_of(report.about), title_justify="left")
    table.add_column("cell", no_wrap=True)
    for heading in _headings(report):
        table.add_column(heading, justify="right")
    for label, values in _rows(report):
        table.add_row(label, *values)
    return table


def stacked(report: SweepReport, width: int) -> list[str]:
    """A block for each cell: its name and verdict, then "heading value" as many on a line as fit."""
    lines = []
    for label, (*values, verdict) in _rows(report):
        lines.append(f"{label}: {verdict}" if verdict != DASH else label)
        pairs = zip(_headings(report), values, strict=False)
        lines += packed([f"{heading} {value}" for heading, value in pairs if value != DASH], width)
    return lines


def title_of(about: Mapping[str, Any]) -> str:
    """The checkpoint and its step, from what a report says that it is about."""
    return f"{about.get('checkpoint', 'model')} · step {about.get('step', '?')}"


def _headings(report: SweepReport) -> tuple[str, ...]:
    """Of all columns but the first."""
    last = min(LAST, len(report.baselines.full.episodes))
    strata = (NAMES[name] for name in STRATA)
    costs = (*COSTS, APPENDED) if report.cached else COSTS
    closed = (f"return, last {last}", "difference to full", "P(>full)", *costs, "verdict")
    return ("kept", *strata, "KL", "KL p95", *closed)


def _rows(report: SweepReport) -> list[tuple[str, list[str]]]:
    """(cell, a text for each heading)."""
    passed = {reason.label: reason.passed for reason in report.verdict.reasons}
    rows = []
    for trial in report.trials:
        label = trial.cell.label
        name = "none (full context)" if label == FULL else label
        word = DASH if label not in passed else "passes" if passed[label] else "no evidence"
        word = "recommended" if label == report.verdict.recommended else word
        costs = _cost(trial.cost)[: None if report.cached else len(COSTS)]
        rows.append((name, [*_open(trial), *_closed(trial), *costs, word]))
    return rows


def verdict_lines(report: SweepReport) -> list[str]:
    """The sentence, the baselines it rests on, and a line for every candidate."""
    base, verdict = report.baselines, report.verdict
    means = [
        ("full context", base.full.last.mean),
        ("context wiped", base.wiped.last.mean),
        ("random actions", sum(base.random) / len(base.random)),
        ("best possible", sum(base.optimal) / len(base.optimal)),
    ]
    means = [(name, value) for name, value in means if value == value]  # NaN where nobody knows the best
    plan = report.about.get("plan", {})
    memory = CACHED_WORDS if plan.get("level") == "cache" else MEMORY_WORDS.get(plan.get("memory", "full"), "")
    lines = [memory, verdict.sentence, "Return: " + ", ".join(f"{name} {value:.2f}" for name, value in means) + "."]
    lines += [f"Note: {note}." for note in report.about.get("notes", ())]
    for reason in verdict.reasons:
        adjusted = "" if reason.adjusted is None else f" (p {reason.adjusted:.2g} after Holm)"
        lines.append(f"  {reason.label}: {reason.text}{adjusted}")
    return lines


def alone_lines(report: SweepReport) -> list[str]:
    """What one agent costs in a process of its own, by lengths of the context; [] where nobody measured it."""
    by_length: dict[int, list[str]] = {}
    for trial in report.trials:
        for one in () if trial.cost is None else trial.cost.alone:
            whole = "appending, all in every head" if one.appends else "full context"
            name = whole if trial.cell.label == FULL else _called(trial, one.kept)
            beyond = ", only timed: the model has no positions for so many" if one.scaled else ""
            by_length.setdefault(one.n, [f"  contexts of {one.n} transitions{beyond}"]).append(_alone(name, one))
    if not by_length:
        return []
    cached = report.about.get("plan", {}).get("level") == "cache"
    beyond = "what an agent holds, made-up keys and values" if cached else "the context's"
    title = f"One agent in a process of its own, made-up contexts; memory beyond the model's and {beyond}:"
    return [title, *(line for lines in by_length.values() for line in lines)]


def _called(trial: Trial, kept: int) -> str:
    """ "newest+rewarded, 12, newest=1": a cell by what it keeps of a longer context."""
    name, _, *rest = trial.cell.label.split(":")
    return ", ".join((name, str(kept), *rest))


def _alone(name: str, one: Alone) -> str:
    cache = "" if one.held.cache is None else f", keys and values {size_words(one.held.cache)}"
    bytes_held = f"holds {size_words(one.held.state)}{cache}"
    if one.weighed not in (None, one.held):
        bytes_held += f" (computed; it weighs {one.weighed.total - one.held.total:+d} B)"
    if one.milliseconds is None:
        return f"    {name}: {one.why}; {bytes_held}"
    peak = "" if one.peak is None else f"peak {size_words(one.peak)}, "
    return f"    {name}: {one.milliseconds.words()} ms, {peak}{bytes_held}"


def _open(trial: Trial) -> list[str]:
    found = trial.open_loop
    if found is None:
        return [DASH] * (len(STRATA) + 3)
    agreement = [_percent(found.strata[name].agreement) for name in STRATA]
    whole = found.strata["all"]
    return [f"{found.kept:.1f}/{found.n}", *agreement, f"{whole.kl.mean:.3f}", f"{whole.kl_p95.mean:.2f}"]


def _closed(trial: Trial) -> list[str]:
    found = trial.closed_loop
    if found is None:
        return [DASH] * 3
    last, change = found.last, found.difference
    return [
        f"{last.mean:.2f} [{last.low:.2f}, {last.high:.2f}]",
        f"{change.mean:+.2f} [{change.low:+.2f}, {change.high:+.2f}]",
        f"{found.improvement.mean:.2f}",
    ]


def _cost(cost: Cost | None) -> list[str]:
    """A text for each of COSTS, and for APPENDED."""
    if cost is None:
        return [DASH] * (len(COSTS) + 1)
    held = cost.held
    return [
        cost.ratio.words(),
        DASH if cost.milliseconds is None else f"{cost.milliseconds.median:.3g}",
        DASH if held is None else size_words(held.state),
        DASH if held is None or held.cache is None else size_words(held.cache),
        DASH if cost.appended is None else cost.appended.words(),
    ]


def _percent(value: Interval) -> str:
    return DASH if value.mean != value.mean else f"{value.mean:.0%}"
