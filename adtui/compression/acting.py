"""A model that acts on shortened contexts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..models.model import Model
from ..records.arrays import Floats
from ..worlds.world import FloatArray, IntArray
from .choice import Choice, Draws, drawn, merge
from .shortened import shortened_logits, with_evidence
from .strategies.base import Contexts, Merging, Positions


def shortened(
    model: Model,
    contexts: Contexts,
    choice: Choice,
    positions: Positions,
    rng: np.random.Generator | Draws,
    span: int | None = None,
) -> tuple[Floats, IntArray]:
    """Action logits (B, A) on what the strategy keeps, and how many transitions that are (B,).

    A pass over the full contexts is made only where the strategy needs its evidence and has something to leave out.

    Args:
        positions, span: see `shortened_logits`.
    """
    if contexts.n == 0 or (choice.strategy.EXACT and choice.limit(contexts.n) == contexts.n):
        kept = np.ones(contexts.actions.shape, np.bool_)
    else:
        seen = with_evidence(model, contexts, choice.strategy.NEEDS)
        kept = drawn(choice, seen, rng)
        contexts = replace(contexts, stands_for=merge(choice, seen, kept))
    return shortened_logits(model, contexts, kept, positions, span=span), kept.sum(axis=1).astype(np.int64)


@dataclass
class ShortenedPolicy:
    """A `rollouts.Policy` for one rollout: it is called once a step, so it knows which episodes its context spans."""

    model: Model
    choice: Choice
    positions: Positions
    horizon: int
    rng: np.random.Generator | Draws
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

    Attributes:
        n_context: transitions of a full context, over whose places "spread" ones stand.
    """

    model: Model
    choice: Choice
    positions: Positions
    n_context: int
    horizon: int
    rng: np.random.Generator | Draws
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
        if self._kept is None:
            nothing = (states[:, :0], actions[:, :0], rewards[:, :0], next_states[:, :0])
            self._kept = Contexts(*nothing, query_states, np.zeros((len(actions), 0), np.int64))
            if isinstance(self.choice.strategy, Merging):
                self._kept = replace(self._kept, stands_for=np.zeros((len(actions), 0), np.float32))
            self._counts = np.zeros(len(actions), np.int64)
        if actions.shape[1]:
            episode = np.full((len(actions), 1), (self._step - 1) // self.horizon)
            newest = (states[:, -1:], actions[:, -1:], rewards[:, -1:], next_states[:, -1:])
            self._add(self._kept, Contexts(*newest, query_states, episode))
        self._step += 1
        logits = np.zeros((len(query_states), self.model.n_actions), np.float32)
        for count in np.unique(self._counts).tolist():
            rows = np.flatnonzero(self._counts == count)
            logits[rows] = self._act(self._kept, rows, count, query_states[rows])
        return logits

    def _add(self, kept: Contexts, newest: Contexts) -> None:
        """Every row gets its newest transition, after those it has kept."""
        if int(self._counts.max()) == kept.n:
            kept = self._kept = _columns(kept, lambda old: np.pad(old, _ONE_MORE[: old.ndim]))
        rows = np.arange(newest.count)
        for name in KEPT:
            getattr(kept, name)[rows, self._counts] = getattr(newest, name)[:, 0]
        if kept.stands_for is not None:
            kept.stands_for[rows, self._counts] = 1
        self._counts = self._counts + 1

    def _act(self, all_kept: Contexts, rows: IntArray, count: int, query_states: IntArray) -> Floats:
        """Logits of the rows that have `count` candidates, which forget what is not chosen."""
        mine = replace(_columns(all_kept, lambda old: old[rows, :count].copy()), query_states=query_states)
        choice, span = self.choice, min(self.n_context, self._step - 1)  # what a full context has at this step
        if count == 0 or (choice.strategy.EXACT and choice.limit(count) == count):
            kept = np.ones((len(rows), count), np.bool_)
        else:
            stand = span if self.positions == "spread" else None
            seen = with_evidence(self.model, mine, choice.strategy.NEEDS, stand)
            kept = drawn(choice, seen, self.rng, rows)
            mine = replace(mine, stands_for=_faded(merge(choice, seen, kept), span))
        order = np.argsort(~kept, axis=1, kind="stable")  # kept ones first, in their order
        for name in _names(mine):
            values = getattr(mine, name)
            getattr(all_kept, name)[rows, :count] = values[np.arange(len(rows))[:, None], order]
        self._counts[rows] = kept.sum(axis=1)
        return shortened_logits(self.model, mine, kept, self.positions, span=span)


_ONE_MORE = ((0, 0), (0, 1), (0, 0))
KEPT = ("states", "actions", "rewards", "next_states", "episode")
"""What is kept of a transition."""
BYTES_EACH = 2 * 8 + 8 + 4 + 2 * 8 + 8
"""Of a transition that is kept: int64, the reward float32."""
BYTES_COUNT = 4
"""Besides, where what is kept stands for others: float32."""


def bytes_each(choice: Choice) -> int:
    """What is held of each transition."""
    return BYTES_EACH + BYTES_COUNT * isinstance(choice.strategy, Merging)


def _columns(contexts: Contexts, change: Callable[[Any], Any]) -> Contexts:
    return replace(contexts, **{name: change(getattr(contexts, name)) for name in _names(contexts)})


def _names(contexts: Contexts) -> tuple[str, ...]:
    """What is kept of each transition here."""
    return KEPT if contexts.stands_for is None else (*KEPT, "stands_for")


def _faded(stands_for: Floats | None, most: int) -> Floats | None:
    """The same in proportion, where all together stood for more than `most`: for what no full context would have."""
    if stands_for is None:
        return None
    total = stands_for.sum(axis=1, keepdims=True)
    faded: Floats = stands_for * np.minimum(1, most / np.maximum(total, 1)).astype(np.float32)
    return faded
