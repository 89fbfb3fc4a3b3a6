"""The llama family (DICP's AD, and its DPT) in plain numpy: RMSNorm, rotary positions, SwiGLU, no final norm."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from checkpoints import ACTIONS, GRID, save_checkpoint, settings

from references import Array, Expected, cell_index, read, transition_features

CONTEXT_WIDTH = 2 + ACTIONS + 1 + 2


def make_run(
    directory: Path,
    *,
    d_model: int = 16,
    n_layer: int = 2,
    n_head: int = 2,
    n_transit: int = 20,
    seed: int = 0,
    n_inner: int = 24,
    model: str = "AD",
    dynamics: bool = False,
    step: int = 7,
) -> Path:
    """A run directory with one tiny checkpoint; `model` is "AD" (query last) or "DPT" (query first)."""
    rng = np.random.default_rng(seed)
    weights = _heads(rng, d_model, model, dynamics)
    for layer in range(n_layer):
        weights |= block(rng, f"transformer.blocks.{layer}", d_model, n_inner)
    config = settings(
        n_head,
        n_transit,
        model=model,
        tf_n_embd=d_model,
        tf_n_layer=n_layer,
        tf_n_inner=n_inner,
        tf_dropout=0.1,
        tf_attn_dropout=0.1,
        flash_attn=True,
        dynamics=dynamics,
        dynamics_strength=1.0,
    )
    tensors = {key: torch.from_numpy(value.astype(np.float32)) for key, value in weights.items()}
    save_checkpoint(directory / f"ckpt-{step}.pt", tensors, config)
    return directory


def linear(rng: np.random.Generator, name: str, rows: int, columns: int, *, bias: bool = True) -> dict[str, Array]:
    """Weights of a linear layer, large enough for attention to be far from uniform."""
    weights = {f"{name}.weight": rng.normal(0, 1.5 / np.sqrt(columns), (rows, columns))}
    if bias:
        weights[f"{name}.bias"] = rng.normal(0, 0.3, rows)
    return weights


def block(rng: np.random.Generator, name: str, d_model: int, n_inner: int) -> dict[str, Array]:
    """One transformer block; only the attention has biases."""
    return {
        f"{name}.norm_1.weight": rng.normal(1, 0.3, d_model),
        f"{name}.norm_2.weight": rng.normal(1, 0.3, d_model),
        **linear(rng, f"{name}.attn.attn", 3 * d_model, d_model),
        **linear(rng, f"{name}.attn.proj", d_model, d_model),
        **linear(rng, f"{name}.mlp.swiglu.w1", n_inner, d_model, bias=False),
        **linear(rng, f"{name}.mlp.swiglu.w2", n_inner, d_model, bias=False),
        **linear(rng, f"{name}.mlp.swiglu.w3", d_model, n_inner, bias=False),
    }


def _heads(rng: np.random.Generator, d_model: int, model: str, dynamics: bool) -> dict[str, Array]:
    """Embeddings and predictions; a DPT's predictions have plural names, and it always embeds a query action."""
    is_dpt, plural = model == "DPT", "s" if model == "DPT" else ""
    weights = linear(rng, "embed_context", d_model, CONTEXT_WIDTH)
    weights |= linear(rng, f"pred_action{plural}", ACTIONS, d_model)
    if is_dpt:
        weights |= linear(rng, "embed_query_state", d_model, 2)
    else:
        weights["embed_query_state.weight"] = rng.normal(0, 1, (GRID * GRID, d_model))
    if is_dpt or dynamics:
        weights["embed_query_action.weight"] = rng.normal(0, 1, (ACTIONS, d_model))
    if dynamics:
        weights |= linear(rng, f"pred_reward{plural}", 2, d_model)
        weights |= linear(rng, f"pred_next_state{plural}", GRID * GRID, d_model)
    return weights


def expected(
    run_or_checkpoint: Path,
    states: Array,
    actions: Array,
    rewards: Array,
    next_states: Array,
    query_state: Array,
    target_action: int | None = None,
) -> Expected:
    """Attention and logits at index n: the query state of an AD, the last transition of a DPT.

    With dynamics the token of `target_action`, where one is given, comes last; extras then hold "reward_logits" (2,)
    and "next_state_logits" (grid²,), read at that token.
    """
    tensors, config = read(run_or_checkpoint)
    weights = {key: value.numpy() for key, value in tensors.items()}
    is_dpt = config["model"] == "DPT"
    transitions = transition_features(
        states, actions, rewards, next_states, weights["embed_context.weight"].shape[1] - 5
    )
    if is_dpt:
        query = np.zeros((1, transitions.shape[1]))
        query[0, :2] = query_state
        tokens = apply(weights, "embed_context", np.concatenate([query, transitions]))
    else:
        cell = cell_index(query_state, config["grid_size"])
        query = weights["embed_query_state.weight"][cell][None]
        tokens = np.concatenate([apply(weights, "embed_context", transitions), query])
    has_action = bool(config["dynamics"]) and target_action is not None
    if has_action:
        tokens = np.concatenate([tokens, weights["embed_query_action.weight"][target_action][None]])
    hidden, attention = transformer(weights, config, tokens)
    plural = "s" if is_dpt else ""
    extras: dict[str, Any] = {}
    if has_action:
        extras["reward_logits"] = apply(weights, f"pred_reward{plural}", hidden[-1])
        extras["next_state_logits"] = apply(weights, f"pred_next_state{plural}", hidden[-1])
    return Expected(attention, apply(weights, f"pred_action{plural}", hidden[len(states)]), extras)


def transformer(weights: dict[str, Array], config: dict[str, Any], x: Array) -> tuple[Array, Array]:
    """Last hidden states (N, d) and attention (L, H, N, N) of tokens (N, d)."""
    attention = []
    layers = len([key for key in weights if key.endswith(".norm_1.weight")])
    for name in (f"transformer.blocks.{layer}" for layer in range(layers)):
        mixed, pattern = _attend(weights, f"{name}.attn", _norm(weights, f"{name}.norm_1", x), config["tf_n_head"])
        x = x + mixed
        inner = _norm(weights, f"{name}.norm_2", x)
        gate = apply(weights, f"{name}.mlp.swiglu.w1", inner)
        up = apply(weights, f"{name}.mlp.swiglu.w2", inner)
        x = x + apply(weights, f"{name}.mlp.swiglu.w3", gate / (1 + np.exp(-gate)) * up)
        attention.append(pattern)
    return x, np.stack(attention)


def apply(weights: dict[str, Array], name: str, x: Array) -> Array:
    """The linear layer `name`, with its bias if it has one."""
    applied: Array = x @ weights[f"{name}.weight"].T + weights.get(f"{name}.bias", 0.0)
    return applied


def _norm(weights: dict[str, Array], name: str, x: Array) -> Array:
    """RMSNorm over the last axis."""
    normed: Array = x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + 1e-5) * weights[f"{name}.weight"]
    return normed


def _attend(weights: dict[str, Array], name: str, x: Array, n_head: int) -> tuple[Array, Array]:
    """Output (N, d) and pattern (H, N, N); rows of the fused weight are q0, k0, v0, q1, … one head after another."""
    length, d_model = x.shape
    fused = apply(weights, f"{name}.attn", x).reshape(length, n_head, 3, d_model // n_head)
    queries, keys, values = fused.transpose(2, 1, 0, 3)  # each (H, N, head_size)
    scores = _rotate(queries) @ _rotate(keys).transpose(0, 2, 1) / np.sqrt(d_model // n_head)
    scores[:, np.triu(np.ones((length, length), dtype=bool), 1)] = -np.inf
    pattern = np.exp(scores - scores.max(axis=-1, keepdims=True))
    pattern /= pattern.sum(axis=-1, keepdims=True)
    mixed = (pattern @ values).transpose(1, 0, 2).reshape(length, d_model)
    return apply(weights, f"{name}.proj", mixed), pattern


def _rotate(x: Array) -> Array:
    """Rotary positions from 0 on (H, N, head_size): component i turns with component i + head_size / 2."""
    half = x.shape[-1] // 2
    angles = np.arange(x.shape[1])[:, None] * 10000.0 ** (-np.arange(half) / half)
    first, second = x[..., :half], x[..., half:]
    cos, sin = np.cos(angles), np.sin(angles)
    return np.concatenate([first * cos - second * sin, second * cos + first * sin], axis=-1)
