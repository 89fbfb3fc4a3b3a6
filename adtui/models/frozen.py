"""Passes in which heads' outputs are given: what one path through a model carries while all others stand still.

A change of one head's output goes on through the residual stream, the norms and the feed-forward layers, token by
token, and reaches no other head's output unless it is asked to: "direct" as in Wang et al. 2022 (arXiv 2211.00593) and
Goldowsky-Dill et al. 2023 (arXiv 2304.05969). Of a flow, all of this is the prior pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ..records.errors import ModelError
from .attend import attend
from .decoder import Block, Pass
from .model import Array, Model
from .recorders import OnePass

#: Logits of a pass that is put together from parts differ from the model's own by rounding only.
ROUNDING = 1e-3
Inputs = tuple[Array, Array, Array, Array, Array]
"""As `Model.policy` takes them."""


@dataclass(frozen=True, eq=False)
class Layer:
    """What one layer had in a pass.

    Attributes:
        rest: (B, N, d) what the block got.
        q, k, v, outputs: (B, H, N, d/H) of its heads, the outputs before the output projection.
    """

    rest: Tensor
    q: Tensor
    k: Tensor
    v: Tensor
    outputs: Tensor


@dataclass(frozen=True, eq=False)
class Trace:
    """A pass over B contexts of one length.

    Attributes:
        logits: (B, A) at the token where the action is read.
    """

    layers: tuple[Layer, ...]
    logits: Tensor


class Frozen:
    """A model taken apart, for contexts of n transitions.

    Raises:
        ModelError: its read-out is not known here.
    """

    def __init__(self, model: Model, n: int) -> None:
        network, self.model = model.network, model
        self.mask, self.causal = network.mask(n), network.causal
        self.read, self.n_layer = network.layout(n).read, model.n_layer
        self.blocks: list[Block] = [block for block in network.decoder.blocks if isinstance(block, Block)]
        self.read_out = getattr(network, "pred_action", None)
        if not isinstance(self.read_out, nn.Module) or len(self.blocks) < model.n_layer:
            raise self._unknown("none that is known here")

    def _unknown(self, found: str) -> ModelError:
        return ModelError(
            self.model.family,
            expected="blocks and a read-out of the actions that give the model's own logits",
            found=found,
            action="leave paths out: --no-paths",
        )

    @torch.inference_mode()
    def run(self, inputs: Inputs) -> Trace:
        """One pass, with everything that others are patched with.

        Raises:
            ModelError: the parts do not give the model's own logits.
        """
        x, own = self._embedded(inputs)
        layers = []
        for number, block in enumerate(self.blocks):
            q, k, v = block.attention.heads(block.before(x), Pass(self.mask, self.causal, number, None, None))
            outputs = self.attention(q, k, v)
            layers.append(Layer(x, q, k, v, outputs))
            x = self.block(number, x, outputs)
        logits = self._read(x[:, self.read])
        if (gap := float((logits - own).abs().max())) > ROUNDING * max(1.0, float(own.abs().max())):
            raise self._unknown(f"logits that differ by {gap:.2g}")
        return Trace(tuple(layers), logits)

    def _embedded(self, inputs: Inputs) -> tuple[Tensor, Tensor]:
        """(B, N, d) what the first block gets, and (B, A) the model's own logits."""
        found: list[Tensor] = []

        def embedded(block: nn.Module, given: tuple[Any, ...]) -> None:
            del block
            found.append(given[0])

        hook = self.blocks[0].register_forward_pre_hook(embedded)
        try:
            logits = self.model.policy(*inputs, recorder=OnePass())
        finally:
            hook.remove()
        return found[0], torch.as_tensor(logits, device=found[0].device)

    def attention(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """(B, H, N, d/H) outputs of heads, all tokens."""
        return attend(q, k, v, mask=self.mask, causal=self.causal, layer=0, recorder=None)

    def attention_read(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """(B, H, 1, d/H) the same of the token where the action is read; q of all tokens."""
        read, mask = self.read, self.mask
        if mask is None and self.causal:
            k, v = k[:, :, : read + 1], v[:, :, : read + 1]
        shown = None if mask is None else mask[read : read + 1]
        return attend(q[:, :, read : read + 1], k, v, mask=shown, causal=False, layer=0, recorder=None)

    def projected(self, number: int, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """q, k, v that the heads of a layer would make of (B, N, d), what its block gets."""
        block = self.blocks[number]
        return block.attention.heads(block.before(x), Pass(self.mask, self.causal, number, None, None))

    def block(self, number: int, rest: Tensor, outputs: Tensor) -> Tensor:
        """(B, N, d) what a block gets and (B, H, N, d/H) its heads' outputs → (B, N, d)."""
        block = self.blocks[number]
        written = block.attention.out(outputs.transpose(1, 2).flatten(2))
        return block.after(rest, written)

    def logits(self, trace: Trace, number: int, outputs: Tensor) -> Tensor:
        """(V, B, A) logits where heads of one layer put these outputs out at the token that is read, no other changing.

        Args:
            trace: the pass that all else is of.
            outputs: (V, B, H, 1, d/H).
        """
        V, read = len(outputs), slice(self.read, self.read + 1)
        x = self.block(number, _repeated(trace.layers[number].rest[:, read], V), outputs.flatten(0, 1))
        for later in range(number + 1, self.n_layer):
            x = self.block(later, x, _repeated(trace.layers[later].outputs[:, :, read], V))
        logits = self._read(x[:, 0])
        return logits.view(V, -1, logits.shape[1])

    def _read(self, x: Tensor) -> Tensor:
        """(B, d) after the last block → (B, A)."""
        norm = self.model.network.decoder.final_norm
        assert self.read_out is not None, "checked when it was made"
        out: Tensor = self.read_out(x if norm is None else norm(x))
        return out


def _repeated(x: Tensor, times: int) -> Tensor:
    """(B, …) → (times · B, …), all of it again and again."""
    return x.expand(times, *x.shape).flatten(0, 1)
