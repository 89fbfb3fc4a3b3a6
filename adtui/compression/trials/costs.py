"""What a step costs: time beside a full-context step in the same process, and what the agent holds."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch

from ...models.model import Model
from ...records.arrays import Ints
from ...records.trial_cost import Cost
from ...statistics.medians import spread
from ..acting import shortened
from ..caching import CachePolicy, held_in_cache, read_through
from ..choice import Choice
from ..footprint import held
from ..strategies.base import Contexts, Memory, Positions
from .open_loop import full_logits, groups

TIMED = 11
"""Steps that are timed, after one that is not."""


def cost(
    model: Model,
    contexts: Contexts,
    choice: Choice,
    positions: Positions,
    memory: Memory = "full",
    budgets: Ints | None = None,
) -> Cost:
    """Time of a step beside one with full context, the accelerator's peak memory, and what the agent holds.

    With online memory a step chooses among one transition more than are kept. Of a cache a step reads one transition
    and asks, when the heads hold what they may.

    Args:
        budgets: (L, H) of a cache's heads; None where transitions are dropped.
    """
    part = groups(contexts)[0]
    act = (
        _anew(model, part, choice, positions, memory) if budgets is None else _from_cache(model, part, choice, budgets)
    )
    ratios, times = [], []
    for _ in range(TIMED + 1):
        full = seconds(model, lambda: full_logits(model, part))
        times.append(seconds(model, act))
        ratios.append(times[-1] / full)
    peak = None
    if model.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(model.device)
        act()
        peak = int(torch.cuda.max_memory_allocated(model.device))
    each = spread([1000 * one / part.count for one in times[1:]])
    if budgets is None:
        kept = held(model, choice, contexts.n, memory)
    else:
        kept = held_in_cache(model, choice, contexts.n, budgets)
    return Cost(spread(ratios[1:]), each, kept, peak)


def _anew(model: Model, part: Contexts, choice: Choice, positions: Positions, memory: Memory) -> Callable[[], object]:
    """A step that reads its context again."""
    mine, rng = offered(part, choice, memory), np.random.default_rng(0)
    return lambda: shortened(model, mine, choice, positions, rng, part.n)


def _from_cache(model: Model, part: Contexts, choice: Choice, budgets: Ints) -> Callable[[], object]:
    """A step that reads one more transition."""
    policy = CachePolicy(model, choice, part.n, 1, np.random.default_rng(0), budgets)
    read_through(policy, part)
    newest = part.last(1)
    return lambda: read_through(policy, newest)


def offered(contexts: Contexts, choice: Choice, memory: Memory) -> Contexts:
    """What a step chooses among: with online memory what was kept and the newest, else the whole context."""
    if memory != "online" or choice.budget is None:
        return contexts
    return contexts.last(min(contexts.n, choice.budget + 1))


def seconds(model: Model, step: Callable[[], object]) -> float:
    """Of one step, until the accelerator is done with it."""
    start = time.perf_counter()
    step()
    if model.device.type == "cuda":
        torch.cuda.synchronize(model.device)
    return time.perf_counter() - start
