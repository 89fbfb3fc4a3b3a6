"""Requests about the map and their replies; see `messages`."""

from __future__ import annotations

from dataclasses import dataclass

from .messages import Reply, Request
from .moment import NONE, Edits, Moment


@dataclass(frozen=True)
class GetMoment(Request):
    """Ask for one moment of a sample's walk, as `moment.Moment` tells it. Reply: MomentReady.

    Attributes:
        layer, head: whose attention; no head is the mean over heads.
        number: the moment; one that the walk has not got is its last.
        edits: changes to the walk's transitions.
        act: let the model act there first, by what it would do with these edits, and tell of the moment after it. The
            moments that came after are forgotten.
        version: how often the walk has been changed; tells apart equal questions about different walks. 0 is the
            sample as it is: what the model did before is forgotten.
    """

    sample: int
    layer: int
    head: int | None
    number: int
    edits: Edits = NONE
    act: bool = False
    version: int = 0


@dataclass(frozen=True)
class ExportMoment(Request):
    """Write a moment of the map as a figure, or all up to it as a film. Replies: Progress, Exported.

    Attributes:
        moment: which one.
        began, episode: what of it is drawn, as `moment.Moment.mass` takes them.
        film: an animated GIF.
    """

    moment: GetMoment
    began: bool
    episode: int | None
    film: bool
    directory: str


@dataclass(frozen=True)
class MomentReady(Reply):
    moment: Moment
