"""A checkpoint file to plain values and float32 weights on the CPU. Nothing in the file is ever executed.

The layout is that of the users' training code, ``torch.save({"step", "config", "model", …}, "ckpt-<step>.pt")``, or one
of those that other code wraps weights in; see `state_dicts`.
"""

from __future__ import annotations

import stat
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..records.errors import CheckpointError, ConfigError
from .checkpoint_names import directory_step, named_step
from .digest import Identity, identity_of, sha256_once
from .inert import Inert
from .nested import SETTINGS, attributes, flat, settings, settings_objects
from .plain_values import PlainValues
from .state_dicts import AVERAGED, EXTRA, MODEL, STEPS, StateDict, bare_name, is_module, state_dicts
from .torch_file import LAYOUT, SAVE_AGAIN, check_claim, read, unreadable
from .yaml import MAX_BYTES, yaml_values

#: Waits between attempts at a file that changes while it is read; training writes it in place.
_RETRY_SECONDS = (0.05, 0.2, 0.5)
_MAX_NAME = 300


@dataclass(frozen=True)
class FileState:
    """A file as it was when it was read.

    Attributes:
        identity: see `digest.Identity`.
    """

    path: Path
    identity: Identity

    def digest(self) -> str | None:
        """SHA-256 of what was read, 64 hex digits; None where the file has changed since then, or cannot be read."""
        try:
            found = sha256_once(self.path, self.identity) if _identity(self.path) == self.identity else None
            return found if _identity(self.path) == self.identity else None
        except (OSError, CheckpointError):
            return None


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """What a checkpoint file holds.

    Attributes:
        path: the file.
        step: training step, from the file's content, else from its name or its directory's, else 0.
        config: the settings of the run, plain values only (a device is text), `nested.flat`; {} when the file has none.
        weights: state_dict names, without what DDP, FSDP and torch.compile put into them → tensor on the CPU, float32
            where it was any float.
        size: bytes on disk.
        place: where in the file the weights lie, "" where it holds nothing else.
        others: further weights in the file; see `taking`.
        notes: what the user should know about how it was read.
        file: the file as it was then; None where the weights came from elsewhere.
    """

    path: Path
    step: int
    config: dict[str, Any]
    weights: dict[str, Tensor]
    size: int
    place: str = "model"
    others: tuple[StateDict, ...] = ()
    notes: tuple[str, ...] = ()
    file: FileState | None = None

    def taking(self, other: StateDict) -> Checkpoint:
        """The same with other weights of the file.

        Raises:
            CheckpointError: these are no dense and finite tensors.
        """
        return replace(self, weights=_weights(self.path, other, self.size), place=other.place, others=())

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
            content, skipped = read(path, before[1])
        except CheckpointError as error:
            fault = error
            time.sleep(wait)  # damaged, or only not yet complete: then it has grown by now
        if _identity(path) == before:
            break
    else:
        raise CheckpointError(path, expected="a file at rest", found="one being written", action="try again in a while")
    if fault is not None:
        raise fault
    return replace(_checkpoint(path, content, skipped, before[1]), file=FileState(path, before))


# -- the file ----------------------------------------------------------------------------------------------------------
def _identity(path: Path) -> Identity:
    """See `FileState.identity`."""
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
    return identity_of(status)


# -- its content -------------------------------------------------------------------------------------------------------
def _checkpoint(path: Path, content: Any, skipped: set[str], size: int) -> Checkpoint:
    if isinstance(content, Inert) and is_module(attributes(content)):  # a model saved as a whole
        told = {**attributes(content), MODEL: content}
        content = {name: told[name] for name in (*SETTINGS, MODEL) if name in told}
    if isinstance(content, Inert):
        raise CheckpointError(
            path,
            expected=LAYOUT,
            found=f"a whole Python object ({content.name[:_MAX_NAME]})",
            action="save the state_dict of the model in it: torch.save(model.state_dict(), path)",
        )
    if not isinstance(content, Mapping):
        raise CheckpointError(path, expected=LAYOUT, found=f"a {type(content).__name__}", action=SAVE_AGAIN)
    found = state_dicts(content)
    if not found:
        named = "'model' of another kind" if "model" in content else f"no 'model' but {_names(content)}"
        raise CheckpointError(path, expected=LAYOUT, found=named, action=SAVE_AGAIN)
    plain = PlainValues(path)
    values, notes = _config(path, settings(content), plain)
    step = _step(content, path)
    if step is None:
        notes += ("neither the file nor its name says its step: it counts as step 0",)
    first, *others = found
    notes += _skipped(skipped - plain.understood - settings_objects(content))
    weights = _weights(path, first, size)
    return Checkpoint(path, step or 0, flat(values), weights, size, first.place, tuple(others), notes)


def _config(path: Path, config: Any, plain: PlainValues) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The settings, which may stand there as text; and what to say where something there is none."""
    values = plain.value(config)
    if isinstance(values, str) and not isinstance(config, Inert):
        with suppress(ConfigError):
            values = yaml_values(values[:MAX_BYTES], path)
    if isinstance(values, dict):
        return values, ()
    kind = config.name if isinstance(config, Inert) else type(config).__name__
    none = (f"'config' in the file is a {kind[:_MAX_NAME]}, of which no settings can be read: it was passed over",)
    return {}, () if config is None else none


def _skipped(names: set[str]) -> tuple[str, ...]:
    """What a user should know of the objects that the file asks for."""
    if not names:
        return ()
    shown = ", ".join(sorted(name[:60] for name in names)[:3]) + (", …" if len(names) > 3 else "")
    return (f"Python objects in the file were skipped, and nothing of them was run: {shown}",)


_LARGEST_STEP = 1 << 63


def _step(content: Mapping[Any, Any], path: Path) -> int | None:
    for name in STEPS:
        step = content.get(name)
        if isinstance(step, Tensor | np.generic) and step.ndim == 0:
            step = step.item()
        if isinstance(step, int | float) and 0 <= step < _LARGEST_STEP:
            return int(step)
    named = named_step(path.name)
    return directory_step(path.parent.name) if named is None else named


def _weights(path: Path, found: StateDict, size: int) -> dict[str, Tensor]:
    # What else lies beside raw weights (an epoch, `n_averaged`) is none of them: their names have parts.
    beside = {name for name, value in found.values.items() if _is_beside(found.place, name, value)}
    model = {name: value for name, value in found.values.items() if name not in beside}
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
        bare = bare_name(str(name))
        if len(bare) > _MAX_NAME:
            raise _bad_weight(path, f"{bare[:40]}…", f"a name of {len(bare)} characters")
        if bare in weights:
            raise _bad_weight(path, bare, "two of that name once prefixes are stripped")
        weights[bare] = _usable(path, bare, tensor.detach())
    return weights


def _is_beside(place: str, name: Any, value: Any) -> bool:
    return (
        name == AVERAGED
        or str(name).endswith(EXTRA)
        or (place == "" and not isinstance(value, Tensor) and "." not in str(name))
    )


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


def _bad_weight(path: Path, name: Any, found: str) -> CheckpointError:
    return CheckpointError(
        f"{path}, {str(name)[:_MAX_NAME]}", expected="a dense tensor", found=found, action=SAVE_AGAIN
    )


def _tensor_kind(value: Any) -> str:
    return (
        f"a {value.layout} {value.dtype} tensor"
        if isinstance(value, Tensor)
        else f"a value of type {value.name if isinstance(value, Inert) else type(value).__name__}"
    )


def _names(content: Mapping[Any, Any]) -> str:
    names = [str(name)[:40] for name in content]
    return (", ".join(names[:4]) or "nothing") + (f" and {len(names) - 4} more" if len(names) > 4 else "")
