"""Contexts of equal models are rolled out once in a run of the tests: rollouts were a seventh of their time.

In the app they are kept in the user's cache, under a mark of all that decides them; tests have no cache, so here they
stay in memory under the same mark, and in a directory of the run that its workers share. Tests with a cache of their
own have them as the app does.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from adtui.engine import opening
from adtui.files.checkpoint import Checkpoint
from adtui.histories.kept import Kept
from adtui.models.model import Model
from adtui.records.run_settings import RunSettings
from adtui.records.sample import Sample

_in_cache = opening._kept
_blocks: dict[str, bytes] = {}
_shared: list[Path] = []


@dataclass(frozen=True)
class InMemory(Kept):
    """The contexts of one mark; every caller gets arrays of its own."""

    def block(self, number: int, count: int, n: int) -> tuple[Sample, ...] | None:
        name = f"{self.directory.name}-{number}"
        for directory in _shared:
            if name not in _blocks and (directory / name).exists():
                _blocks[name] = (directory / name).read_bytes()
        found: tuple[Sample, ...] = pickle.loads(_blocks[name]) if name in _blocks else ()
        return found[:count] if len(found) >= count else None

    def keep(self, number: int, samples: tuple[Sample, ...]) -> None:
        name = f"{self.directory.name}-{number}"
        _blocks[name] = pickle.dumps(samples)
        for directory in _shared:
            own = directory / f"{name}.{os.getpid()}"
            own.write_bytes(_blocks[name])
            own.replace(directory / name)  # whole for the others, or not there


def _kept(checkpoint: Checkpoint, model: Model, settings: RunSettings, told: Mapping[str, object]) -> Kept | None:
    """As `opening._kept`, in memory where there is no cache."""
    found = _in_cache(checkpoint, model, settings, told)
    return InMemory(found.directory) if found is not None and os.environ["XDG_CACHE_HOME"] == os.devnull else found


def start(directory: Path | None) -> None:
    """From now on, in this process; what is in the directory is of this run of the tests alone."""
    if directory is not None:
        directory.mkdir(parents=True, exist_ok=True)
        _shared.append(directory)
    opening._kept = _kept
    defaults = opening.open_session.__kwdefaults__
    assert defaults is not None
    defaults["keep"] = True
