"""Requests about a training run and its checkpoints, and their replies; see `messages`."""

from __future__ import annotations

from dataclasses import dataclass

from .messages import OpenRun, Reply, Request
from .timeline import Timeline


@dataclass(frozen=True)
class FollowTraining(Request):
    """Measure every checkpoint of a run, or take what is kept of it.

    Replies: Progress, TimelineReady now and then with more in it and last with all, Done.

    Attributes:
        run: how it is opened; its path is the run's directory.
    """

    run: OpenRun


@dataclass(frozen=True)
class TimelineReady(Reply):
    """What is known so far; of the effects those of `timeline.SHOWN` alone."""

    timeline: Timeline
