"""AD-eps in torch's own modules: separate tokens, sinusoids before `emb2hid`, pre-norm blocks, no norm at the end.

Written from the shapes and the order of the public code; a file of it is the bare state dict, without settings.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from checkpoints import ACTIONS, GRID, save_checkpoint, settings
from torch import Tensor, nn

from references import Array, Expected, cell_index, perturb, read


class Sinusoids(nn.Module):
    """The buffer `pos_emb`: sines in even places, cosines in odd ones."""

    def __init__(self, width: int, length: int) -> None:
        super().__init__()
        place, even = torch.arange(length).double()[:, None], torch.arange(0, width, 2).double()
        angle = place * torch.exp(-math.log(10000.0) * even / width)
        table = torch.stack([angle.sin(), angle.cos()], dim=2).flatten(1)
        self.register_buffer("pos_emb", table[None].float())


class Layer(nn.Module):
    """One block; its names are those of the files."""

    def __init__(self, d: int, n_head: int, length: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.attention = nn.MultiheadAttention(d, n_head, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(d, 4 * d), nn.GELU(), nn.Linear(4 * d, d))
        self.register_buffer("causal_mask", torch.ones(length, length).triu(1).bool())


class ReferenceADEps(nn.Module):
    """The whole model."""

    def __init__(
        self, *, width: int, d_model: int, n_layer: int, n_head: int, seq_len: int, cells: int = GRID**2
    ) -> None:
        super().__init__()
        self.pos_emb = Sinusoids(width, 3 * seq_len)
        self.state_emb, self.action_emb = nn.Embedding(cells, width), nn.Embedding(ACTIONS, width)
        self.reward_emb, self.emb2hid = nn.Linear(1, width), nn.Linear(width, d_model)
        self.blocks = nn.ModuleList(Layer(d_model, n_head, 3 * seq_len) for _ in range(n_layer))
        self.action_head = nn.Linear(d_model, ACTIONS)

    def run(self, states: Tensor, actions: Tensor, rewards: Tensor) -> tuple[Array, Array]:
        """(n + 1,) cells, actions and rewards → attention (L, H, N, N), logits (n + 1, A) at every state token."""
        parts = [self.state_emb(states), self.action_emb(actions), self.reward_emb(rewards[:, None])]
        x = torch.stack(parts, dim=1).flatten(0, 1)
        x = self.emb2hid(x + self.pos_emb.get_buffer("pos_emb")[0, : len(x)])[None]
        maps = []
        for block in self.blocks:
            assert isinstance(block, Layer)
            mask = block.get_buffer("causal_mask")[: x.shape[1], : x.shape[1]]
            normed = block.norm1(x)
            y, weights = block.attention(normed, normed, normed, attn_mask=mask, average_attn_weights=False)
            maps.append(weights[0])
            x = x + y
            hidden = F.gelu(block.mlp[0](block.norm2(x)))
            x = x + block.mlp[2](hidden)
        return torch.stack(maps).numpy(), self.action_head(x[0, ::3]).numpy()


def make_run(
    directory: Path,
    *,
    d_model: int = 16,
    n_layer: int = 2,
    n_head: int = 2,
    n_transit: int = 20,
    seed: int = 0,
    width: int = 12,
    step: int = 7,
    bare: bool = False,
) -> Path:
    """A run directory with one tiny checkpoint; `bare` writes it as the public code does, weights alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = perturb(
            ReferenceADEps(width=width, d_model=d_model, n_layer=n_layer, n_head=n_head, seq_len=n_transit), 0.3
        )
    if bare:
        directory.mkdir(parents=True, exist_ok=True)
        torch.save(model.state_dict(), directory / "model_last.pt")
    else:
        config = settings(n_head, n_transit, model="AD", tf_n_embd=d_model, tf_n_layer=n_layer)
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
    """Attention over 3n + 1 tokens, logits at the query; extras: "state_logits" (n + 1, A).

    The whole is run as at acting time, with an action and a reward of zero after the query; these two are cut off.
    """
    weights, config = read(run_or_checkpoint)
    d_model, width = weights["emb2hid.weight"].shape
    model = ReferenceADEps(
        width=width,
        d_model=d_model,
        n_layer=len([name for name in weights if name.endswith(".norm1.weight")]),
        n_head=config["tf_n_head"],
        seq_len=weights["pos_emb.pos_emb"].shape[1] // 3,
        cells=len(weights["state_emb.weight"]),
    ).double()
    masks = {name: tensor.bool() for name, tensor in weights.items() if name.endswith("causal_mask")}
    model.load_state_dict(weights | masks)
    model.eval()
    cells = [cell_index(state, GRID) for state in (*states, query_state)]
    taken: Any = np.append(np.asarray(actions), 0)
    gained = np.append(np.asarray(rewards, dtype=np.float64), 0.0)
    attention, logits = model.run(torch.tensor(cells), torch.tensor(taken), torch.tensor(gained))
    return Expected(attention[:, :, :-2, :-2], logits[-1], {"state_logits": logits})
