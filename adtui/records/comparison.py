"""Runs side by side: what they differ in, how they learn in context on the same tasks, and what they attend to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from .as_json import as_json
from .interval import Interval
from .provenance import Provenance, Source

SCHEMA = "adtui.compare/1"
LONGEST_TEXT = 200
"""Characters of a setting's value that are shown."""


@dataclass(frozen=True)
class Learned:
    """In-context return of a run on held-out tasks. Intervals are over tasks, whose histories are averaged first.

    Attributes:
        world: in words.
        tasks: indices; each has `histories` rooms.
        context: transitions of the longest context.
        episodes: one interval for each episode.
        first, last: return of the first episode, and of the last (up to ten).
        gain: last less first, paired.
        random, optimal: mean return of random actions (measured) and the best possible.
    """

    world: str
    tasks: tuple[int, ...]
    histories: int
    context: int
    episodes: tuple[Interval, ...]
    first: Interval
    last: Interval
    gain: Interval
    random: float
    optimal: float

    @property
    def where(self) -> str:
        """ "darkroom 9×9, 20 steps, 8 held-out tasks, 4 histories each"."""
        tasks, count = len(self.tasks), self.histories
        words = f"{tasks} held-out task{'s' if tasks > 1 else ''}, {count} histor{'ies' if count > 1 else 'y'} each"
        return f"{self.world}, {words}"


@dataclass(frozen=True)
class Claim:
    """One insight that holds, by what it is about."""

    kind: str
    where: str
    phase: str
    status: str


@dataclass(frozen=True)
class Claims:
    """What may be said of a run's attention.

    Attributes:
        contexts: how many they rest on, in words with their mark.
        tested: whether knock-outs were made; without them a claim is observed only.
        held: every claim that is observed or confirmed.
    """

    contexts: str
    tested: bool
    held: tuple[Claim, ...]

    def by_kind(self) -> dict[str, int]:
        """Kind → at how many places (model, layers, heads, phases) it holds, the most frequent first."""
        counts: dict[str, int] = {}
        for claim in self.held:
            counts[claim.kind] = counts.get(claim.kind, 0) + 1
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


@dataclass(frozen=True)
class Row:
    """One run of a comparison.

    Attributes:
        number: from 1, in the order in which runs were given; the first that was measured is the reference.
        label: its name, told from the others'.
        path: the checkpoint file, or what was given where there is none.
        source: its checkpoint; None where it could not be read.
        config: the settings of its training by their (dotted) names, and `family`, `parameters` and `context`.
        learned, claims: None where they could not be had; `why` says why.
        first_change, change: return of the first and of the last episodes less the reference's, on the same tasks and
            seeds; None for the reference, and where its tasks are others.
        why: what is missing and why, a line each.
        notes: what measurements rest on without the run saying so.
    """

    number: int
    label: str
    path: str
    source: Source | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    learned: Learned | None = None
    claims: Claims | None = None
    first_change: Interval | None = None
    change: Interval | None = None
    why: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """A whole comparison.

    Attributes:
        rows: as they are shown.
        differing: names of the settings that are not the same in all rows that have any.
        reference: number of the row that differences are to; None where no run was measured.
        missing: runs that were asked for and not measured, as the work was stopped.
        provenance: of all of it.
    """

    rows: tuple[Row, ...]
    differing: tuple[str, ...]
    reference: int | None
    missing: int
    provenance: Provenance

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of claims that hold in some row, the most frequent first."""
        counts: dict[str, int] = {}
        for row in self.rows:
            for kind, count in (row.claims.by_kind() if row.claims else {}).items():
                counts[kind] = counts.get(kind, 0) + count
        return tuple(sorted(counts, key=lambda kind: (-counts[kind], kind)))

    def to_json(self) -> dict[str, Any]:
        """Plain values (docs/compare.md); numbers that are not defined become None."""
        rows = []
        for row in self.rows:
            told = asdict(row)
            del told["source"]
            digest = None if row.source is None else row.source.digest
            by_kind = None if row.claims is None else row.claims.by_kind()
            rows.append(told | {"step": row.source and row.source.step, "digest": digest, "claims_by_kind": by_kind})
        document: dict[str, Any] = as_json(
            {
                "schema": SCHEMA,
                "provenance": self.provenance.to_json(),
                "reference": self.reference,
                "differing": self.differing,
                "missing": self.missing,
                "rows": rows,
            }
        )
        return document


def shown(value: Any) -> str:
    """A setting's value in one short line."""
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    text = "".join(character if character.isprintable() else "?" for character in text)
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
