"""Reports that adtui wrote earlier, read back within bounds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

#: Bytes of a report that is read; those of models with a thousand heads, or of a thousand cells, have less.
LARGEST = 1 << 25

Shape = TypeVar("Shape", bound=BaseModel)


def read_report(path: Path, shape: type[Shape]) -> Shape | str | None:
    """What a report says; None where there is none, and in words why a file cannot be read as one."""
    try:
        if not path.is_file():
            return None
        if path.stat().st_size > LARGEST:
            return f"{path} is too large to be a report: not shown"
        return shape.model_validate(json.loads(path.read_bytes()))
    except (OSError, ValueError, ValidationError, RecursionError):
        return f"{path} cannot be read as a report: not shown"
