"""Which transitions receive attention again and again: landmarks. Numpy only.

Letters as in `records`: L layers, H heads, N tokens, n transitions that the model sees.
"""

from __future__ import annotations

import numpy as np

from ..records.arrays import Doubles, Ints
from ..records.attention import Attention
from ..records.layout import Layout


def uniform_received(n_tokens: int, *, causal: bool) -> Doubles:
    """(N,) what each key would receive, per query that sees it, if every query attended to all that it sees alike."""
    if not causal:
        return np.full(n_tokens, 1 / n_tokens)
    share = 1 / np.arange(1, n_tokens + 1)  # of every query
    return np.asarray(share[::-1].cumsum()[::-1] / np.arange(n_tokens, 0, -1))


def received_lift(attention: Attention, layout: Layout, *, causal: bool, weighted: bool = False) -> Doubles:
    """(L, H, n) attention that each transition receives, over what uniform attention would give it.

    Args:
        causal: the model's mask, where the attention brings no `even` of its own.
        weighted: multiply by ‖v_j W_O‖ over its mean.
    """
    received = attention.received
    if weighted:
        norm = attention.value_norm.astype(np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            received = received * norm / norm.mean(axis=-1, keepdims=True)
    even = uniform_received(layout.n_tokens, causal=causal) if attention.even is None else attention.even
    expected = layout.by_transition(even)
    lift: Doubles = (layout.by_transition(received) / expected)[..., :-1]
    return lift


def candidates(n: int) -> Ints:
    """The transitions that can be landmarks: not the first, which may be a sink, and not the newest quarter, which too
    few queries have seen: the one next to the query is seen by two."""
    return np.arange(1, n - max(1, n // 4), dtype=np.int64)


def landmark_lift(lift: Doubles) -> Doubles:
    """(L, H, n) → (L, H): the largest among the candidates, NaN where there are none."""
    chosen = candidates(lift.shape[-1])
    return lift[..., chosen].max(axis=-1) if len(chosen) else np.full(lift.shape[:-1], np.nan)
