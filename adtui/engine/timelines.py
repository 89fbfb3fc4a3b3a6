"""A training run's checkpoints, measured a small step at a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from ..records.messages import Progress, Reply
from ..records.timeline import SHOWN, Timeline
from ..records.timeline_messages import FollowTraining, TimelineReady
from .job import Clock, Steps

TELL_SECONDS = 1.0
"""How often, at most, what is known so far is told: it is some 150 kB for 16 heads and 100 checkpoints."""


def follow(request: FollowTraining, send: Callable[[Reply], None], stopping: Callable[[], None]) -> Steps:
    """Measure; what is kept is taken at once.

    Args:
        stopping: called between the episodes in which the contexts are made; raises to stop that.

    Yields after every small step, so that heads can be looked at meanwhile.
    """
    from ..timeline.opening import preparing  # torch
    from ..timeline.options import Options
    from ..timeline.runner import Timelines

    asked = request.run
    options = Options(
        device=asked.device,
        heads=asked.heads,
        causal=asked.causal,
        adapter=asked.adapter,
        context=asked.context,
        seed=asked.seed,
        histories=asked.histories,
    )

    def rolled(done: int, total: int) -> None:
        stopping()
        send(Progress(request.id, "timeline: contexts", done, total))

    timelines = Timelines((yield from preparing(asked.path, options, rolled)))
    clock, told, known = Clock(), time.monotonic() - TELL_SECONDS, 0
    for _ in timelines.run():
        if timelines.done != known:
            known = timelines.done
            send(Progress(request.id, "timeline", known, timelines.total, clock.rate(known)))
            if time.monotonic() - told >= TELL_SECONDS and known < timelines.total:
                send(TimelineReady(request.id, _shown(timelines.timeline())))
                told = time.monotonic()
        yield
    send(TimelineReady(request.id, _shown(timelines.timeline())))


def _shown(found: Timeline) -> Timeline:
    """With what the app draws of it."""
    points = tuple(replace(one, effects={name: one.effects[name] for name in SHOWN}) for one in found.points)
    return replace(found, points=points)
