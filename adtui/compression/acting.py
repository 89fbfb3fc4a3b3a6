"""A model that acts on shortened contexts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..models.model import Model
from ..records.arrays import Floats
from ..worlds.world import FloatArray, IntArray
from .choice import Choice, choose
from .shortened import shortened_logits, with_evidence
from .strategies.base import Contexts, Positions


def shortened(
    model: Model, contexts: Contexts, choice: Choice, positions: Positions, rng: np.random.Generator
) -> tuple[Floats, IntArray]:
    """Action logits (B, A) on what the strategy keeps, and how many transitions that are (B,).

    A pass over the full contexts is made only where the strategy needs its evidence and has something to leave out.
    """
    if contexts.n == 0 or (choice.strategy.EXACT and choice.limit(contexts.n) == contexts.n):
        kept = np.ones(contexts.actions.shape, np.bool_)
    else:
        kept = choose(choice, with_evidence(model, contexts, choice.strategy.NEEDS), rng)
    return shortened_logits(model, contexts, kept, positions), kept.sum(axis=1).astype(np.int64)


@dataclass
class ShortenedPolicy:
    """A `rollouts.Policy` for one rollout: it is called once a step, so it knows which episodes its context spans."""

    model: Model
    choice: Choice
    positions: Positions
    horizon: int
    rng: np.random.Generator
    _step: int = field(default=0, init=False)

    def __call__(
        self,
        states: IntArray,
        actions: IntArray,
        rewards: FloatArray,
        next_states: IntArray,
        query_states: IntArray,
    ) -> FloatArray:
        n = actions.shape[1]
        episode = np.broadcast_to(np.arange(self._step - n, self._step) // self.horizon, actions.shape)
        self._step += 1
        contexts = Contexts(states, actions, rewards, next_states, query_states, episode)
        return shortened(self.model, contexts, self.choice, self.positions, self.rng)[0]


@dataclass
class OnlinePolicy:
    """A `rollouts.Policy` of an agent that keeps K transitions: what it drops is gone.

    At each step it chooses among those it has kept and the newest. It may keep what a full context has lost by then.
    Transitions that are kept are told apart by rows, since a strategy may keep different numbers of them.
    """

    model: Model
    choice: Choice
    horizon: int
    rng: np.random.Generator
    _step: int = field(default=0, init=False)
    _kept: Contexts | None = field(default=None, init=False)
    _counts: IntArray = field(default_factory=lambda: np.zeros(0, np.int64), init=False)

    def __call__(
        self,
        states: IntArray,
        actions: IntArray,
        rewards: FloatArray,
        next_states: IntArray,
        query_states: IntArray,
    ) -> FloatArray:
        if actions.shape[1]:
            episode = np.full((len(actions), 1), (self._step - 1) // self.horizon)
            newest = (states[:, -1:], actions[:, -1:], rewards[:, -1:], next_states[:, -1:])
            self._add(Contexts(*newest, query_states, episode))
        self._step += 1
        logits = np.zeros((len(query_states), self.model.n_actions), np.float32)
        for count in np.unique(self._counts).tolist() if self._kept is not None else [0]:
            rows = np.flatnonzero(self._counts == count) if self._kept is not None else np.arange(len(query_states))
            logits[rows] = self._act(rows, count, query_states[rows], actions.shape[1])
        return logits

    def _add(self, newest: Contexts) -> None:
        """Every row gets its newest transition, after those it has kept."""
        if self._kept is None:
            self._kept, self._counts = newest, np.ones(newest.count, np.int64)
            return
        if int(self._counts.max()) == self._kept.n:
            spare = np.zeros((newest.count, 1), np.int64)
            self._kept = _columns(self._kept, lambda old: np.concatenate([old, _like(old, spare)], axis=1))
        rows = np.arange(newest.count)
        for name in KEPT:
            getattr(self._kept, name)[rows, self._counts] = getattr(newest, name)[:, 0]
        self._counts = self._counts + 1

    def _act(self, rows: IntArray, count: int, query_states: IntArray, shown: int) -> Floats:
        """Logits of the rows that have `count` candidates, which forget what is not chosen."""
        if self._kept is None or shown == 0:
            nothing = (np.zeros((len(rows), 0, 2), np.int64), np.zeros((len(rows), 0), np.int64))
            empty = Contexts(*nothing, nothing[1].astype(np.float32), nothing[0], query_states, nothing[1])
            return shortened_logits(self.model, empty, np.ones((len(rows), 0), np.bool_))
        mine = replace(_columns(self._kept, lambda old: old[rows, :count].copy()), query_states=query_states)
        choice = self.choice
        if choice.strategy.EXACT and choice.limit(count) == count:
            kept = np.ones((len(rows), count), np.bool_)
        else:
            kept = choose(choice, with_evidence(self.model, mine, choice.strategy.NEEDS), self.rng)
        order = np.argsort(~kept, axis=1, kind="stable")  # kept ones first, in their order
        for name in KEPT:
            values = getattr(mine, name)
            getattr(self._kept, name)[rows, :count] = values[np.arange(len(rows))[:, None], order]
        self._counts[rows] = kept.sum(axis=1)
        return shortened_logits(self.model, mine, kept)


KEPT = ("states", "actions", "rewards", "next_states", "episode")
"""What is kept of a transition."""


def _columns(contexts: Contexts, change: Callable[[Any], Any]) -> Contexts:
    return replace(contexts, **{name: change(getattr(contexts, name)) for name in KEPT})


def _like(old: Any, spare: Any) -> Any:
    """Room for one more, of the same kind as what is there."""
    return np.zeros((len(spare), 1, *old.shape[2:]), old.dtype)
