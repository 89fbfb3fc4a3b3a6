"""DPT as its authors save it: transformers' GPT-2 with one head, over the padded query and whole transitions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from checkpoints import ACTIONS, save_checkpoint, settings
from torch import Tensor, nn

from references import Array, Expected, perturb, read
from references.gpt2 import EAGER


class ReferenceDPT(nn.Module):
    """The whole model; the names in its state_dict are those of the files."""

    def __init__(
        self, *, d_model: int, n_layer: int, n_positions: int, n_inner: int, state_size: int, actions: int
    ) -> None:
        from transformers import GPT2Config, GPT2Model  # as in references.gpt2

        super().__init__()
        config = GPT2Config(
            vocab_size=11,  # nothing uses it
            n_positions=n_positions,
            n_embd=d_model,
            n_layer=n_layer,
            n_head=1,
            n_inner=n_inner,
            bos_token_id=None,
            eos_token_id=None,
            **EAGER,
        )
        self.transformer = GPT2Model(config)
        self.embed_transition = nn.Linear(2 * state_size + actions + 1, d_model)
        self.pred_actions = nn.Linear(d_model, actions)

    def run(self, rows: Tensor) -> tuple[Array, Array]:
        """(N, width) rows [state, action, next state, reward] → attention (L, 1, N, N), logits (A,) at the last."""
        output = self.transformer(inputs_embeds=self.embed_transition(rows)[None], output_attentions=True)
        return torch.cat(output.attentions).numpy(), self.pred_actions(output.last_hidden_state[0, -1]).numpy()


def make_run(
    directory: Path,
    *,
    d_model: int = 16,
    n_layer: int = 2,
    n_head: int = 4,
    n_transit: int = 20,
    seed: int = 0,
    n_inner: int = 24,
    state_size: int = 2,
    actions: int = ACTIONS,
    step: int = 7,
    bare: str | None = None,
) -> Path:
    """A run directory with one tiny checkpoint of horizon n_transit − 1.

    Args:
        n_head: what its settings say, and the model does not have.
        bare: write it as the public code does, weights alone, to a file of this name.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = ReferenceDPT(
            d_model=d_model,
            n_layer=n_layer,
            n_positions=4 * n_transit,
            n_inner=n_inner,
            state_size=state_size,
            actions=actions,
        )
        perturb(model, 0.3)
        for name, parameter in model.named_parameters():
            if name.endswith("attn.c_attn.weight"):
                parameter.data.mul_(2)  # else it attends nearly evenly
    if bare is not None:
        directory.mkdir(parents=True, exist_ok=True)
        torch.save(model.state_dict(), directory / bare)
    else:
        config = settings(n_head, n_transit, model="DPT", tf_n_embd=d_model, tf_n_layer=n_layer)
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
    """Attention over n + 1 tokens, the query first, and the logits at the last of them."""
    weights, _ = read(run_or_checkpoint)
    d_model, width = weights["embed_transition.weight"].shape
    count = len(weights["pred_actions.weight"])
    size = (width - count - 1) // 2
    model = ReferenceDPT(
        d_model=d_model,
        n_layer=len([name for name in weights if name.endswith(".ln_1.weight")]),
        n_positions=len(weights["transformer.wpe.weight"]),
        n_inner=weights["transformer.h.0.mlp.c_fc.weight"].shape[1],
        state_size=size,
        actions=count,
    ).double()
    model.load_state_dict(weights)
    model.eval()
    n = len(np.asarray(actions))
    rows = np.zeros((n + 1, width))
    here, there = (np.ones((n, 1)),) * 2 if size == 1 else (np.asarray(states), np.asarray(next_states))
    rows[0, :size] = 1 if size == 1 else query_state
    rows[1:, :size] = here
    rows[np.arange(1, n + 1), size + np.asarray(actions, dtype=np.int64)] = 1
    rows[1:, size + count : 2 * size + count] = there
    rows[1:, -1] = rewards
    attention, logits = model.run(torch.from_numpy(rows))
    return Expected(attention, logits, {})
