"""Attention and its sums by two Triton kernels, tile by tile; imported only where Triton is.

`_rows` walks the keys of a tile of queries once, as fused attention does: output, log-sum-exp and entropy. With m the
largest score so far, l = Σ_j e^(s_j − m) and w = Σ_j e^(s_j − m) (s_j − m) are kept; H = ln l − w / l, in which nothing
of the size of the scores is subtracted. `_columns` walks the queries of a tile of keys and adds up e^(s − lse).

Not run on a CUDA device: what it gives was compared in Triton's interpreter, and is again on a card before it is used,
see `cuda.py`.
"""

from __future__ import annotations

from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

TILE = 64
"""Queries, and keys, of a tile."""


@triton.jit
def _scores(q, k, i, j, n, scale, CAUSAL: tl.constexpr):
    """Of the queries i (M,) and keys j (M,), −inf where a key is not seen."""
    s = tl.dot(q, tl.trans(k), input_precision="ieee") * scale
    seen = (i[:, None] < n) & (j[None, :] < n)
    if CAUSAL:
        seen = seen & (j[None, :] <= i[:, None])
    return tl.where(seen, s, float("-inf"))


@triton.jit
def _load(at, of, head, token, i, column, n, d):
    """(M, D) rows i of a head, 0 beyond its n tokens and d numbers."""
    inside = (i[:, None] < n) & (column[None, :] < d)
    return tl.load(at + of + head + i[:, None] * token + column[None, :], mask=inside, other=0.0)


@triton.jit
def _rows(
    q_at, k_at, v_at, out_at, lse_at, entropy_at, n, d, heads, shared, scale,
    qb, qh, qn, kb, kh, kn, vb, vh, vn,
    CAUSAL: tl.constexpr, OUTPUT: tl.constexpr, D: tl.constexpr, M: tl.constexpr,
):  # fmt: skip
    row = tl.program_id(1).to(tl.int64)
    b, h = row // heads, row % heads
    i, column = tl.program_id(0) * M + tl.arange(0, M), tl.arange(0, D)
    q = _load(q_at, b * qb, h * qh, qn, i, column, n, d)
    most = tl.full((M,), float("-inf"), tl.float32)
    total, mixed = tl.zeros((M,), tl.float32), tl.zeros((M,), tl.float32)
    out = tl.zeros((M, D), tl.float32)
    last = tl.minimum(n, (tl.program_id(0) + 1) * M) if CAUSAL else n
    for begin in range(0, last, M):
        j = begin + tl.arange(0, M)
        k = _load(k_at, b * kb, (h // shared) * kh, kn, j, column, n, d)
        s = _scores(q, k, i, j, n, scale, CAUSAL)
        new = tl.maximum(most, tl.max(s, 1))
        new = tl.where(new == float("-inf"), 0.0, new)  # rows beyond the last
        fall = tl.where(most == float("-inf"), 0.0, most - new)
        kept = tl.where(most == float("-inf"), 0.0, tl.exp(fall))
        p = tl.exp(s - new[:, None])
        own = tl.where(p > 0, p * (s - new[:, None]), 0.0)
        mixed = kept * (mixed + fall * total) + tl.sum(own, 1)
        total = kept * total + tl.sum(p, 1)
        if OUTPUT:
            v = _load(v_at, b * vb, (h // shared) * vh, vn, j, column, n, d)
            out = out * kept[:, None] + tl.dot(p, v, input_precision="ieee")
        most = new
    total = tl.where(i < n, total, 1.0)
    tl.store(lse_at + row * n + i, most + tl.log(total), mask=i < n)
    tl.store(entropy_at + row * n + i, tl.log(total) - mixed / total, mask=i < n)
    if OUTPUT:
        inside = (i[:, None] < n) & (column[None, :] < d)
        tl.store(out_at + (row * n + i[:, None]) * d + column[None, :], out / total[:, None], mask=inside)


@triton.jit
def _columns(
    q_at, k_at, lse_at, received_at, n, d, heads, shared, scale, qb, qh, qn, kb, kh, kn,
    CAUSAL: tl.constexpr, D: tl.constexpr, M: tl.constexpr,
):  # fmt: skip
    row = tl.program_id(1).to(tl.int64)
    b, h = row // heads, row % heads
    j, column = tl.program_id(0) * M + tl.arange(0, M), tl.arange(0, D)
    k = _load(k_at, b * kb, (h // shared) * kh, kn, j, column, n, d)
    received = tl.zeros((M,), tl.float64)
    first = tl.program_id(0) * M if CAUSAL else 0
    for begin in range(first, n, M):
        i = begin + tl.arange(0, M)
        q = _load(q_at, b * qb, h * qh, qn, i, column, n, d)
        lse = tl.load(lse_at + row * n + i, mask=i < n, other=0.0)
        s = _scores(q, k, i, j, n, scale, CAUSAL)
        received += tl.sum(tl.exp(s - lse[:, None]), 0).to(tl.float64)
    tl.store(received_at + row * n + j, received, mask=j < n)


def measure(q: Tensor, k: Tensor, v: Tensor, causal: bool, output: bool) -> tuple[Tensor, Tensor, Tensor]:
    """What `attend.measured` gives in float32 without a mask of the model's own. Shared keys are not repeated."""
    q, k, v = (x if x.stride(-1) == 1 else x.contiguous() for x in (q, k, v))
    B, H, N, d = q.shape
    out = q.new_empty(B, H, N if output else 0, d)
    lse, entropy = (torch.empty(B, H, N, dtype=torch.float32, device=q.device) for _ in range(2))
    received = torch.empty(B, H, N, dtype=torch.float64, device=q.device)
    grid = (triton.cdiv(N, TILE), B * H)
    sizes = (N, d, H, H // k.shape[1], d**-0.5)
    strides = [step for x in (q, k, v) for step in x.stride()[:3]]
    fixed: dict[str, Any] = {"CAUSAL": causal, "D": max(16, triton.next_power_of_2(d)), "M": TILE}
    _rows[grid](q, k, v, out, lse, entropy, *sizes, *strides, OUTPUT=output, **fixed)
    _columns[grid](q, k, lse, received, *sizes, *strides[:6], **fixed)
    return out, received, entropy.double()
