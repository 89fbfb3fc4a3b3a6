"""What a recorded session answers: its replies by what was asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..records.errors import ReportError
from ..records.messages import Opened, OpenRun, Reply, Request
from ..records.portable import to_plain
from .session_file import WHAT, Recorded


@dataclass
class Epoch:
    """One opening of a run, and what was asked until the next.

    Attributes:
        opening: the request.
        opened: its replies, in order.
        asked: every other request, with its replies.
    """

    opening: OpenRun
    opened: list[Reply] = field(default_factory=list)
    asked: list[tuple[Request, list[Reply]]] = field(default_factory=list)

    def answers(self, request: Request) -> list[Reply]:
        """The replies to the same question, the newest; of a picture also to one for another size of its pane."""
        for wanted in (_question(request), _question(request, frame=False)):
            exact = wanted == _question(request)
            for one, replies in reversed(self.asked):
                if replies and _question(one, frame=exact) == wanted:
                    return replies
        return []


def epochs(recorded: Recorded, name: str | Path) -> list[Epoch]:
    """Every opening that went well, in order.

    Raises:
        ReportError: there was none.
    """
    found = list(_epochs(recorded))
    if not found:
        raise ReportError(name, expected=WHAT, found="one in which no run was opened", action="record another")
    return found


def _epochs(recorded: Recorded) -> Iterator[Epoch]:
    by_id: dict[int, tuple[Request, list[Reply]]] = {}
    opened: Epoch | None = None
    for kind, value in recorded.events:
        if kind == "ask" and isinstance(value, Request):
            by_id[value.id] = value, []
            if opened is not None and not isinstance(value, OpenRun):
                opened.asked.append(by_id[value.id])
        elif kind == "told" and isinstance(value, Reply) and value.id in by_id:
            request, replies = by_id[value.id]
            if isinstance(request, OpenRun) and isinstance(value, Opened):
                if opened is not None:
                    yield opened
                opened = Epoch(request, replies)
            replies.append(value)
    if opened is not None:
        yield opened


def _question(request: Request, *, frame: bool = True) -> str:
    """A request without its id, and perhaps without the size of a pane, as text that is equal where they are."""
    kind, name, values = to_plain(request)
    left_out = {"id"} if frame else {"id", "frame"}
    kept = {key: value for key, value in values.items() if key not in left_out}
    return json.dumps([kind, name, kept], sort_keys=True)
