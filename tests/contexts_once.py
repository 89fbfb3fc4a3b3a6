"""Contexts of equal models are rolled out once by each worker of the tests: rollouts were a seventh of their time.

In the app they are kept in the user's cache, under a mark of all that decides them; tests have no cache, so here they
stay in memory under the same mark. Tests with a cache of their own have them as the app does.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Mapping
from dataclasses import dataclass

from adtui.engine import opening
from adtui.files.checkpoint import Checkpoint
from adtui.histories.kept import Kept
from adtui.models.model import Model
from adtui.records.run_settings import RunSettings
from adtui.records.sample import Sample

_in_cache = opening._kept
_blocks: dict[tuple[str, int], bytes] = {}


@dataclass(frozen=True)
class InMemory(Kept):
    """The contexts of one mark; every caller gets arrays of its own."""

    def block(self, number: int, count: int, n: int) -> tuple[Sample, ...] | None:
        found: tuple[Sample, ...] = pickle.loads(_blocks.get((self.directory.name, number), pickle.dumps(())))
        return found[:count] if len(found) >= count else None

    def keep(self, number: int, samples: tuple[Sample, ...]) -> None:
        _blocks[self.directory.name, number] = pickle.dumps(samples)


def _kept(checkpoint: Checkpoint, model: Model, settings: RunSettings, told: Mapping[str, object]) -> Kept | None:
    """As `opening._kept`, in memory where there is no cache."""
    found = _in_cache(checkpoint, model, settings, told)
    return InMemory(found.directory) if found is not None and os.environ["XDG_CACHE_HOME"] == os.devnull else found


def start() -> None:
    """From now on, in this process."""
    opening._kept = _kept
    defaults = opening.open_session.__kwdefaults__
    assert defaults is not None
    defaults["keep"] = True
