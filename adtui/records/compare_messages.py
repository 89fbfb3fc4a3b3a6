"""Requests about several runs compared with each other and their replies; see `messages`."""

from __future__ import annotations

from dataclasses import dataclass

from .comparison import Comparison
from .messages import OpenRun, Reply, Request


@dataclass(frozen=True)
class CompareRuns(Request):
    """Roll runs out on the same tasks and seeds, and state their claims.

    Replies: Progress, RunsCompared after every run, Done.

    Attributes:
        paths: of the checkpoints; the first that can be rolled out is the reference.
        run: how they are opened; of its path nothing is taken.
    """

    paths: tuple[str, ...]
    run: OpenRun


@dataclass(frozen=True)
class RunsCompared(Reply):
    """The runs that are measured so far."""

    found: Comparison
