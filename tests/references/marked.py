"""The encoder family with compressed context: batches of transitions between `<c>` and `</c>` tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from checkpoints import ReferenceEncoder, save_checkpoint, settings
from torch import Tensor, nn

from references import Array, Expected, Weights, cell_index, perturb, read, transition_features


class ReferenceMarked(ReferenceEncoder):
    """The post-norm encoder with the tokens and types that mark batches; state_dict names are the users'."""

    def __init__(self, *, d_model: int, n_layer: int, n_head: int, n_transit: int) -> None:
        super().__init__(norm="post", d_model=d_model, n_layer=n_layer, n_head=n_head, n_transit=n_transit)
        self.token_type_embedding = nn.Embedding(3, d_model)
        self.compress_start_token = nn.Parameter(torch.randn(1, 1, d_model))
        self.compress_end_token = nn.Parameter(torch.randn(1, 1, d_model))
        self.pred_token_type = nn.Linear(d_model, 3)


def make_run(
    directory: Path,
    *,
    d_model: int = 16,
    n_layer: int = 2,
    n_head: int = 2,
    n_transit: int = 20,
    seed: int = 0,
    use_compressed_context: bool = True,
    compress_interval: int = 6,
    step: int = 7,
) -> Path:
    """A run directory with one tiny checkpoint; the token types and marks are in the file either way."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = ReferenceMarked(d_model=d_model, n_layer=n_layer, n_head=n_head, n_transit=n_transit)
        perturb(model, 0.2)
        model.sharpen()
    config = settings(
        n_head,
        n_transit,
        model="AD",
        tf_n_embd=d_model,
        tf_n_layer=n_layer,
        tf_n_inner=2 * d_model,
        tf_dropout=0.1,
        dynamics=False,
        use_compressed_context=use_compressed_context,
        compress_interval=compress_interval,
    )
    save_checkpoint(directory / f"ckpt-{step}.pt", model.state_dict(), config)
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
    """Attention over the tokens laid out as the config says, and logits at the last one; causal.

    A file without `token_type_embedding` (the plain encoder) has no types. ValueError: the context is too long.
    """
    weights, config = read(run_or_checkpoint)
    features = transition_features(states, actions, rewards, next_states, weights["embed_context.weight"].shape[1] - 5)
    transitions = torch.from_numpy(features) @ weights["embed_context.weight"].T + weights["embed_context.bias"]
    query = weights["embed_query_state.weight"][cell_index(query_state, config["grid_size"])][None]
    x = _lay_out(weights, config, transitions, query)
    positions = weights["pos_embedding"][0]
    if len(x) > len(positions):
        raise ValueError(f"{len(x)} tokens, but only {len(positions)} positions")
    x = (x + positions[: len(x)])[None]
    mask = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)
    attention = []
    for layer in _encoder(weights, config["tf_n_head"]).layers:
        _, pattern = layer.self_attn(x, x, x, attn_mask=mask, need_weights=True, average_attn_weights=False)
        attention.append(pattern)
        x = layer(x, src_mask=mask)
    logits = x[0, -1] @ weights["pred_action.weight"].T + weights["pred_action.bias"]
    return Expected(torch.cat(attention).numpy(), logits.numpy(), {})


def _lay_out(weights: Weights, config: dict[str, Any], transitions: Tensor, query: Tensor) -> Tensor:
    """Tokens (N, d) without positions: at most one finished batch, the current one, the query."""
    types = weights.get("token_type_embedding.weight", torch.zeros(3, query.shape[1], dtype=query.dtype))
    if not config.get("use_compressed_context", False):
        return torch.cat([transitions + types[0], query])
    interval = config["compress_interval"]
    if len(transitions) >= 2 * interval:
        raise ValueError(f"{len(transitions)} transitions fill two batches of {interval} or more")
    start = weights["compress_start_token"][0] + types[1]
    end = weights["compress_end_token"][0] + types[2]
    tokens = transitions + types[0]
    finished = [start, tokens[:interval], end] if len(tokens) >= interval else []
    current = tokens[interval:] if finished else tokens
    return torch.cat([*finished, start, current, query + types[0]])


def _encoder(weights: Weights, n_head: int) -> nn.TransformerEncoder:
    """Torch's own encoder with a checkpoint's weights, in float64."""
    prefix = "transformer_encoder."
    own = {key.removeprefix(prefix): value for key, value in weights.items() if key.startswith(prefix)}
    d_inner, d_model = own["layers.0.linear1.weight"].shape
    layer = nn.TransformerEncoderLayer(d_model, n_head, d_inner, 0.0, "gelu", batch_first=True)
    n_layer = len([key for key in own if key.endswith(".linear1.weight")])
    encoder = nn.TransformerEncoder(layer, n_layer, enable_nested_tensor=False).double().eval()
    encoder.load_state_dict(own)
    return encoder
