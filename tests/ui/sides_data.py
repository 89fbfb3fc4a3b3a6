"""Two runs side by side, made by numpy alone."""

from __future__ import annotations

import numpy as np
from fake_engine import CONTEXT, HEADS, LAYERS, head_view, matrix, pool

from adtui.records.head_comparison import INDEX, ClaimTest, HeadComparison, Pair
from adtui.records.interval import Interval
from adtui.records.layout import Layout
from adtui.records.messages import GetView, Reply
from adtui.records.pair_view import Difference, PairView
from adtui.records.place import Place
from adtui.records.provenance import Provenance
from adtui.records.run import RunInfo
from adtui.records.side_messages import BesideReady, GetPair, MatchHeads, PairReady, SetBeside

CONTRAST = 0.25


def comparison(by: str) -> HeadComparison:
    """Every head has a partner, the last head of the next layer by rows; two claims hold in one only."""
    pairs = []
    for number, (layer, head) in enumerate(np.ndindex(LAYERS, HEADS)):
        other = (layer, head) if by == INDEX else ((layer + 1) % LAYERS, HEADS - 1 - head)
        far = 0.4 / (number + 1)
        near = Interval(far / 4, far / 8, far / 2)
        pairs.append(Pair((layer, head), other, near, Interval(far, far / 2, 2 * far), 0.25, 0.2))
    first = pairs[0].first, pairs[0].second
    tests = (
        ClaimTest("recency", *first, 3.1, 0.9, True, False, 1e-5, True),
        ClaimTest("rewarded", *first, 1.1, 2.4, False, True, 2e-4, True),
        ClaimTest("sink", *first, 0.4, 0.5, True, True, 0.3, False),
    )
    names = ("AD-darkroom-seed0 · step 1000", "AD-darkroom-seed1 · step 9000")
    return HeadComparison(*names, "3 contexts", ("", ""), by, tuple(pairs), (), tests, Provenance("compare", ()))


def answer(request: SetBeside | MatchHeads | GetPair, run: RunInfo) -> Reply:
    """What the engine would say."""
    if isinstance(request, GetPair):
        return PairReady(request.id, pair_view(request))
    return BesideReady(request.id, comparison(request.by), run)


def pair_view(request: GetPair) -> PairView:
    """Two heads of one model, as if of two."""
    query = CONTEXT if request.query < 0 else request.query
    heads = (request.first, request.second)
    views = [
        head_view(GetView(0, Place(request.sample, *head, query), request.frame), contrast=CONTRAST) for head in heads
    ]
    first, second = (matrix(*head, request.sample, contrast=CONTRAST) for head in heads)
    more, less = (
        pool(np.maximum(sign * (second - first), 0), request.frame.rows, request.frame.cols)[0] for sign in (1, -1)
    )
    size = np.abs(second - first)
    peak = np.unravel_index(int(size.argmax()), size.shape)
    apart = Difference(np.where(more >= less, more, -less), float(size.max()), (int(peak[0]), int(peak[1])))
    layout = Layout.plain(CONTEXT)
    rows = np.stack([first[query], second[query]])
    return PairView(request.sample, heads, (layout, layout), query, views[0], views[1], rows, apart)
