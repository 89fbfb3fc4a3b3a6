"""Open loop: the same contexts in full and shortened.

The contexts are those of the model's own full-context rollouts: what it meets when it learns in context.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ...models.model import Model
from ...records.arrays import Doubles, Floats
from ...records.defaults import LEVEL
from ...statistics.divergence import divergence
from ...worlds.draws import Use, generator
from ...worlds.returns import ROOMS_AT_ONCE
from ...worlds.world import IntArray
from ..acting import shortened
from ..caching import CachePolicy, in_cache, read_through
from ..choice import Choice
from ..strategies.base import Contexts, Level, Positions


@dataclass(frozen=True)
class Reference:
    """C full contexts, the history (C,) of each, and the action logits (C, A) there."""

    contexts: Contexts
    history: IntArray
    logits: Floats


def full_logits(model: Model, contexts: Contexts) -> Floats:
    """(C, A), in the same groups as `compare` makes: other groups could round otherwise."""
    return np.concatenate([model.policy(*part.inputs) for part in groups(contexts)])


def compare(
    model: Model, reference: Reference, choice: Choice, positions: Positions, seed: int, level: Level = LEVEL
) -> tuple[IntArray, NDArray[np.bool_], Doubles]:
    """Transitions kept, whether the likeliest action stays, and KL(full ‖ compressed) in nats; each (C,).

    Of a cache: contexts are read from their first transition on, and the heads drop what they drop on the way.
    """
    rng = generator(seed, Use.OPEN_LOOP)
    act = cached_logits if in_cache(choice, level) else partial(shortened, positions=positions)
    found = [act(model, part, choice, rng=rng) for part in groups(reference.contexts)]
    logits = np.concatenate([logits for logits, _ in found])
    agree: NDArray[np.bool_] = reference.logits.argmax(axis=1) == logits.argmax(axis=1)
    return np.concatenate([kept for _, kept in found]), agree, divergence(reference.logits, logits)


def cached_logits(model: Model, part: Contexts, choice: Choice, *, rng: np.random.Generator) -> tuple[Floats, IntArray]:
    """Action logits (C, A) over what the heads hold of contexts that were read one by one, and how many (C,)."""
    policy = CachePolicy(model, choice, part.n, 1, rng)
    return read_through(policy, part), np.full(part.count, choice.limit(part.n))


def groups(contexts: Contexts) -> list[Contexts]:
    """As many side by side as act in one process at once."""
    return [contexts.part(slice(at, at + ROOMS_AT_ONCE)) for at in range(0, contexts.count, ROOMS_AT_ONCE)]
