"""What compression trials of the open run are made of, and what a step takes on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..records.trial_messages import AskLab, LabReady

if TYPE_CHECKING:
    from ..models.model import Model
    from .session import Session

ENOUGH = 1.0
"""Seconds: where a short step takes longer, a long one is not timed."""


def lab_ready(request: AskLab, session: Session) -> LabReady:
    """The answer to a question of the lab.

    Raises:
        ConfigError: the run's environment is not one of ours.
    """
    from ..worlds.settings import arena_of  # the environments

    arena, model = arena_of(session.info.settings), session.model
    n = request.context or model.n_context_usual
    places = 2 if model.network.keeps_positions else 1
    return LabReady(request.id, len(arena.split.test), n, arena.world.horizon, timed_steps(model, n), places)


def timed_steps(model: Model, n: int) -> tuple[tuple[int, float], ...]:
    """(transitions, seconds) of a step of as many rooms as act at once, on one thread as in trials; the short first."""
    import torch

    from ..compression.trials.alone import made_up
    from ..compression.trials.costs import seconds
    from ..worlds.returns import ROOMS_AT_ONCE

    threads, found = torch.get_num_threads(), list[tuple[int, float]]()
    torch.set_num_threads(1)
    try:
        for length in sorted({max(1, n // 8), n}):
            contexts = made_up(model, length, ROOMS_AT_ONCE)

            def step(inputs: tuple[object, ...] = contexts.inputs) -> None:
                model.policy(*inputs)  # type: ignore[arg-type]

            found.append((length, min(seconds(model, step) for _ in range(3))))
            if found[-1][1] > ENOUGH:
                break
    finally:
        torch.set_num_threads(threads)
    return tuple(found)
