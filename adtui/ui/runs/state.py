"""What the screen of compared runs shows: rows in an order, one of them chosen. No widgets here."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from ...records.compare_messages import CompareRuns
from ...records.comparison import Comparison, Row, shown
from ...records.messages import OpenRun
from ...reports.comparison import headings
from ...reports.comparison_rows import BEST_FIRST, sorted_rows

GIVEN = ""
"""The order in which the runs were given."""


@dataclass
class RunsState:
    """Kept while the app is open, one for each set of runs.

    Attributes:
        asked: what was asked.
        found: the runs that are measured so far; None before the first.
        by: a key of `comparison_rows.sorted_rows`, or GIVEN.
        turned: the order turned round.
        text: what rows must have in their name or settings.
        chosen: number of the chosen run.
        first: columns left out at the left.
    """

    asked: CompareRuns
    found: Comparison | None = None
    by: str = GIVEN
    turned: bool = False
    text: str = ""
    chosen: int = 1
    first: int = 0

    @property
    def complete(self) -> bool:
        """Whether all runs are measured."""
        return self.found is not None and not self.found.missing

    @property
    def orders(self) -> list[tuple[str, str]]:
        """(key, heading) of everything that rows can be sorted by."""
        if self.found is None:
            return [(GIVEN, GIVEN)]
        names = headings(self.found)
        change = ["difference"] if len(names) - len(self.found.differing) == 6 else []
        keys = ["step", "first", "last", *change, None, "claims", *self.found.differing]
        return [(GIVEN, GIVEN), *((key, name) for key, name in zip(keys, names, strict=True) if key is not None)]

    @property
    def falls(self) -> bool:
        """Whether the largest is at the top."""
        return (self.by in BEST_FIRST) != self.turned

    @property
    def heading(self) -> str:
        """Of the column that rows are sorted by."""
        return dict(self.orders).get(self.by, GIVEN)

    @property
    def rows(self) -> tuple[Row, ...]:
        """Those that the text lets through, in their order."""
        if self.found is None:
            return ()
        kept = [row for row in self.found.rows if self.text.lower() in _searched(row)]
        if self.by == GIVEN:
            return tuple(kept[::-1] if self.turned else kept)
        return sorted_rows(kept, self.by, descending=self.falls)

    @property
    def at(self) -> int:
        """Index of the chosen run among the rows."""
        return next((index for index, row in enumerate(self.rows) if row.number == self.chosen), 0)

    @property
    def row(self) -> Row | None:
        """The chosen run."""
        rows = self.rows
        return rows[self.at] if rows else None

    def move(self, by: int) -> None:
        """To another run."""
        if rows := self.rows:
            self.chosen = rows[max(0, min(self.at + by, len(rows) - 1))].number

    def aside(self, by: int) -> None:
        """Other columns."""
        most = 0 if self.found is None else len(headings(self.found)) - 1
        self.first = max(0, min(self.first + by, most))

    def sort(self) -> None:
        """By the next column."""
        keys = [key for key, _ in self.orders]
        self.by, self.turned = keys[(keys.index(self.by) + 1) % len(keys) if self.by in keys else 0], False

    @property
    def command(self) -> str:
        """`adtui compare` of the same runs, with what has been chosen here."""
        run, usual = self.asked.run, OpenRun(0, "")
        words = []
        for name in ("device", "samples", "seed", "context", "heads", "adapter"):
            if getattr(run, name) != getattr(usual, name):
                words += [f"--{name}", str(getattr(run, name))]
        words += ["--sort", self.by] if self.by != GIVEN else []
        words += ["--reverse"] if self.turned else []
        words += ["--filter", self.text] if self.text else []
        return shlex.join(["adtui", "compare", *self.asked.paths, *words])


def _searched(row: Row) -> str:
    return " ".join([row.label, *(f"{name}={shown(value)}" for name, value in row.config.items())]).lower()
