"""What the app asks about runs that are not open, for the list of runs."""

from __future__ import annotations

from dataclasses import dataclass

from .messages import Reply, Request


@dataclass(frozen=True)
class Describe(Request):
    """What is the run at a path? Reply: Described."""

    path: str


@dataclass(frozen=True)
class Described(Reply):
    """What a run is.

    Attributes:
        path: as it was asked for.
        family: of its newest checkpoint; in few words why not, where it does not open.
        opens: whether it would open.
        last, optimal: return of the last episodes on held-out tasks and the best possible one, as `evaluation.json`
            beside that checkpoint says; None where it says nothing of it.
    """

    path: str
    family: str
    opens: bool = True
    last: float | None = None
    optimal: float | None = None
