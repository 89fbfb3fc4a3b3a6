"""How transformers' GPT-2 stores its blocks: names, shapes, and linear layers as (in, out), its `Conv1D`."""

from __future__ import annotations

from torch import Tensor

from .decoder import DecoderShape
from .weights import Shapes, both

PARTS = {
    "ln_1": "norm1",
    "ln_2": "norm2",
    "attn.c_attn": "attention.qkv",
    "attn.c_proj": "attention.out",
    "mlp.c_fc": "expand",
    "mlp.c_proj": "contract",
}
"""A block's layers: in files → in our modules."""
TRANSPOSED = ("attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj")
UNUSED_MASKS = (r".*\.h\.\d+\.attn\.(bias|masked_bias)",)
"""Masks that older versions of transformers store beside the weights."""


def block_shapes(shape: DecoderShape, backbone: str) -> Shapes:
    """Names and shapes of the blocks under a prefix, and of the last norm."""
    d, ff = shape.d_model, shape.d_ff
    sizes: Shapes = {}
    for layer in range(shape.n_layer):
        at = f"{backbone}h.{layer}."
        for part, (inside, outside) in {
            "attn.c_attn": (d, 3 * d),
            "attn.c_proj": (d, d),
            "mlp.c_fc": (d, ff),
            "mlp.c_proj": (ff, d),
        }.items():
            sizes |= {f"{at}{part}.weight": (inside, outside), f"{at}{part}.bias": (outside,)}
        sizes |= both(f"{at}ln_1", d) | both(f"{at}ln_2", d)
    return sizes | both(f"{backbone}ln_f", d)


def from_block(name: str, tensor: Tensor, backbone: str) -> tuple[str, Tensor]:
    """A weight as users' files have it → our name for it, and the tensor as our modules want it."""
    values = tensor.float()
    prefix = f"{backbone}h."
    if name.startswith(prefix):
        number, _, part = name.removeprefix(prefix).partition(".")
        layer, _, kind = part.rpartition(".")
        turned = kind == "weight" and layer in TRANSPOSED
        return f"decoder.blocks.{number}.{PARTS.get(layer, layer)}.{kind}", values.T.contiguous() if turned else values
    for theirs, ours in {f"{backbone}wpe.": "positions.", f"{backbone}ln_f.": "decoder.final_norm."}.items():
        name = name.replace(theirs, ours)
    return name, values
