"""Finished cells on disk: JSON lines, whole after every cell, so that a stopped sweep goes on where it ended."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...files.atomic import replacing
from ...records.errors import ConfigError, ExportError
from .cell import Outcome

NAME = "cells.jsonl"


def load(directory: Path, fingerprint: str) -> tuple[dict[str, Outcome], str | None]:
    """The finished cells in `directory` by label, {} where there are none; and what should be said of damaged lines.

    A line that cannot be read costs its own cell, which is run again.

    Raises:
        ConfigError: they are of another checkpoint or plan, or the file is not readable as cells at all.
    """
    path = directory / NAME
    try:
        first, *lines = path.read_bytes().splitlines() or [b""]
    except FileNotFoundError:
        return {}, None
    except OSError as error:
        raise _unusable(path, error.strerror or type(error).__name__) from None
    about = _record(first)
    if about is None or "fingerprint" not in about:
        raise _unusable(path, "a first line that does not say of which sweep they are")
    if about["fingerprint"] != fingerprint:
        raise ConfigError(
            path,
            expected="cells of this checkpoint with these settings",
            found="those of others",
            action="give another --output, or remove it",
        )
    found, damaged = {}, []
    for number, line in enumerate(lines, 2):
        try:
            record = _record(line) or {}
            found[record["cell"]] = Outcome.from_json(record)
        except (ValueError, KeyError, TypeError, IndexError):
            damaged.append(number)
    if not damaged:
        return found, None
    where = ", ".join(map(str, damaged[:5])) + (", …" if len(damaged) > 5 else "")
    cells = "its cell is" if len(damaged) == 1 else "their cells are"
    return found, f"{path}: line{'s' if len(damaged) > 1 else ''} {where} cannot be read: {cells} run again"


def _record(line: bytes) -> dict[str, Any] | None:
    """A line as an object; None where it is none."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def save(directory: Path, fingerprint: str, order: Sequence[str], outcomes: Mapping[str, Outcome]) -> None:
    """Write all finished cells, those of this sweep in its order, then others that were there.

    Raises:
        ExportError: the directory cannot be written.
    """
    labels = [label for label in order if label in outcomes]
    labels += [label for label in outcomes if label not in labels]
    records = [{"fingerprint": fingerprint}, *({"cell": label, **outcomes[label].to_json()} for label in labels)]
    try:
        with replacing(directory / NAME) as temporary:
            temporary.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    except OSError as error:
        found = error.strerror or type(error).__name__
        raise ExportError(
            directory, expected="a directory to write to", found=found, action="give another --output"
        ) from None


def _unusable(path: Path, found: str) -> ConfigError:
    return ConfigError(path, expected="finished cells, a JSON line each", found=found, action="remove it")
