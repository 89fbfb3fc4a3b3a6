"""Rolled-out contexts, kept in the user's cache under the mark of all that decides them. No torch here.

`<cache>/contexts/<mark>/<block>.json`, plain values of records. The mark is made of what the caller names (the
checkpoint's digest, the machine, versions, options), of the settings, and of the code that rolls out: where any of
these is another, so is the mark, and nothing kept before is found. Anything may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..files.atomic import write
from ..files.places import cache_directory
from ..records.errors import ExportError
from ..records.portable import PortableError, from_plain, to_plain
from ..records.sample import PHASES, Sample, phase_of

MOST = 32
"""Marks that are kept; of more, those go that were written first."""
LARGEST = 1 << 25
"""Bytes of a file that is read."""
_DECIDING = ("attention", "engine", "files", "histories", "models", "records", "statistics", "worlds")


@dataclass(frozen=True)
class Kept:
    """The contexts of one mark.

    Attributes:
        directory: where they lie.
    """

    directory: Path

    @classmethod
    def under(cls, told: Mapping[str, object]) -> Kept | None:
        """The place for what is rolled out so; None without a home."""
        place = cache_directory()
        text = json.dumps({**told, "code": code()}, sort_keys=True, default=str)
        mark = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:24]
        return None if place is None else cls(place / "contexts" / mark)

    def block(self, number: int, count: int, n: int) -> tuple[Sample, ...] | None:
        """The first `count` contexts of a block, of n transitions each; None where they are not kept."""
        path = self._path(number)
        try:
            if path.stat().st_size > LARGEST:
                return None
            found = from_plain(json.loads(path.read_bytes()))
        except (OSError, ValueError, RecursionError, PortableError):  # not there, or damaged: rolled out anew
            return None
        if not isinstance(found, tuple) or len(found) < count or not all(_fits(one, n) for one in found):
            return None
        return found[:count]

    def keep(self, number: int, samples: tuple[Sample, ...]) -> None:
        """Keep a block; where the cache cannot be written it is rolled out again next time."""
        try:
            write(self._path(number), json.dumps(to_plain(samples)).encode("ascii"))
            self._sweep()
        except (ExportError, OSError):
            return

    def _path(self, number: int) -> Path:
        return self.directory / f"{number}.json"

    def _sweep(self) -> None:
        """Take away the oldest marks beyond MOST, files of ours alone."""
        marks = sorted(self.directory.parent.iterdir(), key=lambda one: one.stat().st_mtime)
        for old in marks[:-MOST]:
            for file in old.glob("*.json"):
                file.unlink(missing_ok=True)
            old.rmdir()


def _fits(found: object, n: int) -> bool:
    """Whether it is a context of n transitions in cells."""
    if not isinstance(found, Sample) or found.actions.shape != (n,) or found.query_state.shape != (2,):
        return False
    pairs = (found.states, found.next_states)
    times = (found.episode, found.step)
    return (
        found.rewards.shape == (n,)
        and all(one.shape == (n, 2) for one in pairs)
        and all(one.shape == (n + 1,) for one in times)
    )


@cache
def code() -> str:
    """A digest of the code that contexts and their pictures come from."""
    package = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for name in _DECIDING:
        for path in sorted((package / name).rglob("*.py")):
            digest.update(f"{path.relative_to(package)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def phases_of(samples: tuple[Sample, ...]) -> list[int]:
    """How many of the contexts are in each phase, in the order of PHASES."""
    found = [phase_of(sample) for sample in samples]
    return [found.count(phase) for phase in PHASES]
