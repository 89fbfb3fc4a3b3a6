"""Which contexts a result is about, in words and as a mark: said by every report, figure and file. Numpy only."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from .run import RunInfo
from .sample import Sample

_FIELDS = ("states", "actions", "rewards", "next_states", "query_state", "episode", "step")


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
