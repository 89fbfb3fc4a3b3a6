"""Models with the same weights and names whose attention is written in many ways: what users might have.

Each takes transitions (B, n, 10) and query states (B, 2), and gives logits (B, 5).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention


class Layer(nn.Module):
    """Post-norm attention and feed-forward."""

    def __init__(self, d_model: int, n_head: int, way: str) -> None:
        super().__init__()
        self.n_head, self.way = n_head, way
        self.qkv, self.out = nn.Linear(d_model, 3 * d_model), nn.Linear(d_model, d_model)
        self.expand, self.contract = nn.Linear(d_model, 2 * d_model), nn.Linear(2 * d_model, d_model)
        self.norm1, self.norm2 = nn.LayerNorm(d_model), nn.LayerNorm(d_model)

    def forward(self, x: Tensor) -> Tensor:
        B, N, d = x.shape
        q, k, v = (part.view(B, N, self.n_head, -1).transpose(1, 2) for part in self.qkv(x).chunk(3, dim=-1))
        y: Tensor = WAYS[self.way](q, k, v)
        x = self.norm1(x + self.out(y.transpose(1, 2).reshape(B, N, d)))
        out: Tensor = self.norm2(x + self.contract(torch.relu(self.expand(x))))
        return out


class MyModel(nn.Module):
    way = "sdpa"

    def __init__(self, d_model: int, n_layer: int, n_head: int) -> None:
        super().__init__()
        self.embed, self.query, self.act = nn.Linear(10, d_model), nn.Linear(2, d_model), nn.Linear(d_model, 5)
        self.layers = nn.ModuleList(Layer(d_model, n_head, self.way) for _ in range(n_layer))

    def forward(self, transitions: Tensor, query: Tensor) -> Tensor:
        x = torch.cat([self.embed(transitions), self.query(query)[:, None]], dim=1)
        for layer in self.layers:
            x = layer(x)
        logits: Tensor = self.act(x[:, -1])
        return logits


# -- ways ------------------------------------------------------------------------------------------------------------
def hidden(q: Tensor) -> Tensor:
    """(N, N) True above the diagonal."""
    return torch.ones(q.shape[-2], q.shape[-2], dtype=torch.bool).triu(1)


def scores(q: Tensor, k: Tensor, fill: float = float("-inf")) -> Tensor:
    found: Tensor = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5
    return found.masked_fill(hidden(q), fill)


def masked_sdpa(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return scaled_dot_product_attention(q, k, v, attn_mask=~hidden(q))


def added_sdpa(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return scaled_dot_product_attention(q, k, v, attn_mask=torch.zeros(hidden(q).shape).masked_fill(hidden(q), -1e9))


def scaled_sdpa(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return scaled_dot_product_attention(2 * q, k, v, is_causal=True, scale=0.5 * q.shape[-1] ** -0.5)


def grouped_sdpa(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """The keys of both heads shared: not the same numbers as the others."""
    return scaled_dot_product_attention(q, k[:, :1], v[:, :1], is_causal=True, enable_gqa=True)


def grouped_by_hand(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return scores(q, k[:, :1]).softmax(-1) @ v[:, :1]


def by_matmul(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return torch.matmul(torch.softmax(scores(q, k, -1e4), dim=3), v)


def by_einsum(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    weights = nn.functional.softmax(scores(q, k), dim=-1, dtype=torch.float32).to(q.dtype)
    return torch.einsum("bhij,bhjd->bihd", nn.functional.dropout(weights, 0.1, False), v).transpose(1, 2)


def by_einsum_with_dots(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return torch.einsum("... i j, ... j d -> ... i d", scores(q, k).softmax(-1), v)


def by_einsum_turned(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    weights = nn.Softmax(-1)(scores(q, k))
    return torch.einsum("bjhd,bhij->bhid", v.transpose(1, 2), weights)


def by_bmm(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Heads folded into the batch."""
    weights = scores(q, k).flatten(0, 1).softmax(-1)
    return torch.bmm(weights, v.flatten(0, 1)).view(v.shape)


def by_flex(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    from torch.nn.attention.flex_attention import create_block_mask, flex_attention

    N = q.shape[2]
    mask = create_block_mask(lambda b, h, i, j: i >= j, None, None, N, N, device="cpu")
    out = flex_attention(q, k, v, block_mask=mask)
    assert isinstance(out, Tensor)
    return out


def slopes(q: Tensor) -> Tensor:
    """(H, N, N) what ALiBi adds."""
    t = torch.arange(q.shape[2])
    return 0.3 * (t[None] - t[:, None]) * (1 + torch.arange(q.shape[1]))[:, None, None]


def biased(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return (scores(q, k) + slopes(q)).softmax(-1) @ v


def biased_sdpa(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return scaled_dot_product_attention(q, k, v, attn_mask=slopes(q).masked_fill(hidden(q), float("-inf")))


def biased_flex(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    from torch.nn.attention.flex_attention import create_block_mask, flex_attention

    N, added = q.shape[2], slopes(q)
    mask = create_block_mask(lambda b, h, i, j: i >= j, None, None, N, N, device="cpu")
    out = flex_attention(q, k, v, score_mod=lambda s, b, h, i, j: s + added[h, i, j], block_mask=mask)
    assert isinstance(out, Tensor)
    return out


def nearby(q: Tensor) -> Tensor:
    """(N, N) True for the last three keys."""
    t = torch.arange(q.shape[2])
    return (t[None] <= t[:, None]) & (t[None] > t[:, None] - 3)


def windowed(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return scores(q, k).masked_fill(~nearby(q), float("-inf")).softmax(-1) @ v


def windowed_sdpa(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return scaled_dot_product_attention(q, k, v, attn_mask=nearby(q))


def both_sides(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    out: Tensor = (q @ k.mT / q.shape[-1] ** 0.5).softmax(-1) @ v
    return out


def both_sides_sdpa(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return scaled_dot_product_attention(q, k, v)


WAYS: dict[str, Any] = {
    "sdpa": lambda q, k, v: scaled_dot_product_attention(q, k, v, is_causal=True),
    "masked sdpa": masked_sdpa,
    "added sdpa": added_sdpa,
    "scaled sdpa": scaled_sdpa,
    "matmul": by_matmul,
    "einsum": by_einsum,
    "einsum turned": by_einsum_turned,
    "einsum with dots": by_einsum_with_dots,
    "bmm": by_bmm,
    "flex": by_flex,
    "grouped": grouped_by_hand,
    "grouped sdpa": grouped_sdpa,
    "biased": biased,
    "biased sdpa": biased_sdpa,
    "biased flex": biased_flex,
    "windowed": windowed,
    "windowed sdpa": windowed_sdpa,
    "both sides": both_sides,
    "both sides sdpa": both_sides_sdpa,
}
