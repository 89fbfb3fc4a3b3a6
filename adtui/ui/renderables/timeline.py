"""A training run as lines of text: a small picture a head, the return, since when each claim holds. Numpy only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rich.style import Style
from rich.text import Text

from ...records.arrays import Doubles, Ints
from ...records.plain import to_ascii, to_ascii_cells
from ...records.timeline import ENTROPY, Emergence, Timeline
from .title import cut, fitted

BARS = " ▁▂▃▄▅▆▇█"
NARROWEST = 8
"""Columns of a head's picture, at least."""
EMERGED, CURSOR, CHOSEN = Style(color="color(214)"), Style(reverse=True), Style(bold=True, underline=True)


def columns(count: int, width: int) -> Ints:
    """(W,) which of `count` checkpoints each column shows, W = width: in order, evenly, not by step."""
    return np.minimum(np.arange(width) * count // max(1, width), count - 1)


def levels(found: Timeline, name: str) -> Doubles:
    """(T, L, H) of a measure in [0, 1]: entropy as it is, ratios by their logarithm from 1 to the largest of all heads;
    NaN where undefined."""
    values = np.stack([point.effects[name].mean for point in found.points])
    if name == ENTROPY:
        return np.clip(values, 0.0, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(values)
    known = logs[np.isfinite(logs)]
    top = max(float(known.max()) if known.size else 0.0, np.log(2.0))
    scaled: Doubles = np.clip(np.where(np.isnan(values), np.nan, np.maximum(logs, 0.0)) / top, 0.0, 1.0)
    return scaled


def head_lines(
    found: Timeline, name: str, at: int, chosen: tuple[int, int], width: int, height: int, *, utf8: bool = True
) -> list[Text]:
    """Layers down, heads across, as many as fit, the chosen one among them; [] where there is no room for one.

    Args:
        at: the checkpoint under the cursor.
    """
    n_layer, n_head = found.points[-1].effects[name].mean.shape
    across, down = min(n_head, (width + 1) // (NARROWEST + 1)), min(n_layer, height // 2)
    if not across or not down:
        return []
    size, tall = (width + 1) // across - 1, height // down
    first_layer, first_head = (
        min(max(0, where - shown // 2), count - shown)
        for where, shown, count in zip(chosen, (down, across), (n_layer, n_head), strict=True)
    )
    level, shown = levels(found, name), columns(len(found.points), size)
    emerged = {(one.layer, one.head): one.step for one in found.emergences if one.kind == name}
    steps = np.array([point.step for point in found.points])
    lines = []
    for layer in range(first_layer, first_layer + down):
        pictures = []
        for head in range(first_head, first_head + across):
            since = emerged.get((layer, head))
            bright = np.zeros(len(steps), np.bool_) if since is None else steps >= since
            value = float(found.points[at].effects[name].mean[layer, head])
            title = _title(layer, head, value, since, size)
            style = CHOSEN if (layer, head) == chosen else Style()
            bars = _bars(level[:, layer, head], shown, tall - 1, at, bright, utf8)
            pictures.append([Text(to_ascii(title, unless=utf8)[:size].ljust(size), style, end=""), *bars])
        lines += [Text(" ", end="").join(row) for row in zip(*pictures, strict=True)]
    return lines


def _title(layer: int, head: int, value: float, since: int | None, width: int) -> str:
    number = "–" if value != value else f"{value:.2f}" if value < 10 else f"{value:.0f}"
    whole = f"L{layer}H{head} {number}" + ("" if since is None else f" →{since}")
    return whole if len(whole) <= width else f"L{layer}H{head}" if since is None else f"L{layer}H{head}→"


def _bars(level: Doubles, shown: Ints, tall: int, at: int, bright: np.ndarray, utf8: bool) -> list[Text]:
    """`tall` lines of one head's bars; the cursor's column is reversed."""
    lines = []
    for row in range(tall):
        line = Text(no_wrap=True, end="")
        for column, index in enumerate(shown.tolist()):
            value = level[index]
            eighths = 0 if value != value else max(1, round(float(value) * 8 * tall)) - 8 * (tall - 1 - row)
            sign = to_ascii_cells(BARS[max(0, min(8, eighths))], unless=utf8)
            style = EMERGED if bright[index] else Style()
            here = index == at or (column + 1 == len(shown) and at == len(level) - 1)
            line.append(sign, style + CURSOR if here else style)
        lines.append(line)
    return lines


def emergence_lines(
    emergences: Sequence[Emergence], step: int, width: int, height: int, *, utf8: bool = True
) -> list[Text]:
    """One claim a line, in order of step; those that hold at `step` are bright. Scrolled so that the newest of these is
    on display."""
    holding = sum(one.step <= step for one in emergences)
    first = max(0, min(holding - height // 2, len(emergences) - height))
    lines = []
    for one in emergences[first : first + height]:
        words = f"L{one.layer}H{one.head} {one.kind}: {one.when}"
        style = EMERGED if one.step <= step else Style(dim=True)
        lines.append(Text(cut(to_ascii(words, unless=utf8), width, utf8), style, no_wrap=True, end=""))
    return lines


def return_lines(found: Timeline, at: int, width: int, height: int, *, utf8: bool = True) -> list[Text]:
    """The return of the last episodes at every checkpoint that has one, as bars, below the numbers at the cursor; []
    where none is measured or there is no room."""
    told = [(index, point.returns) for index, point in enumerate(found.points) if point.returns is not None]
    if not told or height < 2 or width < NARROWEST:
        return []
    near, one = min(told, key=lambda pair: abs(pair[0] - at))
    top = max([found.optimal or 0.0, *(each.last.mean for _, each in told)]) or 1.0
    optimal = "" if found.optimal is None else f" · optimal {found.optimal:.1f} · random {found.random or 0.0:.1f}"
    words = (
        f"step {found.points[near].step}: last {one.episodes} episodes {one.last.mean:.1f} [{one.last.low:.1f}, "
        f"{one.last.high:.1f}] · first {one.first.mean:.1f}{optimal}"
    )
    level = np.full(len(found.points), np.nan)
    for index, each in told:
        level[index] = each.last.mean / top
    for index in range(1, len(level)):  # until the next one is measured
        level[index] = level[index - 1] if level[index] != level[index] else level[index]
    none = np.zeros(len(level), np.bool_)
    bars = _bars(np.clip(level, 0, 1), columns(len(level), width), height - 1, at, none, utf8)
    return [Text(to_ascii(fitted([words], width), unless=utf8), no_wrap=True, end=""), *bars]
