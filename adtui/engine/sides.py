"""Two runs side by side, for the app: compared a small step at a time, then each pair of heads as it is looked at."""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from ..records.errors import ConfigError, EngineError
from ..records.layout import TRANSITIONS
from ..records.messages import Progress, Reply
from ..records.side_messages import BesideReady, ExportPair, GetPair, MatchHeads, PairReady, SetBeside
from ..records.steps import said
from .job import Clock, Steps

if TYPE_CHECKING:  # torch: the engine answers before it is loaded
    from ..attention.capture import Capture
    from ..reports.pair import Pair
    from .compared_heads import Both

WHAT = "side by side"
KEPT = 4
"""Captures of either model that are kept."""


class Sides:
    """The two runs that were compared last."""

    def __init__(self, send: Callable[[Reply], None]) -> None:
        self._send = send
        self._both: Both | None = None
        self._captures: OrderedDict[tuple[int, int], Capture] = OrderedDict()

    def compare(self, request: SetBeside, stopping: Callable[[], None], keep: bool = False) -> Steps:
        """Open both, pass all contexts through them, say what differs.

        Args:
            stopping: called between the episodes in which the contexts are made; raises to stop that.
            keep: see `open_session`; the app has made the first run's contexts to show it.
        """
        from .compared_heads import compared, opened, passing_both  # torch
        from .compared_runs import candidates
        from .comparison import Asked

        asked = request.run
        if asked.flow_step:
            raise ConfigError(
                WHAT,
                expected="the prior pass on display",
                found=f"step {asked.flow_step}",
                action="press <explorer.round> first",
            )
        self._send(Progress(request.id, WHAT, 0, 0))
        yield
        found = candidates([asked.path, request.other], once=False)
        if len(found) != 2:
            raise ConfigError(WHAT, expected="two runs", found=str(len(found)), action="choose one of them")

        def rolled(what: str, done: int, total: int) -> None:
            stopping()
            self._send(Progress(request.id, f"{WHAT}: {what}", done, total))

        options = {"causal": asked.causal, "window": asked.window, "histories": asked.histories, "keep": keep}
        asks = Asked(asked.device, asked.heads, asked.adapter, asked.context, seed=asked.seed, samples=asked.samples)
        steps = passing_both(opened(found[0], found[1], asks, rolled, options=options))
        clock, count = Clock(), itertools.count(1)

        def tell(step: tuple[str, int, int]) -> None:
            what, done, total = step
            self._send(Progress(request.id, f"{WHAT}: {what}", done, total, clock.rate(next(count))))

        both = yield from said(steps, tell)
        result = compared(both, request.by)
        self._both = both
        self._captures.clear()
        self._send(BesideReady(request.id, result, both.pair.first.info))

    def answer(self, request: MatchHeads | GetPair) -> None:
        """Match heads in another way, or show a pair."""
        if isinstance(request, MatchHeads):
            self._match(request)
        else:
            self._pair(request)

    def _match(self, request: MatchHeads) -> None:
        from .compared_heads import compared

        both = self._compared()
        self._send(BesideReady(request.id, compared(both, request.by), both.pair.first.info))

    def _pair(self, request: GetPair) -> None:
        from ..attention.side_views import pair_view

        captures = self._both_captures(request.sample, request.first, request.second)
        view = pair_view(*captures, request.sample, (request.first, request.second), request.query, request.frame)
        self._send(PairReady(request.id, view))

    def figure(self, request: ExportPair) -> Pair:
        """What there is to draw of a pair.

        Raises:
            EngineError: the two matrices are of other tokens.
        """
        from ..attention.side_views import why_not
        from ..reports.pair import Pair

        both, place = self._compared(), (request.first, request.second)
        one, other = self._both_captures(request.sample, *place)
        if why := why_not(one, other):
            raise EngineError(WHAT, expected="matrices of the same tokens", found=why, action="export each run's own")
        layout = one.heads.layout.view(TRANSITIONS)
        n = layout.n_tokens
        return Pair(
            heads=place,
            names=both.pair.names,
            matrices=(
                one.heads.rows(*request.first, 0, n, TRANSITIONS),
                other.heads.rows(*request.second, 0, n, TRANSITIONS),
            ),
            visible=np.stack(
                [one.heads.visible(at, TRANSITIONS) | other.heads.visible(at, TRANSITIONS) for at in range(n)]
            ),
            sample=both.pair.first.samples[request.sample],
            index=request.sample,
            layout=layout,
            contexts=both.pair.first.provenance("compare").contexts,
            provenance=both.pair.provenance({"sample": request.sample, "pair": place}),
            look=request.look,
        )

    def _compared(self) -> Both:
        if self._both is None:
            raise EngineError(
                WHAT, expected="two runs that were compared", found="none", action="choose one with <sides.other>"
            )
        return self._both

    def _both_captures(self, sample: int, first: tuple[int, int], second: tuple[int, int]) -> tuple[Capture, Capture]:
        both = self._compared()
        samples = both.pair.first.samples
        if not 0 <= sample < len(samples):
            raise EngineError(WHAT, expected=f"one of {len(samples)} contexts", found=str(sample), action="choose one")
        for seen, head in ((both.first, first), (both.second, second)):
            if head not in seen.heads:
                raise EngineError(WHAT, expected="a head of the model", found=str(head), action="choose another")
        return self._capture(0, sample), self._capture(1, sample)

    def _capture(self, side: int, sample: int) -> Capture:
        from ..attention.capture import capture

        pair = self._compared().pair
        if (side, sample) not in self._captures:
            model = pair.second if side else pair.first.model
            self._captures[side, sample] = capture(model, pair.first.samples[sample])
            while len(self._captures) > 2 * KEPT:
                self._captures.popitem(last=False)
        self._captures.move_to_end((side, sample))
        return self._captures[side, sample]
