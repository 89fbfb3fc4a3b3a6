"""The llama family with attention written out: scores, a mask, a softmax, a sum."""

from __future__ import annotations

from typing import Any

import torch
from checkpoints import ACTIONS, GRID
from torch import Tensor, nn
from torch.nn.functional import linear, one_hot, silu

import adtui


class Weights(nn.Module):
    """A state dict as a module."""

    def __init__(self, weights: dict[str, Tensor], n_head: int) -> None:
        super().__init__()
        self.n_head = n_head
        self.n_layer = len([name for name in weights if name.endswith(".norm_1.weight")])
        self.own = nn.ParameterDict({name.replace(".", "/"): nn.Parameter(value) for name, value in weights.items()})

    def get(self, name: str) -> Any:
        return self.own[name.replace(".", "/")]

    def linear(self, name: str, x: Tensor) -> Tensor:
        bias = f"{name}.bias".replace(".", "/")
        return linear(x, self.get(f"{name}.weight"), self.own.get(bias))

    def norm(self, name: str, x: Tensor) -> Tensor:
        normed: Tensor = x / (x.square().mean(-1, keepdim=True) + 1e-5).sqrt() * self.get(f"{name}.weight")
        return normed

    def attend(self, name: str, x: Tensor) -> Tensor:
        B, N, d = x.shape
        q, k, v = self.linear(f"{name}.attn", x).view(B, N, self.n_head, 3, -1).permute(3, 0, 2, 1, 4)
        scores = torch.einsum("bhqd,bhkd->bhqk", rotate(q), rotate(k)) / (d // self.n_head) ** 0.5
        scores = scores.masked_fill(torch.ones(N, N, dtype=torch.bool).triu(1), -1e9)
        mixed = torch.einsum("bhqk,bhkd->bqhd", scores.softmax(dim=-1), v)
        return self.linear(f"{name}.proj", mixed.reshape(B, N, d))

    def forward(self, x: Tensor) -> Tensor:
        for name in (f"transformer.blocks.{layer}" for layer in range(self.n_layer)):
            x = x + self.attend(f"{name}.attn", self.norm(f"{name}.norm_1", x))
            inner = self.norm(f"{name}.norm_2", x)
            gated = silu(self.linear(f"{name}.mlp.swiglu.w1", inner)) * self.linear(f"{name}.mlp.swiglu.w2", inner)
            x = x + self.linear(f"{name}.mlp.swiglu.w3", gated)
        return x


def rotate(x: Tensor) -> Tensor:
    half = x.shape[-1] // 2
    angles = torch.arange(x.shape[-2])[:, None] * 10000.0 ** (-torch.arange(half) / half)
    first, second = x[..., :half], x[..., half:]
    return torch.cat([first * angles.cos() - second * angles.sin(), second * angles.cos() + first * angles.sin()], -1)


class Llama(adtui.Adapter):
    def build(self, checkpoint: Any) -> nn.Module:
        return Weights(checkpoint.state_dict(), checkpoint.config["tf_n_head"])

    def batch(self, contexts: Any) -> Any:
        chosen = one_hot(contexts.actions, ACTIONS)
        parts = [contexts.states, chosen, contexts.rewards[..., None], contexts.next_states]
        return torch.cat(parts, dim=-1).float(), contexts.query_states

    def logits(self, module: Any, batch: Any) -> Tensor:
        features, query = batch
        cells = module.get("embed_query_state.weight")[query[:, 0] * GRID + query[:, 1]]
        x = torch.cat([module.linear("embed_context", features), cells[:, None]], dim=1)
        logits: Tensor = module.linear("pred_action", module(x)[:, -1])
        return logits
