"""The `flow` family: transformers' GPT-2 over separate tokens, a flow action and a time, with an integrated policy."""

from __future__ import annotations

from pathlib import Path

import torch
from checkpoints import save_checkpoint, settings
from torch import Tensor
from torch.nn.functional import silu

from references import Array, Expected, Weights, perturb, read
from references.gpt2 import ReferenceGPT2, backbone_sizes
from references.gpt2_blocks import linear, pair, random_weights


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
    flow_eval_steps: int = 3,
    flow_prior_init_mix: float = 0.2,
    flow_velocity_scale: float = 2.0,
    step: int = 7,
) -> Path:
    """A run directory with one tiny checkpoint."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        sizes = {"d_model": d_model, "n_layer": n_layer, "n_head": n_head, "n_inner": n_inner}
        model = perturb(ReferenceGPT2(**sizes, n_positions=3 * n_transit, vocab_size=vocab_size), 0.3)
    weights = {name.replace("pred_action", "pred_policy"): tensor for name, tensor in model.state_dict().items()}
    n_actions = len(weights["pred_policy.bias"])
    own = pair("embed_flow_action", d_model, n_actions) | pair("embed_time.0", 6, 1) | pair("embed_time.2", d_model, 6)
    own |= pair("pred_velocity.0", 7, d_model) | pair("pred_velocity.2", n_actions, 7)
    config = settings(
        n_head,
        n_transit,
        model="FlowAD",
        flow_eval_steps=flow_eval_steps,
        flow_prior_init_mix=flow_prior_init_mix,
        flow_velocity_scale=flow_velocity_scale,
    )
    save_checkpoint(directory / f"ckpt-{step}.pt", weights | random_weights(own, seed), config)
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
    """Attention over 3n + 3 tokens and logits of the prior pass; extras: "policy" (A,), the integrated one.

    Also "steps", for each its attention, and the distribution (A,) that it ends in.
    """
    weights, config = read(run_or_checkpoint)
    own = {name: w for name, w in weights.items() if name.startswith(("embed_flow", "embed_time", "pred_velocity"))}
    rest = {name.replace("pred_policy", "pred_action"): w for name, w in weights.items() if name not in own}
    model = ReferenceGPT2(**backbone_sizes(rest, config)).double().eval()
    model.load_state_dict(rest)
    known = torch.cat([model.transition_tokens(states, actions, rewards), model.query_token(query_state)])

    def run(p: Tensor, time: float) -> tuple[Tensor, Tensor]:
        tokens = torch.cat([known, flow_tokens(own, p, time)])
        output = model.transformer_model(inputs_embeds=tokens[None], output_attentions=True, use_cache=False)
        return output.last_hidden_state[0], torch.cat(output.attentions)

    n_actions, steps, mix = len(rest["pred_action.bias"]), config["flow_eval_steps"], config["flow_prior_init_mix"]
    uniform = torch.full((n_actions,), 1 / n_actions, dtype=torch.float64)
    hidden, attention = run(uniform, 0.0)
    logits = model.pred_action(hidden[-3])
    p = (1 - mix) * logits.softmax(-1) + mix * uniform
    passes: list[tuple[Array, Array]] = []
    for k in range(steps):
        hidden, seen = run(p, (k + 0.5) / steps)
        last = hidden[-1]
        velocity = linear(own, "pred_velocity.2", silu(linear(own, "pred_velocity.0", last)))
        p = (p + velocity / config["flow_velocity_scale"] / steps).clamp(min=1e-6)
        p = p / p.sum()
        passes.append((seen.numpy(), p.numpy()))
    return Expected(attention.numpy(), logits.numpy(), {"policy": p.numpy(), "steps": passes})


def flow_tokens(own: Weights, p: Tensor, time: float) -> Tensor:
    """(2, d): the distribution's token, the time's."""
    inner = silu(linear(own, "embed_time.0", torch.tensor([[time]], dtype=torch.float64)))
    return torch.cat([linear(own, "embed_flow_action", p[None]), linear(own, "embed_time.2", inner)])
