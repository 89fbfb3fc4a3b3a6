"""Open loop: the same contexts in full and shortened, and what a step costs.

The contexts are those of the model's own full-context rollouts: what it meets when it learns in context.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ...models.model import Model
from ...records.arrays import Doubles, Floats
from ...statistics.divergence import divergence
from ...worlds.draws import Use, generator
from ...worlds.returns import ROOMS_AT_ONCE
from ...worlds.world import IntArray
from ..acting import shortened
from ..choice import Choice
from ..strategies.base import Contexts, Memory, Positions

#: Steps that are timed, after one that is not.
TIMED = 5


@dataclass(frozen=True)
class Reference:
    """C full contexts, the history (C,) of each, and the action logits (C, A) there."""

    contexts: Contexts
    history: IntArray
    logits: Floats


def full_logits(model: Model, contexts: Contexts) -> Floats:
    """(C, A), in the same groups as `compare` makes: other groups could round otherwise."""
    return np.concatenate([model.policy(*part.inputs) for part in _groups(contexts)])


def compare(
    model: Model, reference: Reference, choice: Choice, positions: Positions, seed: int
) -> tuple[IntArray, NDArray[np.bool_], Doubles]:
    """Transitions kept, whether the likeliest action stays, and KL(full ‖ compressed) in nats; each (C,)."""
    rng = generator(seed, Use.OPEN_LOOP)
    found = [shortened(model, part, choice, positions, rng) for part in _groups(reference.contexts)]
    logits = np.concatenate([logits for logits, _ in found])
    agree: NDArray[np.bool_] = reference.logits.argmax(axis=1) == logits.argmax(axis=1)
    return np.concatenate([kept for _, kept in found]), agree, divergence(reference.logits, logits)


def cost(
    model: Model, contexts: Contexts, choice: Choice, positions: Positions, memory: Memory = "full"
) -> tuple[float, int | None]:
    """Time of a step over that of a full-context step, and the accelerator's peak memory in bytes (None on the CPU).

    With online memory a step chooses among one transition more than are kept.
    """
    part = next(iter(_groups(contexts)))
    mine = part
    if memory == "online" and choice.budget is not None:
        mine = part.last(min(part.n, choice.budget + 1))
    rng = np.random.default_rng(0)
    ratios = []
    for _ in range(TIMED + 1):
        full = _seconds(model, lambda: full_logits(model, part))
        ratios.append(_seconds(model, lambda: shortened(model, mine, choice, positions, rng, part.n)) / full)
    if model.device.type != "cuda":
        return float(np.median(ratios[1:])), None
    torch.cuda.reset_peak_memory_stats(model.device)
    shortened(model, mine, choice, positions, rng, part.n)
    return float(np.median(ratios[1:])), int(torch.cuda.max_memory_allocated(model.device))


def _seconds(model: Model, step: Callable[[], object]) -> float:
    start = time.perf_counter()
    step()
    if model.device.type == "cuda":
        torch.cuda.synchronize(model.device)
    return time.perf_counter() - start


def _groups(contexts: Contexts) -> list[Contexts]:
    return [contexts.part(slice(at, at + ROOMS_AT_ONCE)) for at in range(0, contexts.count, ROOMS_AT_ONCE)]
