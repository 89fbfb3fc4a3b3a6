"""What a user may look at next: the neighbours of what is on display, asked for while nothing else is."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Generic, TypeVar

from ...records.messages import GetView, Request
from ...records.run import RunInfo

QUICK_SECONDS = 0.3
"""Pictures that take longer are not fetched ahead: the next key would have to wait for one that nobody asked for."""
STEPS = ((0, 1), (0, -1), (1, 0), (-1, 0))
"""(layers, heads) that one key goes."""

Question = TypeVar("Question", bound=Request)


class LookAhead(Generic[Question]):
    """One question at a time: the engine drops a waiting question when a newer one comes.

    Args:
        foresee: asks a question unless its answer is known or on its way; tells whether it did.
        beside: the questions to which one key leads.
    """

    def __init__(self, foresee: Callable[[Question], bool], beside: Callable[[Question], Iterable[Question]]) -> None:
        self._foresee = foresee
        self._beside = beside
        self._plan: deque[Question] = deque()
        self._asked: Question | None = None
        self._asked_at = 0.0

    def asked(self, request: Question) -> None:
        """The user's own question goes to the engine: what was planned is about another place."""
        self._plan.clear()
        self._asked, self._asked_at = request, time.monotonic()

    def answered(self) -> None:
        """The user's question has its answer."""
        if self._asked is not None and time.monotonic() - self._asked_at < QUICK_SECONDS:
            self.plan(self._asked)

    def plan(self, shown: Question) -> None:
        """`shown` is on display: its neighbours are what a key leads to."""
        self._plan = deque(self._beside(shown))
        self.go_on()

    def go_on(self) -> None:
        """Ask the next question of the plan, if there is one."""
        while self._plan:
            if self._foresee(self._plan.popleft()):
                return


def heads_beside(shown: GetView, run: RunInfo) -> list[GetView]:
    """The same picture of the heads that one key leads to."""
    found = []
    for layers, heads in STEPS:
        here = shown.place
        layer = here.layer + layers
        head = None if here.head is None else here.head + heads
        if (here.head is None and heads) or not 0 <= layer < run.n_layer:
            continue
        if head is None or 0 <= head < run.n_head:
            found.append(replace(shown, place=replace(here, layer=layer, head=head)))
    return found
