"""Where a weight of a matrix lies among the pixels of a picture of it, and back."""

from __future__ import annotations

import numpy as np

from ...records.arrays import Ints
from ...records.attention import HeadView


def pixel_of(view: HeadView, query: int, key: int) -> tuple[int, int]:
    """The pixel (row, col) that holds a query and a key token, the nearest where there is none."""
    rows, cols = view.pooled.shape
    row = int(np.searchsorted(view.row_edges, query, side="right")) - 1
    col = int(np.searchsorted(view.col_edges, key, side="right")) - 1
    return min(max(row, 0), rows - 1), min(max(col, 0), cols - 1)


def weight_at(view: HeadView, pixel: tuple[int, int]) -> tuple[int, int]:
    """(query, key) of the weight that a pixel (row, col) stands for: its largest, or its latest query where masked."""
    row, col = pixel
    query, key = view.peak[row, col].tolist()
    return (query, key) if query >= 0 else (int(view.row_edges[row + 1]) - 1, int(view.col_edges[col]))


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
