"""The one transformer. Families differ in their tokens and their read-out, and map their weights onto this.

Attention is computed in one place, `attend`: plain runs go through `scaled_dot_product_attention`; under capture the
same weights are computed in blocks of query rows and every block is shown to a recorder before it is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

BLOCK_ROWS = 256


@dataclass(frozen=True)
class DecoderShape:
    """Sizes and variants of a decoder.

    Attributes:
        d_model, n_layer, n_head, d_ff: sizes; d_model is a multiple of n_head.
        pre_norm: norm before each sublayer, instead of norm after each residual sum.
        final_norm: one more norm after the last block; None means: with pre_norm only.
        norm: "layer" with weight and bias, or "rms" with a weight only.
        feed_forward: "gelu" (exact), "gelu_tanh" (GPT-2's approximation), or "swiglu": W(silu(G x) · E x), no biases.
        rotary: queries and keys are turned by their position, instead of positions being added to the tokens.
    """

    d_model: int
    n_layer: int
    n_head: int
    d_ff: int
    pre_norm: bool = False
    eps: float = 1e-5
    final_norm: bool | None = None
    norm: Literal["layer", "rms"] = "layer"
    feed_forward: Literal["gelu", "gelu_tanh", "swiglu"] = "gelu"
    rotary: bool = False

    def make_norm(self) -> nn.Module:
        """One norm of this decoder's kind."""
        return (nn.LayerNorm if self.norm == "layer" else nn.RMSNorm)(self.d_model, eps=self.eps)


@dataclass(frozen=True)
class Edit:
    """An intervention on one pass: what is hidden, which heads say nothing, where tokens claim to stand.

    Attributes:
        hidden: (B, N) bool, tokens that no other token may attend to; None hides nothing. A token still sees itself.
        where: hide them from one head only, (layer, head), or from a layer, (layer, None); None is from every head of
            every layer.
        muted: heads whose output is replaced by 0.
        positions: (B, N) int64, the position of each token; None is 0, 1, 2, …
    """

    hidden: Tensor | None = None
    where: tuple[int, int | None] | None = None
    muted: frozenset[tuple[int, int]] = frozenset()
    positions: Tensor | None = None

    def mask(self, layer: int, n_head: int, base: Tensor) -> Tensor | None:
        """(B, 1 or H, N, N) bool for a layer, True where the query may see the key; None where nothing is hidden.

        Args:
            base: (N, N) bool, the mask without the intervention.
        """
        if self.hidden is None or (self.where is not None and self.where[0] != layer):
            return None
        N = base.shape[0]
        shown = ~self.hidden[:, None, None, :] | torch.eye(N, dtype=torch.bool, device=base.device)
        if self.where is not None and self.where[1] is not None:
            elsewhere = torch.arange(n_head, device=base.device) != self.where[1]
            shown = shown | elsewhere[None, :, None, None]
        return base & shown


class Recorder(Protocol):
    """What a capture implements. Tensors are on the model's device and must not be changed.

    Attributes:
        block_rows: how many query rows to compute at once: the peak memory is proportional to it.
    """

    block_rows: int

    def heads(self, layer: int, q: Tensor, k: Tensor, v: Tensor, out_weight: Tensor) -> None:
        """q, k, v: (B, H, N, d/H) of a layer; out_weight: (d, d), the output projection's weight (out, in)."""

    def rows(self, layer: int, start: int, weights: Tensor) -> None:
        """weights: (B, H, rows, keys) attention of query rows start…; keys beyond `keys` get none."""

    def compressed(self, number: int, layer: int, own: Tensor, cross: Tensor) -> None:
        """A compressor's attention in round `number`: own (B, H, m, m) among its latents, cross (B, H, m, K)."""


class SelfAttention(nn.Module):
    """Multi-head self-attention with one fused query-key-value projection."""

    def __init__(self, shape: DecoderShape) -> None:
        super().__init__()
        self.n_head, self.rotary = shape.n_head, shape.rotary
        self.qkv = nn.Linear(shape.d_model, 3 * shape.d_model)
        self.out = nn.Linear(shape.d_model, shape.d_model)

    def forward(
        self, x: Tensor, mask: Tensor | None, causal: bool, layer: int, recorder: Recorder | None, edit: Edit | None
    ) -> Tensor:
        B, N, d = x.shape
        q, k, v = (t.view(B, N, self.n_head, d // self.n_head).transpose(1, 2) for t in self.qkv(x).split(d, dim=-1))
        if self.rotary:
            positions = None if edit is None else edit.positions
            q, k = rotate(q, positions), rotate(k, positions)
        if recorder is not None:
            recorder.heads(layer, q, k, v, self.out.weight)
        y = attend(q, k, v, mask=mask, causal=causal, layer=layer, recorder=recorder)  # (B, H, N, d/H)
        if edit is not None and (muted := [head for at, head in edit.muted if at == layer]):
            y[:, muted] = 0
        out: Tensor = self.out(y.transpose(1, 2).reshape(B, N, d))
        return out


class Block(nn.Module):
    """One layer: attention and feed-forward, each with its residual and its norm."""

    def __init__(self, shape: DecoderShape) -> None:
        super().__init__()
        self.pre_norm = shape.pre_norm
        self.attention = SelfAttention(shape)
        self.norm1, self.norm2 = shape.make_norm(), shape.make_norm()
        self.feed_forward = shape.feed_forward
        bias = shape.feed_forward != "swiglu"
        self.gate = None if bias else nn.Linear(shape.d_model, shape.d_ff, bias=False)
        self.expand = nn.Linear(shape.d_model, shape.d_ff, bias=bias)
        self.contract = nn.Linear(shape.d_ff, shape.d_model, bias=bias)

    def forward(
        self, x: Tensor, mask: Tensor | None, causal: bool, layer: int, recorder: Recorder | None, edit: Edit | None
    ) -> Tensor:
        if self.pre_norm:
            x = x + self.attention(self.norm1(x), mask, causal, layer, recorder, edit)
            x = x + self.transform(self.norm2(x))
        else:
            x = self.norm1(x + self.attention(x, mask, causal, layer, recorder, edit))
            x = self.norm2(x + self.transform(x))
        return x

    def transform(self, x: Tensor) -> Tensor:
        """The feed-forward sublayer, token by token."""
        if self.gate is not None:
            hidden = F.silu(self.gate(x)) * self.expand(x)
        else:
            hidden = F.gelu(self.expand(x), approximate="tanh" if self.feed_forward == "gelu_tanh" else "none")
        out: Tensor = self.contract(hidden)
        return out


class Decoder(nn.Module):
    """A stack of blocks, and the final norm where the shape has one."""

    def __init__(self, shape: DecoderShape) -> None:
        super().__init__()
        self.shape = shape
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.n_layer))
        final = shape.pre_norm if shape.final_norm is None else shape.final_norm
        self.final_norm = shape.make_norm() if final else None

    def forward(
        self,
        x: Tensor,
        *,
        causal: bool = True,
        mask: Tensor | None = None,
        recorder: Recorder | None = None,
        edit: Edit | None = None,
    ) -> Tensor:
        """Run the stack.

        Args:
            x: (B, N, d) tokens, with positions added unless they are rotary.
            causal: each token sees itself and those before it. Ignored where a mask is given.
            mask: (N, N) bool, True where the query (row) may see the key (column).
            recorder: shown every layer's attention weights, block by block. Not together with hidden tokens.
            edit: an intervention.

        Returns:
            (B, N, d) hidden states.
        """
        base = mask
        if edit is not None and edit.hidden is not None and mask is None:
            N = x.shape[1]
            base = torch.ones(N, N, dtype=torch.bool, device=x.device)
            base = base.tril() if causal else base
        for layer, block in enumerate(self.blocks):
            edited = None if edit is None or base is None else edit.mask(layer, self.shape.n_head, base)
            x = block(x, mask if edited is None else edited, causal, layer, recorder, edit)
        return x if self.final_norm is None else self.final_norm(x)


def attend(
    q: Tensor, k: Tensor, v: Tensor, *, mask: Tensor | None, causal: bool, layer: int, recorder: Recorder | None
) -> Tensor:
    """softmax(q kᵀ / √d_h) v for (B, H, N, d_h) inputs; the only place where attention is computed.

    Without a mask and not causal, q may have another number of tokens than k and v.
    """
    if recorder is None:
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=causal and mask is None)
    out = torch.empty_like(q)
    for start, weights in weight_blocks(q, k, mask=mask, causal=causal, block=recorder.block_rows):
        stop = start + weights.shape[-2]
        recorder.rows(layer, start, weights)
        out[..., start:stop, :] = weights @ v[..., : weights.shape[-1], :]
    return out


def weight_blocks(
    q: Tensor,
    k: Tensor,
    *,
    mask: Tensor | None,
    causal: bool,
    first: int = 0,
    last: int | None = None,
    block: int = BLOCK_ROWS,
) -> Iterator[tuple[int, Tensor]]:
    """Attention weights of query rows first…last in blocks, with the first row's index.

    Args:
        q, k: (..., N, d_h); k may have another number of tokens where there is no mask at all.

    Yields:
        (start, weights (..., rows, keys)); under a causal mask `keys` stops at the block's last row.
    """
    N = q.shape[-2]
    last = N if last is None else last
    for start in range(first, last, block):
        stop = min(start + block, last)
        keys = stop if causal and mask is None else k.shape[-2]
        scores = (q[..., start:stop, :] @ k[..., :keys, :].transpose(-2, -1)) * q.shape[-1] ** -0.5
        hidden = hidden_keys(start, stop, keys, mask=mask, causal=causal, device=q.device)
        if hidden is not None:
            scores = scores.masked_fill(hidden, float("-inf"))
        yield start, torch.softmax(scores, dim=-1)


def hidden_keys(
    start: int, stop: int, keys: int, *, mask: Tensor | None, causal: bool, device: torch.device
) -> Tensor | None:
    """(stop − start, keys) bool, True where the query row must not see the key; None when it sees all."""
    if mask is not None:
        return ~mask[start:stop, :keys]
    if not causal:
        return None
    rows = torch.arange(start, stop, device=device)[:, None]
    return torch.arange(keys, device=device)[None, :] > rows


def rotate(x: Tensor, positions: Tensor | None = None, base: float = 10000.0) -> Tensor:
    """Rotary positions, half-split: component i of (B, H, N, d_h) is paired with i + d_h/2 (Su et al. 2021).

    Args:
        positions: (B, N), or None for 0, 1, 2, …
    """
    N, width = x.shape[-2:]
    theta = base ** (-torch.arange(0, width, 2, device=x.device, dtype=torch.float32) / width)
    if positions is None:
        angle = torch.outer(torch.arange(N, device=x.device, dtype=torch.float32), theta)
    else:
        angle = positions[:, None, :, None].to(torch.float32) * theta
    cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
    first, second = x.chunk(2, dim=-1)
    return torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1)
