"""How long trials and searches take on this machine, from steps that were timed. No torch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...records.defaults import LEVEL
from ...records.levels import CACHE, Level
from ...records.trial_messages import LabReady
from ...worlds.returns import ROOMS_AT_ONCE
from ..choice import Choice
from .candidates import HISTORIES, HISTORIES_TESTED, Candidate

SIMULATED = 0.002
"""Seconds that rooms and memory of ROOMS_AT_ONCE histories take beside the model's own step."""
CONTEXTS = 12
"""Full contexts of a history that the open loop asks at, see `plan.Plan`."""


def seconds_of(ready: LabReady, transitions: float, passes: int = 1, level: Level = LEVEL) -> float | None:
    """Of one step of ROOMS_AT_ONCE histories that act on so many; None where nothing was timed.

    Args:
        passes: of the model in a step.
    """
    timed = ready.cached if level == CACHE else ready.steps
    if not timed:
        return None
    (short, first), (long, last) = timed[0], timed[-1]
    slope = (last - first) / (long - short) if long > short else first / short
    return passes * max(first + slope * (transitions - short), 0.0) + SIMULATED


def sweep_seconds(
    ready: LabReady, choices: Iterable[Choice], streams: int, episodes: int, level: Level = LEVEL
) -> float | None:
    """Of a sweep: full context, the control whose context is wiped, and the choices."""
    batches = ready.goals * streams / ROOMS_AT_ONCE
    full, wiped = seconds_of(ready, ready.n_context), seconds_of(ready, ready.horizon / 2)
    if full is None or wiped is None:
        return None
    steps = episodes * ready.horizon
    total = batches * (steps + CONTEXTS) * full + batches * steps * wiped
    for choice in choices:
        step = seconds_of(ready, choice.limit(ready.n_context), _passes(choice, level), level) or 0.0
        asked = CONTEXTS * (ready.n_context if level == CACHE else 1)  # contexts are read from their first on
        total += batches * (steps + asked) * step
    return total


def search_seconds(
    ready: LabReady, candidates: Sequence[Candidate], streams: int | None, episodes: int
) -> float | None:
    """Of a search whose candidates are dropped by halves, and of its test.

    Args:
        streams: histories of a goal in the test; None for as many as a search takes by itself.
    """
    full = seconds_of(ready, ready.n_context)
    if full is None or not candidates:
        return None
    each = [seconds_of(ready, one.budget, _passes(one.choice, one.level), one.level) or 0.0 for one in candidates]
    mean, count, total = sum(each) / len(each), len(each), 0.0
    for histories in HISTORIES:
        total += histories / ROOMS_AT_ONCE * (full + count * mean)
        count = -(-count // 2)
    tested = HISTORIES_TESTED if streams is None else streams * ready.goals
    total += tested / ROOMS_AT_ONCE * (2 * full + 3 * mean)
    return total * episodes * ready.horizon


def _passes(choice: Choice, level: Level) -> int:
    """A head has its evidence from the pass that it acts on."""
    return 2 if choice.strategy.NEEDS and level != CACHE else 1
