"""Checkpoints that torch.save wrote itself, with the wrong things in them."""

from __future__ import annotations

import copy
from random import Random
from typing import Any

import torch
from torch import nn

from .originals import dump, originals
from .tensors import odd_tensor
from .values import FLOATS, INTS, TEXTS, deep, odd, odd_key, wide

_PREFIXES = ("module.", "_orig_mod.")
_STEPS = (*FLOATS, *INTS, "7", "nan", "ckpt-9.pt", "", None, True, [7], {"step": 7})


def keys(rng: Random) -> bytes:
    """Names missing, left over, renamed, prefixed, twice once prefixes are gone, or no text at all."""
    content = _content(rng)
    model: dict[Any, Any] = content["model"]
    change = rng.randrange(7)
    name = rng.choice(list(model))
    if change == 0:
        for gone in rng.sample(list(model), rng.choice((1, 1, 3, len(model) - 1))):
            del model[gone]
    elif change == 1:
        model[odd_key(rng)] = model[name]
    elif change == 2:
        model[_renamed(rng, name)] = model.pop(name)
    elif change == 3:
        prefix = "".join(rng.choices(_PREFIXES, k=rng.choice((1, 2, 3, 200))))
        content["model"] = {prefix + key: value for key, value in model.items()}
    elif change == 4:
        model[rng.choice(_PREFIXES) + name] = model[name]
    elif change == 5:
        content["model"] = {(_renamed(rng, key) if rng.random() < 0.1 else key): value for key, value in model.items()}
    else:
        content["model"] = {rng.choice(_PREFIXES) + key: value for key, value in model.items()}
    return _dump(rng, content)


def tensors(rng: Random) -> bytes:
    """One to three weights of another shape, kind, layout or place."""
    content = _content(rng)
    for name in rng.sample(list(content["model"]), rng.choice((1, 1, 1, 2, 3))):
        content["model"][name] = odd_tensor(rng, content["model"][name])[1]
    if rng.random() < 0.1:
        good = _content(rng)["model"]
        content["model"] = {name: odd_tensor(rng, value)[1] for name, value in good.items()}
    return _dump(rng, content)


def config(rng: Random) -> bytes:
    """Settings of every wrong kind."""
    content = _content(rng)
    settings: dict[Any, Any] = content["config"]
    if rng.random() < 0.1:
        content["config"] = rng.choice((deep(150), wide(), {"a": deep(150)}, {"a": wide()}, odd(rng)))
    for _ in range(rng.choice((1, 1, 2, 4))):
        key = odd_key(rng) if rng.random() < 0.15 else rng.choice(list(settings))
        settings[key] = odd(rng)
    if rng.random() < 0.25:
        settings["alg"] = None  # without histories the model's own rollouts are the samples
    if rng.random() < 0.1:
        settings["itself"] = settings
    if rng.random() < 0.1:
        del settings[rng.choice(list(settings))]
    return _dump(rng, content)


def top(rng: Random) -> bytes:
    """Another thing than {'step', 'config', 'model'}."""
    content: Any = _content(rng)
    change = rng.randrange(6)
    if change == 0:
        content = odd(rng)
    elif change == 1:
        del content[rng.choice(list(content))]
    elif change == 2:
        content[rng.choice(list(content))] = odd(rng)
    elif change == 3:
        content["model"] = content
    elif change == 4:
        content = content["model"]
    else:
        content = {odd_key(rng) if rng.random() < 0.3 else key: value for key, value in content.items()}
    return _dump(rng, content)


def steps(rng: Random) -> bytes:
    """A step that is no sensible number."""
    content = _content(rng)
    content["step"] = rng.choice(_STEPS) if rng.random() < 0.7 else odd(rng)
    return _dump(rng, content)


def modules(rng: Random) -> bytes:
    """A model saved as a whole, with odd things where modules keep theirs; modules within themselves."""
    content = _content(rng)
    root = nn.Module()
    for name, value in content["model"].items():
        *path, last = name.split(".")
        place = root
        for part in path:
            place = place._modules.setdefault(part, nn.Module()) or place
        place._parameters[last] = value
    places = list(root.modules())
    for _ in range(rng.choice((0, 1, 2))):
        attributes = vars(rng.choice(places))
        name = rng.choice(("_parameters", "_buffers", "_modules", "_non_persistent_buffers_set", "config", "training"))
        if rng.random() < 0.5 and isinstance(attributes.get(name), dict):
            attributes[name][rng.choice(("0", "w", "self_attn"))] = rng.choice((root, None, odd(rng), torch.ones(2)))
        else:
            attributes[name] = rng.choice((odd(rng), {}, {"a": root}, [root], None, content["config"]))
    whole = rng.random() < 0.5
    return _dump(rng, root if whole else {"model": root, "config": content["config"]})


FAMILIES = {"keys": keys, "tensors": tensors, "config": config, "top": top, "steps": steps, "modules": modules}


def _content(rng: Random) -> dict[str, Any]:
    """A good checkpoint's values, free to be changed."""
    return copy.deepcopy(rng.choice(originals().contents))


def _dump(rng: Random, content: Any) -> bytes:
    return dump(content, legacy=rng.random() < 0.15)


def _renamed(rng: Random, name: str) -> str:
    """A name near or far from a good one."""
    change = rng.randrange(6)
    if change == 0:
        return name.replace(".0.", rng.choice((".00.", ".-1.", ".9999.", ".99999999999.", ".x.", ".²."))) + " "
    if change == 1:
        return name.replace(".0.", rng.choice((".2.", ".7.", "."))) or "."
    if change == 2:
        return name.upper()
    if change == 3:
        return name + rng.choice(TEXTS)
    if change == 4:
        return rng.choice(TEXTS)
    return name.rpartition(".")[0]
