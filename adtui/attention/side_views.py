"""Two captures of one context → one head of each side by side, and how far they are apart."""

from __future__ import annotations

import numpy as np

from ..records.arrays import Floats, Ints
from ..records.head_comparison import Head
from ..records.layout import TOKENS, TRANSITIONS
from ..records.pair_view import Difference, PairView
from ..records.place import Frame, Place
from .capture import Capture
from .pooling import pool
from .views import view


def pair_view(
    first: Capture, second: Capture, sample: int, heads: tuple[Head, Head], query: int, frame: Frame
) -> PairView:
    """Both matrices, their rows of one query and their difference, one position a transition.

    Args:
        first, second: captures of the same context, in which every transition is seen one by one.
        query: the transition at whose state both are read; −1 is the context's query.
    """
    sides = (first, second)
    n = first.heads.layout.n_context
    query = n if query < 0 else min(query, n)
    positions = [_position(one, query) for one in sides]
    shown = [
        view(one, Place(sample, *head, position, TRANSITIONS), Frame(frame.rows, frame.cols))
        for one, head, position in zip(sides, heads, positions, strict=True)
    ]
    rows = np.stack([_row(one, head, position) for one, head, position in zip(sides, heads, positions, strict=True)])
    why = why_not(first, second)
    apart = None if why else difference(first, second, heads, shown[0].row_edges, shown[0].col_edges)
    layouts = (first.heads.layout.view(TRANSITIONS), second.heads.layout.view(TRANSITIONS))
    return PairView(sample, heads, layouts, query, shown[0], shown[1], rows, apart, why)


def why_not(first: Capture, second: Capture) -> str:
    """Why their matrices cannot be subtracted, "" where they can."""
    one, other = (captured.heads.layout.view(TRANSITIONS) for captured in (first, second))
    same = one.n_tokens == other.n_tokens and np.array_equal(one.transition, other.transition)
    return "" if same else f"other tokens in other places ({one.n_tokens} and {other.n_tokens} positions)"


def difference(
    first: Capture, second: Capture, heads: tuple[Head, Head], row_edges: Ints, col_edges: Ints
) -> Difference:
    """The second matrix less the first, pooled between edges; of a block, the difference of largest size, signed."""
    one, other = first.heads, second.heads

    def part(sign: int) -> tuple[Floats, Ints]:
        def rows(start: int, stop: int) -> Floats:
            found = other.rows(*heads[1], start, stop, TRANSITIONS) - one.rows(*heads[0], start, stop, TRANSITIONS)
            return np.asarray(np.maximum(sign * found, 0), np.float32)

        return pool(rows, row_edges, col_edges, causal=one.causal and other.causal)

    (more, gained), (less, lost) = part(1), part(-1)
    signed = np.where(more >= less, more, -less)
    size = np.nan_to_num(np.abs(signed), nan=-1.0)
    at = np.unravel_index(int(size.argmax()), size.shape)
    query, key = (gained if more[at] >= less[at] else lost)[at].tolist()
    return Difference(np.asarray(signed, np.float32), float(size[at]), (query, key))


def _position(captured: Capture, query: int) -> int:
    """Where, among the transitions' positions, the row of a transition stands."""
    layout = captured.heads.layout.view(TRANSITIONS)
    return layout.read if query == layout.n_context else int(np.flatnonzero(layout.transition == query)[0])


def _row(captured: Capture, head: Head, position: int) -> Floats:
    """(n + 1,) by transition in the order of time, then the query state."""
    layout = captured.heads.layout
    token = layout.read if position == layout.view(TRANSITIONS).read else int(layout.leads[position])
    row = captured.heads.rows(*head, token, token + 1, TOKENS)[0]
    return np.asarray(layout.by_transition(row), np.float32)
