"""A model that acts on keys and values: what a strategy drops leaves the cache of one head, not the context.

A transition is read once, over what each head of each layer then holds; its keys and values are appended, and every
head chooses by itself what it goes on holding: K entries, or as many as `sharing` gives it. So heads may hold different
transitions, and what was dropped may live on in what later ones made of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..models.attend import value_norms
from ..models.model import Model, as_floats
from ..records.arrays import Doubles, Floats, Ints
from ..records.errors import ConfigError, ModelError
from ..records.levels import Level
from ..records.trial_cost import Held
from ..worlds.world import FloatArray, IntArray
from .choice import Choice, Draws, scored
from .head_scores import QueryMoments, expected_attention, key_difference, window_attention
from .held_layer import BYTES_EACH, BYTES_HEAD, Entries, HeldLayer, packed, padded
from .sharing import EVENLY, KEY, Ada, budgets_of_heads, is_full, kept_of_layer, words_of
from .strategies import OF_HEADS
from .strategies.base import (
    DIFFERENCE,
    EXPECTED,
    LAYER_ROW,
    QUERY_ROW,
    RECEIVED,
    VALUES,
    WINDOW,
    WINDOW_QUERIES,
    Bools,
    Contexts,
)


def check_level(choice: Choice, level: Level) -> None:
    """Raise ConfigError for a budget that is shared by heads where whole transitions are dropped."""
    if level != "cache" and choice.shared != EVENLY:
        raise ConfigError(
            f"{choice.strategy.NAME}: {KEY}={words_of(choice.shared)}",
            expected="--level cache beside it, as a transition is dropped in all heads at once",
            found=f"--level {level}",
            action="add --level cache, or leave it out",
        )


def check_cache(model: Model, choice: Choice) -> None:
    """Refuse a model that cannot append, and strategies that a head cannot follow.

    Raises:
        ModelError, ConfigError: with what would do.
    """
    if not model.network.appends:
        raise ModelError(
            model.description,
            expected="a causal model with one token for each transition and learned positions",
            found="another kind, whose keys and values adtui cannot hold on to",
            action="use --level transition",
        )
    if choice.strategy.NAME not in OF_HEADS:
        raise ConfigError(
            f"strategy {choice.strategy.NAME}",
            expected="one that keeps exactly K by rewards, episodes, age, attention or keys: heads hold nothing else",
            found="another",
            action="use --level transition",
        )


def in_cache(choice: Choice, level: Level) -> bool:
    """Whether an agent that acts by a choice at a level drops keys and values: with full context nothing is dropped."""
    return level == "cache" and choice.budget is not None


@dataclass
class Queries:
    """What a layer holds of its queries, as far as the strategy needs it.

    Attributes:
        last: (B, H, w, d/H), the last WINDOW_QUERIES at most.
    """

    last: Tensor | None = None
    moments: QueryMoments = field(default_factory=QueryMoments)

    @property
    def nbytes(self) -> int:
        """Of all that is held of them."""
        parts = (self.moments.mean, self.moments.square, *(() if self.last is None else (self.last,)))
        return sum(part.numel() * part.element_size() for part in parts)

    def add(self, q: Tensor, needs: frozenset[str]) -> None:
        """One more, (B, H, 1, d/H)."""
        if WINDOW in needs:
            self.last = q if self.last is None else torch.cat([self.last, q], dim=2)[:, :, -WINDOW_QUERIES:]
        if EXPECTED in needs:
            self.moments.add(q)


@dataclass
class CachePolicy:
    """A `rollouts.Policy` of an agent that holds some keys and values in each head.

    A transition stands where the newest of a full context stands when it comes, and stays there: 0, 1, 2, … and, once
    a context would be full, always at its last place. The query stands after it.

    Attributes:
        n_context: transitions of a full context.
        budgets: (L, H) entries of each head, of `sharing.budgets_of_heads`.
        step: transitions that it has read.
        layers, queries: what it holds, by layer.

    Raises:
        ModelError, ConfigError: see `check_cache`.
    """

    model: Model
    choice: Choice
    n_context: int
    horizon: int
    rng: np.random.Generator | Draws
    budgets: Ints
    step: int = field(default=0, init=False)
    layers: dict[int, HeldLayer] = field(default_factory=dict, init=False)
    queries: dict[int, Queries] = field(default_factory=dict, init=False)
    _before: Entries | None = field(default=None, init=False)
    _newest: tuple[Floats, Ints] = field(init=False)

    def __post_init__(self) -> None:
        check_cache(self.model, self.choice)

    def __call__(
        self,
        states: IntArray,
        actions: IntArray,
        rewards: FloatArray,
        next_states: IntArray,
        query_states: IntArray,
    ) -> FloatArray:
        if actions.shape[1]:
            last = (states[:, -1:], actions[:, -1:], rewards[:, -1:], next_states[:, -1:])
            self.read(*last, np.full(len(actions), self.step // self.horizon))
        return self.ask(query_states)

    @torch.inference_mode()
    def read(self, states: Any, actions: Any, rewards: Any, next_states: Any, episode: Ints) -> None:
        """One transition (B, 1, …) of each row and its episode (B,)."""
        model, network = self.model, self.model.network
        parts = model.kinds(states), model.kinds(actions), model.floats(rewards), model.kinds(next_states)
        self._newest = np.asarray(rewards[:, 0], np.float32), episode
        network.append(network.embeddings(*parts), min(self.step, self.n_context - 1), self, add=True)
        self.step += 1

    @torch.inference_mode()
    def ask(self, query_states: IntArray) -> Floats:
        """(B, A) action logits where each row stands."""
        network = self.model.network
        token = network.embed_query(self.model.kinds(query_states)).unsqueeze(1)
        logits = network.append(token, min(self.step, self.n_context), self, add=False)
        self._before = None  # nothing is added to it
        return as_floats(logits)

    @property
    def counts(self) -> Ints:
        """(B, L, H) entries that each head holds."""
        return np.stack([self.layers[layer].counts for layer in sorted(self.layers)], axis=1)

    @property
    def weighed(self) -> Held:
        """Bytes that it holds, as its arrays have them; `held_in_cache` computes them."""
        parts = [layer.nbytes for layer in self.layers.values()]
        beside = sum(other for _, other in parts) + sum(one.nbytes for one in self.queries.values())
        return Held(beside, sum(keys for keys, _ in parts))

    def before(self, layer: int) -> tuple[Tensor, Tensor, Tensor | None] | None:
        """See `appending.HeldKeys`."""
        self._before = padded(self.layers[layer]) if layer in self.layers else None
        return None if self._before is None else (self._before.k, self._before.v, self._before.seen)

    def add(self, layer: int, q: Tensor, k: Tensor, v: Tensor, row: Tensor, out_weight: Tensor) -> None:
        """See `appending.HeldKeys`."""
        entries, budgets = self._with_newest(k, v, row), self.budgets[layer]
        queries = self.queries.setdefault(layer, Queries())
        queries.add(q, self.choice.strategy.NEEDS)
        stays = entries.present
        if is_full(self.choice.shared, entries.counts, budgets):
            found = self._evidence(entries, queries, row, out_weight)
            stays = kept_of_layer(self.choice.shared, self._scores(entries, found, budgets), stays, budgets)
        self.layers[layer] = packed(entries, stays)

    def _with_newest(self, k: Tensor, v: Tensor, row: Tensor) -> Entries:
        B, H = k.shape[:2]
        rewards: Floats = np.broadcast_to(self._newest[0][:, None, None], (B, H, 1))
        episode: Ints = np.broadcast_to(self._newest[1][:, None, None], (B, H, 1))
        came, old = np.full((B, H, 1), self.step, np.int64), self._before
        present, received = np.ones((B, H, 1), np.bool_), np.zeros((B, H, 1))
        if old is not None:
            present = np.concatenate([old.present, present], axis=2)
            rewards = np.concatenate([old.rewards, rewards], axis=2)
            episode = np.concatenate([old.episode, episode], axis=2)
            received = np.concatenate([old.received, received], axis=2)
            came = np.concatenate([old.came, came], axis=2)
        self._before = None
        return Entries(k, v, present, rewards, episode, received + row.double().cpu().numpy(), came)

    def _evidence(self, held: Entries, queries: Queries, row: Tensor, out_weight: Tensor) -> dict[str, Floats]:
        """Names of what the strategy needs → (B, H, M)."""
        needs, seen, found = self.choice.strategy.NEEDS, held.seen, dict[str, Any]()
        if QUERY_ROW in needs:
            found[QUERY_ROW] = as_floats(row)
        if RECEIVED in needs:
            found[RECEIVED] = (held.received / (self.step - held.came + 1)).astype(np.float32)
        if VALUES in needs:
            found[VALUES] = as_floats(row * value_norms(held.v, out_weight))
        if LAYER_ROW in needs:
            found[LAYER_ROW] = _mean_over_heads(as_floats(row), held)
        if DIFFERENCE in needs:
            found[DIFFERENCE] = as_floats(key_difference(held.k, seen))
        if EXPECTED in needs:
            found[EXPECTED] = as_floats(expected_attention(held.k, held.v, queries.moments, seen))
        if WINDOW in needs and queries.last is not None:
            asked = self.step - np.arange(queries.last.shape[2])[::-1]
            visible = held.present[:, :, None] & (held.came[:, :, None] <= asked[:, None])
            there = torch.as_tensor(visible, device=held.k.device)
            found[WINDOW] = as_floats(window_attention(queries.last, held.k, there))
        return found

    def _scores(self, held: Entries, evidence: dict[str, Floats], budgets: Ints) -> Doubles:
        """(B, H, M); heads with as many entries and as large a budget are scored together."""
        B, H, M = held.present.shape
        counts, limits = held.counts.reshape(-1), np.tile(budgets, B)
        scores = np.zeros((B * H, M))
        flat: dict[str, Any] = {name: one.reshape(B * H, M) for name, one in evidence.items()}
        rewards, episode = held.rewards.reshape(B * H, M), held.episode.reshape(B * H, M)
        drops = np.ones(B * H, np.bool_) if isinstance(self.choice.shared, Ada) else counts > limits
        for count, limit in np.unique(np.stack([counts, limits], axis=1)[drops], axis=0).tolist():
            rows = np.flatnonzero((counts == count) & (limits == limit) & drops)
            at = rows, slice(M - count, M)
            cells = np.broadcast_to(np.int64(0), (len(rows), count, 2))
            contexts = Contexts(
                *(cells, cells[..., 0], rewards[at], cells, np.zeros((len(rows), 2), np.int64), episode[at]),
                **{name: one[at] for name, one in flat.items()},
            )
            scores[at] = scored(replace(self.choice, budget=limit), contexts, self.rng, rows // H)
        return scores.reshape(B, H, M)


def _mean_over_heads(row: Floats, held: Entries) -> Floats:
    """(B, H, M) attention on an entry, mean over the heads of the layer; a head that has dropped it pays it none."""
    B, H, _ = row.shape
    steps = np.unique(held.came)
    place = np.searchsorted(steps, held.came)
    total = np.zeros((B, len(steps)), np.float32)
    np.add.at(total, (np.arange(B)[:, None, None], place), np.where(held.present, row, 0))
    found: Floats = total[np.arange(B)[:, None, None], place] / H
    return found


def read_through(policy: CachePolicy, contexts: Contexts) -> Floats:
    """(B, A) action logits at the queries of contexts that are read from their first transition on."""
    for at in range(contexts.n):
        one = slice(at, at + 1)
        states, actions, rewards, next_states, _ = (values[:, one] for values in contexts.inputs)
        policy.read(states, actions, rewards, next_states, contexts.episode[:, at])
    return policy.ask(contexts.query_states)


def budgets_of(model: Model, choice: Choice, n: int, retrieval: Bools | None = None) -> Ints:
    """(L, H) entries of each head when a context of n is full; see `sharing.budgets_of_heads`."""
    return budgets_of_heads(choice.shared, choice.limit(n), n, model.n_layer, model.n_head, retrieval)


def held_in_cache(model: Model, choice: Choice, n: int, budgets: Ints) -> Held:
    """Bytes that an agent holds whose full context has n transitions; see `trial_cost.Held`.

    Args:
        budgets: (L, H) of its heads.
    """
    entries, width = int(np.minimum(budgets, n).sum()), model.d_model // model.n_head
    size, needs, heads = next(model.network.parameters()).element_size(), choice.strategy.NEEDS, budgets.size
    queries = size * width * WINDOW_QUERIES * (WINDOW in needs) + 8 * width * (width + 1) * (EXPECTED in needs)
    return Held(entries * BYTES_EACH + heads * (BYTES_HEAD + queries), 2 * entries * width * size)
