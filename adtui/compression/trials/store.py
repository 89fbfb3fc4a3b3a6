"""Finished cells on disk: JSON lines, whole after every cell, so that a stopped sweep goes on where it ended."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from ...files.atomic import replacing
from ...records.errors import ConfigError, ExportError
from .cell import Outcome

NAME = "cells.jsonl"


def load(directory: Path, fingerprint: str) -> dict[str, Outcome]:
    """The finished cells in `directory` by label; {} where there are none.

    Raises:
        ConfigError: they are of another checkpoint or plan, or the file is not readable as cells.
    """
    path = directory / NAME
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(path, str(error)) from None
    try:
        records = [json.loads(line) for line in lines]
        if records and records[0]["fingerprint"] != fingerprint:
            raise ConfigError(
                path,
                expected="cells of this checkpoint with these settings",
                found="those of others",
                action="give another --output, or remove it",
            )
        return {record["cell"]: Outcome.from_json(record) for record in records[1:]}
    except (ValueError, KeyError, TypeError) as error:
        raise _unusable(path, f"a line that is not one ({type(error).__name__})") from None


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
