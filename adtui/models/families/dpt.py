"""Family `dpt`: DPT as its authors save it (Lee et al. 2023, arXiv 2306.14892): GPT-2, the query before transitions.

Tokens: the query state padded with zeros, then n transitions [state, one-hot action, next state, reward], all through
one linear layer; learned positions. The action logits are read at the last token. There is one head, whatever the
settings or the file's name say. A state is a cell's (x, y), or, in bandits, the number 1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...records.layout import QUERY, TRANSITION, Layout
from ...records.run_settings import Customs
from ..attend import Recorder
from ..decoder import DecoderShape
from ..edit import Edit
from ..gpt2_weights import UNUSED_MASKS, block_shapes, from_block
from ..network import BuildOptions, Network
from ..weights import Shapes, both, check, dims, layer_count, wrong

NAME = "dpt"
HEADS = 1
"""What its code gives to GPT-2, always."""
BACKBONE = "transformer."
PREFIX = f"{BACKBONE}h."
UNUSED = (r"transformer\.wte\.weight", *UNUSED_MASKS)
WHOSE = "DPT's code"
GRID_SIZE = 10
CELL, ONE = 2, 1
"""Numbers of a state: a cell's two, or one that never changes."""
PER_STEP = 4
"""Its code makes so many positions for each step of the horizon and one more."""
_NAMED = re.compile(r"(bandit_thompson|bandit)_.*_var(\d+(?:\.\d+)?)_cov")
"""What its code writes into the name of a model of bandits: of which kind, and the deviation of what an arm pays."""


class DPT(Network):
    """The dpt family's network.

    Args:
        n_positions: longest sequence of tokens.
        state_size: numbers of a state, CELL or ONE.
        path: of the file, whose name tells of bandits what they pay.
    """

    grid_told = False
    variant = "query first"
    position_tables, positions_counted = ("positions",), "n_positions"

    def __init__(
        self,
        shape: DecoderShape,
        n_positions: int,
        n_actions: int,
        causal: bool = True,
        *,
        state_size: int = CELL,
        path: str = "",
    ) -> None:
        super().__init__(shape, GRID_SIZE if state_size == CELL else 1, n_actions, causal)
        self.n_positions, self.state_size = n_positions, state_size
        self.positions = nn.Embedding(n_positions, shape.d_model)
        self.embed_transition = nn.Linear(2 * state_size + n_actions + 1, shape.d_model)
        self.pred_action = nn.Linear(shape.d_model, n_actions)
        self.customs = _customs(n_positions, state_size, Path(path).name)
        self.notes = (_note(self.customs.assumed, state_size),)

    @property
    def n_context_max(self) -> int:
        return self.n_positions - 1

    @property
    def n_context_usual(self) -> int:
        """The horizon: no context was longer in training."""
        return _horizon(self.n_positions)

    def layout(self, n: int) -> Layout:
        return Layout.of([(QUERY, n), (TRANSITION, range(n))], n, read=n)

    def embeddings(self, states: Tensor, actions: Tensor, rewards: Tensor, next_states: Tensor) -> Tensor:
        parts = [
            self._numbers(states, rewards.dtype),
            F.one_hot(actions, self.n_actions).to(rewards.dtype),
            self._numbers(next_states, rewards.dtype),
            rewards.unsqueeze(-1),
        ]
        out: Tensor = self.embed_transition(torch.cat(parts, dim=-1))
        return out

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
        del query_actions
        padded = rewards.new_zeros(len(rewards), 1, self.embed_transition.in_features)
        padded[:, 0, : self.state_size] = self._numbers(query_states, rewards.dtype)
        context = self.embeddings(states, actions, rewards, next_states)
        x = torch.cat([self.embed_transition(padded), context], dim=1)
        ordered = torch.arange(x.shape[1], device=x.device)
        x = x + self.positions(ordered if edit is None or edit.positions is None else edit.positions)
        out: Tensor = self.pred_action(self.decoder(x, causal=self.causal, recorder=recorder, edit=edit, read=-1))
        return out

    def _numbers(self, states: Tensor, dtype: torch.dtype) -> Tensor:
        """(…, 2) cells as the numbers that a state is here."""
        return states.to(dtype) if self.state_size == CELL else torch.ones_like(states[..., :ONE], dtype=dtype)


def _horizon(n_positions: int) -> int:
    return max(1, n_positions // PER_STEP - 1)


def _customs(n_positions: int, state_size: int, name: str) -> Customs:
    """What its code fixes and no file of it says."""
    common = {"model": "DPT", "env_split_seed": 0, "train_env_ratio": 0.8}
    horizon = _horizon(n_positions)
    if state_size == ONE:
        found = _NAMED.match(name)
        told = {} if found is None else {"env": found[1], "reward_std": float(found[2])}
        return Customs(WHOSE, common | {"env": "bandit", "horizon": horizon}, told)
    return Customs(WHOSE, common | {"env": "darkroom_heldout", "grid_size": GRID_SIZE, "horizon": horizon})


def _note(assumed: Mapping[str, Any], state_size: int) -> str:
    if state_size == ONE:
        return (
            f"a model of bandits, as its states are one number; horizon {assumed['horizon']} from its positions,"
            f" {PER_STEP} for each step and one more; the bandits here are drawn anew: it was trained on none of them"
        )
    room = f"Dark Room of {GRID_SIZE} x {GRID_SIZE}"
    return (
        f"{room}, as DPT's code has it: no shape tells; horizon {assumed['horizon']}"
        f" from its positions, {PER_STEP} for each step and one more"
    )


def recognise(weights: Mapping[str, Tensor]) -> bool:
    """Whether the keys are this family's."""
    own = {f"{PREFIX}0.attn.c_attn.weight", f"{BACKBONE}wpe.weight", "embed_transition.weight", "pred_actions.weight"}
    return own <= weights.keys() and not any(name.startswith(("image_encoder.", "embed_ln.")) for name in weights)


def build(weights: Mapping[str, Tensor], choices: BuildOptions, path: str) -> DPT:
    """Make the network from shapes and load the weights; see `encoder.build`."""
    n_positions, d_model = dims(weights, f"{BACKBONE}wpe.weight", 2, path)
    n_actions = dims(weights, "pred_actions.weight", 2, path)[0]
    width = dims(weights, "embed_transition.weight", 2, path)[1]
    state_size, odd = divmod(width - n_actions - 1, 2)
    if odd or state_size not in (CELL, ONE):
        expected = f"embed_transition.weight with {n_actions} actions, a reward and two states of 2 numbers (or 1)"
        raise wrong(path, expected, f"shape {(d_model, width)}")
    d_ff = dims(weights, f"{PREFIX}0.mlp.c_fc.weight", 2, path)[1]
    n_layer = layer_count(weights, PREFIX, path)
    shape = DecoderShape(d_model, n_layer, HEADS, d_ff, pre_norm=True, feed_forward="gelu_tanh")
    wanted: Shapes = {f"{BACKBONE}wpe.weight": (n_positions, d_model)} | block_shapes(shape, BACKBONE)
    wanted |= both("embed_transition", d_model, width) | both("pred_actions", n_actions, d_model)
    check(wanted, weights, path, family=NAME, unused=UNUSED)
    with torch.random.fork_rng(devices=[]):
        network = DPT(shape, n_positions, n_actions, choices.causal, state_size=state_size, path=path)
    weights = {name.replace("pred_actions.", "pred_action."): tensor for name, tensor in weights.items()}
    named = dict(from_block(name, tensor, BACKBONE) for name, tensor in weights.items())
    places = network.state_dict().keys()
    network.load_state_dict({name: tensor for name, tensor in named.items() if name in places}, assign=True)
    return network
