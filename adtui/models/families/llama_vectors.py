"""Family `llama vectors`: the llama family where states and actions are vectors, as DICP trains it on Meta-World.

Tokens: n transitions [state, action, reward, next state] through one linear layer, then the query state through
another; with dynamics, the action at the query through a third, at which reward and next state are predicted. The
action is read at the query state: its numbers, or their means and then the logarithms of their variances. Which of the
two it is, and all sizes, the shapes tell.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ...records.action_head import DETERMINISTIC, GAUSSIAN, ActionHead
from ...records.layout import QUERY, QUERY_ACTION, TRANSITION, Layout
from ..attend import Recorder
from ..decoder import DecoderShape
from ..edit import Edit
from ..llama_weights import MARKS, block_shapes, decoder_shape, loaded
from ..network import BuildOptions, Network
from ..weights import Shapes, both, check, dims, positive

NAME = "llama vectors"
N_TRANSIT = 1000
"""Context where the settings do not say: the default of DICP's Meta-World code. No shape tells."""
MAX_TRANSIT = 1 << 16
READ_OUTS = ("pred_actions", "pred_action")
_CELL = 2


class LlamaVectors(Network):
    """The family's network.

    Args:
        n_transit: up to n_transit − 1 context transitions and the query.
        state_size: numbers of a state.
        head: what is read of the action.
        dynamics: the file has a head for the reward, and an embedding of the action at the query.
    """

    grid_told = False

    def __init__(
        self,
        shape: DecoderShape,
        n_transit: int,
        state_size: int,
        head: ActionHead,
        causal: bool = True,
        *,
        dynamics: bool = False,
    ) -> None:
        super().__init__(shape, 1, head.size, causal)
        d = shape.d_model
        self.n_transit, self.dynamics, self._head, self.vector_size = n_transit, dynamics, head, state_size
        self.embed_context = nn.Linear(2 * state_size + head.size + 1, d)
        self.embed_query_state = nn.Linear(state_size, d)
        self.embed_query_action = nn.Linear(head.size, d) if dynamics else None
        self.pred_action = nn.Linear(d, head.outputs)
        spread = "Gaussian" if head.kind == GAUSSIAN else "deterministic"
        self.variant = " · ".join([spread, "dynamics"] if dynamics else [spread])

    @property
    def head(self) -> ActionHead:
        return self._head

    @property
    def n_context_max(self) -> int:
        return self.n_transit - 1

    @property
    def takes_query_action(self) -> bool:
        # Without a causal mask the action at the query would reach the token at which it is predicted.
        return self.dynamics and self.causal

    def layout(self, n: int) -> Layout:
        after = [(QUERY_ACTION, n)] if self.takes_query_action else []
        return Layout.of([(TRANSITION, range(n)), (QUERY, n), *after], n, read=n)

    def embeddings(self, states: Tensor, actions: Tensor, rewards: Tensor, next_states: Tensor) -> Tensor:
        parts = [states, actions, rewards.unsqueeze(-1), next_states]
        out: Tensor = self.embed_context(torch.cat(parts, dim=-1))
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
        context = self.embeddings(states, actions, rewards, next_states)
        x = torch.cat([context, self.embed_query_state(query_states).unsqueeze(1)], dim=1)
        if query_actions is not None and self.embed_query_action is not None:
            x = torch.cat([x, self.embed_query_action(query_actions).unsqueeze(1)], dim=1)
        read = actions.shape[1]
        out: Tensor = self.pred_action(self.decoder(x, causal=self.causal, recorder=recorder, edit=edit, read=read))
        return out


def sizes(weights: Mapping[str, Tensor]) -> tuple[int, ActionHead] | None:
    """Numbers of a state, and what is read of an action, where the shapes are those of vectors; else None."""
    names = [name for name in READ_OUTS if f"{name}.weight" in weights]
    wanted = [f"{name}.weight" for name in ("embed_query_state", "embed_context", *names)]
    if len(names) != 1 or "embed_query_state.bias" not in weights or any(name not in weights for name in wanted):
        return None
    if any(weights[name].ndim != 2 for name in wanted):
        return None
    state, width, rows = weights[wanted[0]].shape[1], weights[wanted[1]].shape[1], weights[wanted[2]].shape[0]
    action = width - 2 * state - 1
    if action < 1 or rows not in (action, 2 * action):
        return None
    return state, ActionHead(DETERMINISTIC if rows == action else GAUSSIAN, action)


def cells_too(weights: Mapping[str, Tensor]) -> bool:
    """Whether the shapes may as well be those of DPT in a grid: a query of two numbers, a row for each action."""
    found = sizes(weights)
    return found is not None and found[0] == _CELL and found[1].kind == DETERMINISTIC


def recognise(weights: Mapping[str, Tensor]) -> bool:
    """Whether the keys and shapes are this family's and no other's; where `cells_too`, settings tell: see `llama`."""
    return weights.keys() >= MARKS and sizes(weights) is not None and not cells_too(weights)


def build(weights: Mapping[str, Tensor], choices: BuildOptions, path: str) -> LlamaVectors:
    """Make the network from shapes and load the weights; see `encoder.build`."""
    found = sizes(weights)
    assert found is not None, "see `recognise`"
    state, head = found
    read_out = next(name for name in READ_OUTS if f"{name}.weight" in weights)
    shape = decoder_shape(weights, choices, path, width=dims(weights, f"{read_out}.weight", 2, path)[1])
    dynamics = "embed_query_action.weight" in weights
    check(file_shapes(shape, state, head, read_out, weights), weights, path, family=NAME)
    n_transit = positive(choices.config, "n_transit", path, default=N_TRANSIT, most=MAX_TRANSIT)
    with torch.random.fork_rng(devices=[]):
        network = LlamaVectors(shape, max(2, n_transit), state, head, choices.causal, dynamics=dynamics)
    loaded(network, weights, choices.n_head)
    notes = [f"states are vectors of {state} numbers; {head.words}"]
    if choices.config.get("n_transit") is None:
        notes.append(f"n_transit {N_TRANSIT} assumed: the settings do not say how long its contexts are")
    network.notes = tuple(notes)
    return network


def file_shapes(
    shape: DecoderShape, state: int, head: ActionHead, read_out: str, weights: Mapping[str, Tensor]
) -> Shapes:
    """Names and shapes of a file of these sizes; of what dynamics predict, those heads that the file has."""
    d = shape.d_model
    found = (
        block_shapes(shape) | both("embed_context", d, 2 * state + head.size + 1) | both("embed_query_state", d, state)
    )
    found |= both(read_out, head.outputs, d)
    if "embed_query_action.weight" in weights:
        plural = "s" if read_out.endswith("s") else ""
        found |= both("embed_query_action", d, head.size) | both(f"pred_reward{plural}", 1, d)
        if f"pred_next_state{plural}.weight" in weights:
            found |= both(f"pred_next_state{plural}", state, d)
    return found
