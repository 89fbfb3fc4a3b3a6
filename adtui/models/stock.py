"""Attention and its sums by torch's fused attention alone: a route on CUDA, where blocks of a matrix cost most.

Fused attention hands out no weights, but of each query the logarithm of its sum of exponentials, lse. With that:

- the entropy of a row is H = lse − Σ_j P_j s_j, and Σ_j P_j s_j = q·(P K) / √d_h: attention with K for values gives it;
- key j receives Σ_i e^(s_ij − lse_i): the sum of exponentials of attention in which keys ask and queries answer, each
  with −lse for a bias. A bias is one more number of each head: −lse_i beside q_i, 1 beside k_j. Under a causal mask
  keys are seen by later queries; turned round, both in reverse, that is a causal mask again.

Three calls in place of one, of memory O(B · H · N). It has not been run on a CUDA device; `cuda.py` tries it there
before it is used.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from .entropy import DIRECT, entropy_of

ALIGNED = 8
"""Numbers of a head come in multiples of so many."""
ROWS = 1024
"""Rows whose entropy is summed term by term at once."""


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
