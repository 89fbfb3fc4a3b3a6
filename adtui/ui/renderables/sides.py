"""Two runs side by side as lines of text: the pairs of heads, what is known of one, both rows of a query."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rich.style import Style
from rich.text import Text

from ...records.arrays import Floats, Ints
from ...records.head_comparison import ClaimTest, HeadComparison, Pair
from ...records.interval import Interval
from ...records.place import head_name
from ...records.plain import to_ascii, to_ascii_cells
from .curve import empty_plot, plain_line, thin, ticks
from .title import cut

CHOSEN, ONLY = Style(reverse=True), Style(bold=True)
FIRST, SECOND, REWARDED = 39, 214, 244
"""xterm colours of the two runs' curves, and of the marks below them."""
GAP = 2


def pair_name(one: Pair | ClaimTest) -> str:
    """ "L0H1 / L0H3", one name where they are the same."""
    first, second = head_name(*one.first), head_name(*one.second)
    return first if first == second else f"{first} / {second}"


def only(found: HeadComparison, pair: Pair) -> list[ClaimTest]:
    """Claims that hold in one head of a pair only, the clearest first."""
    return [one for one in found.in_one_only if (one.first, one.second) == (pair.first, pair.second)]


def pair_lines(found: HeadComparison, at: int, width: int, height: int, *, utf8: bool = True) -> list[Text]:
    """The line of titles and as many pairs as fit, the chosen one among them; no line is wider than `width`."""
    rows = [("A / B", "rows", "writes", "in one only")]
    for pair in found.pairs:
        claims = ", ".join(f"{'A' if one.holds_first else 'B'} {one.kind}" for one in only(found, pair))
        rows.append((pair_name(pair), f"{pair.divergence.mean:.3f}", f"{pair.difference.mean:.3f}", claims))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    if sum(widths) + 2 * GAP > width:  # what a pair writes goes first, then how far its rows are apart
        widths[1] = 0
    room = max(0, height - 1)
    first = max(0, min(at - room // 2, len(found.pairs) - room))
    lines = [_line(rows[0], widths, width, Style(dim=True), utf8)]
    for index, row in enumerate(rows[1:][first : first + room], first):
        style = CHOSEN if index == at else ONLY if row[3] else Style()
        lines.append(_line(row, widths, width, style, utf8))
    return lines[:height]


def _line(row: Sequence[str], widths: Sequence[int], width: int, style: Style, utf8: bool) -> Text:
    name, *numbers, claims = row
    parts = [name.ljust(widths[0])]
    parts += [number.rjust(size) for number, size in zip(numbers, widths[1:], strict=True) if size]
    line = (" " * GAP).join([*parts, claims]).rstrip()
    cut = line if len(line) <= width else line[: max(0, width - 1)] + "…"
    return Text(to_ascii_cells(cut, unless=utf8), style, no_wrap=True, end="")


def claim_lines(
    found: HeadComparison, pair: Pair, width: int, height: int, *, full: str, utf8: bool = True
) -> list[Text]:
    """What holds in one of the pair only, then how far it is apart, then the other claims of either.

    Args:
        full: the key that gives the pane the screen.
    """
    alone = only(found, pair)
    lines = [(f"in {'A' if one.holds_first else 'B'} only: {_effects(one)} (p {one.p:.1g})", ONLY) for one in alone]
    if not alone:
        lines.append(("no claim holds in one of them only", Style()))
    lines.append((f"rows differ {_ranged(pair.divergence)}", Style()))
    lines.append((f"writes differ {_ranged(pair.difference)}", Style()))
    lines.append((f"writes {pair.writes_first:.0%} of its layer → {pair.writes_second:.0%}", Style()))
    for one in found.tests:
        here = (one.first, one.second) == (pair.first, pair.second)
        if here and one not in alone and (one.holds_first or one.holds_second):
            where = "both" if one.holds_first and one.holds_second else "A" if one.holds_first else "B"
            differs = "differ" if one.differs else "not shown to differ"
            lines.append((f"observed in {where}: {_effects(one)}, {differs}", Style(dim=True)))
    if found.unmatched:
        lines.append((f"without a partner: {' '.join(head_name(*head) for head in found.unmatched)}", Style()))
    shown = (
        lines[:height] if len(lines) <= height else [*lines[: height - 1], (f"… more at full size ({full})", Style())]
    )
    return [Text(cut(to_ascii(words, unless=utf8), width, utf8), style, no_wrap=True, end="") for words, style in shown]


def _effects(one: ClaimTest) -> str:
    return f"{one.kind} A {one.effect_first:.3g}, B {one.effect_second:.3g}"


def _ranged(one: Interval) -> str:
    return f"{one.mean:.3f}" + (f" [{one.low:.3f}, {one.high:.3f}]" if one.low == one.low else "")


def rows_legends(*, utf8: bool = True, color: bool = True) -> tuple[Text, ...]:
    """What the curves are, and shorter, see `fitted_legend`."""
    legend = Text("A", Style(color=f"color({FIRST})") if color else Style(), end="")
    legend.append(" blue" if color else " a", Style()).append(
        "  B", Style(color=f"color({SECOND})") if color else Style()
    )
    legend.append(" orange" if color else " b", Style())
    return legend.copy().append(to_ascii("  ▲ rewarded", unless=utf8), Style()), legend


def both_rows(
    rows: Floats,
    width: int,
    height: int,
    *,
    episode: Ints,
    rewarded: NDArray[np.bool_],
    utf8: bool = True,
    color: bool = True,
) -> list[Text]:
    """Both attention rows over the transitions, by plotext; [] where the pane is too small to hold axes.

    Args:
        rows: (2, K) float32, up to the query.
        episode, rewarded: (K,) of each position.
        color: whether the terminal has colours; without them the curves are drawn in the letters a and b.
    """
    if width < 16 or height < 4 or not rows.shape[1]:
        return []
    plotext = empty_plot(width, height)
    high = float(np.nan_to_num(rows).max()) or 1.0
    plotext.ylim(0.0, high)
    plotext.xlim(0, max(1, rows.shape[1] - 1))
    marked = [int(index) for index in np.flatnonzero(rewarded)]
    if marked:
        plotext.scatter(marked, [0.0] * len(marked), marker=to_ascii_cells("▲", unless=utf8), color=REWARDED)
    for row, colour, letter in zip(rows, (FIRST, SECOND), "ab", strict=True):
        x, y = thin(row, 2 * width)
        plotext.plot(x.tolist(), y.tolist(), marker="braille" if utf8 and color else letter, color=colour)
    plotext.xticks(*ticks(episode, width - 8))
    plotext.yticks([0.0, high], ["0", f"{high:.3f}"])
    return [plain_line(line, utf8, color) for line in plotext.build().splitlines()[:height]]
