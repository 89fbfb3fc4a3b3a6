"""Model + sample → Attention. The only place that captures.

One pass in blocks of query rows yields everything in `attention.Attention` without ever holding N × N for all heads.
`Heads` keeps each layer's queries and keys (O(L·N·d)), from which any head's rows can be had again on demand.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..models.attend import (
    BLOCK_ROWS,
    SMALLEST_BLOCK,
    Wants,
    even_attention,
    row_weights,
    value_norms,
    visible_queries,
    weight_blocks,
)
from ..models.model import Model
from ..records.arrays import Floats
from ..records.attention import Attention, CompressorRound
from ..records.layout import TOKENS, TRANSITIONS, Layout
from ..records.place import Place
from ..records.sample import Sample


class _Collect:
    """Recorder of one sample (B = 1): every layer's statistics, and its queries and keys where they are kept.

    Args:
        keep: keep queries and keys, copied out of the fused projection so that the values can go.
    """

    def __init__(self, model: Model, layout: Layout, wants: Wants, block_rows: int, keep: bool) -> None:
        self.wants, self.block_rows, self.keep = wants, block_rows, keep
        self.read, self.causal = layout.read, model.causal
        size, device = (model.n_layer, model.n_head, layout.n_tokens), model.device
        self.query_row, self.value_norm = torch.zeros(size, device=device), torch.zeros(size, device=device)
        whole = size if wants == "sums" else (0, 0, 0)
        self.row_entropy = torch.zeros(whole, dtype=torch.float64, device=device)
        self.received = torch.zeros(whole, dtype=torch.float64, device=device)
        self.queries: list[Tensor] = []
        self.keys: list[Tensor] = []
        self.rounds: list[list[tuple[Floats, Floats]]] = []

    def heads(self, layer: int, q: Tensor, k: Tensor, v: Tensor, out_weight: Tensor) -> None:
        row = row_weights(q[0], k[0], self.read, self.causal)
        self.query_row[layer, :, : row.shape[1]] = row
        if self.wants == "sums":
            self.value_norm[layer] = value_norms(v, out_weight)[0]
        if self.keep:
            self.queries.append(q[0].contiguous())
            self.keys.append(k[0].contiguous())

    def sums(self, layer: int, received: Tensor, entropy: Tensor) -> None:
        self.received[layer], self.row_entropy[layer] = received[0], entropy[0]

    def compressed(self, number: int, layer: int, own: Tensor, cross: Tensor) -> None:
        if layer == 0:
            self.rounds.append([])
        self.rounds[number].append((_array(own[0]), _array(cross[0])))


def _array(weights: Tensor) -> Floats:
    return np.asarray(weights.float().cpu().numpy(), dtype=np.float32)


@dataclass(frozen=True)
class Heads:
    """Queries and keys of every layer of one sample, enough to give any rectangle of any head's matrix.

    Attributes:
        queries, keys: per layer (H, N, d/H), on the model's device.
        layout: what the N tokens stand for.
        block_rows: query rows that were computed at once; the device had the memory for so many.
        mask: (N, N) bool where the model's is neither causal nor whole; `causal` is then False.
    """

    queries: tuple[Tensor, ...]
    keys: tuple[Tensor, ...]
    causal: bool
    layout: Layout
    block_rows: int = BLOCK_ROWS
    mask: Tensor | None = None

    @property
    def n_layer(self) -> int:
        return len(self.queries)

    @property
    def n_head(self) -> int:
        return int(self.queries[0].shape[0])

    @property
    def n_tokens(self) -> int:
        return self.layout.n_tokens

    def visible(self, query: int, unit: str) -> NDArray[np.bool_]:
        """(N or U,) which positions of a view a query sees: of a transition's row, those its state token does."""
        if self.mask is None:
            n = self.layout.view(unit).n_tokens
            return np.arange(n) <= query if self.causal else np.ones(n, np.bool_)
        if unit == TOKENS:
            return np.asarray(self.mask[query].cpu().numpy(), dtype=np.bool_)
        seen = self.mask[int(self.layout.leads[query])].cpu().numpy()
        return np.asarray(self.layout.sum(seen.astype(np.int64)) > 0, dtype=np.bool_)

    @torch.inference_mode()
    def rows(self, layer: int, head: int | None, first: int, last: int, unit: str = TOKENS) -> Floats:
        """Rows first…last of one head's matrix, or of the mean over heads.

        Summed into transitions, a transition's row is that of its state token, at which its action is predicted, and
        its column is the sum over its tokens; rows still sum to 1.

        Returns:
            (last − first, N or U) float32, 0 where the mask hides the key.
        """
        if unit == TRANSITIONS and self.layout.summed:
            if last <= first:
                return np.zeros((0, len(self.layout.leads)), np.float32)
            leads = self.layout.leads[first:last]
            return self.layout.sum(self.rows(layer, head, int(leads[0]), int(leads[-1]) + 1)[leads - leads[0]])
        pick = slice(None) if head is None else slice(head, head + 1)
        out = np.zeros((last - first, self.n_tokens), np.float32)
        q, k = self.queries[layer][pick], self.keys[layer][pick]
        rows = {"first": first, "last": last, "block": self.block_rows}
        for start, w in weight_blocks(q, k, mask=self.mask, causal=self.causal, **rows):
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
    rounds: tuple[CompressorRound, ...] = ()


@dataclass(frozen=True)
class QueryRow:
    """What the cheapest pass gives.

    Attributes:
        query_row: (L, H, N) float32, as in `attention.Attention`.
        logits: (A,) float32, action logits at the query from the same pass.
    """

    query_row: Floats
    logits: Floats


@torch.inference_mode()
def capture(model: Model, sample: Sample) -> Capture:
    """Run the model on one sample, keep what `attention.Attention` lists, and all that views are made of.

    Cost: one measured pass (see docs/performance.md); memory O(H · block · N), and O(L·N·d) for the queries and keys
    that are kept, which is 33 MB at 4 layers × 16384 tokens × 64. `measure` keeps none.

    Raises:
        ModelError: the sample does not fit the model.
        torch.OutOfMemoryError: it does not fit with the smallest blocks either.
    """
    collect, attention = _measured(model, sample, keep=True)
    rounds = [
        CompressorRound(np.stack([own for own, _ in layers]), np.stack([cross for _, cross in layers]), keys)
        for layers, keys in zip(collect.rounds, model.rounds(sample), strict=True)
    ]
    mask = model.network.mask(sample.n_context)
    heads = Heads(
        tuple(collect.queries),
        tuple(collect.keys),
        model.causal and mask is None,
        model.layout(sample),
        collect.block_rows,
        mask,
    )
    return Capture(attention, heads, tuple(rounds))


@torch.inference_mode()
def measure(model: Model, sample: Sample) -> Attention:
    """The statistics alone, where no picture is wanted: nothing per layer is kept but O(H·N) numbers.

    Raises:
        as `capture` does.
    """
    return _measured(model, sample, keep=False)[1]


@torch.inference_mode()
def query_row(model: Model, sample: Sample) -> QueryRow:
    """Only the attention of the token at which the action is read: no dearer than a plain pass.

    Every layer's attention runs fused, and the last layer's query, output and feed-forward are computed for that token
    alone.

    Raises:
        ModelError: the sample does not fit the model.
    """
    collect = _Collect(model, model.layout(sample), "read", BLOCK_ROWS, keep=False)
    logits = model.logits([sample], collect)[0]
    return QueryRow(_array(collect.query_row), logits)


def _measured(model: Model, sample: Sample, *, keep: bool) -> tuple[_Collect, Attention]:
    """One pass; when the device runs out of memory, another with blocks of half as many rows, to SMALLEST_BLOCK."""
    block = BLOCK_ROWS
    layout, mask = model.layout(sample), model.network.mask(sample.n_context)
    while True:
        collect = _Collect(model, layout, "sums", block, keep)
        try:
            logits = model.logits([sample], collect)[0]
            break
        except torch.OutOfMemoryError:
            if block <= SMALLEST_BLOCK:
                raise
            block //= 2
    attention = Attention(
        query_row=_array(collect.query_row),
        row_entropy=collect.row_entropy.cpu().numpy(),
        received=collect.received.cpu().numpy() / visible_queries(layout.n_tokens, model.causal, mask),
        value_norm=_array(collect.value_norm),
        logits=logits,
        even=None if mask is None else even_attention(mask),
    )
    return collect, attention


def _round_weights(captured: Capture, place: Place) -> tuple[Floats, Layout]:
    """(m, K) attention of the latents in the place's round, and what the K keys stand for."""
    assert place.round is not None, "about a round of the compressor"
    one = captured.rounds[place.round]
    weights = one.cross[place.layer].mean(0) if place.head is None else one.cross[place.layer, place.head]
    return weights, one.layout
