"""Finished cells on disk: JSON lines, whole after every cell, so that a stopped sweep goes on where it ended."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...files.atomic import replacing
from ...records.errors import ConfigError, ExportError
from .cell import Outcome
from .plan import FULL, WIPED

NAME = "cells.jsonl"
COMPARED = ("history", "rewarded", "kept", "agree", "kl")
"""Of `Outcome.compared`."""
_DAMAGED = (ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError, RecursionError)
"""What reading a line raises that holds something else; JSON's and UTF-8's own errors are ValueErrors."""


@dataclass(frozen=True)
class Kept:
    """What a file of cells holds.

    Attributes:
        finished: by label.
        said: which lines cannot be read, in words; "" where all can.
    """

    finished: dict[str, Outcome]
    said: str = ""


def load(directory: Path, fingerprint: str, shape: tuple[int, int]) -> Kept:
    """The finished cells in `directory`. A damaged line costs its own cell, and is said.

    Args:
        shape: (H, E) of every cell's returns.

    Raises:
        ConfigError: they are of another checkpoint or plan, or the first line does not say of which.
    """
    path = directory / NAME
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return Kept({})
    except OSError as error:
        raise _unusable(path, str(error)) from None
    if not lines:
        return Kept({})
    try:
        mark = json.loads(lines[0])["fingerprint"]
    except _DAMAGED as error:
        raise _unusable(path, f"a first line that does not say of which trials ({type(error).__name__})") from None
    if mark != fingerprint:
        raise ConfigError(
            path,
            expected="cells of this checkpoint with these settings",
            found="those of others",
            action="give another --output, or remove it",
        )
    finished, damaged = {}, []
    for number, line in enumerate(lines[1:], 2):
        try:
            label, outcome = _cell(json.loads(line), shape)
            finished[label] = outcome
        except _DAMAGED:
            damaged.append(str(number))
    return Kept(finished, _said(path, damaged, len(finished)))


def _said(path: Path, damaged: Sequence[str], kept: int) -> str:
    if not damaged:
        return ""
    lines = ", ".join(damaged[:5]) + (", …" if len(damaged) > 5 else "")
    what = f"line {lines} is no finished cell" if len(damaged) == 1 else f"lines {lines} are no finished cells"
    return f"{path}: {what}, counted as not run ({kept} kept)"


def _cell(record: Any, shape: tuple[int, int]) -> tuple[str, Outcome]:
    """A line's label and numbers.

    Raises:
        ValueError, TypeError, KeyError, OverflowError: it is not what `save` writes of a cell of this shape.
    """
    label, outcome = record["cell"], Outcome.from_json(record)
    if not isinstance(label, str) or outcome.returns.shape != shape or outcome.returns.tolist() != record["returns"]:
        raise ValueError("returns")  # conversion would cut 1.5 to 1, and read "3"
    if (outcome.actions is not None) != (label == FULL) or (outcome.compared is None) != (label == WIPED):
        raise ValueError("parts")
    if outcome.actions is not None and (outcome.actions.ndim != 2 or len(outcome.actions) != shape[0]):
        raise ValueError("actions")
    if outcome.compared is not None:
        columns = [outcome.compared[name] for name in COMPARED]
        if len({len(column) for column in columns}) != 1:
            raise ValueError("contexts")
        if not all(isinstance(value, int | float) for column in columns for value in column):
            raise TypeError("contexts")
        if not all(isinstance(one, int) and 0 <= one < shape[0] for one in outcome.compared["history"]):
            raise ValueError("histories")
    return label, outcome


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
