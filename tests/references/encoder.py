"""The encoder family with torch's own layers, which tell their attention when asked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from checkpoints import ACTIONS, GRID, reference, save_checkpoint, settings

from references import Array, Expected, cell_index, read, transition_features


def make_run(
    directory: Path,
    *,
    norm: str = "post",
    d_model: int = 16,
    n_layer: int = 2,
    n_head: int = 2,
    n_transit: int = 20,
    seed: int = 0,
    step: int = 7,
) -> Path:
    """A run directory with one tiny checkpoint whose layers attend far from uniformly; `norm` is "post" or "pre"."""
    model = reference(norm, d_model=d_model, n_layer=n_layer, n_head=n_head, n_transit=n_transit, seed=seed)
    model.sharpen()
    save_checkpoint(directory / f"ckpt-{step}.pt", model.state_dict(), settings(n_head, n_transit))
    return directory


def expected(
    run_or_checkpoint: Path,
    states: Array,
    actions: Array,
    rewards: Array,
    next_states: Array,
    query_state: Array,
    target_action: int | None = None,
    *,
    causal: bool = True,
) -> Expected:
    """Attention and logits of one context; float64."""
    del target_action
    weights, config = read(run_or_checkpoint)
    n_transit, d_model = weights["pos_embedding"].shape[1:]
    n_layer = 1 + max(int(name.split(".")[2]) for name in weights if name.startswith("transformer_encoder.layers."))
    model = reference(
        "pre" if "transformer_encoder.norm.weight" in weights else "post",
        d_model=d_model,
        n_layer=n_layer,
        n_head=config["tf_n_head"],
        n_transit=n_transit,
    ).double()
    model.load_state_dict(weights)
    features = torch.from_numpy(transition_features(states, actions, rewards, next_states, ACTIONS))
    query = model.embed_query_state(torch.tensor(cell_index(query_state, GRID)))
    x = torch.cat([model.embed_context(features), query[None]])[None]
    N = x.shape[1]
    x = x + model.pos_embedding[:, :N]
    mask = torch.ones(N, N).triu(1).bool() if causal else None
    attention = []
    with torch.no_grad():
        for layer in model.transformer_encoder.layers:
            seen = layer.norm1(x) if layer.norm_first else x
            _, pattern = layer.self_attn(seen, seen, seen, attn_mask=mask, average_attn_weights=False)
            attention.append(pattern[0].numpy())
            x = layer(x, src_mask=mask)
        if model.transformer_encoder.norm is not None:
            x = model.transformer_encoder.norm(x)
        logits = model.pred_action(x[0, -1])
    return Expected(np.stack(attention), logits.numpy(), {})
