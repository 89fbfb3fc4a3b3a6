"""The `gpt2 blocks` family: pre-norm blocks over transition tokens and a query, in plain matrix products."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from checkpoints import save_checkpoint, settings
from torch import Tensor
from torch.nn.functional import gelu, layer_norm

from references import Array, Expected, Weights, cell_index, read, transition_features

GRID, ACTIONS = 9, 5


def linear(weights: Weights, name: str, x: Tensor) -> Tensor:
    """x Wᵀ + b."""
    return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def norm(weights: Weights, name: str, x: Tensor) -> Tensor:
    """Layer norm over the width."""
    return layer_norm(x, x.shape[-1:], weights[f"{name}.weight"], weights[f"{name}.bias"])


def backbone(weights: Weights, prefix: str, n_head: int, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Tokens (N, d) without positions → hidden (N, d), attention (L, H, N, N); the mask is True where a row sees."""
    x = x + weights[f"{prefix}pos_embedding"][0, : len(x)]
    n_layer = len([key for key in weights if key.startswith(prefix) and key.endswith(".ln1.weight")])
    patterns = []
    for layer in range(n_layer):
        at = f"{prefix}blocks.{layer}."
        fused = linear(weights, f"{at}attn.qkv_proj", norm(weights, f"{at}ln1", x))
        q, k, v = fused.view(len(x), 3, n_head, -1).permute(1, 2, 0, 3)
        scores = (q @ k.transpose(1, 2)) / q.shape[-1] ** 0.5
        pattern = scores.masked_fill(~mask, -torch.inf).softmax(-1)
        x = x + linear(weights, f"{at}attn.out_proj", (pattern @ v).transpose(0, 1).flatten(1))
        x = x + linear(weights, f"{at}mlp.fc2", gelu(linear(weights, f"{at}mlp.fc1", norm(weights, f"{at}ln2", x))))
        patterns.append(pattern)
    return norm(weights, f"{prefix}ln_f", x), torch.stack(patterns)


def transition_tokens(weights: Weights, states: Array, actions: Array, rewards: Array, next_states: Array) -> Tensor:
    """Tokens (n, d) of the transitions."""
    n_actions = len(weights["pred_action.bias"])
    rows = transition_features(states, actions, rewards, next_states, n_actions)
    return linear(weights, "embed_context", torch.from_numpy(rows))


def random_weights(shapes: dict[str, tuple[int, ...]], seed: int) -> Weights:
    """Weights around 0, those of norms around 1, nothing trivial: heads look at something."""
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for name, shape in shapes.items():
        scale = (
            0.4 if name.endswith("embedding") or len(shape) == 1 else (2.5 if "qkv" in name else 1.2) / shape[-1] ** 0.5
        )
        near = 1.0 if ("norm" in name or "ln" in name) and name.endswith("weight") else 0.0
        weights[name] = torch.randn(shape, generator=generator) * scale + near
    return weights


def pair(name: str, *shape: int) -> dict[str, tuple[int, ...]]:
    """Weight and bias."""
    return {f"{name}.weight": shape, f"{name}.bias": shape[:1]}


def shapes(prefix: str, d: int, n_layer: int, n_inner: int, n_transit: int) -> dict[str, tuple[int, ...]]:
    """Names and shapes as the users' code saves them."""
    out: dict[str, tuple[int, ...]] = {f"{prefix}pos_embedding": (1, n_transit, d)}
    for layer in range(n_layer):
        at = f"{prefix}blocks.{layer}."
        out |= pair(f"{at}ln1", d) | pair(f"{at}attn.qkv_proj", 3 * d, d) | pair(f"{at}attn.out_proj", d, d)
        out |= pair(f"{at}ln2", d) | pair(f"{at}mlp.fc1", n_inner, d) | pair(f"{at}mlp.fc2", d, n_inner)
    out |= pair(f"{prefix}ln_f", d) | pair("embed_context", d, ACTIONS + 5) | pair("pred_action", ACTIONS, d)
    return out | {"embed_query_state.weight": (GRID**2, d)}


def make_run(
    directory: Path,
    *,
    d_model: int = 16,
    n_layer: int = 2,
    n_head: int = 2,
    n_transit: int = 20,
    seed: int = 0,
    n_inner: int = 24,
    step: int = 7,
) -> Path:
    """A run directory with one tiny checkpoint."""
    weights = random_weights(shapes("transformer.", d_model, n_layer, n_inner, n_transit), seed)
    config: dict[str, Any] = settings(n_head, n_transit, model="AD", mixed_precision="fp16", dynamics=False)
    save_checkpoint(directory / f"ckpt-{step}.pt", weights, config)
    return directory


@torch.no_grad()
def expected(
    run_or_checkpoint: Path,
    states: Array,
    actions: Array,
    rewards: Array,
    next_states: Array,
    query_state: Array,
    target_action: int | None = None,
) -> Expected:
    """Attention over n + 1 tokens and logits at the query."""
    weights, config = read(run_or_checkpoint)
    query = weights["embed_query_state.weight"][[cell_index(query_state, config["grid_size"])]]
    tokens = torch.cat([transition_tokens(weights, states, actions, rewards, next_states), query])
    mask = torch.from_numpy(np.tri(len(tokens), dtype=bool))
    hidden, attention = backbone(weights, "transformer.", config["tf_n_head"], tokens, mask)
    return Expected(attention.numpy(), linear(weights, "pred_action", hidden[-1]).numpy(), {})
