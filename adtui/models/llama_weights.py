"""What the families with DICP's transformer have in common: its sizes, names and the order of its rows."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from ..records.errors import CheckpointError
from .decoder import DecoderShape
from .network import BuildOptions, Network
from .weights import Shapes, both, check_heads, dims, layer_count

PREFIX = "transformer.blocks."
MARKS = frozenset({f"{PREFIX}0.attn.attn.weight", f"{PREFIX}0.mlp.swiglu.w1.weight", "embed_context.weight"})
"""Keys that all of them have."""
PARTS = {
    "norm_1.weight": "norm1.weight",
    "norm_2.weight": "norm2.weight",
    "attn.attn.weight": "attention.qkv.weight",
    "attn.attn.bias": "attention.qkv.bias",
    "attn.proj.weight": "attention.out.weight",
    "attn.proj.bias": "attention.out.bias",
    "mlp.swiglu.w1.weight": "gate.weight",
    "mlp.swiglu.w2.weight": "expand.weight",
    "mlp.swiglu.w3.weight": "contract.weight",
}
"""A block's weights: in files → in our modules."""


def decoder_shape(weights: Mapping[str, Tensor], choices: BuildOptions, path: str, *, width: int) -> DecoderShape:
    """The decoder of a file.

    Args:
        width: d_model, as the read-out tells it.

    Raises:
        CheckpointError: layers are missing, or the head count does not fit.
    """
    n_layer = layer_count(weights, PREFIX, path)
    d_ff = dims(weights, f"{PREFIX}0.mlp.swiglu.w1.weight", 2, path)[0]
    check_heads(path, width, choices.n_head)
    if width // choices.n_head % 2:
        raise CheckpointError(
            path,
            expected="heads of an even width, as rotary positions need",
            found=f"{choices.n_head} heads of width {width // choices.n_head}",
            action="say the right number with --heads",
        )
    return DecoderShape(
        width,
        n_layer,
        choices.n_head,
        d_ff,
        pre_norm=True,
        final_norm=False,
        norm="rms",
        feed_forward="swiglu",
        rotary=True,
    )


def block_shapes(shape: DecoderShape) -> Shapes:
    """Names and shapes of the blocks of a file."""
    d, ff = shape.d_model, shape.d_ff
    sizes: Shapes = {}
    for layer in range(shape.n_layer):
        at = f"{PREFIX}{layer}."
        sizes |= both(f"{at}attn.attn", 3 * d, d) | both(f"{at}attn.proj", d, d)
        sizes |= {f"{at}norm_1.weight": (d,), f"{at}norm_2.weight": (d,)}
        sizes |= {f"{at}mlp.swiglu.w{i}.weight": (ff, d) for i in (1, 2)} | {f"{at}mlp.swiglu.w3.weight": (d, ff)}
    return sizes


def loaded(network: Network, weights: Mapping[str, Tensor], n_head: int) -> None:
    """Load what the network has of a file's weights."""
    places = network.state_dict().keys()
    named = {from_file(name): tensor.float() for name, tensor in weights.items()}
    for name in [name for name in named if ".qkv." in name]:
        named[name] = deinterleaved(named[name], n_head)
    network.load_state_dict({name: tensor for name, tensor in named.items() if name in places}, assign=True)


def from_file(name: str) -> str:
    """The name in users' files → our parameter name."""
    if name.startswith(PREFIX):
        number, _, part = name.removeprefix(PREFIX).partition(".")
        return f"decoder.blocks.{number}.{PARTS.get(part, part)}"
    return name.replace("pred_actions.", "pred_action.")


def deinterleaved(tensor: Tensor, n_head: int) -> Tensor:
    """(3d, …) rows q0, k0, v0, q1, … of the heads → all of q, then k, then v."""
    width = tensor.shape[0] // 3 // n_head
    rest = tensor.shape[1:]
    return tensor.reshape(n_head, 3, width, *rest).transpose(0, 1).reshape(tensor.shape).contiguous()
