"""Directories within directories, as far down as it costs little to look."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_DEEP, _MOST = 4, 200


def directories_below(directory: Path) -> Iterator[Path]:
    """Those that may be read, the nearest first, in order of their names; no hidden ones, and no links."""
    level, left = [directory], _MOST
    for _ in range(_DEEP):
        level = [child for parent in level for child in _visible(parent)][:left]
        left -= len(level)
        yield from level


def _visible(directory: Path) -> list[Path]:
    try:
        with os.scandir(directory) as entries:
            inside = [Path(one.path) for one in entries if one.is_dir(follow_symlinks=False)]
    except OSError:
        return []
    return sorted(child for child in inside if not child.name.startswith("."))
