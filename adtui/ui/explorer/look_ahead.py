"""Which heads a user may look at next: the neighbours of the one on display, asked for while nothing else is."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from ...records.attention import HeadView
from ...records.messages import GetView, Request
from ...records.run import RunInfo
from .answers import Latest

QUICK_SECONDS = 0.3
"""Pictures that take longer are not fetched ahead: the next key would have to wait for one that nobody asked for."""
STEPS = ((0, 1), (0, -1), (1, 0), (-1, 0))
"""(layers, heads) that one key goes."""


class Foresight:
    """One question at a time: the engine drops a waiting question when a newer one comes.

    Args:
        views: where answers are kept.
        send: to the engine.
        next_id: of a question.
    """

    def __init__(self, views: Latest[HeadView], send: Callable[[Request], None], next_id: Callable[[], int]) -> None:
        self._views = views
        self._send = send
        self._next_id = next_id
        self._plan: deque[GetView] = deque()
        self._asked: GetView | None = None
        self._asked_at = 0.0

    def asked(self, request: GetView) -> None:
        """The user's own question goes to the engine: what was planned is about another place."""
        self._plan.clear()
        self._asked, self._asked_at = request, time.monotonic()

    def answered(self, run: RunInfo) -> None:
        """The user's question has its answer."""
        if self._asked is not None and time.monotonic() - self._asked_at < QUICK_SECONDS:
            self.plan(self._asked, run)

    def plan(self, shown: GetView, run: RunInfo) -> None:
        """`shown` is on display: its neighbours are what a key leads to."""
        self._plan = deque(_neighbours(shown, run))
        self.go_on()

    def go_on(self) -> None:
        """Ask the next question of the plan, if there is one."""
        while self._plan:
            request = replace(self._plan.popleft(), id=self._next_id())
            if self._views.foresee(request):
                self._send(request)
                return


def _neighbours(shown: GetView, run: RunInfo) -> list[GetView]:
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
