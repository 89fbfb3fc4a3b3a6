"""The compressor of the rad family: learnt queries that attend to a piece of context and become latent tokens."""

from __future__ import annotations

from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .attend import Recorder, attend, weight_blocks
from .decoder import split_heads


class CompressorSizes(Protocol):
    """What is told of a compressor, whoever runs it."""

    @property
    def n_layer(self) -> int: ...
    @property
    def n_head(self) -> int: ...
    @property
    def n_latents(self) -> int:
        """Latent tokens that every round makes."""


class Kept:
    """Computes one small attention with its weights, whole, and keeps them."""

    def __init__(self) -> None:
        self.weights = torch.empty(0)

    def attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """What `attend.attend` gives; there are few rows."""
        [(_, self.weights)] = weight_blocks(q, k, mask=None, causal=False, block=q.shape[2])
        return self.weights @ v


def attention(q: Tensor, k: Tensor, v: Tensor, kept: Kept | None) -> Tensor:
    """softmax(q kᵀ / √d_h) v, with the weights kept where somebody wants them."""
    if kept is not None:
        return kept.attend(q, k, v)
    return attend(q, k, v, mask=None, causal=False, layer=0, recorder=None)


class CrossAttention(nn.Module):
    """Multi-head attention of some tokens to others, with four separate projections."""

    def __init__(self, d_model: int, n_head: int) -> None:
        super().__init__()
        self.n_head = n_head
        self.q_proj, self.k_proj = nn.Linear(d_model, d_model), nn.Linear(d_model, d_model)
        self.v_proj, self.out_proj = nn.Linear(d_model, d_model), nn.Linear(d_model, d_model)

    def forward(self, x: Tensor, context: Tensor, kept: Kept | None) -> Tensor:
        """(B, m, d) attends to (B, K, d)."""
        q, k, v = (split_heads(t, self.n_head) for t in (self.q_proj(x), self.k_proj(context), self.v_proj(context)))
        y = attention(q, k, v, kept)
        out: Tensor = self.out_proj(y.transpose(1, 2).flatten(2))
        return out


class OwnAttention(nn.Module):
    """Multi-head attention among the latents, with one fused projection: the names are torch's own."""

    def __init__(self, d_model: int, n_head: int) -> None:
        super().__init__()
        self.n_head = n_head
        self.in_proj_weight = nn.Parameter(torch.empty(3 * d_model, d_model))
        self.in_proj_bias = nn.Parameter(torch.empty(3 * d_model))
        self.out_proj = nn.Linear(d_model, d_model)

    def forward(self, x: Tensor, kept: Kept | None) -> Tensor:
        """(B, m, d) attends to itself."""
        fused = F.linear(x, self.in_proj_weight, self.in_proj_bias)
        q, k, v = (split_heads(part, self.n_head) for part in fused.chunk(3, dim=-1))
        y = attention(q, k, v, kept)
        out: Tensor = self.out_proj(y.transpose(1, 2).flatten(2))
        return out


class CompressorLayer(nn.Module):
    """Self-attention, cross-attention and feed-forward, each after its norm."""

    def __init__(self, d_model: int, n_head: int, d_ff: int) -> None:
        super().__init__()
        self.self_attn, self.cross_attn = OwnAttention(d_model, n_head), CrossAttention(d_model, n_head)
        self.self_attn_norm, self.cross_attn_norm = nn.LayerNorm(d_model), nn.LayerNorm(d_model)
        self.ffn_norm = nn.LayerNorm(d_model)
        # The users' dropout layers have numbers too.
        self.ffn = nn.Sequential(
            nn.Linear(d_model, d_ff), nn.GELU(), nn.Identity(), nn.Linear(d_ff, d_model), nn.Identity()
        )

    def forward(self, x: Tensor, context: Tensor, own: Kept | None, cross: Kept | None) -> Tensor:
        x = x + self.self_attn(self.self_attn_norm(x), own)
        x = x + self.cross_attn(self.cross_attn_norm(x), context, cross)
        out: Tensor = x + self.ffn(self.ffn_norm(x))
        return out


class Compressor(nn.Module):
    """Sums up K tokens in m latents.

    Args:
        n_latents: m.
        n_positions: the longest context that it has positions for.
    """

    def __init__(self, d_model: int, n_layer: int, n_head: int, d_ff: int, n_latents: int, n_positions: int) -> None:
        super().__init__()
        self.n_head = n_head
        self.compress_queries = nn.Parameter(torch.empty(1, n_latents, d_model))
        self.context_pos_embedding = nn.Parameter(torch.empty(1, n_positions, d_model))
        self.layers = nn.ModuleList(CompressorLayer(d_model, n_head, d_ff) for _ in range(n_layer))
        self.final_norm = nn.LayerNorm(d_model)

    @property
    def n_layer(self) -> int:
        return len(self.layers)

    @property
    def n_latents(self) -> int:
        return int(self.compress_queries.shape[1])

    def forward(self, context: Tensor, number: int, recorder: Recorder | None) -> Tensor:
        """(B, K, d) → (B, m, d); the recorder is shown every layer's two attentions, of round `number`."""
        context = context + self.context_pos_embedding[:, : context.shape[1]]
        x = self.compress_queries.expand(len(context), -1, -1)
        for depth, layer in enumerate(self.layers):
            if recorder is None:
                x = layer(x, context, None, None)
                continue
            own, cross = Kept(), Kept()
            x = layer(x, context, own, cross)
            recorder.compressed(number, depth, own.weights, cross.weights)
        out: Tensor = self.final_norm(x)
        return out
