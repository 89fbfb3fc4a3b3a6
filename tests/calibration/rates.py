"""Rates with their Monte-Carlo error, and tables of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Rate:
    """`count` of `total`."""

    count: int
    total: int

    @property
    def share(self) -> float:
        return self.count / self.total if self.total else float("nan")

    def within(self, nominal: float, errors: float = 3.0) -> bool:
        """Whether it is at most the nominal rate and so many standard errors of a rate of that size."""
        return self.share <= nominal + errors * math.sqrt(nominal * (1 - nominal) / self.total)

    def __str__(self) -> str:
        """ "2.4 ± 0.3 %": the standard error of the rate itself."""
        error = math.sqrt(self.share * (1 - self.share) / self.total) if self.total else float("nan")
        return f"{100 * self.share:.1f} ± {100 * error:.1f} %"


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table, its columns aligned for a terminal."""
    cells = [list(header), *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in cells
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([f"## {title}", "", lines[0], rule, *lines[1:], ""])
