"""The first pictures of an opening, kept until it is the same opening again. No torch here.

`<cache>/openings/<mark>.json`, plain values of records: what the run said of itself, the statistics of its first
samples, and the first quick questions with their answers. The mark is made of the checkpoint's digest, of what is asked
to be opened, of adtui's code and of what rounds numbers. What is shown so is compared with the model's own words when
it has been loaded. Anything may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from ..files.atomic import write
from ..files.compiled import KERNEL, SWITCH, cpu_features, library
from ..files.digest import identity_of, sha256_of, sha256_once
from ..files.places import cache_directory
from ..files.runs import find_run
from ..histories.kept import code
from ..records.errors import AdtuiError
from ..records.messages import (
    CellReady,
    ChancesReady,
    GetCell,
    GetChances,
    GetSheet,
    GetView,
    OpenRun,
    Reply,
    Request,
    SheetReady,
    ViewReady,
)
from ..records.portable import PortableError, from_plain, to_plain
from ..records.run import RunInfo
from ..records.statistics import SampleStats

ANSWERS = {GetView: ViewReady, GetSheet: SheetReady, GetCell: CellReady, GetChances: ChancesReady}
"""The questions whose answers are kept: quick ones about the samples alone."""
MOST_ANSWERS = 16
MOST = 16
"""Openings that are kept; of more, those go that were written first."""
LARGEST = 1 << 25
"""Bytes of a file that is read or written."""
LARGEST_CHECKPOINT = 1 << 28
"""Bytes of a checkpoint whose digest is taken before its picture is shown, in about a quarter of a second."""


@dataclass(frozen=True)
class Pictures:
    """What is known of an opening before its model is loaded.

    Attributes:
        info: what `Opened` said.
        stats: of the first samples, in their order.
        answers: (question, answer), their ids 0.
    """

    info: RunInfo
    stats: tuple[SampleStats, ...]
    answers: tuple[tuple[Request, Reply], ...]

    @cached_property
    def known(self) -> dict[str, Reply]:
        """Answers by their questions in plain words."""
        return {plain(question): reply for question, reply in reversed(self.answers)}

    def answer(self, request: Request) -> Reply | None:
        """The kept answer to a question, as if it had been asked now; None where there is none."""
        found = self.known.get(plain(replace(request, id=0)))
        return None if found is None else replace(found, id=request.id)

    def same_run(self, info: RunInfo) -> bool:
        """Whether the loaded model says the same of itself."""
        return plain(self.info) == plain(info)


def plain(value: object) -> str:
    """A record as text; equal records have equal texts."""
    return json.dumps(to_plain(value), sort_keys=True)


def place_of(request: OpenRun) -> Path | None:
    """Where the pictures of this opening lie, whether there are any or not; None where none are kept.

    None for a run of the user's own code, which may read whatever it likes, for histories that are named, and for
    large checkpoints.
    """
    cache = cache_directory()
    if cache is None or any(given is not None for given in (request.adapter, request.world, request.histories)):
        return None
    try:
        run = find_run(request.path)
        status = run.latest.stat()
        if status.st_size > LARGEST_CHECKPOINT:
            return None
        beside = None if run.config_path is None else sha256_of(run.config_path)
        mark = [str(run.latest), sha256_once(run.latest, identity_of(status)), beside, code(), *rounding()]
    except (OSError, AdtuiError):  # the opening itself says what is wrong
        return None
    mark += [repr(getattr(request, field.name)) for field in fields(request) if field.name not in ("id", "path")]
    digest = hashlib.sha256(json.dumps(mark).encode("utf-8", "surrogateescape")).hexdigest()[:24]
    return cache / "openings" / f"{digest}.json"


def rounding() -> list[str]:
    """What the last digits of numbers depend on, as far as it is known without torch."""
    built = library(KERNEL)
    kernel = os.environ.get(SWITCH, "") if built is None or built.is_file() else "none"
    return [_torch(), np.__version__, cpu_features(), kernel]


def _torch() -> str:
    """Which torch this is, without importing it: its own file of its version, of the commit it was built from too."""
    found = find_spec("torch")
    places = None if found is None else found.submodule_search_locations
    return Path(places[0], "version.py").read_text(encoding="utf-8") if places else ""


def read(place: Path) -> Pictures | None:
    """The pictures that lie there; None where there are none, or they cannot be read."""
    try:
        if place.stat().st_size > LARGEST:
            return None
        found = from_plain(json.loads(place.read_bytes()))
    except (OSError, ValueError, RecursionError, PortableError):  # not there, or damaged: the model is waited for
        return None
    if not isinstance(found, tuple) or len(found) != 3:
        return None
    info, stats, answers = found
    if not isinstance(info, RunInfo) or not _all(stats, SampleStats) or not isinstance(answers, tuple):
        return None
    if not 0 < len(stats) <= len(info.samples) or not all(_is_answer(one) for one in answers):
        return None
    return Pictures(info, stats, answers)


def keep(place: Path, pictures: Pictures) -> None:
    """Keep them; where the cache cannot be written, the model is waited for next time as well."""
    try:
        content = plain((pictures.info, pictures.stats, pictures.answers)).encode("ascii")
        if len(content) <= LARGEST:
            write(place, content)
            for old in sorted(place.parent.glob("*.json"), key=lambda one: one.stat().st_mtime)[:-MOST]:
                old.unlink(missing_ok=True)
    except (OSError, AdtuiError, PortableError):
        return


def _all(found: Any, kind: type) -> bool:
    return isinstance(found, Iterable) and all(isinstance(one, kind) for one in found)


def _is_answer(pair: Any) -> bool:
    if not isinstance(pair, tuple) or len(pair) != 2:
        return False
    return type(pair[0]) in ANSWERS and isinstance(pair[1], ANSWERS[type(pair[0])])
