"""Family `flow`: the GPT-2 of `gpt2` with a flow-action and a time token after the query.

Tokens: s0, a0, r0, s1, …, the query state, an action distribution, a time. A prior policy is read at the query state
with a uniform distribution and time 0. From a mixture of it with the uniform one, Euler steps follow the velocity that
is read at the last token; what they end in is the policy. `forward` is the prior pass, or that of the step on display;
`policy_logits` is the whole.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...records.errors import CheckpointError
from ...records.layout import ACTION, FLOW_ACTION, NONE, QUERY, REWARD, STATE, TIME, Layout
from ..attend import Recorder
from ..decoder import Block, DecoderShape, split_heads
from ..edit import Edit
from ..network import BuildOptions
from ..recorders import KeysAndValues
from ..weights import both, check, dims, positive
from . import gpt2
from .gpt2 import GPT2, PER_TRANSITION

NAME = "flow"
AFTER = 2
"""Tokens after the query state."""
LEAST = 1e-6
"""A probability's lower bound after each step."""
MOST_STEPS = 10_000


class Flow(GPT2):
    """The family's network.

    Args:
        width: of the layer between in `embed_time` and in `pred_velocity`, (time, velocity).
        steps: Euler steps.
        mix: share of the uniform distribution in what they start from.
        scale: velocities are divided by it.
    """

    integrates = True

    def __init__(
        self,
        shape: DecoderShape,
        n_positions: int,
        grid_size: int,
        n_actions: int,
        causal: bool = True,
        *,
        width: tuple[int, int],
        steps: int,
        mix: float,
        scale: float,
    ) -> None:
        super().__init__(shape, n_positions, grid_size, n_actions, causal)
        d = shape.d_model
        self.embed_flow_action = nn.Linear(n_actions, d)
        self.embed_time = nn.Sequential(nn.Linear(1, width[0]), nn.SiLU(), nn.Linear(width[0], d))
        self.pred_velocity = nn.Sequential(nn.Linear(d, width[1]), nn.SiLU(), nn.Linear(width[1], n_actions))
        self.steps, self.mix, self.scale = steps, mix, scale
        self.flow_steps = steps
        self.show_step(0)

    def show_step(self, step: int) -> None:
        self.shown = step
        of = f"step {step} of {self.steps}" if step else "the prior pass"
        self.variant = f"{self.steps} flow steps" + (f", {of} on display" if step else "")
        self.notes = (f"attention and logits on display are those of {of}; knock-outs and trials integrate",)

    @property
    def n_context_max(self) -> int:
        return (self.n_positions - 1 - AFTER) // PER_TRANSITION

    def layout(self, n: int) -> Layout:
        read = PER_TRANSITION * n + (AFTER if self.shown else 0)
        tokens = [(kind, t) for t in range(n) for kind in (STATE, ACTION, REWARD)]
        return Layout.of([*tokens, (QUERY, n), (FLOW_ACTION, NONE), (TIME, NONE)], n, read=read)

    def state_logits(
        self, states: Tensor, actions: Tensor, rewards: Tensor, next_states: Tensor, query_states: Tensor
    ) -> None:
        """None: the policy is read at the query only."""

    def forward(
        self,
        states: Tensor,
        actions: Tensor,
        rewards: Tensor,
        next_states: Tensor,
        query_states: Tensor,
        recorder: Recorder | None = None,
        query_actions: Tensor | None = None,
        edit: Edit | None = None,
    ) -> Tensor:
        del next_states, query_actions
        known = self.known(states, actions, rewards, query_states)
        if not self.shown:
            return self.prior(known, recorder, edit)
        p = self.mixed(self.prior(known, None, edit))
        known = known.expand(len(p), -1, -1)  # the rows of an edit are variants of one context
        for step in range(self.shown):
            seen = recorder if step == self.shown - 1 else None
            last = self.decode(self.with_flow(known, p, self.time(step)), seen, edit, read=-1)
            p = self.moved(p, last)
        return p.log()

    def policy_logits(
        self,
        states: Tensor,
        actions: Tensor,
        rewards: Tensor,
        next_states: Tensor,
        query_states: Tensor,
        edit: Edit | None = None,
    ) -> Tensor:
        del next_states
        known = self.known(states, actions, rewards, query_states)
        kept = KeysAndValues() if edit is None and self.causal else None
        p = self.mixed(self.prior(known, kept, edit))
        known = known.expand(len(p), -1, -1)  # the rows of an edit are variants of one context
        for step in range(self.steps):
            x = self.with_flow(known, p, self.time(step))
            last = self.decode(x, None, edit, read=-1) if kept is None else self.after(x, kept)
            p = self.moved(p, last)
        return p.log()

    def mixed(self, logits: Tensor) -> Tensor:
        """(B, A) what the steps start from: the prior of these logits (B, A), and a share of the uniform."""
        p: Tensor = (1 - self.mix) * logits.softmax(dim=-1) + self.mix / self.n_actions
        return p

    def time(self, step: int) -> float:
        """The time in the middle of a step, counted from 0."""
        return (step + 0.5) / self.steps

    def moved(self, p: Tensor, last: Tensor) -> Tensor:
        """(B, A) after one Euler step from p (B, A), by the velocity that is read at the last token (B, d)."""
        p = (p + self.pred_velocity(last) / self.scale / self.steps).clamp_min(LEAST)
        return p / p.sum(dim=-1, keepdim=True)

    def after(self, x: Tensor, kept: KeysAndValues) -> Tensor:
        """(B, d) of the last token: only the flow's tokens are computed, what they look back at is of the prior pass.

        No flow step changes it, as the model is causal.
        """
        N = x.shape[1]
        x = x[:, -AFTER:] + self.positions(torch.arange(N - AFTER, N, device=x.device))
        shown = torch.ones(AFTER, N, dtype=torch.bool, device=x.device).tril(N - AFTER)
        for block, (keys, values) in zip(self.decoder.blocks, kept.layers, strict=True):
            assert isinstance(block, Block), "a decoder is made of blocks"
            fused = block.attention.qkv(block.norm1(x)).chunk(3, dim=-1)
            q, k, v = (split_heads(part, self.decoder.shape.n_head) for part in fused)
            k = torch.cat([keys[:, :, :-AFTER], k], dim=2)
            v = torch.cat([values[:, :, :-AFTER], v], dim=2)
            y = F.scaled_dot_product_attention(q, k, v, attn_mask=shown)
            x = x + block.attention.out(y.transpose(1, 2).flatten(2))
            x = x + block.transform(block.norm2(x))
        last = x[:, -1]
        return last if self.decoder.final_norm is None else self.decoder.final_norm(last)

    def prior(self, known: Tensor, recorder: Recorder | None, edit: Edit | None) -> Tensor:
        """(B, A) logits of the prior policy."""
        uniform = known.new_full((len(known), self.n_actions), 1 / self.n_actions)
        hidden = self.decode(self.with_flow(known, uniform, 0.0), recorder, edit, read=-1 - AFTER)
        out: Tensor = self.pred_action(hidden)
        return out

    def known(self, states: Tensor, actions: Tensor, rewards: Tensor, query_states: Tensor) -> Tensor:
        """(B, 3n + 1, d) tokens of the transitions and the query state, without positions."""
        return torch.cat([self.embed_transitions(states, actions, rewards), self.embed_query(query_states)], dim=1)

    def with_flow(self, known: Tensor, p: Tensor, time: float) -> Tensor:
        """The same with the tokens of a distribution (B, A) and a time after them."""
        at = self.embed_time(known.new_full((len(known), 1), time))
        return torch.cat([known, self.embed_flow_action(p)[:, None], at[:, None]], dim=1)


def recognise(weights: Mapping[str, Tensor]) -> bool:
    """Whether the keys are this family's."""
    compressed = any(name.startswith(gpt2.COMPRESSOR) for name in weights)
    return gpt2.is_backbone(weights) and not compressed and any(name.startswith(gpt2.FLOW) for name in weights)


def build(weights: Mapping[str, Tensor], choices: BuildOptions, path: str) -> Flow:
    """Make the network from shapes and load the weights; see `encoder.build`."""
    shape, n_positions, side, n_actions = gpt2.sizes(weights, choices, path, head="pred_policy")
    d, config = shape.d_model, choices.config
    width = (dims(weights, "embed_time.0.weight", 2, path)[0], dims(weights, "pred_velocity.0.weight", 2, path)[0])
    wanted = gpt2.file_shapes(shape, n_positions, side**2, n_actions, head="pred_policy")
    wanted |= both("embed_flow_action", d, n_actions)
    wanted |= both("embed_time.0", width[0], 1) | both("embed_time.2", d, width[0])
    wanted |= both("pred_velocity.0", width[1], d) | both("pred_velocity.2", n_actions, width[1])
    check(wanted, weights, path, family=NAME, unused=gpt2.UNUSED)
    _number(config, "flow_eval_steps", path, 1, MOST_STEPS)
    steps = positive(config, "flow_eval_steps", path, default=1, most=MOST_STEPS)
    mix = _number(config, "flow_prior_init_mix", path, 0.0, 1.0)
    scale = _number(config, "flow_velocity_scale", path, 1e-9, 1e9)
    with torch.random.fork_rng(devices=[]):
        network = Flow(
            shape, n_positions, side, n_actions, choices.causal, width=width, steps=steps, mix=mix, scale=scale
        )
    gpt2.load(network, {name.replace("pred_policy.", "pred_action."): tensor for name, tensor in weights.items()})
    return network


def _number(config: Mapping[str, Any], name: str, path: str, least: float, most: float) -> float:
    """A setting that the flow cannot do without; raises CheckpointError where it is absent or out of range."""
    value = config.get(name)
    try:
        number = math.nan if isinstance(value, bool) or not isinstance(value, int | float | str) else float(value)
    except ValueError:
        number = math.nan
    if not least <= number <= most:  # false of nan too
        raise CheckpointError(
            path,
            expected=f"{name} from {least:g} to {most:g} in its config: the policy is integrated with it",
            found="no such setting" if value is None else f"{value!r:.40}",
            action=f"save the checkpoint again with {name} in its config",
        )
    return number
