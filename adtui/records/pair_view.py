"""A head of one model and one of another on the same context, as far as a screen can show them. Numpy only."""

from __future__ import annotations

from dataclasses import dataclass

from .arrays import Floats
from .attention import HeadView
from .head_comparison import Head
from .layout import Layout


@dataclass(frozen=True)
class Difference:
    """The second matrix less the first, pooled like both.

    Attributes:
        pooled: (R, C) float32, the difference of largest size in each block, with its sign; NaN where neither model
            lets a query of the block see a key of it.
        top: the largest size of any difference in the whole matrix.
        peak: (query, key) where it is.
    """

    pooled: Floats
    top: float
    peak: tuple[int, int]


@dataclass(frozen=True)
class PairView:
    """Both heads of a pair, one position a transition.

    Attributes:
        sample: which context.
        heads: (layer, head) of the first model and of the second.
        layouts: what the positions of either are.
        query: the transition at whose state both rows are read; n is the context's query.
        first, second: their matrices, pooled into the same frame.
        rows: (2, n + 1) float32, attention of that query on each transition in the order of time, then on the query
            state, in either model; tokens that stand for no transition are left out.
        difference: None where the two sequences have other tokens in other places, as `why` says.
    """

    sample: int
    heads: tuple[Head, Head]
    layouts: tuple[Layout, Layout]
    query: int
    first: HeadView
    second: HeadView
    rows: Floats
    difference: Difference | None = None
    why: str = ""
