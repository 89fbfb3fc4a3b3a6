"""The gpt2 family: transformers' GPT-2 over separate state, action and reward tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from checkpoints import ACTIONS, GRID, save_checkpoint, settings
from torch import Tensor, nn

from references import Array, Expected, Weights, cell_index, perturb, read

EAGER: dict[str, Any] = {"attn_implementation": "eager"}
"""Attention by the formula; the stubs of the configuration do not know it."""


class ReferenceGPT2(nn.Module):
    """Embeddings, backbone and read-out of the family; the names in its state_dict are the users'."""

    def __init__(
        self,
        *,
        d_model: int,
        n_layer: int,
        n_head: int,
        n_inner: int,
        n_positions: int,
        vocab_size: int,
        grid_size: int = GRID,
        num_actions: int = ACTIONS,
    ) -> None:
        from transformers import GPT2Config, GPT2Model  # seconds, which only those who make one need wait

        super().__init__()
        config = GPT2Config(
            vocab_size=vocab_size,
            n_positions=n_positions,
            n_embd=d_model,
            n_layer=n_layer,
            n_head=n_head,
            n_inner=n_inner,
            bos_token_id=None,  # the default lies outside a small vocabulary, which is warned about
            eos_token_id=None,
            **EAGER,
        )
        self.grid_size = grid_size
        self.transformer_model = GPT2Model(config)
        self.embed_state = nn.Embedding(grid_size * grid_size, d_model)
        self.embed_action = nn.Embedding(num_actions, d_model)
        self.embed_reward = nn.Linear(1, d_model)
        self.pred_action = nn.Linear(d_model, num_actions)

    def transition_tokens(self, states: Array, actions: Array, rewards: Array) -> Tensor:
        """Tokens (3n, d): s0, a0, r0, s1, …"""
        weight = self.embed_state.weight
        cells = torch.tensor([cell_index(state, self.grid_size) for state in states], dtype=torch.long)
        gained = torch.tensor(np.asarray(rewards), dtype=weight.dtype)[:, None]
        chosen = self.embed_action(torch.tensor(np.asarray(actions), dtype=torch.long))
        return torch.stack([self.embed_state(cells), chosen, self.embed_reward(gained)], dim=1).flatten(0, 1)

    def query_token(self, state: Array) -> Tensor:
        """Token (1, d) of the query state."""
        token: Tensor = self.embed_state(torch.tensor([cell_index(state, self.grid_size)]))
        return token

    def read_out(self, tokens: Tensor, first_state: int) -> tuple[Array, Array]:
        """Attention (L, H, N, N), and logits (·, A) at every third token from `first_state` on."""
        output = self.transformer_model(inputs_embeds=tokens[None], output_attentions=True, use_cache=False)
        logits = self.pred_action(output.last_hidden_state[0, first_state::3])
        return torch.cat(output.attentions).numpy(), logits.numpy()


def backbone_sizes(weights: Weights, config: dict[str, Any]) -> dict[str, int]:
    """Arguments of ReferenceGPT2 for a checkpoint: the head count and grid from its config, the rest from shapes."""
    d_model, n_inner = weights["transformer_model.h.0.mlp.c_fc.weight"].shape
    return {
        "d_model": d_model,
        "n_layer": len([key for key in weights if key.endswith(".ln_1.weight")]),
        "n_head": config["tf_n_head"],
        "n_inner": n_inner,
        "n_positions": len(weights["transformer_model.wpe.weight"]),
        "vocab_size": len(weights["transformer_model.wte.weight"]),
        "grid_size": config["grid_size"],
        "num_actions": len(weights["pred_action.weight"]),
    }


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
    step: int = 7,
) -> Path:
    """A run directory with one tiny checkpoint; its vocabulary, which nothing uses, is small."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = ReferenceGPT2(
            d_model=d_model,
            n_layer=n_layer,
            n_head=n_head,
            n_inner=n_inner,
            n_positions=3 * (n_transit - 1) + 1,
            vocab_size=vocab_size,
        )
        perturb(model, 0.3)
    config = settings(
        n_head,
        n_transit,
        model="AD",
        tf_n_embd=d_model,
        tf_n_layer=n_layer,
        tf_n_inner=n_inner,
        tf_dropout=0.1,
        tf_attn_dropout=0.1,
        dynamics=False,
        model_config="ad_dr",
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
    """Attention over 3n + 1 tokens and logits at the query; extras: "state_logits" (n + 1, A). No next states."""
    weights, config = read(run_or_checkpoint)
    model = ReferenceGPT2(**backbone_sizes(weights, config)).double().eval()
    model.load_state_dict(weights)
    tokens = torch.cat([model.transition_tokens(states, actions, rewards), model.query_token(query_state)])
    attention, logits = model.read_out(tokens, 0)
    return Expected(attention, logits[-1], {"state_logits": logits})
