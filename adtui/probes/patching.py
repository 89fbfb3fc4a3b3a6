"""Path patching: what goes from rewarded transitions through one head, or two, to the action's logits.

The clean run is a context, the corrupted one the same with its rewards switched off. A head is made to read the
rewarded transitions as they are in the corrupted run (their keys and values, in its layer), everything else as in the
clean one. What this changes of the logits along

- rewards → head → logits: by the head's output at the token where the action is read;
- rewards → head → Q, K or V of a later head → logits: by the later head's output there, when its queries, its keys or
  its values alone notice the change

is the effect of the path, while all other heads put out what they do in the clean run (Goldowsky-Dill et al. 2023,
arXiv 2304.05969; Wang et al. 2022, arXiv 2211.00593). Feed-forward layers and norms are part of every path.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..compression.strategies.base import Contexts
from ..models.frozen import Frozen, Inputs, Layer, Trace
from ..models.model import Model, as_floats
from ..records.arrays import Floats
from ..records.probe import BY, Route

#: Contexts in one pass.
TOGETHER = 32


@dataclass(frozen=True, eq=False)
class Patched:
    """Action logits of B contexts under every patch.

    Attributes:
        clean, corrupted: (B, A).
        paths: route → (B, A).
    """

    clean: Floats
    corrupted: Floats
    paths: dict[Route, Floats]


def patch(model: Model, contexts: Contexts) -> Iterator[tuple[int, int] | Patched]:
    """Follow every path in contexts of one length; yields (contexts done, in all), and last the logits."""
    frozen = Frozen(model, contexts.n)
    parts: list[Patched] = []
    for first in range(0, contexts.count, TOGETHER):
        parts.append(_patched(frozen, contexts.part(slice(first, first + TOGETHER))))
        yield min(first + TOGETHER, contexts.count), contexts.count
    yield Patched(
        np.concatenate([one.clean for one in parts]),
        np.concatenate([one.corrupted for one in parts]),
        {route: np.concatenate([one.paths[route] for one in parts]) for route in parts[0].paths},
    )


def without_rewards(model: Model, contexts: Contexts) -> tuple[Inputs, Inputs, Tensor]:
    """The contexts, the same with the rewards off of what the model sees one by one, and (B, N) the rewarded tokens."""
    layout = model.network.layout(contexts.n)
    states, actions, rewards, next_states, query = contexts.inputs
    off = rewards.copy()
    off[:, layout.visible] = 0
    of_context = np.append(layout.visible, layout.n_context)
    rewarded = np.zeros((contexts.count, layout.n_context + 2), np.bool_)  # the query, and −1, are none
    rewarded[:, of_context[:-1]] = rewards[:, layout.visible] != 0  # of bandits every pull
    count = layout.n_tokens - model.network.takes_query_action
    tokens = torch.as_tensor(rewarded[:, layout.transition[:count]], device=model.device)
    return contexts.inputs, (states, actions, off, next_states, query), tokens


@torch.inference_mode()
def _patched(frozen: Frozen, contexts: Contexts) -> Patched:
    clean_inputs, other_inputs, rewarded = without_rewards(frozen.model, contexts)
    clean, corrupted = frozen.run(clean_inputs), frozen.run(other_inputs)
    found: dict[Route, Floats] = {}
    for layer in range(frozen.n_layer):
        changed = _read_as(frozen, clean.layers[layer], corrupted.layers[layer], rewarded)
        read = slice(frozen.read, frozen.read + 1)
        direct = frozen.logits(
            clean, layer, _one_head_each(clean.layers[layer].outputs[:, :, read], changed[:, :, read])
        )
        for head in range(changed.shape[1]):
            found[Route((layer, head))] = _array(direct[head])
            outputs = clean.layers[layer].outputs.clone()
            outputs[:, head] = changed[:, head]
            found |= _onward(frozen, clean, (layer, head), frozen.block(layer, clean.layers[layer].rest, outputs))
    return Patched(_array(clean.logits), _array(corrupted.logits), found)


def _read_as(frozen: Frozen, clean: Layer, corrupted: Layer, rewarded: Tensor) -> Tensor:
    """(B, H, N, d/H) outputs of a layer's heads that read the rewarded tokens as they are in the corrupted run."""
    at = rewarded[:, None, :, None]
    return frozen.attention(clean.q, torch.where(at, corrupted.k, clean.k), torch.where(at, corrupted.v, clean.v))


def _onward(frozen: Frozen, clean: Trace, head: tuple[int, int], x: Tensor) -> dict[Route, Floats]:
    """Logits where what a head has changed reaches one later head, by one of its three inputs.

    Args:
        x: (B, N, d) what the next block gets.
    """
    found: dict[Route, Floats] = {}
    read = slice(frozen.read, frozen.read + 1)
    for layer in range(head[0] + 1, frozen.n_layer):
        own = clean.layers[layer]
        q, k, v = frozen.projected(layer, x)
        for by, parts in zip(BY, ((q, own.k, own.v), (own.q, k, own.v), (own.q, own.k, v)), strict=True):
            changed = frozen.attention_read(*parts)
            logits = frozen.logits(clean, layer, _one_head_each(own.outputs[:, :, read], changed))
            found |= {Route(head, (layer, later), by): _array(one) for later, one in enumerate(logits)}
        x = frozen.block(layer, x, own.outputs)
    return found


def _one_head_each(outputs: Tensor, changed: Tensor) -> Tensor:
    """(B, H, M, d/H) twice → (H, B, H, M, d/H): in entry h head h is changed and no other."""
    H = outputs.shape[1]
    own = torch.eye(H, dtype=torch.bool, device=outputs.device)[:, None, :, None, None]
    return torch.where(own, changed[None], outputs[None])


def _array(logits: Tensor) -> Floats:
    return as_floats(logits)
