"""What compression trials of the open run are made of, and what a step takes on this machine."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from ..records.trial_messages import AskLab, LabReady

if TYPE_CHECKING:
    from ..models.model import Model
    from .session import Session

ENOUGH = 1.0
"""Seconds: where a short step takes longer, a long one is not timed."""
UNHELD = "no causal model with a token for each transition and learned positions: its keys and values cannot be held"


def lab_ready(request: AskLab, session: Session) -> LabReady:
    """The answer to a question of the lab.

    Raises:
        ConfigError: the run's environment is not one of ours.
    """
    from ..worlds.settings import arena_of  # the environments

    arena, model = arena_of(session.info.settings), session.model
    n = request.context or model.n_context_usual
    places = 2 if model.network.keeps_positions else 1
    appends, horizon = model.network.appends, arena.world.horizon
    return LabReady(
        *(request.id, len(arena.split.test), n, horizon, timed_steps(model, n), places),
        cached=timed_steps(model, n, cached=True) if appends else (),
        unheld="" if appends else f"{model.description} is {UNHELD}",
    )


def timed_steps(model: Model, n: int, *, cached: bool = False) -> tuple[tuple[int, float], ...]:
    """(transitions, seconds) of a step of as many rooms as act at once, on one thread as in trials; the short first.

    Args:
        cached: of agents whose heads hold so many keys and values, not of a pass over so many transitions.
    """
    import torch

    from ..compression.trials.costs import seconds

    threads, found = torch.get_num_threads(), list[tuple[int, float]]()
    torch.set_num_threads(1)
    try:
        for length in sorted({max(1, n // 8), n}):
            step = _cached(model, n, length) if cached else _anew(model, length)
            found.append((length, min(seconds(model, step) for _ in range(3))))
            if found[-1][1] > ENOUGH:
                break
    finally:
        torch.set_num_threads(threads)
    return tuple(found)


def _anew(model: Model, length: int) -> Callable[[], object]:
    from ..compression.trials.alone import made_up
    from ..worlds.returns import ROOMS_AT_ONCE

    return partial(model.policy, *made_up(model, length, ROOMS_AT_ONCE).inputs)


def _cached(model: Model, n: int, held: int) -> Callable[[], object]:
    from ..compression.caching import budgets_of, read_through
    from ..compression.choice import parse
    from ..compression.made_up import agent_in_mid_life
    from ..compression.trials.alone import made_up
    from ..worlds.returns import ROOMS_AT_ONCE

    choice = parse(f"recent:{held}")
    budgets = budgets_of(model, choice, n)
    agent = agent_in_mid_life(model, choice, n, budgets, budgets.astype(float), ROOMS_AT_ONCE)
    return partial(read_through, agent, made_up(model, 1, ROOMS_AT_ONCE))
