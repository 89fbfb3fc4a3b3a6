"""Where in a checkpoint's content the weights lie: training code wraps them in many ways. See `nested` for settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from .nested import attributes

#: Where weights usually lie, the first that is there.
MODEL = "model"
_USUAL = (MODEL, "state_dict", "model_state_dict", "module", "policy", "network", "net")
#: What DDP, torch.compile, FSDP and activation checkpointing put before the name of a module, wherever it stands.
WRAPPERS = ("module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module")
#: What modules keep in a state dict beside weights, for themselves.
EXTRA = "_extra_state"
#: What torch.optim.swa_utils.AveragedModel counts beside its weights.
AVERAGED = "n_averaged"
#: Where the step stands.
STEPS = ("step", "global_step", "iteration", "iter_num", "iter", "steps", "train_step", "train_steps", "num_updates")
HEADS = "tf_n_head"
_DEPTH, _MOST = 4, 64
#: How deep modules within modules are followed, and how many there are.
_DEEPEST, _MOST_MODULES = 24, 10_000


@dataclass(frozen=True, eq=False)
class StateDict:
    """Weights within a checkpoint.

    Attributes:
        place: the keys that lead to them, such as "ema.model"; "" where the content is the weights.
        values: name → what should be a tensor.
    """

    place: str
    values: Mapping[Any, Any]


def state_dicts(content: Mapping[Any, Any]) -> list[StateDict]:
    """The dicts of tensors in a checkpoint, the usual places first; `model` alone is one whatever is in it."""
    found = list(_found(content, "", 0))[:_MOST]
    model = opened(content.get(MODEL))
    if isinstance(model, Mapping) and model and not any(_within(one.place, MODEL) for one in found):
        found.append(StateDict(MODEL, model))
    return sorted(found, key=lambda one: _rank(one.place))


def bare_name(name: str) -> str:
    """A weight's name without WRAPPERS."""
    if not any(wrapper in name for wrapper in WRAPPERS):
        return name
    return ".".join(part for part in name.split(".") if part not in WRAPPERS)


def bare_names(values: Mapping[Any, Any]) -> dict[str, Tensor]:
    """The tensors by their bare names, unchecked: enough to see what they are of."""
    return {bare_name(str(name)): value for name, value in values.items() if isinstance(value, Tensor)}


def _found(values: Mapping[Any, Any], place: str, depth: int) -> Iterator[StateDict]:
    tensors = [name for name, value in values.items() if isinstance(value, Tensor) and isinstance(name, str)]
    if tensors and 2 * len(tensors) >= len(values) and any("." in name for name in tensors):
        yield StateDict(place, values)
        return
    if depth == _DEPTH:
        return
    for name, value in list(values.items())[: 4 * _MOST]:
        value = opened(value)
        if isinstance(value, Mapping) and isinstance(name, str):
            yield from _found(value, f"{place}.{name[:40]}" if place else name[:40], depth + 1)


def opened(value: Any) -> Any:
    """A module's weights and a namespace's attributes; any other value as it is."""
    value = attributes(value)
    return _module(value) if is_module(value) else value


def _module(told: Mapping[Any, Any]) -> dict[str, Any]:
    """What the `state_dict` of a module of these attributes has: that of a model that was saved as a whole.

    Of a module within itself, or of more than any model has, nothing.
    """
    weights: dict[str, Any] = {}
    waiting = [("", told, 0)]
    for prefix, module, depth in waiting:
        if len(waiting) + len(module["_modules"]) > _MOST_MODULES or depth == _DEEPEST:
            return {}
        kept, buffers = module.get("_non_persistent_buffers_set"), module.get("_buffers")
        kept = kept if isinstance(kept, set | frozenset | list) else ()
        own = [*module["_parameters"].items(), *(buffers.items() if isinstance(buffers, Mapping) else ())]
        weights |= {prefix + str(name): one for name, one in own if isinstance(one, Tensor) and name not in kept}
        inside = [(name, attributes(part)) for name, part in module["_modules"].items()]
        waiting += [(f"{prefix}{name}.", part, depth + 1) for name, part in inside if is_module(part)]
    return weights


def is_module(told: Any) -> bool:
    """Whether these are the attributes of a module."""
    return isinstance(told, Mapping) and all(
        isinstance(told.get(name), Mapping) for name in ("_parameters", "_modules")
    )


def _rank(place: str) -> tuple[int, int]:
    first = place.split(".")[0]
    return (_USUAL.index(first) if first in _USUAL else len(_USUAL), place.count("."))


def _within(place: str, name: str) -> bool:
    return place == name or place.startswith(f"{name}.")
