"""Ways to ablate transitions in one context: masked, set to the mean value, or resampled.

- mask: no other token can attend to them; the softmax is over what is left.
- mean: the attention weights stay, but the values behind them are the mean of the context's own transitions, each kind
  of token (state, action, reward) by itself; the keys stay, so what was read off them is not taken away.
- resampled: another transition of the same context stands in at their position, every transition once, none for itself.
  For the whole model that is another input. For a layer or a head, keys and values of the ablated tokens there are
  those of a pass over the context with all its transitions exchanged: activation patching with a corrupted run.

Zhang & Nanda (arXiv 2309.16042) compare such choices, and find that inputs of the same kind as those of training
mislead less than noise. Whole transitions keep states, actions and rewards together, and their frequencies as they are;
that one begins where the last has ended is lost.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..models.edit import Edit
from ..models.model import Array, Model
from ..models.recorders import KeysAndValues
from ..records.ablation import MASK, MEAN, RESAMPLED
from ..records.arrays import Floats, Ints
from ..records.layout import Layout
from ..records.sample import Sample
from ..worlds.draws import Use, generator

Where = tuple[int, int | None] | None
"""A head, a layer, or the model, as in `KnockOut.where`."""
Contents = dict[int, tuple[Tensor | None, Tensor]]
"""As in `Edit.instead`."""
_TOKENS = 2048
"""Tokens in one forward pass, at least one variant's: bounds its time, so that others can be answered in between."""
_PAIRS = 1 << 26
"""Query-key pairs in one forward pass, each a byte of mask for every variant: bounds its memory."""


def ablate(
    model: Model, sample: Sample, ablated: NDArray[np.bool_], way: str, where: Where, order: Ints | None = None
) -> Generator[None, None, Floats]:
    """Action logits with transitions ablated, many variants in a pass.

    Args:
        ablated: (V, n) bool, which context transitions.
        way: one of `records.ablation.WAYS`.
        where: the head, layer or model that they are ablated for.
        order: (n,) which transition stands in for each, see `stand_ins`; where they are resampled.

    Yields:
        After every forward pass.

    Returns:
        (V, A) logits.
    """
    layout = model.layout(sample)
    tokens = layout.n_tokens - model.network.takes_query_action
    size = max(1, min(_TOKENS // tokens, _PAIRS // tokens**2))
    other = sample if order is None else exchanged(sample, order)
    on_inputs = way == RESAMPLED and where is None  # what tokens show then comes of other inputs
    instead = None if way == MASK or on_inputs else contents(model, sample if way == MEAN else other, way)
    if instead is not None:
        yield
    owner = layout.transition[:tokens]
    of_token = np.concatenate([ablated, np.zeros((len(ablated), 2), np.bool_)], axis=1)[:, owner]  # the query, and −1
    parts = []
    for first in range(0, len(ablated), size):
        rows = slice(first, first + size)
        if on_inputs:
            parts.append(_on_inputs(model, sample, other, ablated[rows]))
        else:
            hidden = torch.as_tensor(of_token[rows], device=model.device)
            parts.append(logits(model, sample, Edit(hidden, where, instead=instead)))
        yield
    return np.concatenate(parts)


def stand_ins(layout: Layout, seed: int, index: int) -> Ints:
    """(n,) which transition stands in for each: those that the model sees one by one along a random circle of them.

    So each stands in once, and none for itself unless it is the only one. The rest, summed up in latents, stay.
    """
    order = np.arange(layout.n_context, dtype=np.int64)
    circle = generator(seed, Use.RESAMPLED, index).permutation(layout.visible)
    order[circle] = np.roll(circle, 1)
    return order


def exchanged(sample: Sample, order: Ints) -> Sample:
    """The context with other transitions at its positions; the query stays."""
    return replace(
        sample,
        states=sample.states[order],
        actions=sample.actions[order],
        rewards=sample.rewards[order],
        next_states=sample.next_states[order],
    )


def contents(model: Model, sample: Sample, way: str) -> Contents:
    """What ablated tokens show in each layer: mean values of this context, or its own keys and values.

    Of a flow, those of its prior pass: no step changes them where it is causal.
    """
    seen = KeysAndValues()
    model.policy(*_inputs(sample), recorder=seen)
    layers = [(k[0], v[0]) for k, v in seen.layers]
    if way != MEAN:
        return dict(enumerate(layers))
    layout = model.layout(sample)
    of_transition = (layout.transition >= 0) & (layout.transition < layout.n_context)
    found: Contents = {}
    for layer, (_, v) in enumerate(layers):
        values = v.clone()
        for kind in np.unique(layout.kind[of_transition]):
            at = torch.as_tensor(np.flatnonzero(of_transition & (layout.kind == kind)), device=v.device)
            values[:, at] = v[:, at].mean(dim=1, keepdim=True)
        found[layer] = None, values
    return found


def logits(model: Model, sample: Sample, edit: Edit) -> Floats:
    """(V, A) logits of one sample under each of the V rows of an edit."""
    return model.policy(*_inputs(sample), edit=edit)


def _inputs(sample: Sample) -> tuple[Array, Array, Array, Array, Array]:
    """As a batch of one."""
    return (
        sample.states[None],
        sample.actions[None],
        sample.rewards[None],
        sample.next_states[None],
        np.asarray(sample.query_state)[None],
    )


def _on_inputs(model: Model, sample: Sample, other: Sample, ablated: NDArray[np.bool_]) -> Floats:
    """(V, A) logits of V inputs, each with the ablated transitions from the other sample."""
    (*own, query), (*new, _) = _inputs(sample), _inputs(other)
    states, actions, rewards, next_states = (
        np.where(ablated.reshape(*ablated.shape, *[1] * (ours.ndim - 2)), theirs, ours)
        for ours, theirs in zip(own, new, strict=True)
    )
    return model.policy(states, actions, rewards, next_states, np.repeat(query, len(ablated), axis=0))
