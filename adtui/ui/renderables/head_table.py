"""The table of heads as lines: as many columns as fit, the head and what it is sorted by always."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...insights.head_query import COLUMNS, value_of
from ...insights.head_table import HeadRow
from ...records.ablation import KL
from .insight import MARKS
from .statistics import number

HEAD, KINDS = "", "kinds"
TITLES = {
    HEAD: "head",
    "entropy": "H/ln n",
    "keys": "eff. keys",
    "recency": "recency",
    "reward": "reward",
    "self": "self",
    "state": "same state",
    "kl": "KL hidden",
    KINDS: "kinds",
}
GOES_FIRST = ("self", "state", "keys", "reward", "recency", "kl", "entropy")
"""Which columns go where the terminal is narrow, the first one first."""
GAP = 2
ENOUGH = 12
"""Cells of the kinds, before another column goes."""


def head_cells(row: HeadRow) -> dict[str, str]:
    """What stands in each column."""
    numbers = {name: number(value_of(row, name)) for name in COLUMNS}
    kinds = " ".join(f"{MARKS[status]}{kind}" for kind, status in row.kinds)
    return {HEAD: row.where, **numbers, KINDS: kinds}


def head_table(
    rows: Sequence[HeadRow], width: int, column: str, largest: bool, divergence: str = KL
) -> tuple[str, ...]:
    """The line of titles, and one line for each head.

    Args:
        width: cells; no line is longer.
        column, largest: what the rows are sorted by, for its title: `COLUMNS`, or "" for the heads.
        divergence: what stands in the column "kl", in short.
    """
    named = TITLES | {"kl": f"{divergence} hidden"}
    sign = "▼" if largest == bool(column) else "▲"
    titles = {name: f"{title}{sign}" if name == column else title for name, title in named.items()}
    cells = [head_cells(row) for row in rows]
    widths = {name: max([len(titles[name]), *(len(cell[name]) for cell in cells)]) for name in TITLES}
    shown = list(TITLES)
    for name in GOES_FIRST:
        needed = sum(min(widths[kept], ENOUGH) if kept == KINDS else widths[kept] for kept in shown)
        if needed + GAP * (len(shown) - 1) > width and name != column:
            shown.remove(name)
    return tuple(_line(line, widths, shown, width) for line in (titles, *cells))


def _line(cells: Mapping[str, str], widths: Mapping[str, int], shown: Sequence[str], width: int) -> str:
    left = (HEAD, KINDS)
    padded = (cells[name].ljust(widths[name]) if name in left else cells[name].rjust(widths[name]) for name in shown)
    line = (" " * GAP).join(padded).rstrip()
    return line if len(line) <= width else line[: max(0, width - 1)] + "…"
