"""Requests about two runs side by side and their replies; see `messages`."""

from __future__ import annotations

from dataclasses import dataclass

from .head_comparison import ROWS, Head, HeadComparison
from .messages import OpenRun, Reply, Request
from .pair_view import PairView
from .place import Frame
from .run import RunInfo


@dataclass(frozen=True)
class SetBeside(Request):
    """Show a second run the contexts of the first, and compare their heads.

    Replies: Progress, BesideReady, Done.

    Attributes:
        run: how the first is opened; its path is the checkpoint's.
        other: the second's checkpoint.
        by: how heads are matched, see `head_comparison`.
    """

    run: OpenRun
    other: str
    by: str = ROWS


@dataclass(frozen=True)
class MatchHeads(Request):
    """Match the heads of the two runs in another way. Reply: BesideReady."""

    by: str


@dataclass(frozen=True)
class GetPair(Request):
    """Ask for both heads of a pair on one context, pooled into the same frame. Reply: PairReady.

    Attributes:
        query: the transition at whose state they are read; −1 is the context's query.
    """

    sample: int
    first: Head
    second: Head
    query: int
    frame: Frame


@dataclass(frozen=True)
class ExportPair(Request):
    """Write a pair's two matrices and their difference as a figure. Replies: Progress, Exported."""

    sample: int
    first: Head
    second: Head
    directory: str


@dataclass(frozen=True)
class BesideReady(Reply):
    """What the comparison says, and the first run with the contexts that both were shown."""

    found: HeadComparison
    run: RunInfo


@dataclass(frozen=True)
class PairReady(Reply):
    view: PairView
