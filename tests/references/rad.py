"""The rad family: the gpt2 family's backbone behind a cross-attention compressor, applied round after round."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import torch
from checkpoints import save_checkpoint, settings
from torch import Tensor, nn

from references import Array, Expected, Weights, perturb, read
from references.gpt2 import ReferenceGPT2, backbone_sizes


class CrossAttention(nn.Module):
    """Attention of queries (m, d) to a context (K, d), with separate projections."""

    def __init__(self, d_model: int, n_head: int) -> None:
        super().__init__()
        self.n_head = n_head
        self.q_proj = nn.Linear(d_model, d_model)
        self.k_proj = nn.Linear(d_model, d_model)
        self.v_proj = nn.Linear(d_model, d_model)
        self.out_proj = nn.Linear(d_model, d_model)

    def forward(self, queries: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        """Output (m, d) and pattern (H, m, K)."""
        q, k, v = (
            projection(x).unflatten(-1, (self.n_head, -1)).transpose(0, 1)  # (H, ·, head_size)
            for projection, x in ((self.q_proj, queries), (self.k_proj, context), (self.v_proj, context))
        )
        pattern = (q @ k.transpose(1, 2) / q.shape[-1] ** 0.5).softmax(-1)
        return self.out_proj((pattern @ v).transpose(0, 1).flatten(1)), pattern


class CompressorLayer(nn.Module):
    """Pre-norm self-attention among the queries, cross-attention to the context, feed-forward."""

    def __init__(self, d_model: int, n_head: int, n_inner: int) -> None:
        super().__init__()
        self.self_attn = nn.MultiheadAttention(d_model, n_head, batch_first=True)
        self.self_attn_norm = nn.LayerNorm(d_model)
        self.cross_attn = CrossAttention(d_model, n_head)
        self.cross_attn_norm = nn.LayerNorm(d_model)
        self.ffn = nn.Sequential(
            nn.Linear(d_model, n_inner), nn.GELU(), nn.Dropout(0.1), nn.Linear(n_inner, d_model), nn.Dropout(0.1)
        )
        self.ffn_norm = nn.LayerNorm(d_model)

    def forward(self, queries: Tensor, context: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries (m, d), pattern among them (H, m, m), pattern to the context (H, m, K)."""
        normed = self.self_attn_norm(queries)[None]
        mixed, among = self.self_attn(normed, normed, normed, need_weights=True, average_attn_weights=False)
        queries = queries + mixed[0]
        mixed, across = self.cross_attn(self.cross_attn_norm(queries), context)
        queries = queries + mixed
        return queries + self.ffn(self.ffn_norm(queries)), among[0], across


class Compressor(nn.Module):
    """Learned queries that take in a context through a stack of layers."""

    def __init__(
        self, d_model: int, n_layer: int, n_head: int, n_inner: int, n_compress_tokens: int, n_context_positions: int
    ) -> None:
        super().__init__()
        self.compress_queries = nn.Parameter(torch.randn(1, n_compress_tokens, d_model) * 0.02)
        self.context_pos_embedding = nn.Parameter(torch.randn(1, n_context_positions, d_model) * 0.02)
        self.layers = nn.ModuleList(CompressorLayer(d_model, n_head, n_inner) for _ in range(n_layer))
        self.final_norm = nn.LayerNorm(d_model)

    def forward(self, context: Tensor) -> tuple[Tensor, dict[str, Array]]:
        """Latents (m, d) of a context (K, d), and {"self": (Lc, Hc, m, m), "cross": (Lc, Hc, m, K)}."""
        context = context + self.context_pos_embedding[0, : len(context)]
        queries = self.compress_queries[0]
        among, across = [], []
        for layer in self.layers:
            queries, inner, outer = layer(queries, context)
            among.append(inner)
            across.append(outer)
        patterns = {"self": torch.stack(among).numpy(), "cross": torch.stack(across).numpy()}
        return self.final_norm(queries), patterns


class ReferenceRAD(ReferenceGPT2):
    """The backbone with a compressor in front."""

    def __init__(self, compressor: dict[str, int], **backbone: int) -> None:
        super().__init__(**backbone)
        self.latent_type_embedding = nn.Parameter(torch.randn(1, 1, backbone["d_model"]) * 0.02)
        self.compression_transformer = Compressor(backbone["d_model"], **compressor)


class Compressed(NamedTuple):
    """What the rounds leave of a context: latents (m, d) or none, tokens (3v, d), each round's patterns."""

    latents: Tensor | None
    remaining: Tensor
    rounds: list[dict[str, Array]]


def compress(model: ReferenceRAD, tokens: Tensor, max_compressions: int | None) -> Compressed:
    """Compress the oldest tokens of a context (3n, d) until the rest, the latents and the query fit the window."""
    window = model.transformer_model.config.n_positions
    n_latent = model.compression_transformer.compress_queries.shape[1]
    latents: Tensor | None = None
    rounds: list[dict[str, Array]] = []
    while len(tokens) > (capacity := window - 1 - (0 if latents is None else n_latent)):
        whole = capacity - capacity % 3
        if max_compressions is not None and len(rounds) >= max_compressions:
            return Compressed(latents, tokens[len(tokens) - whole :], rounds)
        size = min(max(whole, 3), len(tokens))
        chunk, tokens = tokens[:size], tokens[size:]
        latents, patterns = model.compression_transformer(chunk if latents is None else torch.cat([latents, chunk]))
        rounds.append(patterns)
    return Compressed(latents, tokens, rounds)


def make_run(
    directory: Path,
    *,
    d_model: int = 16,
    n_layer: int = 2,
    n_head: int = 2,
    n_transit: int = 20,
    seed: int = 0,
    n_inner: int = 24,
    vocab_size: int = 11,
    rad_max_seq_length: int = 24,
    n_compress_tokens: int = 4,
    compress_n_layers: int = 2,
    compress_n_heads: int = 2,
    compress_n_inner: int = 20,
    n_context_positions: int = 64,
    max_compressions: int | None = None,
    step: int = 7,
) -> Path:
    """A run directory with one tiny checkpoint; a context of 8 transitions or more is compressed by default."""
    compressor = {
        "n_layer": compress_n_layers,
        "n_head": compress_n_heads,
        "n_inner": compress_n_inner,
        "n_compress_tokens": n_compress_tokens,
        "n_context_positions": n_context_positions,
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = ReferenceRAD(
            compressor,
            d_model=d_model,
            n_layer=n_layer,
            n_head=n_head,
            n_inner=n_inner,
            n_positions=rad_max_seq_length,
            vocab_size=vocab_size,
        )
        perturb(model, 0.3)
    config = settings(
        n_head,
        n_transit,
        model="RAD",
        tf_n_embd=d_model,
        tf_n_layer=n_layer,
        tf_n_inner=n_inner,
        tf_dropout=0.1,
        tf_attn_dropout=0.1,
        dynamics=False,
        model_config="rad_dr",
        rad_max_seq_length=rad_max_seq_length,
        n_compress_tokens=n_compress_tokens,
        compress_n_layers=compress_n_layers,
        compress_n_heads=compress_n_heads,
        max_compressions=max_compressions,
    )
    save_checkpoint(directory / f"ckpt-{step}.pt", model.state_dict(), config)
    return directory


def load(weights: Weights, config: dict[str, Any]) -> ReferenceRAD:
    """The model of a checkpoint, in float64: head counts from its config, other sizes from shapes."""
    name = "compression_transformer"
    compressor = {
        "n_layer": len([key for key in weights if key.startswith(name) and key.endswith("ffn_norm.weight")]),
        "n_head": config["compress_n_heads"],
        "n_inner": len(weights[f"{name}.layers.0.ffn.0.weight"]),
        "n_compress_tokens": weights[f"{name}.compress_queries"].shape[1],
        "n_context_positions": weights[f"{name}.context_pos_embedding"].shape[1],
    }
    model = ReferenceRAD(compressor, **backbone_sizes(weights, config)).double().eval()
    model.load_state_dict(weights)
    return model


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
    """Attention over [latents, visible tokens, query], causal, and logits at the query.

    Extras: "state_logits" (v + 1, A) at the states of the v visible transitions and at the query; "rounds", a dict for
    each round of compression.
    """
    weights, config = read(run_or_checkpoint)
    model = load(weights, config)
    tokens = model.transition_tokens(states, actions, rewards)
    latents, remaining, rounds = compress(model, tokens, config["max_compressions"])
    prefix = [] if latents is None else [latents + model.latent_type_embedding[0]]
    sequence = torch.cat([*prefix, remaining, model.query_token(query_state)])
    attention, logits = model.read_out(sequence, len(sequence) - len(remaining) - 1)
    return Expected(attention, logits[-1], {"state_logits": logits, "rounds": rounds})
