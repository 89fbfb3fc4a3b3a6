"""A checkpoint file to plain values and float32 weights on the CPU. Nothing in the file is ever executed.

The layout is that of the users' training code: ``torch.save({"step", "config", "model", …}, "ckpt-<step>.pt")``.
"""

from __future__ import annotations

import re
import stat
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..records.errors import CheckpointError
from .torch_file import LAYOUT, SAVE_AGAIN, check_claim, read, unreadable

#: Waits between attempts at a file that changes while it is read; training writes it in place.
_RETRY_SECONDS = (0.05, 0.2, 0.5)
_MAX_CONFIG_VALUES = 40_000
_STEP = re.compile(r"(\d+)\.\w+$")
_PREFIXES = ("module.", "_orig_mod.")
_MAX_INT_BITS = 256
_MAX_NAME = 300


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """What a checkpoint file holds.

    Attributes:
        path: the file.
        step: training step, from the file's content, else from its name, else 0.
        config: the settings of the run, plain values only (a device is text); {} when the file has none.
        weights: state_dict names, without the prefixes of DDP and torch.compile → tensor on the CPU, float32 where
            it was any float.
        size: bytes on disk.
    """

    path: Path
    step: int
    config: dict[str, Any]
    weights: dict[str, Tensor]
    size: int

    @property
    def parameters(self) -> int:
        """Number of weights."""
        return sum(tensor.numel() for tensor in self.weights.values())


def load_checkpoint(path: str | Path) -> Checkpoint:
    """Read and check a checkpoint.

    A file that changes while it is read (training goes on) is read again, a few times.

    Raises:
        CheckpointError: missing, unreadable, empty, damaged, absurdly large, not a checkpoint, without a `model` of
            tensors, or with NaN or infinite weights.
    """
    path = Path(path)
    fault: CheckpointError | None = None
    for wait in (*_RETRY_SECONDS, 0.0):
        before = _identity(path)
        fault = None
        try:
            content = read(path, before[1])
        except CheckpointError as error:
            fault = error
            time.sleep(wait)  # damaged, or only not yet complete: then it has grown by now
        if _identity(path) == before:
            break
    else:
        raise CheckpointError(path, expected="a file at rest", found="one being written", action="try again in a while")
    if fault is not None:
        raise fault
    return _checkpoint(path, content, before[1])


# -- the file ----------------------------------------------------------------------------------------------------------
def _identity(path: Path) -> tuple[int, int, int]:
    """(inode, size, mtime in ns): two equal ones enclose an undisturbed read."""
    try:
        status = path.stat()
    except FileNotFoundError:
        raise CheckpointError(path, expected=LAYOUT, found="nothing", action="check the path") from None
    except OSError as error:
        raise unreadable(path, error) from None
    if stat.S_ISDIR(status.st_mode):
        raise CheckpointError(path, expected="a checkpoint file", found="a directory", action="give the file in it")
    if not stat.S_ISREG(status.st_mode):
        raise CheckpointError(path, expected="a checkpoint file", found="a device or a pipe", action="give a file")
    return status.st_ino, status.st_size, status.st_mtime_ns


# -- its content -------------------------------------------------------------------------------------------------------
def _checkpoint(path: Path, content: Any, size: int) -> Checkpoint:
    if not isinstance(content, Mapping):
        raise CheckpointError(path, expected=LAYOUT, found=f"a {type(content).__name__}", action=SAVE_AGAIN)
    model = content.get("model")
    if not isinstance(model, Mapping) or not model:
        found = "'model' of another kind" if "model" in content else f"no 'model' but {_names(content)}"
        raise CheckpointError(path, expected=LAYOUT, found=found, action=SAVE_AGAIN)
    config = content.get("config")
    config = {} if config is None else config
    if not isinstance(config, Mapping):
        raise CheckpointError(
            path, expected="'config' as a dict", found=f"a {type(config).__name__}", action=SAVE_AGAIN
        )
    plain = _Plain(path).value(config)
    return Checkpoint(path, _step(content.get("step"), path), plain, _weights(path, model, size), size)


_STEPS = 1 << 63


def _step(step: Any, path: Path) -> int:
    if isinstance(step, Tensor | np.generic) and step.ndim == 0:
        step = step.item()
    if isinstance(step, int | float) and 0 <= step < _STEPS:
        return int(step)
    named = _STEP.search(path.name)
    return int(named[1]) if named else 0


def _weights(path: Path, model: Mapping[Any, Any], size: int) -> dict[str, Tensor]:
    claimed = 0
    for name, tensor in model.items():
        if (
            not isinstance(tensor, Tensor)
            or tensor.is_quantized
            or tensor.layout != torch.strided
            or tensor.is_complex()
        ):
            raise _bad_weight(path, name, _tensor_kind(tensor))
        if tensor.device.type != "cpu":
            raise _bad_weight(path, name, f"a tensor without data (device {tensor.device})")
        claimed += tensor.numel() * 4  # as float32; an expanded tensor claims more than the file has
    check_claim(path, claimed, size)
    weights: dict[str, Tensor] = {}
    for name, tensor in model.items():
        bare = _bare(str(name))
        if len(bare) > _MAX_NAME:
            raise _bad_weight(path, f"{bare[:40]}…", f"a name of {len(bare)} characters")
        if bare in weights:
            raise _bad_weight(path, bare, "two of that name once prefixes are stripped")
        weights[bare] = _usable(path, bare, tensor.detach())
    return weights


def _usable(path: Path, name: str, tensor: Tensor) -> Tensor:
    """The tensor, float32 where it is any float, if all of it is finite."""
    if not tensor.is_floating_point():
        return tensor.contiguous()
    tensor = tensor.to(torch.float32).contiguous()
    # A mask buffer holds -inf on purpose.
    if "mask" not in name.rpartition(".")[2] and not bool(torch.isfinite(tensor).all()):
        bad = int((~torch.isfinite(tensor)).sum())
        raise CheckpointError(
            f"{path}, {name}",
            expected="finite weights",
            found=f"{bad} of {tensor.numel()} NaN or infinite",
            action="open an earlier checkpoint: this training diverged",
        )
    return tensor


def _bare(name: str) -> str:
    """Without `module.` (DDP) and `_orig_mod.` (torch.compile), alone or together in any order."""
    while prefix := next((prefix for prefix in _PREFIXES if name.startswith(prefix)), ""):
        name = name.removeprefix(prefix)
    return name


def _bad_weight(path: Path, name: Any, found: str) -> CheckpointError:
    return CheckpointError(
        f"{path}, {str(name)[:_MAX_NAME]}", expected="a dense tensor", found=found, action=SAVE_AGAIN
    )


def _tensor_kind(value: Any) -> str:
    return (
        f"a {value.layout} {value.dtype} tensor"
        if isinstance(value, Tensor)
        else f"a value of type {type(value).__name__}"
    )


def _names(content: Mapping[Any, Any]) -> str:
    names = [str(name)[:40] for name in content]
    return (", ".join(names[:4]) or "nothing") + (f" and {len(names) - 4} more" if len(names) > 4 else "")


class _Plain:
    """A config to plain values, within a budget that shared and nested containers also spend."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.left = _MAX_CONFIG_VALUES

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
        # A device becomes "cuda:0": text that no machine can stumble over.
        return f"tensor {tuple(value.shape)}" if isinstance(value, Tensor) else str(value)
