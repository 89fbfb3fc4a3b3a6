"""What can be asked of the table of heads: "recency>10", "confirmed", "uniform", "max entropy", or several at once."""

from __future__ import annotations

import difflib
import math
import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..records.errors import ConfigError
from .head_table import TELLING, HeadRow
from .kinds import INSIGHT_KINDS

EXAMPLES = "recency>10 · confirmed · max entropy"
COLUMNS: dict[str, str] = {
    "entropy": "entropy",
    "keys": "keys",
    "recency": "recency",
    "reward": "reward",
    "self": "self_mass",
    "state": "state",
    "kl": "knock_out_kl",
}
"""The name of a column → the field of HeadRow."""
_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt, "=": operator.eq,
}  # fmt: skip
_COMPARED = re.compile(r"([a-z-]+)\s*(>=|<=|>|<|=)\s*([-+.\w]+)")
_EXTREME = re.compile(r"(max|min)\s+([a-z-]+)")
_WORD = re.compile(r"[a-z-]+")
_SEPARATORS = " \t,;·"


@dataclass(frozen=True)
class HeadQuery:
    """Conditions that a head must meet, and the order of those that do.

    Attributes:
        text: as it was typed.
        conditions: (column, operator, number).
        words: statuses and kinds of which something must be said.
        by: the column to sort by, "" leaves the order; largest: the largest first.
    """

    text: str = ""
    conditions: tuple[tuple[str, str, float], ...] = ()
    words: tuple[str, ...] = ()
    by: str = ""
    largest: bool = True

    def takes(self, row: HeadRow) -> bool:
        """Whether a head meets every condition; what is undefined meets none."""
        numbers = all(_OPERATORS[sign](value_of(row, column), limit) for column, sign, limit in self.conditions)
        return numbers and all(any(word in pair for pair in row.kinds) for word in self.words)


def value_of(row: HeadRow, column: str) -> float:
    """One of `COLUMNS` of a head."""
    value: float = getattr(row, COLUMNS[column])
    return value


def sorted_by(rows: Sequence[HeadRow], column: str, largest: bool = True) -> tuple[HeadRow, ...]:
    """Heads by a column; "" is layer by layer. Those without a number come last, whichever way."""
    if not column:
        return tuple(sorted(rows, key=lambda row: (row.layer, row.head), reverse=not largest))
    there = [row for row in rows if not math.isnan(value_of(row, column))]
    there.sort(key=lambda row: value_of(row, column), reverse=largest)
    return (*there, *(row for row in rows if math.isnan(value_of(row, column))))


def is_query(text: str) -> bool:
    """Whether a line that is no place is meant for the table of heads, be it well formed or not."""
    return bool(re.search(r"[<>=]|[a-z]{4}|\bmax\b|\bmin\b", text.lower()))


def parse_query(text: str) -> HeadQuery:
    """Read a line. Raises ConfigError that says what was not understood."""
    rest, conditions, words = text.lower().strip(_SEPARATORS), [], []
    by, largest = "", True
    while rest:
        if found := _EXTREME.match(rest):
            by, largest = _column(text, found[2]), found[1] == "max"
        elif found := _COMPARED.match(rest):
            conditions.append((_column(text, found[1]), found[2], _number(text, found[3])))
        elif found := _match_kind(rest):
            words.append(found[0])
        else:
            raise _error(text, rest.split()[0])
        rest = rest[found.end() :].lstrip(_SEPARATORS)
    return HeadQuery(text.strip(), tuple(conditions), tuple(words), by, largest)


def _match_kind(rest: str) -> re.Match[str] | None:
    """A status or a kind; kinds of several words are matched whole."""
    names = sorted([*TELLING, *(kind.name for kind in INSIGHT_KINDS if "head" in kind.scopes)], key=len, reverse=True)
    return re.match("|".join(rf"{re.escape(name)}(?![\w-])" for name in names), rest)


def _column(text: str, name: str) -> str:
    if name not in COLUMNS:
        raise _error(text, name)
    return name


def _number(text: str, word: str) -> float:
    try:
        number = float(word)
    except ValueError:
        number = math.nan
    if math.isnan(number):
        raise ConfigError(f"“{text.strip()}”", expected="a number", found=word, action="write one, such as 10 or 0.5")
    return number


def _error(text: str, found: str) -> ConfigError:
    kinds = [kind.name for kind in INSIGHT_KINDS if "head" in kind.scopes]
    near = difflib.get_close_matches(found, [*COLUMNS, *TELLING, *kinds], n=1)
    return ConfigError(
        f"“{text.strip()}”",
        expected=f"a column ({', '.join(COLUMNS)}), a status or a kind, as in {EXAMPLES}",
        found=found,
        action=f"did you mean {near[0]}?" if near else "type one of these",
    )
