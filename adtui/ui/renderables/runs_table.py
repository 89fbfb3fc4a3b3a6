"""Runs as lines of a table: columns by which they can be sorted, as many as fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...files.runs import UNKNOWN_STEP, Run
from ...records.list_messages import Described

GAP = 2
NAME, FAMILY, RETURN, STEP, KEPT, AGE = "run", "family", "return", "step", "checkpoints", "age"
COLUMNS = (NAME, FAMILY, RETURN, STEP, KEPT, AGE)
GOES_FIRST = (KEPT, FAMILY, RETURN, AGE, STEP)
"""Which columns go where the terminal is narrow, the first one first."""
LARGEST_FIRST = (RETURN, STEP, KEPT)
"""Columns whose largest value stands at the top, until the order is turned round."""
RIGHT = (RETURN, STEP, KEPT)
LONGEST_FAMILY, SHORTEST_FAMILY = 36, 12


@dataclass(frozen=True)
class RunRow:
    """A run in the list.

    Attributes:
        seen: `Run.fingerprint` of it, taken once for the list.
        known: what the engine says of it; None while it has not.
    """

    run: Run
    seen: tuple[int, int, int]
    known: Described | None = None

    @property
    def changed(self) -> float:
        """When its newest checkpoint was written, in seconds since 1970."""
        return self.seen[1] / 1e9

    @property
    def mark(self) -> tuple[str, tuple[int, int, int]]:
        """What it is known by, as long as it does not change."""
        return str(self.run.directory), self.seen

    def cells(self, now: float) -> dict[str, str]:
        """What stands in each column."""
        known = self.known
        return {
            NAME: self.run.name,
            FAMILY: "…" if known is None else _cut(known.family, LONGEST_FAMILY),
            RETURN: "" if known is None else _return(known),
            STEP: "none" if self.run.step == UNKNOWN_STEP else str(self.run.step),
            KEPT: str(len(self.run.checkpoints)),
            AGE: age(now - self.changed),
        }

    def key(self, column: str) -> tuple[bool, float | str]:
        """What it is sorted by; a row that has nothing there comes last."""
        known = self.known
        values: dict[str, float | str | None] = {
            NAME: self.run.name.lower(),
            FAMILY: None if known is None else known.family,
            RETURN: None if known is None else known.last,
            STEP: self.run.step,
            KEPT: len(self.run.checkpoints),
            AGE: -self.changed,
        }
        value = values[column]
        return value is not None, -value if isinstance(value, float | int) and column in LARGEST_FIRST else value or ""


def _return(known: Described) -> str:
    if known.last is None:
        return "-"
    return f"{known.last:.4g}" if known.optimal is None else f"{known.last:.4g} of {known.optimal:.4g}"


def ordered(rows: Sequence[RunRow], column: str, turned: bool) -> tuple[RunRow, ...]:
    """Sorted by a column; rows that have nothing there stay at the end."""
    there = [row for row in rows if row.key(column)[0]]
    there.sort(key=lambda row: row.key(column)[1], reverse=turned)
    return (*there, *(row for row in rows if not row.key(column)[0]))


def table(rows: Sequence[RunRow], now: float, width: int, column: str, turned: bool) -> tuple[str, ...]:
    """The line of headers, and one line for each row.

    Args:
        width: of the terminal; columns that do not fit go, see GOES_FIRST.
        column, turned: what they are sorted by, for its header.
    """
    cells = [row.cells(now) for row in rows]
    falls = (column in LARGEST_FIRST) != turned
    sign = "▼" if falls else "▲"
    titles = {name: f"{name} {sign}" if name == column else name for name in COLUMNS}
    widths = {name: max([len(titles[name]), *(len(cell[name]) for cell in cells)]) for name in COLUMNS}
    shown = _fit(widths, width)
    return tuple(_line(line, widths, shown) for line in (titles, *cells))


def _fit(widths: dict[str, int], width: int) -> tuple[str, ...]:
    """The columns that are shown; that of the families is made narrower before it goes."""
    shown = list(COLUMNS)
    for name in GOES_FIRST:
        over = sum(widths[kept] + GAP for kept in shown) - GAP - width
        if over > 0 and name == FAMILY and widths[FAMILY] - over >= SHORTEST_FAMILY:
            widths[FAMILY] -= over
        elif over > 0:
            shown.remove(name)
    return tuple(shown)


def _line(cells: Mapping[str, str], widths: Mapping[str, int], shown: Sequence[str]) -> str:
    cut = {name: _cut(cells[name], widths[name]) for name in shown}
    padded = (cut[name].rjust(widths[name]) if name in RIGHT else cut[name].ljust(widths[name]) for name in shown)
    return (" " * GAP).join(padded)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def age(seconds: float) -> str:
    """How long ago, in one unit."""
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"
