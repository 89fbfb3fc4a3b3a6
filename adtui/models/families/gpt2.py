"""Family `gpt2` (RAD_dark AD): GPT-2 over separate state, action and reward tokens.

Tokens: s0, a0, r0, s1, a1, r1, …, then the query state: 3n + 1 of them, with learned positions. Action logits can be
read at every state token; the query's is the last. Linear layers are stored as (in, out), GPT-2's `Conv1D`; `wte` is
unused.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ...records.layout import STATE, Layout
from ..attend import Recorder
from ..decoder import DecoderShape
from ..edit import Edit
from ..gpt2_weights import UNUSED_MASKS, block_shapes, from_block
from ..network import BuildOptions, Network
from ..weights import Shapes, both, check, check_heads, dims, grid_side, layer_count

NAME = "gpt2"
BACKBONE = "transformer_model."
PREFIX = f"{BACKBONE}h."
PER_TRANSITION = 3
COMPRESSOR = ("compression_transformer.", "latent_type_embedding")
"""How the names begin that only models with a compressor have."""
FLOW = ("embed_flow_action.", "embed_time.", "pred_velocity.")
"""How the names begin that only models with a flow have."""
UNUSED = (r"transformer_model\.wte\.weight", *UNUSED_MASKS)


class GPT2(Network):
    """The gpt2 family's network.

    Args:
        n_positions: longest sequence of tokens.
    """

    position_tables: tuple[str, ...] = ("positions",)
    positions_counted = "n_positions"

    def __init__(
        self, shape: DecoderShape, n_positions: int, grid_size: int, n_actions: int, causal: bool = True
    ) -> None:
        super().__init__(shape, grid_size, n_actions, causal)
        d = shape.d_model
        self.n_positions = n_positions
        self.positions = nn.Embedding(n_positions, d)
        self.embed_state = nn.Embedding(grid_size * grid_size, d)
        self.embed_action = nn.Embedding(n_actions, d)
        self.embed_reward = nn.Linear(1, d)
        self.pred_action = nn.Linear(d, n_actions)

    @property
    def n_context_max(self) -> int:
        return (self.n_positions - 1) // PER_TRANSITION

    def layout(self, n: int) -> Layout:
        return Layout.separate(0, n)

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
        out: Tensor = self.pred_action(self.hidden(states, actions, rewards, query_states, recorder, edit, read=-1))
        return out

    def embeddings(self, states: Tensor, actions: Tensor, rewards: Tensor, next_states: Tensor) -> Tensor:
        del next_states
        B, n = actions.shape
        tokens = self.embed_transitions(states, actions, rewards)
        return tokens.view(B, n, PER_TRANSITION, tokens.shape[-1]).sum(dim=2)

    def state_logits(
        self, states: Tensor, actions: Tensor, rewards: Tensor, next_states: Tensor, query_states: Tensor
    ) -> Tensor | None:
        del next_states
        hidden = self.hidden(states, actions, rewards, query_states)
        layout = self.layout(actions.shape[1])
        places = [*(layout.kind == STATE).nonzero()[0].tolist(), layout.read]
        out: Tensor = self.pred_action(hidden[:, places])
        return out

    def hidden(
        self,
        states: Tensor,
        actions: Tensor,
        rewards: Tensor,
        query_states: Tensor,
        recorder: Recorder | None = None,
        edit: Edit | None = None,
        read: int | None = None,
    ) -> Tensor:
        """(B, N, d) after the decoder, or (B, d) of the token that is read."""
        context = self.embed_transitions(states, actions, rewards)
        return self.decode(torch.cat([context, self.embed_query(query_states)], dim=1), recorder, edit, read)

    def decode(self, x: Tensor, recorder: Recorder | None, edit: Edit | None, read: int | None) -> Tensor:
        """(B, N, d) tokens without positions → hidden states; see `hidden`."""
        positions = (
            torch.arange(x.shape[1], device=x.device) if edit is None or edit.positions is None else edit.positions
        )
        x = x + self.positions(positions)
        out: Tensor = self.decoder(x, causal=self.causal, recorder=recorder, edit=edit, read=read)
        return out

    def embed_transitions(self, states: Tensor, actions: Tensor, rewards: Tensor) -> Tensor:
        """(B, n, 2), (B, n) integer, (B, n) → (B, 3n, d): state, action, reward in turn, without positions."""
        parts = [
            self.embed_state(self.cells(states)),
            self.embed_action(actions),
            self.embed_reward(rewards.unsqueeze(-1)),
        ]
        return torch.stack(parts, dim=2).flatten(1, 2)

    def embed_query(self, states: Tensor) -> Tensor:
        """(B, 2) → (B, 1, d)."""
        out: Tensor = self.embed_state(self.cells(states)).unsqueeze(1)
        return out


def recognise(weights: Mapping[str, Tensor]) -> bool:
    """Whether the keys are this family's."""
    return is_backbone(weights) and not any(name.startswith(COMPRESSOR + FLOW) for name in weights)


def is_backbone(weights: Mapping[str, Tensor]) -> bool:
    """Whether there is a GPT-2 over separate tokens."""
    return {f"{PREFIX}0.attn.c_attn.weight", f"{BACKBONE}wpe.weight", "embed_state.weight"} <= weights.keys()


def build(weights: Mapping[str, Tensor], choices: BuildOptions, path: str) -> GPT2:
    """Make the network from shapes and load the weights; see `encoder.build`."""
    shape, n_positions, side, n_actions = sizes(weights, choices, path)
    check(file_shapes(shape, n_positions, side**2, n_actions), weights, path, family=NAME, unused=UNUSED)
    with torch.random.fork_rng(devices=[]):
        network = GPT2(shape, n_positions, side, n_actions, choices.causal)
    load(network, weights)
    return network


def sizes(
    weights: Mapping[str, Tensor], choices: BuildOptions, path: str, head: str = "pred_action"
) -> tuple[DecoderShape, int, int, int]:
    """(decoder's shape, number of positions, grid's side, number of actions) of a file whose read-out has this name."""
    n_positions, d_model = dims(weights, f"{BACKBONE}wpe.weight", 2, path)
    side = grid_side(weights, "embed_state.weight", path)
    n_actions = dims(weights, f"{head}.weight", 2, path)[0]
    n_layer = layer_count(weights, PREFIX, path)
    d_ff = dims(weights, f"{PREFIX}0.mlp.c_fc.weight", 2, path)[1]
    check_heads(path, d_model, choices.n_head)
    shape = DecoderShape(d_model, n_layer, choices.n_head, d_ff, pre_norm=True, feed_forward="gelu_tanh")
    return shape, n_positions, side, n_actions


def load(network: GPT2, weights: Mapping[str, Tensor]) -> None:
    """Take the file's weights over, those that have no place in the network left out."""
    places = network.state_dict().keys()
    named = dict(from_block(name, tensor, BACKBONE) for name, tensor in weights.items())
    network.load_state_dict({name: tensor for name, tensor in named.items() if name in places}, assign=True)


def file_shapes(shape: DecoderShape, n_positions: int, cells: int, n_actions: int, head: str = "pred_action") -> Shapes:
    """Names and shapes of a file of these sizes."""
    d = shape.d_model
    sizes: Shapes = {f"{BACKBONE}wpe.weight": (n_positions, d)} | block_shapes(shape, BACKBONE)
    sizes |= {"embed_state.weight": (cells, d), "embed_action.weight": (n_actions, d)}
    return sizes | both("embed_reward", d, 1) | both(head, n_actions, d)
