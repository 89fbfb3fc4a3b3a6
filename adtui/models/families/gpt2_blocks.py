"""Family `gpt2 blocks`: GPT-2's blocks, written out by the users, over transition tokens and a query-state token.

Tokens and read-out are those of `encoder`; norms stand before each sublayer and after the last block, the feed-forward
is an exact GELU. `attn.qkv_proj` holds the rows of q, k and v in turn, each split by head.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ..decoder import DecoderShape
from ..network import BuildOptions
from ..weights import Shapes, both, check, check_heads, dims, grid_side, layer_count
from .encoder import Encoder

NAME = "gpt2 blocks"
BACKBONE = "transformer."
UNUSED = (r".*\.attn\.(bias|masked_bias|mask|causal_mask)", r"causal_mask")
"""Masks that versions of such code store beside the weights."""
# (in files, in our modules)
RENAMES = (
    ("blocks.", "decoder.blocks."),
    ("ln_f.", "decoder.final_norm."),
    (".ln1.", ".norm1."),
    (".ln2.", ".norm2."),
    (".attn.qkv_proj.", ".attention.qkv."),
    (".attn.out_proj.", ".attention.out."),
    (".mlp.fc1.", ".expand."),
    (".mlp.fc2.", ".contract."),
)


class GPT2Blocks(Encoder):
    """The family's network: the encoder's tokens before pre-norm blocks."""

    def __init__(
        self, shape: DecoderShape, n_transit: int, grid_size: int, n_actions: int, causal: bool = True
    ) -> None:
        super().__init__(shape, n_transit, grid_size, n_actions, causal)
        self.variant = ""


def recognise(weights: Mapping[str, Tensor]) -> bool:
    """Whether the keys are this family's."""
    return is_backbone(weights, BACKBONE)


def is_backbone(weights: Mapping[str, Tensor], prefix: str) -> bool:
    """Whether there are such blocks under the prefix, over transition tokens."""
    own = {f"{prefix}blocks.0.attn.qkv_proj.weight", f"{prefix}pos_embedding"}
    return own | {"embed_context.weight", "embed_query_state.weight"} <= weights.keys()


def build(weights: Mapping[str, Tensor], choices: BuildOptions, path: str) -> GPT2Blocks:
    """Make the network from shapes and load the weights; see `encoder.build`."""
    shape, n_transit, side, n_actions = sizes(weights, choices, path, BACKBONE)
    check(file_shapes(shape, n_transit, side**2, n_actions, BACKBONE), weights, path, family=NAME, unused=UNUSED)
    with torch.random.fork_rng(devices=[]):  # the initial values are replaced at once
        network = GPT2Blocks(shape, n_transit, side, n_actions, choices.causal)
    load(network, weights, BACKBONE)
    return network


def sizes(
    weights: Mapping[str, Tensor], choices: BuildOptions, path: str, prefix: str
) -> tuple[DecoderShape, int, int, int]:
    """(decoder's shape, number of positions, grid's side, number of actions) of a file of this layout."""
    n_transit, d_model = dims(weights, f"{prefix}pos_embedding", 3, path)[1:]
    side = grid_side(weights, "embed_query_state.weight", path)
    n_actions = dims(weights, "pred_action.weight", 2, path)[0]
    n_layer = layer_count(weights, f"{prefix}blocks.", path)
    d_ff = dims(weights, f"{prefix}blocks.0.mlp.fc1.weight", 2, path)[0]
    check_heads(path, d_model, choices.n_head)
    return DecoderShape(d_model, n_layer, choices.n_head, d_ff, pre_norm=True), n_transit, side, n_actions


def load(network: Encoder, weights: Mapping[str, Tensor], prefix: str) -> None:
    """Take the file's weights over, those that have no place in the network left out."""
    places = network.state_dict().keys()
    named = {from_file(name, prefix): tensor.float() for name, tensor in weights.items()}
    network.load_state_dict({name: tensor for name, tensor in named.items() if name in places}, assign=True)


def from_file(name: str, prefix: str) -> str:
    """The name in users' files → our parameter name."""
    if not name.startswith(prefix):
        return name
    name = name.removeprefix(prefix)
    for theirs, ours in RENAMES:
        name = name.replace(theirs, ours)
    return name


def file_shapes(shape: DecoderShape, n_transit: int, cells: int, n_actions: int, prefix: str) -> Shapes:
    """Names and shapes of a file of these sizes."""
    d, ff = shape.d_model, shape.d_ff
    sizes: Shapes = {f"{prefix}pos_embedding": (1, n_transit, d), "embed_query_state.weight": (cells, d)}
    for layer in range(shape.n_layer):
        at = f"{prefix}blocks.{layer}."
        sizes |= both(f"{at}attn.qkv_proj", 3 * d, d) | both(f"{at}attn.out_proj", d, d)
        sizes |= both(f"{at}mlp.fc1", ff, d) | both(f"{at}mlp.fc2", d, ff)
        sizes |= both(f"{at}ln1", d) | both(f"{at}ln2", d)
    return (
        sizes | both(f"{prefix}ln_f", d) | both("embed_context", d, n_actions + 5) | both("pred_action", n_actions, d)
    )
