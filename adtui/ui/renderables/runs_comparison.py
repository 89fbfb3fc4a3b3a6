"""Runs compared as lines: a row a run with what differs in bold, and all that is known of one."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from rich.style import Style
from rich.text import Text

from ...records.comparison import Comparison, Row, shown
from ...records.plain import to_ascii, to_ascii_cells
from ...reports.comparison import cells, headings, ranged, signed

GAP = 2
CHOSEN, TITLES = Style(reverse=True), Style(dim=True)
BOLD = "bold"
LONGEST = 24
"""Cells of a run's name."""


def run_lines(
    found: Comparison,
    rows: Sequence[Row],
    chosen: int,
    first: int,
    width: int,
    height: int,
    *,
    by: str = "",
    down: bool = True,
    utf8: bool = True,
) -> list[Text]:
    """The line of titles and the rows, the chosen one among them.

    Args:
        rows: in their order.
        chosen: index of one of them.
        first: columns that are left out at the left, behind the name.
        by, down: the heading that they are sorted by, "" for the name or none, and whether it falls.
    """
    sign = "▼" if down else "▲"
    titles = [f"{name} {sign}" if name == by else name for name in headings(found)]
    table = [[_cut(f"{row.number} {shown(row.label)}"), *(cell.plain for cell in cells(found, row))] for row in rows]
    styles = [["", *(str(cell.style) for cell in cells(found, row))] for row in rows]
    columns = ["run", *titles]
    widths = [max([len(columns[c]), *(len(line[c]) for line in table)]) for c in range(len(columns))]
    kept = [0, *_fitting(widths, 1 + first, width - widths[0])]
    room = max(0, height - 1)
    top = max(0, min(chosen - room // 2, len(rows) - room))
    lines = [_line(columns, [""] * len(columns), widths, kept, TITLES, width, utf8)]
    for index in range(top, min(len(rows), top + room)):
        base = CHOSEN if index == chosen else Style()
        lines.append(_line(table[index], styles[index], widths, kept, base, width, utf8))
    return lines[:height]


def _fitting(widths: Sequence[int], first: int, room: int) -> Iterator[int]:
    for column in range(first, len(widths)):
        room -= GAP + widths[column]
        if room < 0:
            return
        yield column


def _line(
    texts: Sequence[str],
    styles: Sequence[str],
    widths: Sequence[int],
    kept: Sequence[int],
    base: Style,
    width: int,
    utf8: bool,
) -> Text:
    line = Text(style=base, no_wrap=True, end="")
    for place, column in enumerate(kept):
        text = texts[column].rjust(widths[column]) if column else texts[column].ljust(widths[column])
        line.append(" " * GAP if place else "").append(to_ascii_cells(text, unless=utf8), styles[column] or None)
    line.truncate(width)
    return line


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def detail_lines(found: Comparison, row: Row, width: int, height: int, *, utf8: bool = True) -> list[Text]:
    """What is missing first, then returns with intervals, claims by kind, settings; bold where it is not the
    reference's."""
    words = [(f"{row.label}: {one}", BOLD) for one in row.why]
    if (learned := row.learned) is not None:
        words.append((f"first episode {ranged(learned.first)}, last {ranged(learned.last)}", ""))
        words.append((f"last less first {signed(learned.gain)}", ""))
        words.append((f"in {learned.where}, context {learned.context}", ""))
    if row.change is not None:
        apart = BOLD if row.change.low > 0 or row.change.high < 0 else ""
        words.append((f"less #{found.reference}: {signed(row.change)}, paired over tasks", apart))
    if row.claims is not None:
        counted = ", ".join(f"{kind} {count}" for kind, count in row.claims.by_kind().items()) or "none"
        words.append((f"claims: {counted}", ""))
    words += [(f"note: {note}", "") for note in row.notes]
    reference = next((one for one in found.rows if one.number == found.reference), None)
    for name in (*found.differing, *(name for name in row.config if name not in found.differing)):
        if name in row.config:
            value = shown(row.config[name])
            other = reference is not None and name in found.differing and shown(reference.config.get(name, "")) != value
            words.append((f"{name} = {value}", BOLD if other else ""))
    lines = []
    for text, style in words:
        for part in textwrap.wrap(to_ascii(text, unless=utf8), max(8, width), subsequent_indent="  "):
            lines.append(Text(part[:width], style, no_wrap=True, end=""))
    return lines[:height]
