"""What a recording asks of the engine beside what the app asks; see `messages`."""

from __future__ import annotations

from dataclasses import dataclass

from .messages import Reply, Request


@dataclass(frozen=True)
class AskOrigin(Request):
    """Where does what is open come from? Reply: OriginReady."""


@dataclass(frozen=True)
class OriginReady(Reply):
    """`text` is that of `provenance.Provenance`."""

    text: str
