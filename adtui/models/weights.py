"""A state dict's names and shapes, checked before anything is allocated: sizes come from a stranger's file."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from torch import Tensor

from ..records.errors import CheckpointError

#: The file may be whole all the same: other code makes other models under the same names.
ANOTHER_VARIANT = "either a part is missing, or it is a variant that adtui does not read (README, Model families)"

Shapes = dict[str, tuple[int, ...]]


def dims(weights: Mapping[str, Tensor], name: str, rank: int, path: str) -> tuple[int, ...]:
    """The shape of one weight, which has `rank` dimensions and is not empty.

    Raises:
        CheckpointError: missing, or of another rank.
    """
    if name not in weights:
        raise wrong(path, f"the weight {name}", "no such key")
    if weights[name].ndim != rank or 0 in weights[name].shape:
        raise wrong(path, f"{name} with {rank} non-empty dimensions", f"shape {tuple(weights[name].shape)}")
    return tuple(weights[name].shape)


def grid_side(weights: Mapping[str, Tensor], name: str, path: str) -> int:
    """The side of the square grid that has one row of an embedding per cell."""
    cells = dims(weights, name, 2, path)[0]
    side = math.isqrt(cells)
    if side**2 != cells:
        raise wrong(path, f"{name} with one row per cell of a square grid", f"{cells} rows")
    return side


def layer_count(weights: Mapping[str, Tensor], prefix: str, path: str) -> int:
    """How many layers there are under `prefix`, numbered from 0 without a gap."""
    pattern = re.compile(re.escape(prefix) + r"(\d{1,4})\.")
    layers = {int(match[1]) for name in weights if (match := pattern.match(name))}
    if not layers:
        raise wrong(path, f"layers {prefix}0, {prefix}1, …", "none")
    if layers != set(range(len(layers))):
        raise wrong(path, f"layers 0 to {len(layers) - 1} of {prefix}", f"layer {max(layers)}")
    return len(layers)


def check_heads(path: str, d_model: int, n_head: int, option: str = "say the right one with --heads") -> None:
    """Raise CheckpointError unless the head count divides the width."""
    if d_model % n_head:
        raise CheckpointError(
            path, expected=f"a head count that divides the width {d_model}", found=f"{n_head} heads", action=option
        )


def check(wanted: Shapes, weights: Mapping[str, Tensor], path: str, *, family: str, unused: Iterable[str] = ()) -> None:
    """Raise CheckpointError unless the weights are exactly the wanted ones.

    Args:
        unused: patterns of further names that may be there and play no part.
    """
    found = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    if missing := sorted(wanted.keys() - found.keys()):
        raise wrong(path, f"the weight {missing[0]}", f"no such key ({len(missing)} missing)")
    patterns = [re.compile(pattern) for pattern in unused]
    extra = sorted(name for name in found.keys() - wanted.keys() if not any(p.fullmatch(name) for p in patterns))
    if extra:
        raise wrong(path, f"only the {family} family's weights", f"also {extra[0]} ({len(extra)} in excess)")
    for name, size in wanted.items():
        if found[name] != size:
            raise wrong(path, f"{name} of shape {size}", f"shape {found[name]}")
        if not weights[name].is_floating_point():
            kind = str(weights[name].dtype).removeprefix("torch.")
            expected, action = f"floating-point numbers in {name}", "save the weights as they were before quantisation"
            raise CheckpointError(path, expected=expected, found=f"whole ones ({kind})", action=action)


def both(name: str, *size: int) -> Shapes:
    """Weight and bias of a linear layer or a norm: the bias has the weight's first dimension."""
    return {f"{name}.weight": size, f"{name}.bias": size[:1]}


def positive(config: Mapping[str, Any], name: str, path: str, *, default: int, most: int = 1 << 20) -> int:
    """A positive whole number from a checkpoint's settings, or the default where they lack it."""
    value = config.get(name)
    if value is None:
        return default
    number = whole(value)
    if number is None or not 1 <= number <= most:
        raise wrong(path, f"{name} from 1 to {most} in its config", f"{value!r:.40}")
    return number


def whole(value: Any) -> int | None:
    """A whole number, as some settings files have it too: as text, or with a point; None for anything else."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}", value):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        return None
    return int(value)


def truth(value: Any) -> bool | None:
    """Yes or no, as some settings files have it too: as text, or as 1 and 0; None for anything else."""
    if isinstance(value, str):
        return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}.get(value.lower())
    return bool(value) if isinstance(value, bool | int) and value in (0, 1) else None


def wrong(path: str, expected: str, found: str) -> CheckpointError:
    """The error of a file whose weights do not fit together."""
    return CheckpointError(path, expected=expected, found=found, action=ANOTHER_VARIANT)
