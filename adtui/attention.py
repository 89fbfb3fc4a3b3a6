"""Model + sample → Attention. The only place that captures.

One pass in blocks of query rows yields everything in `records.Attention` without ever holding N × N for all heads.
`Heads` keeps each layer's queries and keys (O(L·N·d)), from which any head's rows can be had again on demand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .models import Model
from .models.decoder import BLOCK_ROWS, weight_blocks
from .records import Attention, CellInfo, Doubles, Floats, HeadView, Ints, Sample, Sheet

SMALLEST_BLOCK = 16


class _Collect:
    """Recorder of one sample (B = 1): the statistics of every block, and every layer's queries and keys."""

    def __init__(self, n_layer: int, n_head: int, n_tokens: int, block_rows: int) -> None:
        self.block_rows = block_rows
        size = (n_layer, n_head, n_tokens)
        self.query_row = np.zeros(size, np.float32)
        self.row_entropy = np.zeros(size, np.float64)
        self.column_sum = np.zeros(size, np.float64)
        self.value_norm = np.zeros(size, np.float32)
        self.queries: list[Tensor] = []
        self.keys: list[Tensor] = []

    def heads(self, layer: int, q: Tensor, k: Tensor, v: Tensor, out_weight: Tensor) -> None:
        self.queries.append(q[0])
        self.keys.append(k[0])
        width = v.shape[-1]
        for h in range(v.shape[1]):
            written = v[0, h] @ out_weight[:, h * width : (h + 1) * width].T  # (N, d), per unit weight
            self.value_norm[layer, h] = written.norm(dim=-1).float().cpu().numpy()

    def rows(self, layer: int, start: int, weights: Tensor) -> None:
        w = weights[0]  # (H, rows, keys)
        stop, keys = start + w.shape[1], w.shape[2]
        self.row_entropy[layer, :, start:stop] = torch.special.entr(w).sum(-1, dtype=torch.float64).cpu().numpy()
        self.column_sum[layer, :, :keys] += w.sum(1, dtype=torch.float64).cpu().numpy()
        if stop == self.query_row.shape[-1]:
            self.query_row[layer, :, :keys] = w[:, -1].float().cpu().numpy()


@dataclass(frozen=True)
class Heads:
    """Queries and keys of every layer of one sample, enough to give any rectangle of any head's matrix.

    Attributes:
        queries, keys: per layer (H, N, d/H), on the model's device.
    """

    queries: tuple[Tensor, ...]
    keys: tuple[Tensor, ...]
    causal: bool

    @property
    def n_layer(self) -> int:
        return len(self.queries)

    @property
    def n_head(self) -> int:
        return int(self.queries[0].shape[0])

    @property
    def n_tokens(self) -> int:
        return int(self.queries[0].shape[1])

    @torch.inference_mode()
    def rows(self, layer: int, head: int | None, first: int, last: int) -> Floats:
        """Rows first…last of one head's matrix, or of the mean over heads.

        Returns:
            (last − first, N) float32, 0 where the mask hides the key.
        """
        pick = slice(None) if head is None else slice(head, head + 1)
        out = np.zeros((last - first, self.n_tokens), np.float32)
        q, k = self.queries[layer][pick], self.keys[layer][pick]
        for start, w in weight_blocks(q, k, mask=None, causal=self.causal, first=first, last=last):
            out[start - first : start - first + w.shape[1], : w.shape[2]] = w.mean(0).float().cpu().numpy()
        return out

    @torch.inference_mode()
    def matrices(self, layer: int) -> Floats:
        """(H, N, N) float32: every head's whole matrix of one layer, for figures and `adtui extract`."""
        return np.stack([self.rows(layer, h, 0, self.n_tokens) for h in range(self.n_head)])


@dataclass(frozen=True)
class Capture:
    """Everything that one captured pass over one sample gives."""

    attention: Attention
    heads: Heads


@torch.inference_mode()
def capture(model: Model, sample: Sample) -> Capture:
    """Run the model on one sample and keep what `records.Attention` lists.

    Cost: one forward pass with explicit attention; memory O(H · block · N + L·N·d). When the device runs out of
    memory, the pass is tried again with blocks of half as many rows, down to SMALLEST_BLOCK.

    Raises:
        ModelError: the sample does not fit the model.
        torch.OutOfMemoryError: it does not fit with the smallest blocks either.
    """
    block = BLOCK_ROWS
    while True:
        collect = _Collect(model.n_layer, model.n_head, sample.n_tokens, block)
        try:
            logits = model.logits([sample], collect)[0]
            break
        except torch.OutOfMemoryError:
            if block <= SMALLEST_BLOCK:
                raise
            block //= 2
    attention = Attention(
        query_row=collect.query_row,
        row_entropy=collect.row_entropy,
        received=collect.column_sum / visible_queries(sample.n_tokens, model.causal),
        value_norm=collect.value_norm,
        logits=logits,
    )
    return Capture(attention, Heads(tuple(collect.queries), tuple(collect.keys), model.causal))


def visible_queries(n_tokens: int, causal: bool) -> Ints:
    """(N,) how many queries can see each key."""
    return np.arange(n_tokens, 0, -1, dtype=np.int64) if causal else np.full(n_tokens, n_tokens, np.int64)


def visible_keys(query: int, n_tokens: int, causal: bool) -> int:
    """How many keys a query can see."""
    return query + 1 if causal else n_tokens


def edges(n: int, most: int) -> Ints:
    """Bounds of at most `most` nearly equal blocks of n tokens: (blocks + 1,) int64, from 0 to n."""
    blocks = max(1, min(n, most))
    return (np.arange(blocks + 1, dtype=np.int64) * n) // blocks


def view(captured: Capture, *, sample: int, layer: int, head: int | None, query: int, rows: int, cols: int) -> HeadView:
    """One head's picture for a pane of rows × cols pixels, and its curves. `query` −1 is the last token."""
    heads, attention = captured.heads, captured.attention
    n = heads.n_tokens
    query = query % n
    pooled, row_edges, col_edges, peak = pool(
        lambda a, b: heads.rows(layer, head, a, b), n, rows, cols, causal=heads.causal
    )
    pick = slice(None) if head is None else slice(head, head + 1)
    return HeadView(
        sample=sample,
        layer=layer,
        head=head,
        query=query,
        pooled=pooled,
        row_edges=row_edges,
        col_edges=col_edges,
        peak=peak,
        query_row=heads.rows(layer, head, query, query + 1)[0],
        received=attention.received[layer, pick].mean(0).astype(np.float32),
        row_entropy=attention.row_entropy[layer, pick].mean(0).astype(np.float32),
    )


def sheet(captured: Capture, *, sample: int, rows: int, cols: int, entropy_norm: Doubles) -> Sheet:
    """Thumbnails of every head, pooled to at most rows × cols pixels each."""
    heads = captured.heads

    def thumbnail(layer: int, head: int) -> Floats:
        return pool(lambda a, b: heads.rows(layer, head, a, b), heads.n_tokens, rows, cols, causal=heads.causal)[0]

    pictures = [[thumbnail(layer, h) for h in range(heads.n_head)] for layer in range(heads.n_layer)]
    return Sheet(sample, np.stack([np.stack(row) for row in pictures]), entropy_norm)


def cell(captured: Capture, *, sample: int, layer: int, head: int | None, query: int, key: int) -> CellInfo:
    """One weight and its rank among the keys that the query can see (ties share the better rank)."""
    heads = captured.heads
    row = heads.rows(layer, head, query, query + 1)[0]
    visible = visible_keys(query, heads.n_tokens, heads.causal)
    rank = 1 + int((row[:visible] > row[key]).sum())
    return CellInfo(sample, layer, head, query, key, float(row[key]), rank, visible)


def pool(
    rows_of: Callable[[int, int], Floats], n: int, rows: int, cols: int, *, causal: bool
) -> tuple[Floats, Ints, Ints, Ints]:
    """Max-pool an N × N matrix to at most rows × cols blocks, reading it a block of rows at a time.

    Args:
        rows_of: (first, last) → (last − first, N) rows of the matrix.

    Returns:
        pooled (R, C) float32, NaN where no query of the block sees any key of it; row_edges (R + 1,);
        col_edges (C + 1,); peak (R, C, 2) int64 (query, key) of each maximum, (−1, −1) where NaN.
    """
    row_edges, col_edges = edges(n, rows), edges(n, cols)
    R, C = len(row_edges) - 1, len(col_edges) - 1
    pooled = np.full((R, C), np.nan, np.float32)
    peak = np.full((R, C, 2), -1, np.int64)
    widths = np.diff(col_edges)
    keys = np.arange(n)
    for r in range(R):
        first, last = int(row_edges[r]), int(row_edges[r + 1])
        block = rows_of(first, last)
        if causal:
            block = np.where(keys[None, :] > np.arange(first, last)[:, None], np.float32(-1), block)
        best = block.max(axis=0)
        tops = np.maximum.reduceat(best, col_edges[:-1])
        at = np.minimum.reduceat(np.where(best == np.repeat(tops, widths), keys, n), col_edges[:-1])
        seen = tops >= 0
        pooled[r, seen] = tops[seen]
        peak[r, seen, 1] = at[seen]
        peak[r, seen, 0] = first + block.argmax(axis=0)[at[seen]]
    return pooled, row_edges, col_edges, peak
