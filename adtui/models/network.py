"""What every family's network offers to the rest of the program."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..records.action_head import CATEGORICAL, ActionHead
from ..records.layout import Layout
from ..records.run_settings import Customs
from .appending import HeldKeys
from .attend import Recorder
from .compressor import CompressorSizes
from .decoder import Decoder, DecoderShape
from .edit import Edit


@dataclass(frozen=True)
class BuildOptions:
    """What no weight's shape tells.

    Attributes:
        n_head: the head count.
        causal: whether a token sees only those before it.
        config: the checkpoint's own settings.
    """

    n_head: int
    causal: bool = True
    config: Mapping[str, Any] = field(default_factory=dict)


class Network(nn.Module, ABC):
    """Tokens of a context, one decoder, and the action logits at one of the tokens.

    Args:
        shape: the decoder's sizes.
        grid_size: side of the square grid; states are (x, y) cells, numbered x · grid_size + y.
        n_actions: number of actions.
        causal: each token sees itself and those before it only.

    Attributes:
        vector_size: numbers of a state that is a vector; 0 where states are cells.
        variant: what this one is within its family, in words; "" where there is one kind only.
        notes: what the user should know about how it was read.
        stride: contexts begin at multiples of this many steps of their history.
        integrates: whether the policy is more than the logits of one pass, see `policy_logits`.
        flow_steps: steps of the flow that is integrated; 0 where there is none.
        own_layers: whether `decoder` runs the layers; not where they are code of the user's.
        grid_told: whether a weight's shape tells the grid; else any cell can be embedded.
        customs: what the code that wrote the file tells of the run.
        position_tables: attributes, tensors (…, positions, width) or embeddings, that have a row for each position.
        positions_counted: the attribute that says how many tokens there are positions for; "" where none does.
        n_transit_told: n_transit where a weight's shape tells it: the transitions of a training window.
    """

    vector_size: int = 0
    variant: str = ""
    notes: tuple[str, ...] = ()
    stride: int = 1
    grid_told: bool = True
    customs: Customs = Customs()
    n_transit_told: int | None = None
    position_tables: tuple[str, ...] = ()
    positions_counted: str = ""
    integrates: bool = False
    flow_steps: int = 0
    own_layers: bool = True

    def __init__(self, shape: DecoderShape, grid_size: int, n_actions: int, causal: bool = True) -> None:
        super().__init__()
        self.grid_size, self.n_actions, self.causal = grid_size, n_actions, causal
        self.decoder = Decoder(shape)

    @property
    def head(self) -> ActionHead:
        """What its outputs say of an action."""
        return ActionHead(CATEGORICAL, self.n_actions)

    @property
    def n_layer(self) -> int:
        return self.decoder.shape.n_layer

    @property
    def n_head(self) -> int:
        return self.decoder.shape.n_head

    @property
    def d_model(self) -> int:
        return self.decoder.shape.d_model

    @property
    @abstractmethod
    def n_context_max(self) -> int:
        """Longest context in transitions."""

    @property
    def n_context_usual(self) -> int:
        """The context length to open with, in transitions: the longest, where nothing speaks for another."""
        return self.n_context_max

    @abstractmethod
    def layout(self, n: int) -> Layout:
        """What the tokens of a captured pass over n transitions stand for."""

    @abstractmethod
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
        """Action logits at the query.

        Args:
            states, next_states: (B, n, 2) integer; actions: (B, n) integer; rewards: (B, n) float.
            query_states: (B, 2) integer. Where states and actions are vectors (`head`), they are float, of
                (B, n, S), (B, n, D) and (B, S).
            recorder: see `Decoder.forward`.
            query_actions: (B,) integer, the action at the query, for models that have a token for it
                (`takes_query_action`); it comes after the logits are read and cannot change them.
            edit: an intervention; its tokens are those of `layout`, without the query's action.

        Returns:
            (B, A) logits, or (B, K) outputs of another head.
        """

    def policy_logits(
        self,
        states: Tensor,
        actions: Tensor,
        rewards: Tensor,
        next_states: Tensor,
        query_states: Tensor,
        edit: Edit | None = None,
    ) -> Tensor:
        """(B, A) logits that the model acts by: those of `forward`, where no flow is integrated after it."""
        out: Tensor = self(states, actions, rewards, next_states, query_states, None, None, edit)
        return out

    @property
    def compressor(self) -> CompressorSizes | None:
        """What sums up the oldest transitions in latents; None where the family has none."""
        return None

    def round_layouts(self, n: int) -> tuple[Layout, ...]:
        """For each of the compressor's rounds over n transitions, what its latents attend to."""
        del n
        return ()

    def mask(self, n: int) -> Tensor | None:
        """(N, N) bool of a pass over n transitions, True where the query (row) may see the key (column).

        None where it is what `causal` says.
        """
        del n
        return None

    def can_ablate(self, way: str, layer: int | None) -> bool:
        """Whether transitions can be ablated for a layer, or for the whole model, in one of `records.ablation.WAYS`."""
        del way, layer
        return True

    def show_step(self, step: int) -> None:
        """Let `forward` and `layout` be those of a flow step from 1 on, or of the prior pass, 0."""
        assert step == 0, "only a flow has steps"

    @property
    def keeps_positions(self) -> bool:
        """Whether a transition can keep its position when others are left out."""
        return True

    @property
    def appends(self) -> bool:
        """Whether a transition is one token that can be read by itself, over keys and values of those before it."""
        return False

    def append(self, token: Tensor, place: int, held: HeldKeys, *, add: bool) -> Tensor:
        """(B, A) action logits after one token (B, 1, d), without its position, at a place; where it `appends`.

        Args:
            held, add: see `appending.appended`.
        """
        raise NotImplementedError

    def embed_query(self, states: Tensor) -> Tensor:
        """(B, 2) cells → (B, d) query tokens without positions; where it `appends`."""
        raise NotImplementedError

    @property
    def takes_query_action(self) -> bool:
        """Whether a captured pass wants the action at the query."""
        return False

    @abstractmethod
    def embeddings(self, states: Tensor, actions: Tensor, rewards: Tensor, next_states: Tensor) -> Tensor:
        """(B, n, d) transitions as they are embedded, without positions; the sum where they have several tokens."""

    def state_logits(
        self, states: Tensor, actions: Tensor, rewards: Tensor, next_states: Tensor, query_states: Tensor
    ) -> Tensor | None:
        """(B, n' + 1, A) logits at every visible state token, for families that predict at each of them; else None."""
        del states, actions, rewards, next_states, query_states
        return None

    def cells(self, states: Tensor) -> Tensor:
        """(..., 2) cells → (...) their numbers."""
        return (states[..., 0] * self.grid_size + states[..., 1]).long()

    def transition_features(self, states: Tensor, actions: Tensor, rewards: Tensor, next_states: Tensor) -> Tensor:
        """(B, n, 2), (B, n) integer, (B, n), (B, n, 2) → (B, n, 2 + A + 1 + 2), what `embed_context` takes."""
        one_hot = F.one_hot(actions, self.n_actions).to(rewards.dtype)
        parts = [states.to(rewards.dtype), one_hot, rewards.unsqueeze(-1), next_states.to(rewards.dtype)]
        return torch.cat(parts, dim=-1)
