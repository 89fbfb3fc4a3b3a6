"""Numpy, tuples and numbers that JSON does not know → what JSON has."""

from __future__ import annotations

from typing import Any

import numpy as np


def as_json(value: Any) -> Any:
    """The same as plain lists, dicts, numbers and strings; a float that is not finite → None."""
    if isinstance(value, dict):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return as_json(value.tolist())
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
