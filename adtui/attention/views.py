"""A capture → what a pane shows of it: pooled pictures, thumbnails, one weight and its rank."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from functools import partial

import numpy as np

from ..records.arrays import Doubles, Floats
from ..records.attention import CellInfo, HeadView, Sheet, Window
from ..records.layout import TRANSITIONS
from ..records.place import Frame, Place
from .capture import Capture, _round_weights
from .pooling import Pictures, edges, pool


def view(
    captured: Capture,
    place: Place,
    frame: Frame,
    *,
    pictures: Pictures | None = None,
    check: Callable[[], None] = lambda: None,
) -> HeadView:
    """One head's picture for a pane, and its curves.

    Args:
        place: of the model itself; a query of −1 is the query row.
        frame: see `Pictures.picture`, also about `check`.
        pictures: remembers what a large matrix would have to be read for again.
    """
    heads, attention = captured.heads, captured.attention
    layer, head, unit = place.layer, place.head, place.unit
    layout = heads.layout.view(unit)
    n = layout.n_tokens
    query = layout.read if place.query < 0 else min(place.query, n - 1)
    pooled, row_edges, col_edges, peak = (pictures or Pictures()).picture(
        (place.sample, layer, head, unit),
        partial(heads.rows, layer, head, unit=unit),
        n,
        frame.rows,
        frame.cols,
        causal=heads.causal,
        window=frame.window,
        check=check,
    )
    pick = slice(None) if head is None else slice(head, head + 1)
    received, entropy = attention.received[layer, pick].mean(0), attention.row_entropy[layer, pick].mean(0)
    if unit == TRANSITIONS:
        received, entropy = heads.layout.sum(received), entropy[heads.layout.leads]
    return HeadView(
        place=replace(place, query=query),
        pooled=pooled,
        row_edges=row_edges,
        col_edges=col_edges,
        peak=peak,
        query_row=heads.rows(layer, head, query, query + 1, unit)[0],
        received=received.astype(np.float32),
        row_entropy=entropy.astype(np.float32),
    )


def round_view(captured: Capture, place: Place, frame: Frame) -> HeadView:
    """The same of one round of the compressor: its latents down, what they attend to across, always whole.

    Args:
        place: with the round.
    """
    weights, keys = _round_weights(captured, place)
    entropy = -(weights * np.log(np.where(weights > 0, weights, 1))).sum(axis=1)
    if place.unit == TRANSITIONS:
        weights = keys.sum(weights)
    row_edges, col_edges = edges(weights.shape[0], frame.rows), edges(weights.shape[1], frame.cols)
    pooled, peak = pool(lambda a, b: weights[a:b], row_edges, col_edges, causal=False)
    query = min(max(place.query, 0), len(weights) - 1)
    return HeadView(
        place=replace(place, query=query),
        pooled=pooled,
        row_edges=row_edges,
        col_edges=col_edges,
        peak=peak,
        query_row=weights[query],
        received=weights.mean(0),
        row_entropy=entropy,
    )


def weights(captured: Capture, place: Place, window: Window) -> Floats:
    """(queries, keys) of a window of one head's matrix, NaN where a query does not see a key."""
    first, last, left, right = window
    found = captured.heads.rows(place.layer, place.head, first, last, place.unit)
    seen = np.stack([captured.heads.visible(query, place.unit) for query in range(first, last)])
    return np.where(seen, found, np.float32(np.nan))[:, left:right]


def round_weights(captured: Capture, place: Place) -> Floats:
    """(m, K) of a compressor's round, in the place's unit."""
    found, keys = _round_weights(captured, place)
    return np.asarray(keys.sum(found) if place.unit == TRANSITIONS else found, np.float32)


def sheet(
    captured: Capture,
    sample: int,
    frame: Frame,
    unit: str = TRANSITIONS,
    *,
    entropy_norm: Doubles,
    pictures: Pictures | None = None,
) -> Generator[None, None, Sheet]:
    """Thumbnails of every head, each pooled into the frame, whole; `pictures` as for `view`.

    Of large matrices each takes a second: yields after every one, and returns them all.
    """
    heads = captured.heads
    made = pictures or Pictures()
    n, rows, cols = heads.layout.view(unit).n_tokens, frame.rows, frame.cols
    thumbnails = np.full((heads.n_layer, heads.n_head, min(n, rows), min(n, cols)), np.nan, np.float32)
    for layer, head in np.ndindex(heads.n_layer, heads.n_head):
        rows_of = partial(heads.rows, layer, head, unit=unit)
        name = (sample, layer, head, unit)
        thumbnails[layer, head] = made.picture(name, rows_of, n, rows, cols, causal=heads.causal)[0]
        yield
    return Sheet(sample, thumbnails, entropy_norm, unit)


def cell(captured: Capture, place: Place, key: int) -> CellInfo:
    """One weight and its rank among the keys that the query can see (ties share the better rank)."""
    if place.round is None:
        row = captured.heads.rows(place.layer, place.head, place.query, place.query + 1, place.unit)[0]
        visible = captured.heads.visible(place.query, place.unit)
    else:
        weights, keys = _round_weights(captured, place)
        row = keys.sum(weights[place.query]) if place.unit == TRANSITIONS else weights[place.query]
        visible = np.ones(len(row), np.bool_)
    rank = 1 + int((row[visible] > row[key]).sum())
    return CellInfo(place, key, float(row[key]), rank, int(visible.sum()))
