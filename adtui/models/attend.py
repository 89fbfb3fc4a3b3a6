"""Attention, the only place where it is computed, and the choice of its route.

- No recorder, or one that needs no sums over rows: `scaled_dot_product_attention`.
- A recorder that wants sums: `measured`. Where a kernel was built for this machine (`kernel.py`), that does it; on CUDA
  Triton's kernels or torch's fused attention do, where they are right (`cuda.py`); else `portable`, which walks the
  rows in blocks and takes from each block the output, the entropies and what every key receives, before the next block
  overwrites it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product
from typing import Literal, Protocol

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..records.arrays import Doubles, Ints
from . import cuda, kernel
from .entropy import DIRECT, entropy_of

BLOCK_ROWS = 128
SMALLEST_BLOCK = 16
ENTRIES = {"cpu": 1 << 21}
"""Weights that a block should hold at most: on a CPU, what stays in its caches."""
ACCELERATOR_ENTRIES = 1 << 26
SAFE = 40.0
"""Scores of at most this size need no maximum subtracted: e^±40 and sums of them are far inside float32."""
LN_2 = math.log(2)

Wants = Literal["sums", "heads", "keys", "read"]


class Recorder(Protocol):
    """What a capture implements. Tensors are on the model's device and must not be changed.

    Attributes:
        wants: "sums": `heads` and `sums` of every layer. "heads": `heads` only. "keys": `heads` only, for its keys and
            values: no rows are read off them. "read": `heads` only, and the pass may leave out what nobody but the
            token at which the action is read needs: then the last layer shows q of that token alone, and under a causal
            mask no key after it.
        block_rows: how many query rows to compute at once, at most: the peak memory is proportional to it.
    """

    wants: Wants
    block_rows: int

    def heads(self, layer: int, q: Tensor, k: Tensor, v: Tensor, out_weight: Tensor) -> None:
        """q, k, v: (B, H, N, d/H) of a layer; out_weight: (d, d), the output projection's weight (out, in)."""

    def sums(self, layer: int, received: Tensor, entropy: Tensor) -> None:
        """(B, H, N) float64 each: attention summed over the queries, per key; entropy in nats, per query."""

    def compressed(self, number: int, layer: int, own: Tensor, cross: Tensor) -> None:
        """A compressor's attention in round `number`: own (B, H, m, m) among its latents, cross (B, H, m, K)."""


def attend(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    *,
    mask: Tensor | None,
    causal: bool,
    layer: int,
    recorder: Recorder | None,
    read: int | None = None,
) -> Tensor:
    """softmax(q kᵀ / √d_h) v for (B, H, N, d_h) inputs.

    Without a mask and not causal, q may have another number of tokens than k and v, unless sums are wanted.

    Args:
        read: the only query whose output is wanted: where sums are, the result may be (B, H, 1, d_h).
    """
    if recorder is None or recorder.wants != "sums":
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=causal and mask is None)
    alone = read is not None and mask is None
    out, received, entropy = measured(q, k, v, mask=mask, causal=causal, limit=recorder.block_rows, output=not alone)
    recorder.sums(layer, received, entropy)
    if read is None or not alone:
        return out
    seen = read + 1 if causal else k.shape[2]
    return F.scaled_dot_product_attention(q[:, :, read : read + 1], k[:, :, :seen], v[:, :, :seen])


def measured(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    *,
    mask: Tensor | None = None,
    causal: bool = True,
    limit: int = BLOCK_ROWS,
    output: bool = True,
) -> tuple[Tensor, Tensor, Tensor]:
    """Attention with what it tells of all rows, in one pass, by the kernel where there is one.

    Inputs of 16 bits are computed in float32: the sums keep its digits.

    Args:
        q: (B, H, N, d_h).
        k, v: (B, G, N, d_h), G a divisor of H: neighbouring queries share keys.
        mask: (N, N) bool, True where the query (row) may see the key; then `causal` is ignored.
        limit: rows of a block, at most.
        output: whether the output is wanted.

    Returns:
        out (B, H, N, d_h) in the inputs' type, (B, H, 0, d_h) where it is not wanted; received and entropy (B, H, N)
        float64.
    """
    kind = q.dtype
    if kind in (torch.float16, torch.bfloat16):
        q, k, v = q.float(), k.float(), v.float()
    native = kernel.kernel() if mask is None and kernel.takes(q, k, v) else None
    if native is not None:
        out, received, entropy = native.measure(q, k, v, causal, output)
    elif mask is None and (on_card := cuda.chosen(q, k)) is not None:
        out, received, entropy = on_card(q, k, v, causal, output)
    else:
        out, received, entropy = portable(q, k, v, mask=mask, causal=causal, limit=limit, output=output)
    return out.to(kind), received, entropy


def portable(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    *,
    mask: Tensor | None = None,
    causal: bool = True,
    limit: int = BLOCK_ROWS,
    output: bool = True,
) -> tuple[Tensor, Tensor, Tensor]:
    """What `measured` gives, by torch alone, in O(B · H · block · N) memory.

    A block's scores s, in base 2 (queries carry log₂ e: torch's 2^x takes a third of its e^x on CPUs), become
    E = 2^(s − m) in place; with l = Σ_j E_j the output is E V / l, key j receives Σ_i E_ij / l_i, and the entropy is
    H = ln 2 · (log₂ l + m − q·(E K) / l): as Σ_j P_j s_j = q·(P K), one product with [V, K] gives output and entropy,
    and the logarithms of N² weights are never taken. m is 0 where no score can exceed SAFE.

    The formula for H subtracts numbers of the size of the scores. Where H is small beside them (a row that looks at one
    key), its own terms −P ln P are summed instead, so that it keeps its digits and is never negative.
    """
    B, H, N, d = q.shape
    if k.shape[1] != H:
        k, v = (x.repeat_interleave(H // k.shape[1], 1) for x in (k, v))
    groups, own = B * H, d if output else 0  # `own` columns of a block's product are the output
    queries = (q * (d**-0.5 / LN_2)).reshape(groups, N, d)
    both = (torch.cat([v, k], dim=-1) if output else k).reshape(groups, N, own + d)
    keys = both[..., own:].transpose(1, 2)
    reach = queries.norm(dim=-1) * k.norm(dim=-1).amax(-1).view(groups, 1)  # no score of the row can be larger
    shifted = mask is not None or bool(reach.max() > SAFE / LN_2)
    heads, rows = block_shape(groups, N, q.device)
    rows = min(limit, rows)
    room = q.new_empty(heads * rows * N)
    out = q.new_empty(groups, N if output else 0, d)
    received = torch.zeros(groups, N, dtype=torch.float64, device=q.device)
    entropy = torch.zeros_like(received)
    for at, start in product(range(0, groups, heads), range(0, N, rows)):
        g, r = slice(at, min(at + heads, groups)), slice(start, min(start + rows, N))
        width = r.stop if causal and mask is None else N
        e = room[: (g.stop - at) * (r.stop - start) * width].view(g.stop - at, r.stop - start, width)
        torch.bmm(queries[g, r], keys[g, :, :width], out=e)
        most = _exponentials(e, start, mask, causal, shifted)
        total = e.sum(-1, keepdim=True)
        share = total.reciprocal()
        y = torch.bmm(e, both[g, :width]).mul_(share)  # (heads, rows, own + d_h)
        if output:
            out[g, r] = y[..., :d]
        received[g, :width] += torch.bmm(share.transpose(1, 2), e)[:, 0]
        found = (total.log2() + most)[..., 0] - (y[..., own:] * queries[g, r]).sum(-1)
        found *= LN_2
        small = found < reach[g, r] * (DIRECT * LN_2)
        if small.any():
            found[small] = entropy_of(e[small] * share[small])
        entropy[g, r] = found
    return out.view(B, H, N if output else 0, d), received.view(B, H, N), entropy.view(B, H, N)


def _exponentials(scores: Tensor, start: int, mask: Tensor | None, causal: bool, shifted: bool) -> Tensor | float:
    """Scores of the rows from `start` become 2^(score − m), 0 where hidden, in place; returns m, (G, rows, 1) or 0."""
    rows, width = scores.shape[1:]
    if not shifted:
        scores.exp2_()
        if causal:  # after the exponentials: on CPUs those of −inf take many times longer
            scores[..., start:] *= torch.ones(rows, rows, dtype=scores.dtype, device=scores.device).tril_()
        return 0.0
    hidden = hidden_keys(start, start + rows, width, mask=mask, causal=causal, device=scores.device)
    if hidden is not None:
        scores.masked_fill_(hidden, float("-inf"))
    most = scores.amax(-1, keepdim=True)
    scores.sub_(most).exp2_()
    return most


def block_shape(groups: int, n_tokens: int, device: torch.device) -> tuple[int, int]:
    """(heads, query rows) of a block, for B · H groups of heads: BLOCK_ROWS rows of as many heads as ENTRIES allow.

    Where one head's rows are too long for that, fewer of them, down to 32: thinner blocks cost more than they save.
    """
    entries = ENTRIES.get(device.type, ACCELERATOR_ENTRIES)
    heads = min(groups, max(1, entries // (BLOCK_ROWS * n_tokens)))
    return heads, min(BLOCK_ROWS, max(32, entries // (heads * n_tokens)))


def weight_blocks(
    q: Tensor,
    k: Tensor,
    *,
    mask: Tensor | None,
    causal: bool,
    first: int = 0,
    last: int | None = None,
    block: int = BLOCK_ROWS,
) -> Iterator[tuple[int, Tensor]]:
    """Attention weights of query rows first…last in blocks, with the first row's index.

    Args:
        q, k: (..., N, d_h); k may have another number of tokens where there is no mask at all.

    Yields:
        (start, weights (..., rows, keys)); under a causal mask `keys` stops at the block's last row.
    """
    N = q.shape[-2]
    last = N if last is None else last
    for start in range(first, last, block):
        stop = min(start + block, last)
        keys = stop if causal and mask is None else k.shape[-2]
        scores = (q[..., start:stop, :] @ k[..., :keys, :].transpose(-2, -1)) * q.shape[-1] ** -0.5
        hidden = hidden_keys(start, stop, keys, mask=mask, causal=causal, device=q.device)
        if hidden is not None:
            scores = scores.masked_fill(hidden, float("-inf"))
        yield start, torch.softmax(scores, dim=-1)


def row_weights(q: Tensor, k: Tensor, row: int, causal: bool, seen: Tensor | None = None) -> Tensor:
    """(..., keys) attention of one query row; under a causal mask `keys` stops at the row itself.

    Args:
        q: (..., N, d_h), or (..., 1, d_h): the row by itself.
        k: (..., N, d_h).
        seen: (..., keys) bool, True where there is a key; None for everywhere.
    """
    one = q if q.shape[-2] == 1 else q[..., row : row + 1, :]
    keys = k[..., : row + 1, :] if causal else k
    scores = (one @ keys.transpose(-2, -1))[..., 0, :] * q.shape[-1] ** -0.5
    return torch.softmax(scores if seen is None else scores.masked_fill(~seen, float("-inf")), dim=-1)


def value_norms(v: Tensor, out_weight: Tensor) -> Tensor:
    """(B, H, N) norms ‖v_j W_O‖ of the values after each head's part of the output projection.

    W_O of a head is d_h × d; its QR factor R is d_h × d_h and leaves the norms as they are, at d_h / d of the work.
    (The Gram matrix R stands for would do the same, but squares small norms into rounding.)

    Args:
        v: (B, H, N, d_h).
        out_weight: (d, d), (out, in).
    """
    H, d = v.shape[1], v.shape[3]
    parts = out_weight.view(-1, H, d).transpose(0, 1)  # (H, d, d_h)
    r = torch.linalg.qr(parts, mode="r").R
    norms: Tensor = (v @ r.transpose(1, 2)).norm(dim=-1)
    return norms


def hidden_keys(
    start: int, stop: int, keys: int, *, mask: Tensor | None, causal: bool, device: torch.device
) -> Tensor | None:
    """(stop − start, keys) bool, True where the query row must not see the key; None when it sees all."""
    if mask is not None:
        return ~mask[start:stop, :keys]
    if not causal:
        return None
    rows = torch.arange(start, stop, device=device)[:, None]
    return torch.arange(keys, device=device)[None, :] > rows


def visible_queries(n_tokens: int, causal: bool, mask: Tensor | None = None) -> Ints:
    """(N,) how many queries can see each key."""
    if mask is not None:
        return np.asarray(mask.sum(0).cpu().numpy(), dtype=np.int64)
    return np.arange(n_tokens, 0, -1, dtype=np.int64) if causal else np.full(n_tokens, n_tokens, np.int64)


def even_attention(mask: Tensor) -> Doubles:
    """(N, N) bool mask → (N,) what each key would receive, per query that sees it, of rows even over what they see."""
    seen = mask.cpu().double()
    return np.asarray(((seen / seen.sum(1, keepdim=True)).sum(0) / seen.sum(0)).numpy(), dtype=np.float64)
