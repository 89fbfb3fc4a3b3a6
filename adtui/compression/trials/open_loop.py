"""Open loop: the same contexts in full and shortened.

The contexts are those of the model's own full-context rollouts: what it meets when it learns in context.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ...models.model import Model
from ...records.arrays import Doubles, Floats, Ints
from ...statistics.divergence import divergence
from ...worlds.draws import Use, generator
from ...worlds.returns import ROOMS_AT_ONCE
from ...worlds.world import IntArray
from ..acting import shortened
from ..caching import CachePolicy, read_through
from ..choice import Choice
from ..strategies.base import Contexts, Positions
from .closed_loop import contexts_of, replay
from .plan import Plan


@dataclass(frozen=True)
class Reference:
    """C full contexts, the history (C,) of each, and the action logits (C, A) there."""

    contexts: Contexts
    history: IntArray
    logits: Floats


def reference_of(model: Model, plan: Plan, full_actions: IntArray) -> Reference:
    """The contexts of what the model did with its full context, replayed."""
    contexts, history = contexts_of(replay(plan.world, plan.rooms, full_actions, plan.seed), plan)
    return Reference(contexts, history, full_logits(model, contexts))


def full_logits(model: Model, contexts: Contexts) -> Floats:
    """(C, A), in the same groups as `compare` makes: other groups could round otherwise."""
    return np.concatenate([model.policy(*part.inputs) for part in groups(contexts)])


@dataclass(frozen=True)
class Compared:
    """What shortened contexts say beside full ones.

    Attributes:
        kept: (C,) transitions that stay; of a cache (C, L, H), entries of each head.
        agree: (C,) bool, whether the likeliest action stays.
        divergence: (C,) KL(full ‖ compressed) in nats.
    """

    kept: IntArray
    agree: NDArray[np.bool_]
    divergence: Doubles

    @property
    def each(self) -> Doubles:
        """(C,) transitions that stay; of a cache the mean entries of a head."""
        found: Doubles = self.kept.reshape(len(self.kept), -1).mean(axis=1)
        return found

    @property
    def heads(self) -> Doubles | None:
        """(L, H) entries of each head, mean over contexts; None where transitions are dropped."""
        found: Doubles = self.kept.mean(axis=0)
        return found if self.kept.ndim == 3 else None


def compare(
    model: Model,
    reference: Reference,
    choice: Choice,
    positions: Positions,
    seed: int,
    budgets: Ints | None = None,
) -> Compared:
    """What a choice makes of the contexts.

    Args:
        budgets: (L, H) of a cache's heads: contexts are read from their first transition on, and heads drop what they
            drop on the way; None where transitions are dropped.
    """
    rng = generator(seed, Use.OPEN_LOOP)
    act = partial(shortened, positions=positions) if budgets is None else partial(cached_logits, budgets=budgets)
    found = [act(model, part, choice, rng=rng) for part in groups(reference.contexts)]
    logits = np.concatenate([logits for logits, _ in found])
    agree: NDArray[np.bool_] = reference.logits.argmax(axis=1) == logits.argmax(axis=1)
    return Compared(np.concatenate([kept for _, kept in found]), agree, divergence(reference.logits, logits))


def cached_logits(
    model: Model, part: Contexts, choice: Choice, *, rng: np.random.Generator, budgets: Ints
) -> tuple[Floats, IntArray]:
    """Action logits (C, A) over what the heads hold of contexts that were read one by one; entries (C, L, H) there."""
    policy = CachePolicy(model, choice, part.n, 1, rng, budgets)
    return read_through(policy, part), policy.counts


def groups(contexts: Contexts) -> list[Contexts]:
    """As many side by side as act in one process at once."""
    return [contexts.part(slice(at, at + ROOMS_AT_ONCE)) for at in range(0, contexts.count, ROOMS_AT_ONCE)]
