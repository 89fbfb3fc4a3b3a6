"""Attention and its sums by torch's fused attention alone: the route on CUDA, where blocks of a matrix cost most.

Fused attention hands out no weights, but of each query the logarithm of its sum of exponentials, lse. With that:

- the entropy of a row is H = lse − Σ_j P_j s_j, and Σ_j P_j s_j = q·(P K) / √d_h: attention with K for values gives it;
- key j receives Σ_i e^(s_ij − lse_i): the sum of exponentials of attention in which keys ask and queries answer, each
  with −lse for a bias. A bias is one more number of each head: −lse_i beside q_i, 1 beside k_j. Under a causal mask
  keys are seen by later queries; turned round, both in reverse, that is a causal mask again.

Three calls in place of one, of memory O(B · H · N). It has not been run on a CUDA device: a device is trusted only
after `fault` has compared its numbers with those of the portable route in float64, at first use in a process.
"""

from __future__ import annotations

import os
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from ..files.compiled import OFF, SWITCH
from .entropy import DIRECT, entropy_of

ALIGNED = 8
"""Numbers of a head come in multiples of so many."""
ROWS = 1024
"""Rows whose entropy is summed term by term at once."""
EXACT = 1e-4
"""What the numbers of a device may be off by, in float32."""
CASES = ((1, 8, 2, True), (130, 16, 4, True), (300, 24, 1, False), (257, 64, 2, True))
"""Tokens, numbers of a head, heads of keys, causal: what routes are compared on."""


def takes(q: Tensor, k: Tensor) -> bool:
    """Whether this route runs on these: float32 on a CUDA device that it is right on."""
    if q.device.type != "cuda" or q.dtype != torch.float32 or q.requires_grad or q.shape[2] != k.shape[2]:
        return False
    return os.environ.get(SWITCH, "").lower() != OFF and not fault(str(q.device))


def measure(q: Tensor, k: Tensor, v: Tensor, causal: bool, output: bool) -> tuple[Tensor, Tensor, Tensor]:
    """What `attend.measured` gives without a mask of the model's own."""
    B, H, _, d = q.shape
    if k.shape[1] != H:
        k, v = (x.repeat_interleave(H // k.shape[1], 1) for x in (k, v))
    scale = d**-0.5
    out = _fused(q, k, v, causal, scale)[0] if output else q.new_empty(B, H, 0, d)
    mixed, lse = _fused(q, k, k, causal, scale)
    entropy = lse.double() - scale * (q.double() * mixed.double()).sum(-1)
    reach = scale * q.norm(dim=-1) * k.norm(dim=-1).amax(-1, keepdim=True)  # no score of the row can be larger
    small = entropy < reach * DIRECT
    if small.any():
        entropy[small] = _term_by_term(q, k, small, causal)
    asked = torch.cat([k, torch.ones_like(k[..., :1])], -1)
    told = torch.cat([q * scale, -lse[..., None]], -1)
    if causal:
        asked, told = asked.flip(2), told.flip(2)
    total = _fused(asked, told, told, causal, 1.0)[1].double().exp()
    return out, total.flip(2) if causal else total, entropy


def _fused(q: Tensor, k: Tensor, v: Tensor, causal: bool, scale: float) -> tuple[Tensor, Tensor]:
    """Attention's output (B, H, N, d_h) and lse (B, H, N), natural."""
    width, more = q.shape[-1], -q.shape[-1] % ALIGNED
    q, k, v = (F.pad(x, (0, more)) if more else x for x in (q, k, v))
    if q.device.type == "cuda":
        found = torch.ops.aten._scaled_dot_product_efficient_attention(q, k, v, None, True, 0.0, causal, scale=scale)
    else:
        found = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(q, k, v, 0.0, causal, scale=scale)
    return found[0][..., :width], found[1][..., : q.shape[2]]


def _term_by_term(q: Tensor, k: Tensor, chosen: Tensor, causal: bool) -> Tensor:
    """(R,) float64 entropies of the chosen rows (B, H, N), of their own terms −P ln P, some rows at a time."""
    N, found = k.shape[2], []
    batch, head, row = chosen.nonzero(as_tuple=True)
    step = max(1, ROWS * 128 // max(N, 1))
    for at in range(0, len(row), step):
        b, h, r = (one[at : at + step] for one in (batch, head, row))
        scores = torch.einsum("rd,rnd->rn", q[b, h, r], k[b, h]) * q.shape[-1] ** -0.5
        if causal:
            scores = scores.masked_fill(torch.arange(N, device=q.device) > r[:, None], float("-inf"))
        found.append(entropy_of(scores.softmax(-1)).double())
    return torch.cat(found)


@cache
def fault(device: str) -> str:
    """Why this route is not taken on a device: what is off by how much, or what torch says; "" where it is right."""
    try:
        return difference(torch.device(device))
    except RuntimeError as error:  # this build or this card has no such attention
        return (str(error).splitlines() or [type(error).__name__])[0]


def difference(device: torch.device) -> str:
    """Where this route in float32 and the portable one in float64 differ by more than float32's digits; "" nowhere."""
    from .attend import portable

    generator = torch.Generator().manual_seed(0)
    for n, width, groups, causal in CASES:
        q, k, v = (torch.randn(2, heads, n, width, generator=generator) for heads in (4, groups, groups))
        expected = portable(q.double(), k.double(), v.double(), causal=causal)
        found = measure(q.to(device), k.to(device), v.to(device), causal, True)
        for name, one, other in zip(("output", "received", "entropy"), found, expected, strict=True):
            gap = float((one.cpu().double() - other).abs().max())
            if not gap <= EXACT:
                return f"{name} off by {gap:.2g} at {n} tokens"
    return ""
