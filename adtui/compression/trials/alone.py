"""One agent in a process of its own: what acting adds to its memory, and how long a step takes, at several lengths.

`python -m adtui.compression.trials.alone` reads one request as JSON and writes what it found. The contexts are made up:
random cells and actions, every tenth transition rewarded; of a cache also the keys and values that are held.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial

import numpy as np
import torch
from pydantic import TypeAdapter

from ...models.longer import lengthened
from ...models.model import Model
from ...records.arrays import Doubles, Ints
from ...records.errors import EngineError
from ...records.trial_cost import Alone, Held
from ...statistics.medians import spread
from ..acting import shortened
from ..caching import budgets_of, held_in_cache, read_through
from ..choice import Choice, parse
from ..footprint import held
from ..made_up import agent_in_mid_life
from ..strategies.base import Contexts, Memory, Positions
from .cell import opened
from .costs import offered, seconds
from .plan import RECENT, ModelSource, Plan
from .resident import Resident

LONGER = (1024, 4096, 16384)
"""Transitions of contexts beside the usual one."""
TIMED, SECONDS = 21, 3.0
"""Steps that are timed, and after how long no other is begun."""
LONGEST = 30.0
"""A step that would take more seconds than this is not taken."""
NO_LONGER = "its tokens do not grow with the context"


@dataclass(frozen=True)
class Asked:
    """One cell, at some lengths.

    Attributes:
        heads: (L, H) entries that heads hold of a cache, at the context's own length; None where transitions go.
    """

    opening: ModelSource
    label: str
    positions: Positions
    memory: Memory
    n_context: int
    lengths: tuple[int, ...]
    heads: tuple[tuple[float, ...], ...] | None = None


def lengths_of(plan: Plan) -> tuple[int, ...]:
    """The context's own length, then LONGER ones."""
    return (plan.n_context, *(n for n in LONGER if n > plan.n_context))


def costs_alone(opening: ModelSource, plan: Plan, label: str, heads: Doubles | None = None) -> tuple[Alone, ...]:
    """What a cell costs one agent at each of `lengths_of`, measured in a process of its own.

    Args:
        heads: see `cell.Outcome`.

    Raises:
        EngineError: the process ended without an answer.
    """
    held_by = None if heads is None else tuple(map(tuple, heads.tolist()))
    asked = Asked(opening, label, plan.positions, plan.memory, plan.n_context, lengths_of(plan), held_by)
    command = (sys.executable, "-m", __name__)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    done = subprocess.run(command, input=json.dumps(asdict(asked)).encode(), capture_output=True, env=environment)
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise EngineError(
            f"costs of {label}",
            expected="a process to measure them in",
            found=f"exit code {done.returncode}" + (f": {said[-1][:200]}" if said else ""),
            action="leave out --cost",
        )
    return TypeAdapter(tuple[Alone, ...]).validate_json(done.stdout, strict=True)


def appending_alone(opening: ModelSource, plan: Plan) -> tuple[Alone, ...]:
    """The same of the agent that appends and holds a whole context in every head, which no cell is."""
    model, _ = opened(opening)
    heads = np.full((model.n_layer, model.n_head), float(plan.n_context))
    found = costs_alone(opening, plan, f"{RECENT}:{plan.n_context}", heads)
    return tuple(replace(one, appends=True) for one in found)


def main() -> None:
    """Entry point."""
    torch.set_num_threads(1)
    asked = TypeAdapter(Asked).validate_json(sys.stdin.buffer.read())
    model, _ = opened(asked.opening)
    found = measured(model, parse(asked.label), asked)
    sys.stdout.write(json.dumps([asdict(one) for one in found]))


def measured(model: Model, choice: Choice, asked: Asked) -> tuple[Alone, ...]:
    """Every length in turn, the shorter first."""
    resident = Resident(model.device)
    step, _ = _agent(model, replace(choice, budget=1), replace(asked, n_context=1), 1)
    seconds(model, step)  # kernels and threads are there
    found: list[Alone] = []
    for n in asked.lengths:
        found.append(_one(model, _scaled(choice, n, asked.n_context), asked, n, resident, found))
    return tuple(found)


def _one(model: Model, choice: Choice, asked: Asked, n: int, resident: Resident, before: Sequence[Alone]) -> Alone:
    longer, kept = lengthened(model, n), choice.limit(n)
    if asked.heads is None:
        computed = held(longer or model, choice, n, asked.memory)
    else:
        computed = held_in_cache(model, choice, n, _budgets(model, choice, asked, n))
    known = partial(Alone, n, kept, n > model.n_context_max, computed)
    why = NO_LONGER if longer is None else _too_much(n, before, resident, computed.total if asked.heads else 0)
    if longer is None or why:
        return known(None, None, why)
    step, weighed = _agent(longer, choice, asked, n)
    gc.collect()
    resident.begin()
    times = [seconds(longer, step)]
    peak = resident.growth()
    if times[0] < SECONDS:
        times, spent = [], 0.0
        while len(times) < TIMED and spent < SECONDS:
            times.append(seconds(longer, step))
            spent += times[-1]
    return known(spread([1000 * one for one in times]), peak, weighed=weighed())


def _agent(
    model: Model, choice: Choice, asked: Asked, n: int
) -> tuple[Callable[[], object], Callable[[], Held | None]]:
    """A step of an agent whose full context has n transitions, and what it then weighs, if it holds a cache."""
    if asked.heads is None:
        mine = offered(made_up(model, n), choice, asked.memory)
        rng = np.random.default_rng(0)
        return partial(shortened, model, mine, choice, asked.positions, rng, n), lambda: None
    heads = np.array(asked.heads)
    agent = agent_in_mid_life(model, choice, n, _budgets(model, choice, asked, n), heads)
    return partial(read_through, agent, made_up(model, 1)), lambda: agent.weighed


def _budgets(model: Model, choice: Choice, asked: Asked, n: int) -> Ints:
    """(L, H) of a cache's heads; those that hold all of a context hold all of a longer one."""
    return budgets_of(model, choice, n, np.array(asked.heads) >= asked.n_context)


def _scaled(choice: Choice, n: int, n_context: int) -> Choice:
    """The same share of a longer context."""
    if choice.budget is None or n == n_context:
        return choice
    return replace(choice, budget=max(1, round(choice.limit(n_context) * n / n_context)))


def _too_much(n: int, before: Sequence[Alone], resident: Resident, held_first: int) -> str:
    """Why so long a context is not tried, from what the last one took; "" where it is. At worst costs grow as n².

    Args:
        held_first: bytes that are held before the first step.
    """
    if not before:
        return ""
    last = before[-1]
    if last.milliseconds is None:
        return last.why
    growth = (n / last.n) ** 2
    expected = last.milliseconds.median / 1000 * growth
    if expected > LONGEST:
        return f"not tried: a step may take {expected:.0f} s"
    room = resident.available()
    if room is not None and max(held_first, (last.peak or 0) * growth) > room / 2:
        return "not tried: it may not fit into memory"
    return ""


def made_up(model: Model, n: int, count: int = 1) -> Contexts:
    """Contexts of n transitions."""
    rng = np.random.default_rng(n)
    side = model.grid_size
    states, reached, query = (rng.integers(0, side, shape) for shape in ((count, n, 2), (count, n, 2), (count, 2)))
    rewards, episode = (np.arange(n) % 10 == 9).astype(np.float32), np.arange(n) // 20
    rows = [np.broadcast_to(one, (count, n)) for one in (rewards, episode)]
    return Contexts(states, rng.integers(0, model.n_actions, (count, n)), rows[0], reached, query, rows[1])


if __name__ == "__main__":
    main()
