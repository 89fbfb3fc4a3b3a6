"""Rows of a comparison: in which order, and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from ..records.comparison import Comparison, Row, shown
from ..records.interval import Interval
from ..records.version import __version__

MEASURES = ("name", "step", "first", "last", "gain", "difference", "claims")
BEST_FIRST = ("first", "last", "gain", "difference", "claims")
"""Of these the largest come first."""


def sorted_rows(rows: Sequence[Row], key: str, *, descending: bool) -> tuple[Row, ...]:
    """By a measure or a setting; rows without it last, equal ones in their order."""
    known = [(_value(row, key), row) for row in rows]
    have = [pair for pair in known if pair[0] is not None]
    have.sort(key=lambda pair: _order(pair[0]), reverse=descending)
    return tuple(row for _, row in have) + tuple(row for value, row in known if value is None)


def _value(row: Row, key: str) -> object | None:
    learned = row.learned
    values = {
        "name": row.label,
        "step": row.source and row.source.step,
        "first": learned and learned.first.mean,
        "last": learned and learned.last.mean,
        "gain": learned and learned.gain.mean,
        "difference": row.change and row.change.mean,
        "claims": None if row.claims is None else len(row.claims.held),
    }
    return values[key] if key in values else row.config.get(key)


def _order(value: object) -> tuple[int, float, str]:
    """Numbers before text."""
    if isinstance(value, bool | int | float):
        return 0, float(value), ""
    return 1, 0.0, shown(value)


def csv_text(found: Comparison) -> str:
    """A line a run: what it is, the settings that differ, its returns, its differences, its claims by kind, what lacks.

    A number that is not known is an empty cell.
    """
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(
        [
            *("number", "run", "path", "digest", "adtui", "step", *found.differing),
            *("world", "tasks", "histories", "episodes", "random", "optimal"),
            *(f"{name}{end}" for name in ("first", "last", "gain", "first_difference", "difference") for end in _ENDS),
            *(f"claims_{kind}" for kind in found.kinds),
            "why",
        ]
    )
    for row in found.rows:
        one, source, claims = row.learned, row.source, row.claims
        counts = None if claims is None else claims.by_kind()
        about = [row.number, row.label, row.path, *((source.digest, __version__, source.step) if source else [""] * 3)]
        settings = [shown(row.config[name]) if name in row.config else "" for name in found.differing]
        places = (
            [one.world, len(one.tasks), one.histories, len(one.episodes), one.random, one.optimal] if one else [""] * 6
        )
        spans = [*((one.first, one.last, one.gain) if one else [None] * 3), row.first_change, row.change]
        numbers = [number for span in spans for number in _numbers(span)]
        held = ["" if counts is None else counts.get(kind, 0) for kind in found.kinds]
        table.writerow([*about, *settings, *places, *numbers, *held, "; ".join(row.why)])
    return out.getvalue()


_ENDS = ("", "_low", "_high")


def _numbers(span: Interval | None) -> list[float | str]:
    values = [] if span is None else [span.mean, span.low, span.high]
    return [value if value == value else "" for value in values] or [""] * 3
