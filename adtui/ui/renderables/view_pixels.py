"""Where a weight of a matrix lies among the pixels of a picture of it, and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...records.arrays import Ints
from ...records.attention import HeadView
from ...records.axis import Axis

Pixel = tuple[int, int]
"""(row, col) of a picture, from its upper left corner."""
Weight = tuple[int, int]
"""(query, key), positions."""


@dataclass(frozen=True, eq=False)
class ViewPixels:
    """A picture, and what its rows and columns stand for.

    Attributes:
        view: R × C pixels of a matrix, or of a window of it.
        rows, cols: what the queries and the keys of the whole matrix are.
    """

    view: HeadView
    rows: Axis
    cols: Axis

    def same_axes(self, other: ViewPixels) -> bool:
        """Whether a weight of one picture can be looked for in the other."""
        return (len(self.rows), len(self.cols)) == (len(other.rows), len(other.cols))

    @property
    def first(self) -> Pixel:
        """Where to look first: the largest weight of the picture's query."""
        return pixel_of(self.view, self.view.place.query, int(np.nanargmax(self.view.query_row)))

    def value(self, pixel: Pixel) -> float | None:
        """The weight that is told of a pixel, see `weight_at`; None where it is masked."""
        if not np.isfinite(self.view.pooled[pixel]):
            return None
        if not holds_query(self.view, pixel):
            return float(self.view.pooled[pixel])
        query, key = weight_at(self.view, pixel)
        hidden = key > query and bool(np.isnan(self.view.pooled).any())
        return None if hidden else float(self.view.query_row[key])

    def block(self, pixel: Pixel) -> tuple[int, int]:
        """(queries, keys) that the weight told of a pixel is the largest of."""
        (row, col), down, across = pixel, self.view.row_edges, self.view.col_edges
        queries = 1 if holds_query(self.view, pixel) else int(down[row + 1] - down[row])
        return queries, int(across[col + 1] - across[col])

    def rank(self, pixel: Pixel) -> tuple[int, int] | None:
        """(rank, visible keys) of a pixel's weight in its row; None where masked, or rows are not shown weight by
        weight."""
        value = self.value(pixel)
        if value is None or not self.view.shows_ranks:
            return None
        row = self.view.pooled[pixel[0]]
        return int(np.count_nonzero(row > value)) + 1, int(np.count_nonzero(np.isfinite(row)))

    def nearest(self, here: Weight, query: int | None, key: int | None) -> Pixel:
        """The pixel that holds a query and a key; None keeps that of `here`.

        Where only the query is given and cannot see the key, it is the one that the query attends to most.
        """
        row, col = pixel_of(self.view, here[0] if query is None else query, here[1] if key is None else key)
        weights = self.view.pooled[row]
        if key is None and np.isnan(weights[col]) and not np.isnan(weights).all():
            col = int(np.nanargmax(weights))
        return row, col

    def beyond(self, row: int, col: int) -> Weight | None:
        """The weight that a pixel outside the picture would hold; None where the matrix ends with the picture."""
        query = position(self.view.row_edges, row, len(self.rows))
        key = position(self.view.col_edges, col, len(self.cols))
        inside = within(self.view.row_edges, query) and within(self.view.col_edges, key)
        return None if inside else (query, key)

    def clipped(self, row: int, col: int) -> Pixel:
        """The pixel of the picture that is nearest."""
        rows, cols = self.view.pooled.shape
        return min(max(row, 0), rows - 1), min(max(col, 0), cols - 1)


def pixel_of(view: HeadView, query: int, key: int) -> Pixel:
    """The pixel that holds a query and a key, the nearest where there is none."""
    rows, cols = view.pooled.shape
    row = int(np.searchsorted(view.row_edges, query, side="right")) - 1
    col = int(np.searchsorted(view.col_edges, key, side="right")) - 1
    return min(max(row, 0), rows - 1), min(max(col, 0), cols - 1)


def holds_query(view: HeadView, pixel: Pixel) -> bool:
    """Whether a pixel of several queries holds the selected one: then what is told of it is that row's own."""
    top, below = view.row_edges[pixel[0]], view.row_edges[pixel[0] + 1]
    return view.place.round is None and below - top > 1 and bool(top <= view.place.query < below)


def weight_at(view: HeadView, pixel: Pixel) -> Weight:
    """The weight that a pixel stands for: its largest, or its latest query where masked.

    Where it holds the selected query row, the largest of that row.
    """
    row, col = pixel
    if holds_query(view, pixel):
        first = int(view.col_edges[col])
        return view.place.query, first + int(np.argmax(view.query_row[first : view.col_edges[col + 1]]))
    query, key = view.peak[row, col].tolist()
    return (query, key) if query >= 0 else (int(view.row_edges[row + 1]) - 1, int(view.col_edges[col]))


def weight_in(view: HeadView, here: Weight) -> Weight | None:
    """The weight under a cursor that comes from `here`; None where there is none, or its rank is on display."""
    if view.shows_ranks:
        return None
    pixel = pixel_of(view, *here)
    return weight_at(view, pixel) if np.isfinite(view.pooled[pixel]) else None


def position(edges: Ints, pixel: int, n: int) -> int:
    """The first of n positions that a pixel between edges has, or would have beyond them, as if all were as large.

    Before the first pixel it is the last one of them, so that a step leads to the neighbour.
    """
    pixels, start, stop = len(edges) - 1, int(edges[0]), int(edges[-1])
    size = max(1, (stop - start) // pixels)
    if pixel < 0:
        return max(0, start - 1 + (pixel + 1) * size)
    return int(edges[pixel]) if pixel < pixels else min(n - 1, stop + (pixel - pixels) * size)


def within(edges: Ints, position: int) -> bool:
    """Whether a position is between edges."""
    return bool(edges[0] <= position < edges[-1])
