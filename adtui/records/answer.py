"""The question in three lines: what of its history does the model use, by which heads, and can it do with less?"""

from __future__ import annotations

from dataclasses import dataclass

Key = tuple[str, int | None, int | None, str]
"""Of an insight, see `Insight.key`."""
USES, HEADS, COMPRESS = "uses", "heads", "compress"


@dataclass(frozen=True)
class Part:
    """Some words of a line, and the insight that is the evidence for them; None where no single one is."""

    text: str
    insight: Key | None = None


@dataclass(frozen=True)
class Line:
    """One line.

    Attributes:
        name: USES, HEADS or COMPRESS.
        parts: the most telling first, so that the last ones can be left out where there is no room.
        basis: what it rests on, in words; "" where nothing is known yet.
    """

    name: str
    parts: tuple[Part, ...]
    basis: str = ""

    @property
    def words(self) -> str:
        """The line in full."""
        return " · ".join(part.text for part in self.parts)


@dataclass(frozen=True)
class KnownTrials:
    """What stored compression trials say of these weights.

    Attributes:
        words: the recommendation, or why there is none.
        basis: how many histories, of which file.
        damaged: which other stored trials are not shown, and why; "" where all are.
    """

    words: str
    basis: str
    damaged: str = ""


Answer = tuple[Line, Line, Line]
