"""Records that travel between modules and between the two processes: frozen, numpy only, shapes in the docstrings.

Letters: L layers, H heads, n context transitions, N tokens, A actions. In most families N = n + 1 and the last token
is the query; `layout.Layout` says what each token stands for.
"""

from __future__ import annotations

from dataclasses import dataclass

from .arrays import Doubles, Floats, Ints
from .layout import TRANSITIONS, Layout
from .place import Place

Window = tuple[int, int, int, int]
"""First query, query end, first key, key end."""


@dataclass(frozen=True)
class Attention:
    """What one capture of one sample keeps. Memory is O(L·H·N), never O(L·H·N²).

    Attributes:
        query_row: (L, H, N) float32, attention of the token at which the action is read; each row sums to 1.
        row_entropy: (L, H, N) float64, entropy in nats of every query row over the keys that it can see.
        received: (L, H, N) float64, attention that each key receives, summed over queries and divided by how many
            queries can see it.
        value_norm: (L, H, N) float32, ‖v_j W_O‖ of each key's value after that head's part of the output projection.
        logits: (A,) float32, action logits at the query from the same pass.
        even: (N,) float64, what `received` would be if every query attended to all that it sees alike; None where the
            mask is causal or whole, which tell it themselves.
    """

    query_row: Floats
    row_entropy: Doubles
    received: Doubles
    value_norm: Floats
    logits: Floats
    even: Doubles | None = None

    @property
    def n_layer(self) -> int:
        return int(self.query_row.shape[0])

    @property
    def n_head(self) -> int:
        return int(self.query_row.shape[1])

    @property
    def n_tokens(self) -> int:
        return int(self.query_row.shape[2])


@dataclass(frozen=True)
class HeadView:
    """What the explorer shows of one head (or the mean over heads) of one sample and layer.

    The matrix has Q queries down and K keys across. Of the model itself both are the N positions of the place's unit;
    of a compressor's round they are its latents and the keys of that round (`CompressorInfo.rounds`).

    Attributes:
        place: what it is about; its query is the row on display, from 0.
        pooled: (R, C) float32, the Q × K matrix, or a window of it, max-pooled to at most the pane's pixels; NaN where
            no query of the block can see any key of the block.
        row_edges: (R + 1,) int64, positions that bound the pooled rows; col_edges: (C + 1,) likewise. They begin at 0
            and end at Q and K unless a window is shown.
        peak: (R, C, 2) int64, (query, key) of each block's maximum; (-1, -1) where pooled is NaN.
        query_row: (K,) float32, attention of the place's query on every key.
        received: (K,) float32, attention received per key, per query that can see it.
        row_entropy: (Q,) float32, nats; of a transition's row, over the tokens that its state token sees.
    """

    place: Place
    pooled: Floats
    row_edges: Ints
    col_edges: Ints
    peak: Ints
    query_row: Floats
    received: Floats
    row_entropy: Floats

    @property
    def exact(self) -> bool:
        """True when every pixel is one (query, key) pair."""
        rows, cols = self.row_edges, self.col_edges
        return self.pooled.shape == (int(rows[-1] - rows[0]), int(cols[-1] - cols[0]))

    @property
    def shows_ranks(self) -> bool:
        """True when every pixel is one pair and rows are whole, so that a weight's rank can be read off the picture."""
        return self.exact and self.pooled.shape[1] == self.query_row.shape[0]


@dataclass(frozen=True)
class CellInfo:
    """One attention weight: value, its rank in its row (1 is the largest) and the number of keys the query sees."""

    place: Place
    key: int
    value: float
    rank: int
    visible: int


@dataclass(frozen=True)
class Sheet:
    """Thumbnails of every head of one sample.

    Attributes:
        thumbnails: (L, H, h, w) float32, max-pooled like HeadView.pooled, NaN where masked.
        entropy_norm: (L, H) float64, H(p)/ln n of the query row, for the captions.
        unit: "tokens" or "transitions", see Place.
    """

    sample: int
    thumbnails: Floats
    entropy_norm: Doubles
    unit: str = TRANSITIONS


@dataclass(frozen=True)
class CompressorRound:
    """One round of a compressor over one sample.

    Attributes:
        own: (L, H, m, m) float32, attention among the latents; L and H are the compressor's.
        cross: (L, H, m, K) float32, attention of the latents to the K keys of the round.
        layout: what the K keys stand for.
    """

    own: Floats
    cross: Floats
    layout: Layout
