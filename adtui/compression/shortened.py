"""A model on shortened contexts: which transitions stay is given, and so is where they claim to stand.

And what strategies may look at before they choose: evidence from one pass over the full contexts.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..models.attend import BLOCK_ROWS, Wants, row_weights, value_norms, visible_queries, weight_blocks
from ..models.edit import Edit
from ..models.model import Array, Model
from ..records.arrays import Floats
from ..records.errors import ModelError
from ..records.layout import Layout
from .choice import Choice
from .head_scores import QueryMoments, expected_attention, key_difference
from .strategies.base import (
    DIFFERENCE,
    EMBEDDINGS,
    EXPECTED,
    LAYER_ROW,
    QUERY_ROW,
    RECEIVED,
    VALUES,
    WINDOW,
    WINDOW_QUERIES,
    Contexts,
    Merging,
    Positions,
)


def shortened_logits(
    model: Model, contexts: Contexts, kept: Array, positions: Positions = "reindexed", *, span: int | None = None
) -> Floats:
    """Action logits (B, A) at the query when only some transitions stay.

    Args:
        contexts: B contexts of n transitions; where it says how many each stands for, it counts as so many.
        kept: (B, n) bool, the transitions that stay; rows may keep different numbers.
        positions: "reindexed": what stays moves up to 0, 1, 2, …; "spread": it stands evenly over the places of
            `span` transitions, and the query after these, as in a full context; "kept": everything stays where it was.
        span: transitions that a full context would have; None for as many as the contexts have.

    Raises:
        ModelError: the family cannot keep positions.
    """
    check_positions(model, positions)
    span = contexts.n if span is None else span
    counts = kept.sum(axis=1)
    logits = np.empty((contexts.count, model.n_actions), np.float32)
    for count in np.unique(counts).tolist():
        rows = np.flatnonzero(counts == count)
        chosen = np.nonzero(kept[rows])[1].reshape(len(rows), count)
        places = None
        if positions != "reindexed":
            places = chosen if positions == "kept" else spread(len(rows), count, span)
        at = rows[:, None]
        stand_for = None if contexts.stands_for is None else contexts.stands_for[at, chosen]
        logits[rows] = model.policy(
            contexts.states[at, chosen],
            contexts.actions[at, chosen],
            contexts.rewards[at, chosen],
            contexts.next_states[at, chosen],
            contexts.query_states[rows],
            edit=_edit(model, places, span, stand_for),
        )
    return logits


def check_positions(model: Model, positions: Positions) -> None:
    """Raise ModelError where a model's transitions cannot be told where to stand."""
    if positions != "reindexed" and not model.network.keeps_positions:
        raise ModelError(
            model.family,
            expected="a family whose transitions can be told where to stand",
            found="one whose tokens depend on how many there are",
            action="use --positions reindexed",
        )


def spread(rows: int, count: int, span: int) -> Array:
    """(rows, count) places from 0 to span − 1, evenly: transition i of k stands where i · span / k is, rounded."""
    span = max(span, count)
    places: Array = (2 * span * np.arange(count, dtype=np.int64) + count) // max(2 * count, 1)
    return np.broadcast_to(places, (rows, count))


def _edit(model: Model, places: Array | None, span: int, stand_for: Array | None = None) -> Edit | None:
    """The intervention by which transitions stand at places (B, k) of a context of `span`, and for (B, k) others."""
    if places is None and stand_for is None:
        return None
    positions = weights = None
    if places is not None:
        positions = torch.as_tensor(_positions(model, places, span), device=model.device)
    if stand_for is not None:
        owner = _owners(model, model.network.layout(stand_for.shape[1]))
        weights = model.floats(np.pad(stand_for, ((0, 0), (0, 1)), constant_values=1)[:, owner])
    return Edit(positions=positions, stand_for=weights)


def _owners(model: Model, layout: Layout) -> Array:
    """(N',) whose each token is when the model acts: the transition's number, n for the query."""
    owner: Array = layout.transition[: layout.n_tokens - model.network.takes_query_action]
    return owner


def _positions(model: Model, chosen: Array, n: int) -> Array:
    """(B, N') positions in the full sequence of the tokens of the chosen transitions (B, k) and of the query."""
    full, part = model.network.layout(n), model.network.layout(chosen.shape[1])
    owner = _owners(model, part)
    within = np.arange(len(owner)) - _first_tokens(part)[owner]
    moved = np.concatenate([chosen, np.full((len(chosen), 1), n)], axis=1)  # the query comes after the transitions
    out: Array = _first_tokens(full)[moved[:, owner]] + within
    return out


def _first_tokens(layout: Layout) -> Array:
    """(n + 1,) the first token of each transition, and of the query."""
    first = np.zeros(layout.n_context + 1, np.int64)
    first[layout.transition[::-1]] = np.arange(layout.n_tokens)[::-1]
    return first


class _Evidence:
    """Recorder of a batch: means over layers and heads of what strategies ask for, per token."""

    def __init__(self, layout: Layout, batch: int, needs: Collection[str], causal: bool, mask: Tensor | None) -> None:
        self.block_rows = BLOCK_ROWS
        self.wants: Wants = "sums" if RECEIVED in needs else "heads" if {WINDOW, EXPECTED} & set(needs) else "read"
        self.layout, self.needs, self.causal, self.mask = layout, needs, causal, mask
        shape = (batch, layout.n_tokens)
        self.query, self.received, self.window, self.values = (np.zeros(shape, np.float64) for _ in range(4))
        self.difference, self.expected = np.zeros(shape, np.float64), np.zeros(shape, np.float64)
        self.seen = 0

    def heads(self, layer: int, q: Tensor, k: Tensor, v: Tensor, out_weight: Tensor) -> None:
        del layer
        self.seen += v.shape[1]
        read = self.layout.read
        row = row_weights(q, k, read, self.causal)  # (B, H, keys)
        keys = row.shape[2]
        self.query[:, :keys] += row.sum(1).double().cpu().numpy()
        if VALUES in self.needs:
            norms = value_norms(v, out_weight)[:, :, :keys]
            self.values[:, :keys] += (row * norms).sum(1).double().cpu().numpy()
        if DIFFERENCE in self.needs:
            self.difference[:, :keys] += key_difference(k[:, :, :keys]).sum(1).double().cpu().numpy()
        if EXPECTED in self.needs:
            queries = QueryMoments()
            queries.add(q[:, :, :keys])
            self.expected[:, :keys] += expected_attention(k[:, :, :keys], v[:, :, :keys], queries).sum(1).cpu().numpy()
        if WINDOW in self.needs:
            first = max(0, read + 1 - WINDOW_QUERIES)
            for _, weights in weight_blocks(q, k, mask=self.mask, causal=self.causal, first=first, last=read + 1):
                keys = weights.shape[3]
                self.window[:, :keys] += weights.sum((1, 2)).double().cpu().numpy() / WINDOW_QUERIES

    def sums(self, layer: int, received: Tensor, entropy: Tensor) -> None:
        del layer, entropy
        self.received[:, : received.shape[2]] += received.sum(1).cpu().numpy()

    def compressed(self, number: int, layer: int, own: Tensor, cross: Tensor) -> None:
        """Not part of the evidence."""


def check_needs(model: Model, choice: Choice) -> None:
    """Raise ModelError where a strategy needs what this model cannot give."""
    if EMBEDDINGS in choice.strategy.NEEDS and not model.network.own_layers:
        raise ModelError(
            model.description,
            expected="strategies that need no embeddings of transitions, as these are in code that adtui does not know",
            found=choice.label,
            action="leave it out",
        )
    if isinstance(choice.strategy, Merging) and not (model.network.own_layers and model.network.keeps_positions):
        raise ModelError(
            model.description,
            expected="strategies that merge nothing, as here a transition cannot be told to count as several",
            found=choice.label,
            action="leave it out",
        )


def with_evidence(model: Model, contexts: Contexts, needs: Collection[str], span: int | None = None) -> Contexts:
    """The same contexts with what a strategy needs, from one pass over them in full; none where it needs nothing.

    Args:
        span: they stand evenly over the places of so many; None is one after the other.

    Cost: what is asked for. The query row, the values and the keys' directions take less than a plain pass, the window
    and expected attention one, and what keys receive a measured one of memory O(B · H · block · N).
    """
    if not needs:
        return contexts
    found: dict[str, Any] = {}
    if set(needs) - {EMBEDDINGS}:
        layout = model.network.layout(contexts.n)
        mask = model.network.mask(contexts.n)
        recorder = _Evidence(layout, contexts.count, needs, model.causal, mask)
        edit = None
        if span is not None and span > contexts.n:
            edit = _edit(model, spread(contexts.count, contexts.n, span), span)
        model.policy(*contexts.inputs, recorder, edit=edit)
        visible = visible_queries(layout.n_tokens, model.causal, mask)
        sums = {
            QUERY_ROW: recorder.query,
            RECEIVED: recorder.received / visible,
            WINDOW: recorder.window,
            VALUES: recorder.values,
            LAYER_ROW: recorder.query,  # of layers with as many heads each it is the same
            DIFFERENCE: recorder.difference,
            EXPECTED: recorder.expected,
        }
        for name in set(needs) & set(sums):
            parts = layout.by_transition(sums[name] / recorder.seen)[:, :-1]
            full = np.zeros((contexts.count, contexts.n), np.float32)  # transitions without tokens get nothing
            full[:, layout.visible] = parts
            found[name] = full
    if EMBEDDINGS in needs:
        found[EMBEDDINGS] = model.embeddings(contexts.states, contexts.actions, contexts.rewards, contexts.next_states)
    return replace(contexts, **found)
