"""A model that acts on shortened contexts."""

from __future__ import annotations

from dataclasses import dataclass, field

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
