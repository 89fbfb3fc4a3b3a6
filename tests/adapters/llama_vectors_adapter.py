"""DICP's model on Meta-World by its users' kind of code: torch modules of its own, attention written by hand."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

import adtui


class Block(nn.Module):
    def __init__(self, d: int, heads: int, inner: int) -> None:
        super().__init__()
        self.norm_1, self.norm_2 = nn.RMSNorm(d, eps=1e-5), nn.RMSNorm(d, eps=1e-5)
        self.attn = nn.ModuleDict({"attn": nn.Linear(d, 3 * d), "proj": nn.Linear(d, d)})
        swiglu = {"w1": nn.Linear(d, inner, bias=False), "w2": nn.Linear(d, inner, bias=False)}
        swiglu["w3"] = nn.Linear(inner, d, bias=False)
        self.mlp = nn.ModuleDict({"swiglu": nn.ModuleDict(swiglu)})
        self.heads = heads

    def forward(self, x: Tensor) -> Tensor:
        B, N, d = x.shape
        fused = self.attn["attn"](self.norm_1(x)).view(B, N, self.heads, 3, d // self.heads)
        q, k, v = (fused[:, :, :, part].transpose(1, 2) for part in range(3))
        scores = turned(q) @ turned(k).transpose(2, 3) / (d // self.heads) ** 0.5
        ahead = torch.ones(N, N, dtype=torch.bool, device=x.device).triu(1)
        mixed = scores.masked_fill(ahead, float("-inf")).softmax(dim=-1) @ v
        x = x + self.attn["proj"](mixed.transpose(1, 2).reshape(B, N, d))
        part: Any = self.mlp["swiglu"]
        inner = self.norm_2(x)
        out: Tensor = x + part["w3"](nn.functional.silu(part["w1"](inner)) * part["w2"](inner))
        return out


def turned(x: Tensor) -> Tensor:
    """Rotary positions."""
    half = x.shape[-1] // 2
    pace = 10000.0 ** (-torch.arange(half, device=x.device) / half)
    angle = torch.arange(x.shape[-2], device=x.device)[:, None] * pace
    first, second = x[..., :half], x[..., half:]
    return torch.cat([first * angle.cos() - second * angle.sin(), second * angle.cos() + first * angle.sin()], dim=-1)


class Users(nn.Module):
    def __init__(self, config: Any) -> None:
        super().__init__()
        d, S, D = config["tf_n_embd"], config["dim_obs"], config["dim_actions"]
        blocks = [Block(d, config["tf_n_head"], config["tf_n_inner"]) for _ in range(config["tf_n_layer"])]
        self.transformer = nn.ModuleDict({"blocks": nn.ModuleList(blocks)})
        self.embed_context = nn.Linear(2 * S + D + 1, d)
        self.embed_query_state = nn.Linear(S, d)
        self.pred_actions = nn.Linear(d, D * (2 if config["learn_var"] else 1))

    def forward(self, context: Tensor, query: Tensor) -> Tensor:
        x = torch.cat([self.embed_context(context), self.embed_query_state(query)[:, None]], dim=1)
        for block in self.transformer["blocks"]:  # type: ignore[attr-defined]
            x = block(x)
        out: Tensor = self.pred_actions(x[:, -1])
        return out


class OfVectors(adtui.Adapter):
    def build(self, checkpoint: Any) -> nn.Module:
        module = Users(checkpoint.config)
        module.load_state_dict(checkpoint.state_dict(module))
        return module

    def vectors(self, checkpoint: Any) -> adtui.Vectors:
        config = checkpoint.config
        return adtui.Vectors(config["dim_obs"], config["dim_actions"], config["learn_var"])

    def batch(self, contexts: Any) -> Any:
        parts = [contexts.states, contexts.actions, contexts.rewards[..., None], contexts.next_states]
        return torch.cat(parts, dim=-1), contexts.query_states

    def logits(self, module: nn.Module, batch: Any) -> Tensor:
        out: Tensor = module(*batch)
        return out
