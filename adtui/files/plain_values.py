"""A checkpoint's settings to plain values: whatever a training loop put into them, nothing but these go on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from ..records.errors import CheckpointError
from .inert import Inert
from .torch_file import SAVE_AGAIN

_MAX_CONFIG_VALUES = 40_000
_MAX_INT_BITS = 256
#: Where OmegaConf's containers and their values keep what they hold.
_CONTENTS = ("_content", "_val")


def _has_value(value: Inert) -> bool:
    """Whether it is an enumeration's value, or a set's items: an object of a class, which has a capital, made from one
    value alone. A function with such an argument is none.
    """
    kind = value.name.rpartition(".")[2].lstrip("_")
    alone = value.state is None and len(value.args) == 1
    if value.name == "builtins.frozenset":
        return alone and isinstance(value.args[0], list)
    return alone and kind[:1].isupper() and isinstance(value.args[0], bool | int | float | str)


class PlainValues:
    """A config to plain values, within a budget that shared and nested containers also spend.

    Attributes:
        understood: names of the Python objects that a plain value stands for.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.left = _MAX_CONFIG_VALUES
        self.understood: set[str] = set()

    def value(self, value: Any, depth: int = 0) -> Any:
        self.left -= 1
        if self.left < 0 or depth > 40:
            raise CheckpointError(self.path, expected="settings in 'config'", found="far more", action=SAVE_AGAIN)
        if isinstance(value, int) and value.bit_length() > _MAX_INT_BITS:
            return f"a number of {value.bit_length()} bits"  # too large for any float, and for a message
        if value is None or (isinstance(value, bool | int | float | str) and type(value).__module__ == "builtins"):
            return value
        if isinstance(value, Mapping):
            return {str(self.value(key, depth + 1)): self.value(item, depth + 1) for key, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.value(item, depth + 1) for item in value]
        if isinstance(value, Tensor | np.generic) and value.ndim == 0:
            return value.item()
        if isinstance(value, Inert):
            return self._inert(value, depth)
        if isinstance(value, type) and issubclass(value, Inert):
            return f"the Python object {value.name}"
        # A device becomes "cuda:0": text that no machine can stumble over.
        return f"tensor {tuple(value.shape)}" if isinstance(value, Tensor) else str(value)

    def _inert(self, value: Inert, depth: int) -> Any:
        """A path is its text, an object its attributes, as in a YAML file; another one is only named."""
        told = value.attributes()
        if told is not None:
            self.understood.add(value.name)
            inner = next((told[name] for name in _CONTENTS if name in told), told)
            return self.value(inner, depth + 1)
        if _has_value(value):
            self.understood.add(value.name)
            return self.value(value.args[0], depth + 1)
        path = value.path()
        if path is not None:
            self.understood.add(value.name)
            return path
        return f"the Python object {value.name}"
