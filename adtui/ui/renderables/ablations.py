"""The panel behind a tested insight as lines: every ablation's ratio with its interval, and whether it agrees."""

from __future__ import annotations

import textwrap

from rich.cells import cell_len

from ...insights.wording import brief
from ...records.ablation import CAVEAT, DENOISING, DIRECTIONS, NOISING, Ablation
from ...records.insight import Insight
from ...records.plain import to_ascii, to_ascii_cells
from .insight import MARKS
from .title import cut

AGREES = {True: "✔", False: "✘", None: "○"}
WHAT = {NOISING: "what it names is ablated", DENOISING: "all but what it names is ablated"}
LEGEND = (
    "Ratio [95 % over tasks], contexts; above 1: what it names matters more than as many drawn at random. "
    "✔ agrees with the first test (noising by mask, {}), ✘ contradicts it, ○ leaves it open."
)
UNTRIED = "The other ablations are tried only on what the first test confirms or refutes."
COLUMN = 32
"""Cells of a column of ratios."""


def panel_lines(insight: Insight, width: int, utf8: bool = True) -> list[str]:
    """The insight's name and status, a block for each direction, and what to mind; no line is wider than `width`."""
    phase = f" ({insight.phase})" if insight.phase else ""
    lines = [f"{MARKS.get(insight.status, '?')} {insight.where} {insight.kind}{phase}: {insight.status}"]
    if not insight.ablations:
        words = insight.tested or "not tested: no ablation has been tried on it"
        return _plain([*lines, "", *textwrap.wrap(words, width)], width, utf8)
    metrics = list(dict.fromkeys(one.metric for one in insight.ablations))
    for direction in DIRECTIONS:
        lines += ["", *textwrap.wrap(f"{direction}: {WHAT[direction]}", width)]
        columns = [
            [metric, *(_ratio(one) for one in insight.ablations if (one.direction, one.metric) == (direction, metric))]
            for metric in metrics
        ]
        if width >= COLUMN * len(columns) + 2:
            lines += ["  ".join(_padded(cell, COLUMN) for cell in row).rstrip() for row in zip(*columns, strict=True)]
        else:
            lines += [line for column in columns for line in column]
    if not all(one.n for one in insight.ablations):
        lines += ["", *textwrap.wrap(UNTRIED, width)]
    lines += ["", *textwrap.wrap(LEGEND.format(metrics[0]), width), *textwrap.wrap(CAVEAT, width)]
    return _plain(lines, width, utf8)


def _ratio(one: Ablation) -> str:
    """ "mask       9.5 [4.3, 23] ✔ 144"."""
    if not one.n:
        return f" {one.way:<9} – not tried"
    low, high = one.interval
    return f" {one.way:<9} {brief(one.ratio)} [{brief(low)}, {brief(high)}] {AGREES[one.agrees]} {one.n}"


def _padded(text: str, width: int) -> str:
    return text + " " * (width - cell_len(text))


def _plain(lines: list[str], width: int, utf8: bool) -> list[str]:
    """In ASCII where that is asked for: marks keep their cell."""
    return [cut(to_ascii(to_ascii_cells(line, unless=utf8), unless=utf8), width, utf8) for line in lines]
