"""Messages that the engine's worker posts to the app: one per thing that can happen on the other side of the pipe."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from ..records.messages import Reply


@dataclass
class EngineReplied(Message):
    """The engine answered. The app routes the reply by its type and drops it when its pane has moved on."""

    reply: Reply


@dataclass
class EngineDied(Message):
    """The engine process is gone although nobody asked it to leave.

    Attributes:
        reason: in words, one line ("killed by signal 9, probably out of memory").
        log: the last lines of its standard error.
    """

    reason: str
    log: tuple[str, ...] = ()
