"""What a step costs: time beside a full-context step in the same process, and what the agent holds."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np
import torch

from ...models.model import Model
from ...records.arrays import Ints
from ...records.defaults import LEVEL
from ...records.levels import CACHE, Level
from ...records.trial_cost import Cost
from ...statistics.medians import spread
from ..acting import shortened
from ..caching import CachePolicy, budgets_of, held_in_cache, read_through
from ..choice import Choice, parse
from ..footprint import held
from ..strategies.base import Contexts, Memory, Positions
from .open_loop import full_logits, groups
from .plan import RECENT

TIMED = 11
"""Steps that are timed, after one that is not."""


def cost(
    model: Model,
    contexts: Contexts,
    choice: Choice,
    positions: Positions,
    memory: Memory = "full",
    budgets: Ints | None = None,
    level: Level = LEVEL,
) -> Cost:
    """Time of a step beside one with full context, the accelerator's peak memory, and what the agent holds.

    With online memory a step chooses among one transition more than are kept. Of a cache a step reads one transition
    and asks, when the heads hold what they may; beside it steps an agent whose heads hold all of a context.

    Args:
        budgets: (L, H) of a cache's heads; None where transitions are dropped, or nothing.
        level: of the trials; in those of a cache full context too is held against the agent that appends.
    """
    part = groups(contexts)[0]
    appends = _appending(model, part) if level == CACHE else None
    act = (
        _anew(model, part, choice, positions, memory) if budgets is None else _from_cache(model, part, choice, budgets)
    )
    ratios, times, appended = [], [], []
    for _ in range(TIMED + 1):
        full = seconds(model, lambda: full_logits(model, part))
        whole = math.nan if appends is None else seconds(model, appends)
        times.append(seconds(model, act))
        ratios.append(times[-1] / full)
        appended.append(times[-1] / whole)
    del appends  # what it holds is no part of the peak
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
    return Cost(spread(ratios[1:]), each, kept, peak, appended=spread(appended[1:]) if level == CACHE else None)


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


def _appending(model: Model, part: Contexts) -> Callable[[], object]:
    """A step of an agent that appends to its own keys and values and holds all of a context, in every head."""
    choice = parse(f"{RECENT}:{part.n}")
    return _from_cache(model, part, choice, budgets_of(model, choice, part.n))


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
