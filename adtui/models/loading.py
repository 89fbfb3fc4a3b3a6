"""Checkpoint → model: recognise the family by keys and shapes, build its network, check what no shape tells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ..files.checkpoint import Checkpoint
from ..records.errors import CheckpointError, ConfigError
from .families import compressed_ad, encoder, flow, gpt2, gpt2_blocks, llama, marked, rad
from .model import Model
from .network import BuildOptions

FAMILIES = (encoder, marked, llama, gpt2, gpt2_blocks, rad, compressed_ad, flow)


def load_model(
    checkpoint: Checkpoint,
    *,
    device: str = "auto",
    heads: int | None = None,
    causal: bool | None = None,
) -> Model:
    """Build the model that a checkpoint holds.

    Args:
        checkpoint: what `checkpoint.load_checkpoint` read.
        device: "auto" (CUDA when there, else the CPU), "cpu", "cuda", "cuda:1", ….
        heads, causal: override the checkpoint's own head count and mask; said in `Model.notes`.

    Raises:
        CheckpointError: unknown family, wrong keys or shapes, no head count.
        ConfigError: the device does not exist.
    """
    path = str(checkpoint.path)
    family = _recognise(path, checkpoint.weights)
    n_head, notes = _head_count(path, checkpoint.config, heads)
    if causal is not None:
        notes += (f"{'causal' if causal else 'no causal'} mask, as asked",)
    network = family.build(checkpoint.weights, BuildOptions(n_head, causal is not False, checkpoint.config), path)
    where = choose_device(device)
    network = network.to(where).eval().requires_grad_(False)
    return Model(family.NAME, network, where, (*notes, *network.notes))


def choose_device(name: str) -> torch.device:
    """The device that a user's word means.

    Raises:
        ConfigError: no such device here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        device = None
    known = device is not None and device.type in ("cpu", "cuda")
    if device is None or not known:
        raise ConfigError("--device", expected="auto, cpu, cuda or cuda:N", found=name, action="choose one of these")
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if device.type == "cuda" and (device.index or 0) >= count:
        raise ConfigError(
            "--device", expected=f"one of the {count} CUDA devices here", found=name, action="use --device cpu or auto"
        )
    return device


def _recognise(path: str, weights: Mapping[str, Tensor]) -> Any:
    """The one family whose keys these are; several are as bad as none, since a guess would load silently."""
    matches = [family for family in FAMILIES if family.recognise(weights)]
    if len(matches) == 1:
        return matches[0]
    names = ", ".join(family.NAME for family in FAMILIES)
    if matches:
        candidates = " and ".join(family.NAME for family in matches)
        raise CheckpointError(
            path,
            expected=f"the weights of one family ({names})",
            found=f"those of {len(matches)}: {candidates}",
            action="save one model's state_dict by itself",
        )
    some = ", ".join(name[:60] for name in list(weights)[:3]) or "no weights"
    raise CheckpointError(
        path,
        expected=f"the weights of a family that adtui knows ({names})",
        found=f"{len(weights)} keys such as {some}",
        action="give a checkpoint saved by Algorithm Distillation training",
    )


def _head_count(path: str, config: Mapping[str, Any], heads: int | None) -> tuple[int, tuple[str, ...]]:
    """The head count is in no shape: it comes from the checkpoint's own settings, never from a file beside it."""
    stored = config.get("tf_n_head")
    if heads is not None:
        if heads < 1:
            raise ConfigError("--heads", expected="a positive number", found=str(heads), action="give a head count")
        return heads, (f"{heads} heads, as asked (the checkpoint says {stored})",) if heads != stored else ()
    if isinstance(stored, bool) or not isinstance(stored, int) or stored < 1:
        found = "no tf_n_head" if stored is None else f"tf_n_head: {stored!r}"
        raise CheckpointError(
            path, expected="the head count tf_n_head in its config", found=found, action="say it with --heads"
        )
    return stored, ()
