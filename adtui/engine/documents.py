"""What can be asked of a run by name: its analysis, its returns, and stored reports about the same weights."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from ..circuits.store import place
from ..compression.trials.known import BESIDE, WRITTEN
from ..files.stored import read_report
from ..models.mark import weights_mark
from ..records.as_json import as_json
from ..records.defaults import CIRCUITS, SWEEP_FIGURES
from ..records.insight import Insight
from ..reports.document import json_report
from .compared_runs import Candidate
from .comparison import Asked, measure
from .session import Session

#: Called with (what is done, parts done, in all).
Progress = Callable[[str, int, int], None]
RETURNS, COMPRESSION, CIRCUIT = "returns", "compression", "circuit"
_HEAD = re.compile(r"L(\d{1,4})H(\d{1,4})")


class LackingError(Exception):
    """What was asked for is not there; the message says why."""


class _Stored(BaseModel):
    model_config = ConfigDict(extra="allow")

    about: dict[str, Any]


class Documents:
    """Each is made when it is first asked for.

    Args:
        session: an open run.
        candidate, asked: how its returns are measured.
        show: told how far it is.
        tested: whether claims are to be tested.
        compression, circuit: files of reports, None to look where adtui writes them.
    """

    def __init__(
        self,
        session: Session,
        candidate: Candidate,
        asked: Asked,
        show: Progress,
        *,
        tested: bool = False,
        compression: Path | None = None,
        circuit: Path | None = None,
    ) -> None:
        self.session, self.tested = session, tested
        self._candidate, self._asked, self._show = candidate, asked, show
        self._files = {COMPRESSION: compression, CIRCUIT: circuit}

    @cached_property
    def observed(self) -> tuple[Insight, ...]:
        """Every insight, before any test."""
        for done, _ in enumerate(self.session.analyse_all(), 1):
            self._show("analysing", done, len(self.session.samples))
        return self.session.log.insights

    @cached_property
    def judged(self) -> tuple[Insight, ...]:
        """The same, after the tests where these are made."""
        if self.observed and self.tested:
            for found in self.session.test_insights():
                if isinstance(found, tuple):
                    self._show("knocking out", *found)
        return self.session.log.insights

    @cached_property
    def analysis(self) -> dict[str, Any]:
        """What `adtui analyze --json` prints."""
        insights, session = self.judged, self.session
        stats = [session.stats[index] for index in range(len(session.samples))]
        testing = False if self.tested else None
        return json_report(session.info, stats, insights, session.placebo, testing, session.provenance("check"))

    @cached_property
    def returns(self) -> dict[str, Any]:
        """What `adtui compare` measures of one run: `first`, `last`, `gain`, `random`, `optimal`, …"""
        row = measure(self._candidate, 1, self._asked, self._show).row
        if row.learned is None:
            raise LackingError("; ".join(row.why))
        one = row.learned
        told: dict[str, Any] = as_json({name: getattr(one, name) for name in one.__dataclass_fields__})
        spans = {name: as_json(vars(getattr(one, name))) for name in ("first", "last", "gain")}
        return told | spans | {"of_optimal": one.last.mean / one.optimal if one.optimal else None}

    def stored(self, name: str) -> dict[str, Any]:
        """The report of compression trials, or of the circuit, that is about these weights; the newest of them."""
        given, info = self._files[name], self.session.info
        usual = {
            COMPRESSION: [Path(SWEEP_FIGURES) / WRITTEN, Path(info.path).parent / BESIDE],
            CIRCUIT: [place(CIRCUITS, info.name)],
        }[name]
        places = usual if given is None else [given]
        found, why = [], []
        for path in places:
            report = read_report(path, _Stored)
            if isinstance(report, _Stored) and report.about.get("weights") == weights_mark(self.session.model):
                found.append((path.stat().st_mtime, report.model_dump()))
            elif report is not None:
                why.append(report if isinstance(report, str) else f"{path} is about other weights")
        if not found:
            raise LackingError("; ".join(why) or f"no report in {' or '.join(map(str, places))}")
        return max(found, key=lambda each: each[0])[1]

    def value(self, name: str) -> Any:
        """What stands under a dotted name; of an entry with a mean and an interval, the whole entry.

        Raises:
            LackingError: nothing does, or the report is not there.
        """
        first, *rest = name.split(".")
        if first == RETURNS:
            return _under(self.returns, rest, first)
        if first in self._files:
            return _under(self.stored(first), rest, first)
        return _under(self.analysis, [first, *rest], "")


def _under(value: Any, parts: list[str], before: str) -> Any:
    for part in parts:
        value, before = _step(value, part, before), f"{before}.{part}".lstrip(".")
    return value


def _step(value: Any, part: str, before: str) -> Any:
    if isinstance(value, dict):
        inner = value if part in value or not isinstance(value.get("statistics"), dict) else value["statistics"]
        if part in inner:
            return inner[part]
        names = ", ".join(list(inner)[:8]) + (", …" if len(inner) > 8 else "")
        raise LackingError(f"no {part} {f'in {before}' if before else 'there'}, which has {names or 'nothing'}")
    if isinstance(value, list):
        found = [one for index, one in enumerate(value) if part == str(index) or part in _names(one)]
        if found:
            return found[0]
        raise LackingError(f"no {part} in {before}, which has {len(value)} entries")
    raise LackingError(f"nothing under {before}, which is no list or group")


def _names(entry: Any) -> set[str]:
    """What an entry of a list can be called: its head, or the label of its cell."""
    if not isinstance(entry, dict):
        return set()
    cell = entry.get("cell")
    names = {str(entry[name]) for name in ("label", "name") if name in entry}
    names |= {str(cell["label"])} if isinstance(cell, dict) and "label" in cell else set()
    if {"layer", "head"} <= entry.keys():
        names.add(f"L{entry['layer']}H{entry['head']}")
    return names
