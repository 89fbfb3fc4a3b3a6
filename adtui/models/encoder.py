"""Family `encoder`: the default AD model, an `nn.TransformerEncoder` over transition tokens and a query-state token.

Tokens: n transitions [state, one-hot action, reward, next state] through one linear layer, then the query state's
embedding; learned positions are added from the first on. The action logits are read at the last token.
Two layouts exist in files: post-norm without a final norm (the users'), and pre-norm with a final norm
(`transformer_encoder.norm`, as `nn.TransformerEncoder(norm=…)` names it).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import CheckpointError
from .decoder import Decoder, DecoderShape, Recorder

NAME = "encoder"

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


class Encoder(nn.Module):
    """The encoder family's network.

    Args:
        shape: the decoder's sizes.
        n_transit: number of positions: up to n_transit − 1 context transitions and the query.
        grid_size: side of the square grid; states are (x, y) cells, embedded as x · grid_size + y.
        n_actions: number of actions.
    """

    def __init__(
        self, shape: DecoderShape, n_transit: int, grid_size: int, n_actions: int, causal: bool = True
    ) -> None:
        super().__init__()
        self.n_transit, self.grid_size, self.n_actions, self.causal = n_transit, grid_size, n_actions, causal
        self.decoder = Decoder(shape)
        self.pos_embedding = nn.Parameter(torch.empty(1, n_transit, shape.d_model).normal_(std=0.02))
        self.embed_context = nn.Linear(2 + n_actions + 1 + 2, shape.d_model)
        self.embed_query_state = nn.Embedding(grid_size * grid_size, shape.d_model)
        self.pred_action = nn.Linear(shape.d_model, n_actions)

    @property
    def n_context_max(self) -> int:
        """Longest context in transitions."""
        return self.n_transit - 1

    def embed_transitions(self, states: Tensor, actions: Tensor, rewards: Tensor, next_states: Tensor) -> Tensor:
        """(B, n, 2), (B, n) integer, (B, n), (B, n, 2) → (B, n, d), without positions."""
        one_hot = F.one_hot(actions, self.n_actions).to(rewards.dtype)
        parts = [states.to(rewards.dtype), one_hot, rewards.unsqueeze(-1), next_states.to(rewards.dtype)]
        out: Tensor = self.embed_context(torch.cat(parts, dim=-1))
        return out

    def embed_query(self, states: Tensor) -> Tensor:
        """(..., 2) integer cells → (..., d), without positions."""
        cells = states[..., 0] * self.grid_size + states[..., 1]
        out: Tensor = self.embed_query_state(cells.long())
        return out

    def forward(
        self,
        states: Tensor,
        actions: Tensor,
        rewards: Tensor,
        next_states: Tensor,
        query_states: Tensor,
        recorder: Recorder | None = None,
    ) -> Tensor:
        """Action logits at the query.

        Args:
            states, next_states: (B, n, 2) integer; actions: (B, n) integer; rewards: (B, n) float.
            query_states: (B, 2) integer.
            recorder: see `Decoder.forward`.

        Returns:
            (B, A) logits.
        """
        context = self.embed_transitions(states, actions, rewards, next_states)
        x = torch.cat([context, self.embed_query(query_states).unsqueeze(1)], dim=1)
        x = x + self.pos_embedding[:, : x.shape[1]]
        hidden = self.decoder(x, causal=self.causal, recorder=recorder)
        out: Tensor = self.pred_action(hidden[:, -1])
        return out

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
    needed = {"pos_embedding", "embed_context.weight", "embed_query_state.weight", "pred_action.weight"}
    return (
        needed <= weights.keys()
        and "transformer_encoder.layers.0.self_attn.in_proj_weight" in weights
        and not any(name.startswith(("token_type_embedding", "compress", "embed_compress")) for name in weights)
    )


def build(weights: Mapping[str, Tensor], n_head: int, causal: bool, path: str) -> Encoder:
    """Make the network from shapes and load the weights.

    Args:
        weights: the file's state dict, prefixes already stripped.
        n_head, causal: what no shape tells.
        path: for messages.

    Raises:
        CheckpointError: a weight is missing, left over, or has the wrong shape.
    """
    n_transit, d_model = _dims(weights, "pos_embedding", 3, path)[1:]
    cells, n_actions = len(weights["embed_query_state.weight"]), len(weights["pred_action.weight"])
    grid_size = round(cells**0.5)
    layers = {int(m[1]) for name in weights if (m := re.match(r"transformer_encoder\.layers\.(\d{1,4})\.", name))}
    d_ff = _dims(weights, "transformer_encoder.layers.0.linear1.weight", 2, path)[0]
    if grid_size**2 != cells:
        raise _wrong(path, "embed_query_state with one row per cell of a square grid", f"{cells} rows")
    if layers != set(range(len(layers))):
        raise _wrong(path, f"layers 0 to {len(layers) - 1}", f"layer {max(layers)}")
    if d_model % n_head:
        raise CheckpointError(
            path,
            expected=f"a head count that divides the width {d_model}",
            found=f"{n_head} heads",
            action="say the right one with --heads",
        )
    shape = DecoderShape(d_model, len(layers), n_head, d_ff, pre_norm="transformer_encoder.norm.weight" in weights)
    wanted = file_shapes(shape, n_transit, cells, n_actions)
    _check(wanted, {name: tuple(t.shape) for name, t in weights.items()}, path)
    with torch.random.fork_rng(devices=[]):  # the initial values are replaced at once
        network = Encoder(shape, n_transit, grid_size, n_actions, causal)
    network.load_state_dict({from_file(name): t.float() for name, t in weights.items()}, assign=True)
    return network


def file_shapes(shape: DecoderShape, n_transit: int, cells: int, n_actions: int) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a file of these sizes: checked before anything is allocated, since sizes come from a file."""
    d, ff, sizes = shape.d_model, shape.d_ff, {}
    for layer in range(shape.n_layer):
        block = {
            "self_attn.in_proj_weight": (3 * d, d),
            "self_attn.in_proj_bias": (3 * d,),
            "self_attn.out_proj.weight": (d, d),
            "self_attn.out_proj.bias": (d,),
            "linear1.weight": (ff, d),
            "linear1.bias": (ff,),
            "linear2.weight": (d, ff),
            "linear2.bias": (d,),
            **{f"norm{i}.{part}": (d,) for i in (1, 2) for part in ("weight", "bias")},
        }
        sizes.update({f"transformer_encoder.layers.{layer}.{name}": size for name, size in block.items()})
    if shape.pre_norm:
        sizes.update({f"transformer_encoder.norm.{part}": (d,) for part in ("weight", "bias")})
    return sizes | {
        "pos_embedding": (1, n_transit, d),
        "embed_context.weight": (d, n_actions + 5),
        "embed_context.bias": (d,),
        "embed_query_state.weight": (cells, d),
        "pred_action.weight": (n_actions, d),
        "pred_action.bias": (n_actions,),
    }


def _check(wanted: Mapping[str, tuple[int, ...]], found: Mapping[str, tuple[int, ...]], path: str) -> None:
    if missing := sorted(wanted.keys() - found.keys()):
        raise _wrong(path, f"the weight {missing[0]}", f"no such key ({len(missing)} missing)")
    if extra := sorted(found.keys() - wanted.keys()):
        raise _wrong(path, "only the encoder family's weights", f"also {extra[0]} ({len(extra)} in excess)")
    for name, size in wanted.items():
        if found[name] != size:
            raise _wrong(path, f"{name} of shape {size}", f"shape {found[name]}")


def _dims(weights: Mapping[str, Tensor], name: str, rank: int, path: str) -> tuple[int, ...]:
    if name not in weights:
        raise _wrong(path, f"the weight {name}", "no such key")
    if weights[name].ndim != rank or 0 in weights[name].shape:
        raise _wrong(path, f"{name} with {rank} non-empty dimensions", f"shape {tuple(weights[name].shape)}")
    return tuple(weights[name].shape)


def _wrong(path: str, expected: str, found: str) -> CheckpointError:
    return CheckpointError(path, expected=expected, found=found, action="save the whole model's state_dict again")
