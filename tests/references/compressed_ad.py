"""The `compressed AD` family: the blocks of `gpt2 blocks` over latents, recent transitions and a query."""

from __future__ import annotations

from pathlib import Path

import torch
from checkpoints import save_checkpoint, settings

from references import Array, Expected, cell_index, perturb, read
from references.gpt2_blocks import backbone, linear, random_weights, shapes, transition_tokens
from references.rad import Compressor

COMPRESSOR = "compression_transformer."


def make_run(
    directory: Path,
    *,
    d_model: int = 16,
    n_layer: int = 2,
    n_head: int = 2,
    n_transit: int = 20,
    seed: int = 0,
    n_inner: int = 24,
    n_compress_tokens: int = 4,
    compress_n_layers: int = 2,
    compress_n_heads: int = 2,
    compress_n_inner: int = 20,
    n_context_positions: int = 64,
    step: int = 7,
) -> Path:
    """A run directory with one tiny checkpoint; a context of n_transit transitions or more is compressed."""
    weights = random_weights(shapes("ad_transformer.", d_model, n_layer, n_inner, n_transit), seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        sizes = (compress_n_layers, compress_n_heads, compress_n_inner, n_compress_tokens, n_context_positions)
        compressor = perturb(Compressor(d_model, *sizes), 0.3)
        weights["latent_type_embedding"] = torch.randn(1, 1, d_model)
        weights["reconstruction_decoder.position_queries"] = torch.randn(1, 3, d_model)
    weights |= {f"{COMPRESSOR}{name}": tensor for name, tensor in compressor.state_dict().items()}
    config = settings(n_head, n_transit, model="CompressedAD", compress_n_heads=compress_n_heads)
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
    """Attention over [latents, recent transitions, query], and logits at the query.

    Extras: "rounds", a dict for each round of compression, of which there is at most one.
    """
    weights, config = read(run_or_checkpoint)
    own = {name.removeprefix(COMPRESSOR): w for name, w in weights.items() if name.startswith(COMPRESSOR)}
    tokens = transition_tokens(weights, states, actions, rewards, next_states)
    query = weights["embed_query_state.weight"][[cell_index(query_state, config["grid_size"])]]
    n_transit, m = weights["ad_transformer.pos_embedding"].shape[1], own["compress_queries"].shape[1]
    latents, rounds = tokens[:0], []
    if len(tokens) + 1 > n_transit:
        n_layer = len([name for name in own if name.endswith("ffn_norm.weight")])
        d, long = tokens.shape[1], own["context_pos_embedding"].shape[1]
        sizes = (n_layer, config["compress_n_heads"], len(own["layers.0.ffn.0.weight"]), m, long)
        compressor = Compressor(d, *sizes).double().eval()
        compressor.load_state_dict(own)
        oldest = len(tokens) - (n_transit - 1) + m
        latents, patterns = compressor(tokens[:oldest])
        latents, tokens, rounds = latents + weights["latent_type_embedding"][0], tokens[oldest:], [patterns]
    sequence = torch.cat([latents, tokens, query])
    place = torch.arange(len(sequence))
    mask = (place[None, :] <= place[:, None]) | (place[:, None] < len(latents))
    hidden, attention = backbone(weights, "ad_transformer.", config["tf_n_head"], sequence, mask)
    return Expected(attention.numpy(), linear(weights, "pred_action", hidden[-1]).numpy(), {"rounds": rounds})
