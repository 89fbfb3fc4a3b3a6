"""Family `llama` (DICP): RMS norms before each sublayer, rotary positions, SwiGLU, no final norm.

Tokens: n transitions through one linear layer, then the query state's embedding, then, with dynamics, the embedding of
the action at the query, at which reward and next state are predicted. The action logits are read at the query state.

Its DPT variant puts the query first: token 0 is the query state padded with zeros through the transitions' layer (in
files whose `embed_query_state` is a linear layer that nothing uses) or its embedding, then the transitions; the logits
are read at the last of them. Its heads are named in the plural.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ...records.layout import QUERY, QUERY_ACTION, TRANSITION, Layout
from ..attend import Recorder
from ..decoder import DecoderShape
from ..edit import Edit
from ..llama_weights import MARKS, block_shapes, decoder_shape, loaded
from ..network import BuildOptions, Network
from ..weights import Shapes, both, check, dims, grid_side, positive
from . import llama_vectors

NAME = "llama"
N_TRANSIT = 80
"""Context where the settings do not say: the older default of the users' code. No shape tells, positions are rotary."""
MAX_TRANSIT = 1 << 16
VECTORS = ("dim_obs", "dim_actions", "learn_var")
"""Settings of the code whose states and actions are vectors."""


class Llama(Network):
    """The llama family's network.

    Args:
        n_transit: up to n_transit − 1 context transitions and the query.
        dynamics: the file has heads for reward and next state, and an embedding of the action at the query.
        query_first: the DPT variant.
        padded: its query goes through the transitions' layer.
    """

    positions_counted = "n_transit"

    def __init__(
        self,
        shape: DecoderShape,
        n_transit: int,
        grid_size: int,
        n_actions: int,
        causal: bool = True,
        *,
        dynamics: bool = False,
        query_first: bool = False,
        padded: bool = False,
    ) -> None:
        super().__init__(shape, grid_size, n_actions, causal)
        d = shape.d_model
        self.n_transit, self.dynamics, self.query_first = n_transit, dynamics, query_first
        self.embed_context = nn.Linear(2 + n_actions + 1 + 2, d)
        self.embed_query_state = None if padded else nn.Embedding(grid_size * grid_size, d)
        self.embed_query_action = nn.Embedding(n_actions, d) if dynamics else None
        self.pred_action = nn.Linear(d, n_actions)
        words = ("DPT, query first" if query_first else "", "dynamics" if dynamics else "")
        self.grid_told = not padded or dynamics  # dynamics have a head with one row per cell
        self.variant = " · ".join(word for word in words if word)

    @property
    def n_context_max(self) -> int:
        return self.n_transit - 1

    @property
    def takes_query_action(self) -> bool:
        # Without a causal mask the action at the query would reach the token at which it is predicted.
        return self.dynamics and self.causal

    def layout(self, n: int) -> Layout:
        query = [(QUERY, n)]
        context = [(TRANSITION, range(n))]
        after = [(QUERY_ACTION, n)] if self.takes_query_action else []
        order = query + context if self.query_first else context + query
        return Layout.of([*order, *after], n, read=n)

    def embeddings(self, states: Tensor, actions: Tensor, rewards: Tensor, next_states: Tensor) -> Tensor:
        out: Tensor = self.embed_context(self.transition_features(states, actions, rewards, next_states))
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
        n = actions.shape[1]
        features = self.transition_features(states, actions, rewards, next_states)
        context = self.embed_context(features)
        if self.embed_query_state is None:
            padded = features.new_zeros(len(features), 1, features.shape[2])
            padded[:, 0, :2] = query_states.to(padded.dtype)
            query = self.embed_context(padded)
        else:
            query = self.embed_query_state(self.cells(query_states)).unsqueeze(1)
        x = torch.cat([query, context] if self.query_first else [context, query], dim=1)
        if query_actions is not None and self.embed_query_action is not None:
            x = torch.cat([x, self.embed_query_action(query_actions).unsqueeze(1)], dim=1)
        out: Tensor = self.pred_action(self.decoder(x, causal=self.causal, recorder=recorder, edit=edit, read=n))
        return out


def recognise(weights: Mapping[str, Tensor]) -> bool:
    """Whether the keys are this family's."""
    return weights.keys() >= MARKS and not llama_vectors.recognise(weights)


def build(weights: Mapping[str, Tensor], choices: BuildOptions, path: str) -> Network:
    """Make the network from shapes and load the weights; see `encoder.build`.

    Where the shapes may be those of vectors as well, the settings tell; without them it is a grid.
    """
    if llama_vectors.cells_too(weights) and any(name in choices.config for name in VECTORS):
        return llama_vectors.build(weights, choices, path)
    plural = "s" if "pred_actions.weight" in weights else ""
    query_first = bool(plural) or choices.config.get("model") == "DPT"
    padded = query_first and "embed_query_state.bias" in weights
    dynamics = f"pred_reward{plural}.weight" in weights
    n_actions, d_model = dims(weights, f"pred_action{plural}.weight", 2, path)
    shape = decoder_shape(weights, choices, path, width=d_model)
    if not padded:
        side = grid_side(weights, "embed_query_state.weight", path)
    elif dynamics:
        side = grid_side(weights, "pred_next_states.weight", path)
    else:
        side = positive(choices.config, "grid_size", path, default=9, most=1000)
    wanted = file_shapes(shape, side**2, n_actions, dynamics=dynamics, plural=plural, padded=padded)
    check(wanted, weights, path, family=NAME, unused=[r"embed_query_action\.weight"] if query_first else [])
    n_transit = positive(choices.config, "n_transit", path, default=N_TRANSIT, most=MAX_TRANSIT)
    with torch.random.fork_rng(devices=[]):
        network = Llama(
            shape,
            max(2, n_transit),
            side,
            n_actions,
            choices.causal,
            dynamics=dynamics,
            query_first=query_first,
            padded=padded,
        )
    loaded(network, weights, choices.n_head)
    if choices.config.get("n_transit") is None:
        network.notes = (f"n_transit {N_TRANSIT} assumed: the settings do not say how long its contexts are",)
    return network


def file_shapes(
    shape: DecoderShape, cells: int, n_actions: int, *, dynamics: bool, plural: str = "", padded: bool = False
) -> Shapes:
    """Names and shapes of a file of these sizes. `plural` is "s" where the heads are named so."""
    d, sizes = shape.d_model, block_shapes(shape)
    sizes |= both("embed_context", d, n_actions + 5) | both(f"pred_action{plural}", n_actions, d)
    sizes |= both("embed_query_state", d, 2) if padded else {"embed_query_state.weight": (cells, d)}
    if dynamics:
        sizes |= {"embed_query_action.weight": (n_actions, d)}
        sizes |= both(f"pred_reward{plural}", 2, d) | both(f"pred_next_state{plural}", cells, d)
    return sizes
