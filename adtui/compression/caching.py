"""A model that acts on keys and values: what a strategy drops leaves the cache of one head, not the context.

A transition is read once, over what each head of each layer then holds; its keys and values are appended, and every
head chooses by itself which K it goes on holding. So heads may hold different transitions, and what was dropped may
live on in what later ones made of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..models.attend import value_norms
from ..models.model import Model, as_floats
from ..records.arrays import Floats, Ints
from ..records.errors import ConfigError, ModelError
from ..records.trial_cost import Held
from ..worlds.world import FloatArray, IntArray
from .choice import Choice, Draws, drawn
from .strategies.base import QUERY_ROW, RECEIVED, VALUES, Contexts, Level, Merging

NEEDS = frozenset({QUERY_ROW, RECEIVED, VALUES})
"""Evidence that a head has of its own: the newest token's attention and values, and what its keys received so far."""
READS_CELLS = frozenset({"distinct", "retrieval"})
BYTES_EACH = 4 + 8 + 8 + 8
"""Of what a head holds, beside its key and value: reward float32, episode int64, received and seen float64."""


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
    strategy = choice.strategy
    able = strategy.EXACT and strategy.NEEDS <= NEEDS and strategy.NAME not in READS_CELLS
    if not able or isinstance(strategy, Merging):
        raise ConfigError(
            f"strategy {strategy.NAME}",
            expected="one that keeps exactly K by rewards, episodes, age or attention, as heads hold nothing else",
            found="another",
            action="use --level transition",
        )


def in_cache(choice: Choice, level: Level) -> bool:
    """Whether an agent that acts by a choice at a level drops keys and values: with full context nothing is dropped."""
    return level == "cache" and choice.budget is not None


@dataclass
class _Layer:
    """What the heads of a layer hold, the older first: (B, H, m, d/H) keys and values, else (B, H, m)."""

    k: Tensor
    v: Tensor
    rewards: NDArray[Any]
    episode: NDArray[Any]
    received: NDArray[Any]
    seen: NDArray[Any]


@dataclass
class CachePolicy:
    """A `rollouts.Policy` of an agent that holds K keys and values in each head.

    A transition stands where the newest of a full context stands when it comes, and stays there: 0, 1, 2, … and, once
    a context would be full, always at its last place. The query stands after it.

    Attributes:
        n_context: transitions of a full context.

    Raises:
        ModelError, ConfigError: see `check_cache`.
    """

    model: Model
    choice: Choice
    n_context: int
    horizon: int
    rng: np.random.Generator | Draws
    _step: int = field(default=0, init=False)
    _layers: dict[int, _Layer] = field(default_factory=dict, init=False)
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
            self.read(*last, np.full(len(actions), self._step // self.horizon))
        return self.ask(query_states)

    @torch.inference_mode()
    def read(self, states: Any, actions: Any, rewards: Any, next_states: Any, episode: Ints) -> None:
        """One transition (B, 1, …) of each row and its episode (B,)."""
        model, network = self.model, self.model.network
        parts = model.kinds(states), model.kinds(actions), model.floats(rewards), model.kinds(next_states)
        self._newest = np.asarray(rewards[:, 0], np.float32), episode
        network.append(network.embeddings(*parts), min(self._step, self.n_context - 1), self, add=True)
        self._step += 1

    @torch.inference_mode()
    def ask(self, query_states: IntArray) -> Floats:
        """(B, A) action logits where each row stands."""
        network = self.model.network
        token = network.embed_query(self.model.kinds(query_states)).unsqueeze(1)
        logits = network.append(token, min(self._step, self.n_context), self, add=False)
        return as_floats(logits)

    def before(self, layer: int) -> tuple[Tensor, Tensor] | None:
        """See `appending.HeldKeys`."""
        held = self._layers.get(layer)
        return None if held is None else (held.k, held.v)

    def add(self, layer: int, k: Tensor, v: Tensor, row: Tensor, out_weight: Tensor) -> None:
        """See `appending.HeldKeys`."""
        self._layers[layer] = self._kept(self._with_newest(layer, k, v, row), row, out_weight)

    def _with_newest(self, layer: int, k: Tensor, v: Tensor, row: Tensor) -> _Layer:
        B, H = k.shape[:2]
        rewards, episode = (np.broadcast_to(one[:, None, None], (B, H, 1)) for one in self._newest)
        nothing = np.zeros((B, H, 1))
        new = _Layer(k, v, rewards, episode, nothing, nothing)
        if (old := self._layers.get(layer)) is not None:
            parts = [
                np.concatenate([getattr(old, name), getattr(new, name)], axis=2)
                for name in ("rewards", "episode", "received", "seen")
            ]
            new = _Layer(k, v, *parts)
        new.received = new.received + row.double().cpu().numpy()
        new.seen = new.seen + 1
        return new

    def _kept(self, held: _Layer, row: Tensor, out_weight: Tensor) -> _Layer:
        """What each head goes on holding."""
        B, H, m, width = held.k.shape
        if self.choice.limit(m) == m:
            return held
        flat = B * H, m
        cells, needs = np.broadcast_to(np.int64(0), (*flat, 2)), self.choice.strategy.NEEDS
        contexts = Contexts(
            *(cells, cells[..., 0], held.rewards.reshape(flat), cells, cells[:, 0], held.episode.reshape(flat)),
            query_row=_flat(row) if QUERY_ROW in needs else None,
            received=(held.received / held.seen).reshape(flat).astype(np.float32) if RECEIVED in needs else None,
            values=_flat(row * value_norms(held.v, out_weight)) if VALUES in needs else None,
        )
        stays = drawn(self.choice, contexts, self.rng, np.repeat(np.arange(B), H))
        at = np.nonzero(stays)[1].reshape(B, H, -1)
        index = torch.as_tensor(at, device=held.k.device)[..., None].expand(-1, -1, -1, width)
        parts = (held.rewards, held.episode, held.received, held.seen)
        return _Layer(
            held.k.gather(2, index), held.v.gather(2, index), *(np.take_along_axis(part, at, axis=2) for part in parts)
        )


def _flat(weights: Tensor) -> Floats:
    """(B, H, m) → (B · H, m)."""
    return as_floats(weights.flatten(0, 1))


def read_through(policy: CachePolicy, contexts: Contexts) -> Floats:
    """(B, A) action logits at the queries of contexts that are read from their first transition on."""
    for at in range(contexts.n):
        one = slice(at, at + 1)
        states, actions, rewards, next_states, _ = (values[:, one] for values in contexts.inputs)
        policy.read(states, actions, rewards, next_states, contexts.episode[:, at])
    return policy.ask(contexts.query_states)


def held_in_cache(model: Model, choice: Choice, n: int) -> Held:
    """Bytes that an agent holds whose full context has n transitions; see `trial_cost.Held`."""
    kept = choice.limit(n)
    keys = 2 * model.n_layer * kept * model.d_model * next(model.network.parameters()).element_size()
    return Held(model.n_layer * model.n_head * kept * BYTES_EACH, keys)
