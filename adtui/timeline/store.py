"""What was measured of a checkpoint file, kept in the user's cache until the file changes; nothing beside the run.

`<cache>/timeline/<run>-<mark of its directory>/<mark of the settings>/<file>.json`. An entry is taken where name, size
and time of the file are those that it was measured of, or where these differ in time alone and the file's digest is the
same. Anything may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from ..files.atomic import write
from ..files.digest import sha256_of
from ..files.places import cache_directory
from ..files.stored import read_report
from ..records.errors import ExportError
from ..records.interval import Interval
from ..records.timeline import Effects, Point, Returns, point_json

Table = list[list[float | None]]


class _Effects(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    mean: Table
    low: Table
    high: Table
    n: list[list[int]]
    holds: list[list[bool]]
    lacks: list[list[bool]]


class _Interval(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    mean: float
    low: float | None
    high: float | None


class _Returns(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    first: _Interval
    last: _Interval
    episodes: int
    histories: int


class _Point(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    step: int
    name: str
    effects: dict[str, _Effects]
    returns: _Returns | None


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    name: str
    size: int
    modified: int
    digest: str


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    file: _File
    contexts: str
    point: _Point


class _Reference(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    name: str


@dataclass(frozen=True)
class Identity:
    """A file as it was when it was measured."""

    name: str
    size: int
    modified: int
    digest: str

    @classmethod
    def of(cls, path: Path) -> Identity:
        """Reads the whole file.

        Raises:
            OSError: it cannot be read.
        """
        status = path.stat()
        return cls(path.name, status.st_size, status.st_mtime_ns, sha256_of(path))


@dataclass
class Store:
    """The entries of one run and settings.

    Attributes:
        directory: where they lie; None where there is no place for them.
        shape: (L, H, kinds) that an entry must have.
        contexts: the mark of the contexts that an entry must be about.
        damaged: entries that could not be read, in words.
        lost: why nothing could be kept, "" where it could.
    """

    directory: Path | None
    shape: tuple[int, int]
    kinds: frozenset[str]
    contexts: str = ""
    damaged: list[str] = field(default_factory=list)
    lost: str = ""

    @classmethod
    def for_run(cls, run: Path, settings: Mapping[str, Any], shape: tuple[int, int], kinds: frozenset[str]) -> Store:
        """The place for a run directory under these settings."""
        cache = cache_directory()
        if cache is None:
            return cls(None, shape, kinds, lost="there is no home to keep a cache in")
        beside = f"{run.name}-{_mark(str(run.resolve()))}"
        return cls(cache / "timeline" / beside / _mark(json.dumps(dict(settings), sort_keys=True)), shape, kinds)

    # -- reading -----------------------------------------------------------------------------------------------------
    def known(self, path: Path) -> Point | None:
        """What is kept of a checkpoint as its file is now; None where it has to be measured."""
        place = self._place(path.name)
        stored = None if place is None else read_report(place, _Entry)
        if isinstance(stored, str):
            self.damaged.append(f"{stored.removesuffix(': not shown')}: measured again")
        if not isinstance(stored, _Entry) or stored.contexts != self.contexts or not self._same(path, stored.file):
            return None
        try:
            return self._point(stored.point)
        except ValueError:
            self.damaged.append(f"{place} holds another model's numbers: measured again")
            return None

    @staticmethod
    def _same(path: Path, kept: _File) -> bool:
        try:
            status = path.stat()
            if (path.name, status.st_size) != (kept.name, kept.size):
                return False
            return status.st_mtime_ns == kept.modified or Identity.of(path).digest == kept.digest
        except OSError:
            return False

    def _point(self, kept: _Point) -> Point:
        """Raises ValueError where tables have another shape than the model."""
        if set(kept.effects) != self.kinds:
            raise ValueError("other kinds of claims")
        effects = {name: self._effects(one) for name, one in kept.effects.items()}
        told = kept.returns
        found = (
            None
            if told is None
            else Returns(_interval(told.first), _interval(told.last), told.episodes, told.histories)
        )
        return Point(kept.step, kept.name, effects, found)

    def _effects(self, kept: _Effects) -> Effects:
        def table(values: object, kind: type) -> Any:
            array: np.ndarray[Any, Any] = np.array(values, kind)
            if array.shape != self.shape:
                raise ValueError("another number of heads")
            return array

        mean, low, high = (table(part, np.float64) for part in (kept.mean, kept.low, kept.high))
        return Effects(
            mean, low, high, table(kept.n, np.int64), table(kept.holds, np.bool_), table(kept.lacks, np.bool_)
        )

    def reference(self) -> str | None:
        """Name of the checkpoint whose contexts the entries are about."""
        place = self._place("reference")
        stored = None if place is None else read_report(place, _Reference)
        return stored.name if isinstance(stored, _Reference) else None

    # -- writing -----------------------------------------------------------------------------------------------------
    def keep(self, point: Point, identity: Identity) -> None:
        """Keep a measured point; where that is impossible, `lost` says so and nothing is tried again."""
        self._write(point.name, {"file": vars(identity), "contexts": self.contexts, "point": point_json(point)})

    def refer(self, name: str) -> None:
        """Note whose contexts the entries are about."""
        self._write("reference", {"name": name})

    def _write(self, name: str, content: dict[str, Any]) -> None:
        place = self._place(name)
        if place is None or self.lost:
            return
        try:
            write(place, (json.dumps(content, allow_nan=False) + "\n").encode("ascii"))
        except ExportError as error:
            self.lost = f"{place.parent} cannot be written ({error.found})"

    def _place(self, name: str) -> Path | None:
        return None if self.directory is None else self.directory / f"{name}.json"


def _interval(kept: _Interval) -> Interval:
    low, high = (float("nan") if end is None else end for end in (kept.low, kept.high))
    return Interval(kept.mean, low, high)


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:12]
