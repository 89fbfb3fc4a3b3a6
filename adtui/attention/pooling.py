"""Max-pooling of one head's matrix to a pane's pixels, whole or a window of it. Numpy only.

A large matrix is read once: `Base` keeps the maxima of at most BASE × BASE blocks and where they are. Every picture
whose pixels are at least as large as these blocks is pooled from them, and its maxima are those of the matrix.
"""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..records.arrays import Floats, Ints
from ..records.attention import Window

BASE = 1024
"""Blocks along one side of a base, at most; a matrix of so many positions needs none."""
BASES_KEPT = 16
"""A base takes 8 bytes a block, so that all of them take 128 MiB at most."""
ROWS_AT_ONCE = 128
"""Rows that are read at once, unless one pixel has more."""

RowsOf = Callable[[int, int], Floats]
"""(first, last) → (last − first, K) rows of a matrix; where it is causal they may be written to."""
Pooled = tuple[Floats, Ints, Ints, Ints]
"""pooled, row_edges, col_edges and peak, as in `attention.HeadView`."""


def edges(n: int, most: int, first: int = 0) -> Ints:
    """Bounds of at most `most` nearly equal blocks of the n positions from `first` on: (blocks + 1,) int64."""
    blocks = max(1, min(n, most))
    return first + (np.arange(blocks + 1, dtype=np.int64) * n) // blocks


def pool(rows_of: RowsOf, row_edges: Ints, col_edges: Ints, *, causal: bool) -> tuple[Floats, Ints]:
    """Max-pool the part of a matrix between edges, reading ROWS_AT_ONCE rows at a time.

    Args:
        row_edges: (R + 1,) queries that bound the R rows of blocks; col_edges: (C + 1,) keys likewise.
        causal: keys after the query are hidden.

    Returns:
        pooled (R, C) float32, NaN where no query of the block sees any key of it; peak (R, C, 2) int64 (query, key) of
        each maximum, (−1, −1) where NaN.
    """
    R, C = len(row_edges) - 1, len(col_edges) - 1
    pooled = np.full((R, C), np.nan, np.float32)
    peak = np.full((R, C, 2), -1, np.int64)
    for first, last in _together(row_edges):
        pooled[first:last], peak[first:last] = _pool(rows_of, row_edges[first : last + 1], col_edges, causal)
    return pooled, peak


def _together(row_edges: Ints) -> list[tuple[int, int]]:
    """Rows of blocks that are read at once."""
    R = len(row_edges) - 1
    step = max(1, ROWS_AT_ONCE // int(np.diff(row_edges).max()))
    return [(first, min(first + step, R)) for first in range(0, R, step)]


def _pool(rows_of: RowsOf, row_edges: Ints, col_edges: Ints, causal: bool) -> tuple[Floats, Ints]:
    """`pool` of rows that are read at once."""
    R, C = len(row_edges) - 1, len(col_edges) - 1
    pooled, peak = np.full((R, C), np.nan, np.float32), np.full((R, C, 2), -1, np.int64)
    top, bottom, left = int(row_edges[0]), int(row_edges[-1]), int(col_edges[0])
    right = min(int(col_edges[-1]), bottom) if causal else int(col_edges[-1])
    if right <= left:
        return pooled, peak  # all hidden
    block = rows_of(top, bottom)[:, left:right]
    if causal and right > top:  # the triangle after the queries
        keys, queries = np.arange(max(left, top), right), np.arange(top, bottom)
        block[:, keys[0] - left :][keys[None, :] > queries[:, None]] = -1
    starts = row_edges[:-1] - top
    best = np.maximum.reduceat(block, starts, axis=0) if bottom - top > R else block
    cols = col_edges[:-1][col_edges[:-1] < right] - left
    tops = np.maximum.reduceat(best, cols, axis=1) if len(cols) < right - left else best
    places = np.arange(right - left)
    if len(cols) < right - left:
        widths = np.diff(np.append(cols, right - left))
        same = best == np.repeat(tops, widths, axis=1)
        at = np.minimum.reduceat(np.where(same, places, right), cols, axis=1)
    else:
        at = np.broadcast_to(places, tops.shape)
    for r, (start, stop) in enumerate(itertools.pairwise([*starts.tolist(), bottom - top])):
        seen = np.flatnonzero(tops[r] >= 0)
        pooled[r, seen] = tops[r, seen]
        peak[r, seen, 1] = left + at[r, seen]
        peak[r, seen, 0] = top + start + (block[start:stop][:, at[r, seen]].argmax(axis=0) if stop - start > 1 else 0)
    return pooled, peak


@dataclass
class Base:
    """The maxima of an N × N matrix in at most BASE × BASE blocks; built row by row, and built on after a stop.

    Attributes:
        edges: (B + 1,) positions that bound the blocks, down and across.
        top: (B, B) float32, each block's maximum; −1 where no query of the block sees any key of it.
        place: (B, B, 2) uint16, where in its block (queries, keys) the maximum is.
        done: rows of blocks that are finished.
    """

    n: int
    causal: bool
    edges: Ints = field(init=False)
    top: Floats = field(init=False)
    place: NDArray[np.uint16] = field(init=False)
    done: int = 0

    def __post_init__(self) -> None:
        self.edges = edges(self.n, BASE)
        blocks = len(self.edges) - 1
        self.top = np.full((blocks, blocks), -1, np.float32)
        self.place = np.zeros((blocks, blocks, 2), np.uint16)

    def build(self, rows_of: RowsOf, check: Callable[[], None]) -> None:
        """Read the rows that have not been read yet; `check` is called before every piece and may raise."""
        while self.done < len(self.top):
            check()
            first, last = _together(self.edges[self.done :])[0]
            first, last = first + self.done, last + self.done
            bounds = self.edges[first : last + 1]
            pooled, peak = _pool(rows_of, bounds, self.edges, self.causal)
            seen = np.isfinite(pooled)
            self.top[first:last][seen] = pooled[seen]
            offsets = peak - np.stack(np.meshgrid(bounds[:-1], self.edges[:-1], indexing="ij"), axis=-1)
            self.place[first:last][seen] = offsets[seen]
            self.done = last

    def picture(self, rows: int, cols: int, window: Window) -> Pooled:
        """Pool the blocks to at most rows × cols pixels; the window grows to the edges of blocks."""
        down, across = self._blocks(window[0], window[1], rows), self._blocks(window[2], window[3], cols)
        pooled, peak = pool(lambda a, b: self.top[a:b], down, across, causal=False)
        seen = peak[..., 0] >= 0
        block = peak[seen]
        peak[seen] = self.edges[block] + self.place[block[:, 0], block[:, 1]]
        return pooled, self.edges[down], self.edges[across], peak

    def _blocks(self, first: int, last: int, most: int) -> Ints:
        """Bounds of pixels, counted in blocks."""
        start = int(np.searchsorted(self.edges, first, side="right")) - 1
        stop = int(np.searchsorted(self.edges, last, side="left"))
        return edges(stop - start, most, start)


class Pictures:
    """Makes pictures, and keeps the bases of the matrices looked at last.

    Args:
        kept: how many bases are kept.
    """

    def __init__(self, kept: int = BASES_KEPT) -> None:
        self._kept = kept
        self._bases: OrderedDict[Hashable, Base] = OrderedDict()

    def picture(
        self,
        name: Hashable,
        rows_of: RowsOf,
        n: int,
        rows: int,
        cols: int,
        *,
        causal: bool,
        window: Window | None = None,
        check: Callable[[], None] = lambda: None,
    ) -> Pooled:
        """Max-pool an N × N matrix, or a window of it, to at most rows × cols pixels.

        Where pixels are at least as large as a base's blocks they are pooled from the base, and the window grows to the
        edges of blocks. Otherwise the window's rows are read.

        Args:
            name: of the matrix among all that this object is asked about.
            check: called between pieces of the one pass over a large matrix; what it raises ends the pass, and the next
                picture of the same matrix goes on from there.
        """
        window = window or (0, n, 0, n)
        top, bottom, left, right = window
        if n > BASE and (bottom - top) * BASE >= rows * n and (right - left) * BASE >= cols * n:
            return self._base(name, rows_of, n, causal, check).picture(rows, cols, window)
        row_edges, col_edges = edges(bottom - top, rows, top), edges(right - left, cols, left)
        pooled, peak = pool(rows_of, row_edges, col_edges, causal=causal)
        return pooled, row_edges, col_edges, peak

    def _base(self, name: Hashable, rows_of: RowsOf, n: int, causal: bool, check: Callable[[], None]) -> Base:
        if name not in self._bases:
            self._bases[name] = Base(n, causal)
        self._bases.move_to_end(name)
        base = self._bases[name]
        while len(self._bases) > self._kept:
            self._bases.popitem(last=False)
        base.build(rows_of, check)
        return base
