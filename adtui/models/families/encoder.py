"""Family `encoder`: the default AD model, an `nn.TransformerEncoder` over transition tokens and a query-state token.

Tokens: n transitions [state, one-hot action, reward, next state] through one linear layer, then the query state's
embedding; learned positions are added from the first on. The action logits are read at the last token.
Two layouts exist in files: post-norm without a final norm (the users'), and pre-norm with a final norm
(`transformer_encoder.norm`, as `nn.TransformerEncoder(norm=…)` names it).
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ...records.layout import Layout
from ..appending import HeldKeys, appended
from ..attend import Recorder
from ..decoder import DecoderShape
from ..edit import Edit
from ..network import BuildOptions, Network
from ..weights import Shapes, both, check, check_heads, dims, grid_side, layer_count, truth

NAME = "encoder"
MARKS = ("token_type_embedding", "compress_start", "compress_end", "embed_compress")
"""How the names begin that only models with compressed context have."""
BUFFERS = ("causal_mask",)
"""Names that some versions store beside the weights."""

# (in files, in our modules): a plain renaming in both directions, since the shapes are the same.
RENAMES = (
    ("transformer_encoder.layers.", "decoder.blocks."),
    ("transformer_encoder.norm.", "decoder.final_norm."),
    (".self_attn.in_proj_weight", ".attention.qkv.weight"),
    (".self_attn.in_proj_bias", ".attention.qkv.bias"),
    (".self_attn.out_proj.", ".attention.out."),
    (".linear1.", ".expand."),
    (".linear2.", ".contract."),
)


class Encoder(Network):
    """The encoder family's network.

    Args:
        shape: the decoder's sizes.
        n_transit: number of positions: up to n_transit − 1 context transitions and the query.
        grid_size, n_actions, causal: see `Network`.
    """

    position_tables, positions_counted = ("pos_embedding",), "n_transit"

    def __init__(
        self, shape: DecoderShape, n_transit: int, grid_size: int, n_actions: int, causal: bool = True
    ) -> None:
        super().__init__(shape, grid_size, n_actions, causal)
        self.n_transit = self.n_transit_told = n_transit
        self.pos_embedding = nn.Parameter(torch.empty(1, n_transit, shape.d_model).normal_(std=0.02))
        self.embed_context = nn.Linear(2 + n_actions + 1 + 2, shape.d_model)
        self.embed_query_state = nn.Embedding(grid_size * grid_size, shape.d_model)
        self.pred_action = nn.Linear(shape.d_model, n_actions)
        self.variant = "pre-norm" if shape.pre_norm else "post-norm"

    @property
    def n_context_max(self) -> int:
        return self.n_transit - 1

    @property
    def appends(self) -> bool:
        return self.causal and self.keeps_positions

    def layout(self, n: int) -> Layout:
        return Layout.plain(n)

    def embed_transitions(self, states: Tensor, actions: Tensor, rewards: Tensor, next_states: Tensor) -> Tensor:
        """(B, n, 2), (B, n) integer, (B, n), (B, n, 2) → (B, n, d), without positions."""
        out: Tensor = self.embed_context(self.transition_features(states, actions, rewards, next_states))
        return out

    def embeddings(self, states: Tensor, actions: Tensor, rewards: Tensor, next_states: Tensor) -> Tensor:
        return self.embed_transitions(states, actions, rewards, next_states)

    def embed_query(self, states: Tensor) -> Tensor:
        """(..., 2) integer cells → (..., d), without positions."""
        out: Tensor = self.embed_query_state(self.cells(states))
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
        x = self.embed(states, actions, rewards, next_states, query_states)
        if edit is None or edit.positions is None:
            x = x + self.pos_embedding[:, : x.shape[1]]
        else:
            x = x + self.pos_embedding[0][edit.positions]
        out: Tensor = self.pred_action(self.decoder(x, causal=self.causal, recorder=recorder, edit=edit, read=-1))
        return out

    def append(self, token: Tensor, place: int, held: HeldKeys, *, add: bool) -> Tensor:
        x = token + self.pos_embedding[:, place : place + 1]
        out: Tensor = self.pred_action(appended(self.decoder, x, held, add=add))
        return out

    def embed(self, states: Tensor, actions: Tensor, rewards: Tensor, next_states: Tensor, query: Tensor) -> Tensor:
        """(B, N, d) tokens without positions, as `layout` lists them."""
        context = self.embed_transitions(states, actions, rewards, next_states)
        return torch.cat([context, self.embed_query(query).unsqueeze(1)], dim=1)

    def parallel_logits(self, states: Tensor, actions: Tensor, rewards: Tensor, next_states: Tensor) -> Tensor:
        """Logits at every prefix in one pass: query t stands at position t and sees transitions before t and itself.

        Args:
            states: (B, n, 2), actions (B, n), rewards (B, n), next_states (B, n, 2) with n ≤ n_transit.

        Returns:
            (B, n, A); entry t equals `forward` on the first t transitions with query state states[:, t].
        """
        n = states.shape[1]
        positions = self.pos_embedding[:, :n]
        context = self.embed_transitions(states, actions, rewards, next_states) + positions
        queries = self.embed_query(states) + positions
        hidden = self.decoder(torch.cat([context, queries], dim=1), mask=parallel_mask(n, states.device))
        out: Tensor = self.pred_action(hidden[:, n:])
        return out

    def to_state_dict(self) -> dict[str, Tensor]:
        """Weights under the users' names, on the CPU."""
        return {to_file(name): t.detach().cpu().clone() for name, t in self.state_dict().items()}


def parallel_mask(n: int, device: torch.device) -> Tensor:
    """(2n, 2n) bool for n transitions then n queries: see `Encoder.parallel_logits`."""
    t = torch.arange(n, device=device)
    causal = t[None, :] <= t[:, None]
    before = t[None, :] < t[:, None]
    nothing = torch.zeros(n, n, dtype=torch.bool, device=device)
    return torch.cat([torch.cat([causal, nothing], 1), torch.cat([before, torch.eye(n, device=device).bool()], 1)], 0)


def to_file(name: str) -> str:
    """Our parameter name → the name in users' files."""
    for theirs, ours in RENAMES:
        name = name.replace(ours, theirs)
    return name


def from_file(name: str) -> str:
    """The name in users' files → our parameter name."""
    for theirs, ours in RENAMES:
        name = name.replace(theirs, ours)
    return name


def recognise(weights: Mapping[str, Tensor]) -> bool:
    """Whether the keys are this family's."""
    needed = {"pos_embedding", "embed_context.weight", "transformer_encoder.layers.0.self_attn.in_proj_weight"}
    return needed <= weights.keys() and not any(name.startswith(MARKS) for name in weights)


def build(weights: Mapping[str, Tensor], choices: BuildOptions, path: str) -> Encoder:
    """Make the network from shapes and load the weights.

    Args:
        weights: the file's state dict, prefixes already stripped.
        choices: what no shape tells.
        path: for messages.

    Raises:
        CheckpointError: a weight is missing, left over, or has the wrong shape.
    """
    shape, n_transit, side, n_actions = sizes(weights, choices, path)
    check(file_shapes(shape, n_transit, side**2, n_actions), weights, path, family=NAME, unused=BUFFERS)
    with torch.random.fork_rng(devices=[]):  # the initial values are replaced at once
        network = Encoder(shape, n_transit, side, n_actions, choices.causal)
    load(network, weights)
    return network


def sizes(weights: Mapping[str, Tensor], choices: BuildOptions, path: str) -> tuple[DecoderShape, int, int, int]:
    """(decoder's shape, number of positions, grid's side, number of actions) of a file of this layout."""
    n_transit, d_model = dims(weights, "pos_embedding", 3, path)[1:]
    side = grid_side(weights, "embed_query_state.weight", path)
    n_actions = dims(weights, "pred_action.weight", 2, path)[0]
    n_layer = layer_count(weights, "transformer_encoder.layers.", path)
    d_ff = dims(weights, "transformer_encoder.layers.0.linear1.weight", 2, path)[0]
    check_heads(path, d_model, choices.n_head)
    final = "transformer_encoder.norm.weight" in weights
    # Without a final norm the keys of both orders are the same; only settings can tell.
    pre_norm = final or truth(choices.config.get("tf_norm_first", choices.config.get("norm_first"))) is True
    return DecoderShape(d_model, n_layer, choices.n_head, d_ff, pre_norm, final_norm=final), n_transit, side, n_actions


def load(network: Encoder, weights: Mapping[str, Tensor]) -> None:
    """Take the file's weights over, those that have no place in the network left out."""
    places = network.state_dict().keys()
    named = {from_file(name): tensor.float() for name, tensor in weights.items()}
    network.load_state_dict({name: tensor for name, tensor in named.items() if name in places}, assign=True)


def file_shapes(shape: DecoderShape, n_transit: int, cells: int, n_actions: int) -> Shapes:
    """Names and shapes of a file of these sizes."""
    d, ff = shape.d_model, shape.d_ff
    sizes: Shapes = {}
    for layer in range(shape.n_layer):
        at = f"transformer_encoder.layers.{layer}."
        sizes |= {f"{at}self_attn.in_proj_weight": (3 * d, d), f"{at}self_attn.in_proj_bias": (3 * d,)}
        sizes |= both(f"{at}self_attn.out_proj", d, d)
        sizes |= both(f"{at}linear1", ff, d) | both(f"{at}linear2", d, ff)
        sizes |= both(f"{at}norm1", d) | both(f"{at}norm2", d)
    if shape.pre_norm if shape.final_norm is None else shape.final_norm:
        sizes |= both("transformer_encoder.norm", d)
    sizes |= {"pos_embedding": (1, n_transit, d), "embed_query_state.weight": (cells, d)}
    return sizes | both("embed_context", d, n_actions + 5) | both("pred_action", n_actions, d)
