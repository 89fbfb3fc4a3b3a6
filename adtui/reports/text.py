"""An analysis as text that fits 80 columns. Pure: records in, a string out."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from ..insights.answer import answer_of
from ..records.insight import Insight, Placebo
from ..records.interval import Estimate
from ..records.layout import Layout
from ..records.plain import to_ascii
from ..records.provenance import drawn
from ..records.run import RunInfo
from ..records.statistics import HOLDING, SampleStats, SeedStats
from ..statistics.averages import aggregate
from ..statistics.script import layers, overall, printed, seed_insights
from . import statements
from .blocks import heading, indent, new_table

# Three tables of three, so that mean and interval of a head stand on one line of 80 columns.
TABLES = (
    ("How concentrated", (
        ("entropy / ln n", "entropy_norm"), ("effective positions", "effective"), ("tokens holding 90 %", "holding"))),
    ("Where in time", (
        ("recent/distant", "recent_distant"), ("mean lag, tokens", "mean_lag"), ("first-token mass", "sink_mass"))),
    ("On what", (
        ("reward lift", "rewarded_lift"), ("revisit lift", "revisit_lift"), ("self mass", "self_mass"))),
)  # fmt: skip


def text_report(
    info: RunInfo,
    stats: Sequence[SampleStats],
    insights: Sequence[Insight],
    *,
    placebo: Placebo | None = None,
    testing: bool | None = False,
    width: int = 80,
    ascii_only: bool = False,
    color: bool = False,
) -> str:
    """The report of `adtui analyze`.

    Args:
        info: the run, with its samples.
        stats: one per sample of `info`.
        insights: in order of importance.
        placebo: of their tests, where they were tested.
        testing: see `insights.answer`.
        width: columns; nothing is lost from 72 on.
        ascii_only: for terminals and pipes that are not UTF-8.
        color: for terminals.
    """
    console = Console(
        file=io.StringIO(), width=width, force_terminal=color, no_color=None if color else True, highlight=False,
        markup=False, emoji=False, legacy_windows=False,
    )  # fmt: skip
    with console.capture() as captured:
        for section in (
            _header(info),
            _answer(info, insights, testing),
            _samples(info),
            statements.section(insights, placebo),
            _heads(info, stats),
            _seed(stats),
        ):
            console.print(section)
    lines = captured.get() if color else "\n".join(line.rstrip() for line in captured.get().splitlines()) + "\n"
    return to_ascii(lines, unless=not ascii_only)


def _header(info: RunInfo) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim")
    grid.add_column(overflow="fold")
    size = f"{info.n_layer} layers × {info.n_head} heads · d {info.d_model} · {info.parameters:,} parameters"
    check = f"capture reproduces the logits to {info.logit_gap:.1g}"
    for name, value in (
        ("checkpoint", info.path),
        ("family", info.family),
        ("size", size),
        ("context", f"{_longest(info)} · {info.acts.words}"),
        ("device", f"{info.device} · {check}"),
        *(("note", note) for note in info.notes),
    ):
        grid.add_row(name, Text(value))
    return Group(heading(info.name, f"step {info.step:,}"), indent(grid))


def _answer(info: RunInfo, insights: Sequence[Insight], testing: bool | None) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold")
    grid.add_column(overflow="fold")
    for line in answer_of(info, insights, testing):
        grid.add_row(line.name.upper(), Text(line.words + (f" ({line.basis})" if line.basis else "")))
    return Group(heading("What the model uses"), indent(grid))


def _longest(info: RunInfo) -> str:
    if info.compressor is not None:
        return "any length: the oldest transitions become latents"
    return f"at most {info.n_context_max} transitions"


def _samples(info: RunInfo) -> RenderableType:
    table = new_table("sample", "tokens", "episodes", "rewarded", "where it comes from")
    table.columns[-1].justify = "left"
    for index, sample in enumerate(info.samples):
        table.add_row(
            str(index),
            _tokens(info.layout(index)),
            str(len(sample.episode_starts)),
            "–" if sample.graded else str(int(sample.rewarded.sum())),
            Text(sample.label),
        )
    histories = len({sample.history for sample in info.samples})
    note = f"{len(info.samples)} from {_count(histories, 'independent history', 'independent histories')}"
    return Group(heading("Samples", note), indent(Text(drawn(info)), table))


def _tokens(layout: Layout) -> str:
    """How many tokens there are, and of how much of the context."""
    part = len(layout.visible) < layout.n_context
    return f"{layout.n_tokens}" + (f" ({len(layout.visible)} of {layout.n_context} transitions)" if part else "")


def _count(n: int, one: str, many: str) -> str:
    return f"{n} {one if n == 1 else many}"


# -- heads -------------------------------------------------------------------------------------------------------------
def _heads(info: RunInfo, stats: Sequence[SampleStats]) -> RenderableType:
    estimates = aggregate([one.plain for one in stats], info.samples)
    estimates["holding"] = estimates["holding"].last(HOLDING.index(0.9))
    parts: list[RenderableType] = []
    for title, fixed in TABLES:
        columns: tuple[tuple[str, str], ...] = fixed
        if ("self mass", "self_mass") in columns and any((one.plain.other_mass > 0).any() for one in stats):
            columns = (*columns, ("other tokens", "other_mass"))
        table = new_table("head", *(name for name, _ in columns))
        for layer in range(info.n_layer):
            for head in range(info.n_head):
                cells = (_cell(estimates[name], layer, head) for _, name in columns)
                table.add_row(f"L{layer}H{head}", *cells)
        parts += [Text(title, "italic"), table, Text("")]
    note = "query row over the context: mean [95 % interval]"
    legend = (
        "Lift: attention over the share of such tokens, 1 = what uniform attention gives. -: not defined, or too few "
        "histories for an interval. recent/distant: newest over oldest quarter, geometric mean."
    )
    return Group(heading("Heads", note), indent(*parts, Text(legend, "dim")))


def _cell(one: Estimate, layer: int, head: int) -> str:
    mean, low, high = (float(part[layer, head]) for part in (one.mean, one.low, one.high))
    if not np.isfinite(mean):
        return "-"
    return f"{_number(mean)} [{_number(low)}, {_number(high)}]" if np.isfinite(low) else f"{_number(mean)} [-]"


def _number(value: float) -> str:
    """Three significant digits, or three decimals below 1."""
    if value >= 1000:
        return f"{value:,.0f}" if value < 1e5 else f"{value:.0e}"
    return f"{value:.3f}" if value < 1 else f"{value:#.3g}".rstrip(".")


# -- the users' script's own numbers -----------------------------------------------------------------------------------
def _seed(stats: Sequence[SampleStats]) -> RenderableType:
    parts: list[RenderableType] = [
        Text(
            "Heads averaged first, in the script's arithmetic and digits. Its last lines use fixed thresholds "
            "(ratio 2.0 and 1.2, entropy 2.0 nats) that do not scale with the context; the insights above do.",
            "dim",
        )
    ]
    parts += [_seed_layer(index, layer) for index, layer in enumerate(layers(stats))]
    return Group(heading("As the attention script prints it"), indent(*parts))


def _seed_layer(index: int, layer: Sequence[SeedStats]) -> RenderableType:
    table = new_table("#", "tokens", "context", "mean", "std", "max pos.", "recent/distant", "entropy")
    for number, sample in enumerate(layer):
        table.add_row(str(number), *printed(sample).values())
    lines = Table.grid(padding=(0, 2))
    for name, value in overall(layer):
        lines.add_row(name, value)
    rules = [Text(f"script says: {line}") for line in seed_insights(layer)]
    return Group(Text(f"\nLayer {index}", "bold"), table, lines, *rules)
