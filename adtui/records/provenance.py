"""What a result is about: its checkpoints and their settings, and its contexts in words and as a mark.

Every report, figure and file says it. No date and nothing of the machine: the same input gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .as_json import as_json
from .run import RunInfo
from .sample import Sample
from .version import __version__

_FIELDS = ("states", "actions", "rewards", "next_states", "query_state", "episode", "step")

PROVENANCE = "Provenance"
"""What a PNG calls the text; a GIF's comment has it behind the title, on a line of its own after this and a colon."""


@dataclass(frozen=True)
class Source:
    """A checkpoint that a result is about.

    Attributes:
        run: the run directory's name.
        checkpoint: the file's name.
        digest: SHA-256 of the file, 64 hex digits; None where it has changed since it was read, or is gone.
        step: of training.
        family: the model in words.
        settings: what the run says of itself, as `RunSettings.to_json` gives it.
    """

    run: str
    checkpoint: str
    digest: str | None
    step: int
    family: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        values: dict[str, Any] = as_json({name: getattr(self, name) for name in self.__dataclass_fields__})
        return values


@dataclass(frozen=True)
class Provenance:
    """Where a result comes from.

    Attributes:
        made: what made it, the name of a command.
        sources: the checkpoints that it is about.
        contexts: how they were drawn, in words with their mark; "" where the result is of rollouts.
        options: what was asked for, where numbers depend on it.
    """

    made: str
    sources: tuple[Source, ...]
    contexts: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain values (docs/provenance.md)."""
        return {
            "adtui": __version__,
            "made": self.made,
            "runs": [one.to_json() for one in self.sources],
            "contexts": self.contexts,
            "options": as_json(dict(self.options)),
        }

    @property
    def text(self) -> str:
        """The same as one line of ASCII: what goes into figures and arrays."""
        return as_text(self.to_json())


def as_text(provenance: Mapping[str, Any] | None) -> str:
    """A provenance's plain values as one line of ASCII, "" for none."""
    return "" if provenance is None else json.dumps(provenance, allow_nan=False)


def mark(samples: Sequence[Sample]) -> str:
    """Eight hex digits of everything that the model is shown: two draws of the same words differ in it."""
    digest = hashlib.sha256()
    for sample in samples:
        for name in _FIELDS:
            values = np.asarray(getattr(sample, name), np.float64)
            digest.update(repr((name, values.shape)).encode())
            digest.update(np.ascontiguousarray(values, "<f8").tobytes())
    return digest.hexdigest()[:8]


def drawn(info: RunInfo) -> str:
    """How many contexts, where from, with which seed, and their mark.

    The seed is left out where nothing was drawn: with --window and --inputs.
    """
    count = len(info.samples)
    parts = [f"{count} context{'' if count == 1 else 's'}: {info.source}"]
    parts += [] if info.seed is None else [f"seed {info.seed}"]
    return ", ".join([*parts, f"mark {mark(info.samples)}"])
