"""Checkpoint → model: take its weights, build their family's network, check what no shape tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from ..files.beside import config_beside, config_name
from ..files.checkpoint import Checkpoint
from ..files.nested import flat
from ..files.state_dicts import HEADS
from ..files.yaml import load_yaml
from ..records.errors import CheckpointError, ConfigError
from .choice import NOT_READ, choose
from .families import ad_eps, compressed_ad, dpt, encoder, flow, gpt2, gpt2_blocks, llama, llama_vectors, marked, rad
from .foreign import foreign
from .model import Model
from .network import BuildOptions, Network
from .weights import ANOTHER_VARIANT, whole

FAMILIES = (encoder, marked, llama, gpt2, gpt2_blocks, rad, compressed_ad, flow, ad_eps, dpt, llama_vectors)
#: What other code calls the head count.
_OTHER_NAMES = ("n_head", "n_heads", "num_heads", "nhead", "num_attention_heads")


def load_model(
    checkpoint: Checkpoint,
    *,
    device: str = "auto",
    heads: int | None = None,
    causal: bool | None = None,
    adapter: str | Path | None = None,
) -> Model:
    """Build the model that a checkpoint holds.

    Args:
        checkpoint: what `checkpoint.load_checkpoint` read.
        device: "auto" (CUDA when there, else the CPU), "cpu", "cuda", "cuda:1", ….
        heads, causal: override the checkpoint's own head count and mask; said in `Model.notes`.
        adapter: a file of the user's that builds and runs the model; its code is run, as the user named it.

    Raises:
        CheckpointError: unknown family, wrong keys or shapes, no head count.
        ConfigError: the device does not exist.
        AdapterError: the adapter cannot be used.
    """
    if adapter is not None:
        return _adapted(checkpoint, adapter, device, heads, causal)
    path = str(checkpoint.path)
    checkpoint, family = choose(checkpoint, FAMILIES)
    config, notes = _settings(checkpoint)
    n_head, said = _head_count(path, config, heads, family)
    notes = (*checkpoint.notes, *notes, *said)
    if causal is not None:
        notes += (f"{'causal' if causal else 'no causal'} mask, as asked",)
    network = _build(family, checkpoint, BuildOptions(n_head, causal is not False, config))
    where = choose_device(device)
    network = network.to(where).eval().requires_grad_(False)
    return Model(family.NAME, network, where, (*notes, *network.notes))


def _adapted(checkpoint: Checkpoint, adapter: str | Path, device: str, heads: int | None, causal: bool | None) -> Model:
    """The user's own model; what the family's options override is in its code."""
    from .adapted_model import adapted_model  # only those who have one pay for it

    for option, value in (("--heads", heads), ("--causal", causal)):
        if value is not None:
            raise ConfigError(
                option,
                expected="neither --heads nor --causal beside --adapter",
                found="both",
                action="leave it out: heads and mask are those of the model that the adapter runs",
            )
    config, notes = _settings(checkpoint)
    return adapted_model(replace(checkpoint, notes=(*checkpoint.notes, *notes)), config, adapter, choose_device(device))


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


def _build(family: Any, checkpoint: Checkpoint, choices: BuildOptions) -> Network:
    """The family's network; where the weights do not fit it, the error says what they are, if that is known."""
    path = str(checkpoint.path)
    try:
        network: Network = family.build(checkpoint.weights, choices, path)
    except CheckpointError as error:
        words = foreign(checkpoint.weights, makes=False)
        if words is not None and family is not llama_vectors:
            expected = f"the {family.NAME} family's model of cells and single actions"
            raise CheckpointError(path, expected=expected, found=words, action=NOT_READ) from None
        if error.action != ANOTHER_VARIANT:
            raise
        expected = f"{error.expected} (keys of the {family.NAME} family{'' if words is None else f': {words}'})"
        raise CheckpointError(path, expected=expected, found=error.found, action=error.action) from None
    return network


def _settings(checkpoint: Checkpoint) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    """The checkpoint's own settings; where it has none at all, those of the file beside it, which is said."""
    beside = None if checkpoint.config else config_beside(checkpoint.path.parent)
    if beside is None:
        return checkpoint.config, ()
    said = flat(load_yaml(beside))
    return said, (f"the checkpoint has no settings of its own: those of {config_name(beside)} beside it count",)


def _head_count(path: str, config: Mapping[str, Any], heads: int | None, family: Any) -> tuple[int, tuple[str, ...]]:
    """The head count is in no shape, and a wrong one loads silently: it is never guessed.

    A family may fix it (`HEADS`), or say what its own code has where a file says nothing (`HEADS_ADVICE`).
    """
    stored: Any = config.get(HEADS)
    fixed: int | None = getattr(family, "HEADS", None)
    if fixed is not None:
        return fixed, _fixed(fixed, heads, {name: config[name] for name in (HEADS, *_OTHER_NAMES) if name in config})
    if heads is not None:
        if heads < 1:
            raise ConfigError("--heads", expected="a positive number", found=str(heads), action="give a head count")
        return heads, (_asked(heads, stored),) if heads != _count(stored) else ()
    if stored is None:
        named = {name: count for name in _OTHER_NAMES if (count := _count(config.get(name))) is not None}
        if len(set(named.values())) == 1:
            name, count = next(iter(named.items()))
            return count, (f"{count} heads, as {name} says",)
    count = _count(stored)
    if count is None:
        found = "no tf_n_head" if stored is None else f"tf_n_head: {stored!r}"
        found = found if config else "weights alone, without settings: no shape tells the head count"
        advice: str = getattr(family, "HEADS_ADVICE", "say it with --heads")
        raise CheckpointError(path, expected="the head count tf_n_head in its config", found=found, action=advice)
    return count, ()


def _fixed(count: int, heads: int | None, said: Mapping[str, Any]) -> tuple[str, ...]:
    """What to note where a family's code has always the same number of heads.

    Raises:
        ConfigError: another number is asked for.
    """
    words = f"{count} head{'s' if count > 1 else ''}"
    if heads not in (None, count):
        expected = f"{count}: this family's code has always {words}"
        raise ConfigError("--heads", expected=expected, found=str(heads), action="leave it out")
    others = [f"{name} {value!r:.20}" for name, value in said.items() if value != count]
    return (f"{words}, as its code has always; its settings say {others[0]}",) if others else ()


def _asked(heads: int, stored: Any) -> str:
    said = "does not say" if stored is None else f"says {stored!r:.40}"
    return f"{heads} heads, as asked (the checkpoint {said})"


def _count(value: Any) -> int | None:
    number = whole(value)
    return None if number is None or number < 1 else number
