"""The one transformer. Families differ in their tokens and their read-out, and map their weights onto this.

Attention itself is in `attend`, with and without capture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .ablation import Branch
from .alike import ALIKE, first_alike
from .attend import Recorder, attend
from .edit import Edit, counted
from .rotary import rotate


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
class Pass:
    """How one layer is run.

    Attributes:
        mask, causal, recorder, edit: as in `Decoder.forward`, the edit's hidden tokens being in the mask already.
        layer: its number.
        read: the only token whose output is wanted; None wants all.
        first: with `read`, the first token that a query is computed of.
        branch: how sets of heads part here, where the edit has such.
    """

    mask: Tensor | None
    causal: bool
    layer: int
    recorder: Recorder | None
    edit: Edit | None
    read: int | None = None
    first: int | None = None
    branch: Branch | None = None

    @property
    def queries(self) -> slice | None:
        """Of which tokens queries are wanted, the last of them being the one that is read; None: of all."""
        if self.read is None or (self.recorder is not None and self.recorder.wants != "read"):
            return None
        return slice(self.read if self.first is None else self.first, self.read + 1)


def split_heads(x: Tensor, n_head: int) -> Tensor:
    """(B, N, d) → (B, H, N, d/H)."""
    B, N, d = x.shape
    return x.view(B, N, n_head, d // n_head).transpose(1, 2)


class SelfAttention(nn.Module):
    """Multi-head self-attention with one fused query-key-value projection."""

    def __init__(self, shape: DecoderShape) -> None:
        super().__init__()
        self.n_head, self.rotary = shape.n_head, shape.rotary
        self.qkv = nn.Linear(shape.d_model, 3 * shape.d_model)
        self.out = nn.Linear(shape.d_model, shape.d_model)

    def forward(self, x: Tensor, how: Pass) -> Tensor:
        """(B, N, d) normed tokens → (B, N, d), or (B, 1, d) where one token is read."""
        q, k, v = self.heads(x, how)
        mask, read, some = how.mask, how.read, how.queries
        if how.recorder is not None:
            how.recorder.heads(how.layer, q, k, v, self.out.weight)
        if how.edit is not None:
            k, v = how.edit.shown(how.layer, k, v)
            if how.edit.stand_for is not None:
                mask = counted(how.edit.stand_for, mask, causal=how.causal)
        if some is not None and mask is not None:
            mask = mask[..., some, :]
        variants = max(len(v), len(mask) if mask is not None and mask.dim() == 4 else 1)
        if variants > len(q):  # from here on they differ
            q, k, v = (part.expand(variants, -1, -1, -1) for part in (q, k, v))
        causal = how.causal and some is None
        y = attend(q, k, v, mask=mask, causal=causal, layer=how.layer, recorder=how.recorder, read=read)
        if read is not None and y.shape[2] > 1:
            y = y[:, :, -1:] if some is not None else y[:, :, read : read + 1]
        if how.edit is not None and (muted := [head for at, head in how.edit.muted if at == how.layer]):
            y[:, muted] = 0
        if how.branch is not None:
            y = how.branch.outputs(y, read)
        out: Tensor = self.out(y.transpose(1, 2).flatten(2).contiguous())
        return out

    def heads(self, x: Tensor, how: Pass) -> tuple[Tensor, Tensor, Tensor]:
        """q, k, v: (B, H, N, d/H) each; where one token is enough, q of few, and no keys that it cannot see."""
        d, some = x.shape[2], how.queries
        positions = None if how.edit is None else how.edit.positions
        if some is None:
            q, k, v = (split_heads(part, self.n_head) for part in self.qkv(x).chunk(3, dim=-1))
            return (rotate(q, positions), rotate(k, positions), v) if self.rotary else (q, k, v)
        weight, bias = self.qkv.weight, self.qkv.bias
        seen = x[:, : some.stop] if how.causal and how.mask is None else x
        q = split_heads(F.linear(x[:, some].contiguous(), weight[:d], bias[:d]), self.n_head)
        k, v = (split_heads(part, self.n_head) for part in F.linear(seen, weight[d:], bias[d:]).chunk(2, dim=-1))
        if self.rotary:
            places = torch.arange(x.shape[1], device=x.device).expand(len(x), -1) if positions is None else positions
            q, k = rotate(q, places[:, some]), rotate(k, places[:, : seen.shape[1]])
        return q, k, v


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

    def forward(self, x: Tensor, how: Pass) -> Tensor:
        """(B, N, d) → (B, N, d), or (B, 1, d) where one token is read."""
        rest = x if how.read is None else x[:, how.read : how.read + 1]
        if how.branch is not None:
            rest = how.branch.spread(rest)
        return self.after(rest, self.attention(self.before(x), how))

    def before(self, x: Tensor) -> Tensor:
        """What attention reads of the layer's input, (B, N, d) each."""
        normed: Tensor = self.norm1(x) if self.pre_norm else x
        return normed

    def after(self, x: Tensor, attended: Tensor) -> Tensor:
        """The layer's output of its input and of what attention says, (B, N, d) each."""
        if self.pre_norm:
            x = x + attended
            return x + self.transform(self.norm2(x))
        x = self.norm1(x + attended)
        out: Tensor = self.norm2(x + self.transform(x))
        return out

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
        read: int | None = None,
    ) -> Tensor:
        """Run the stack.

        Args:
            x: (B, N, d) tokens, with positions added unless they are rotary.
            causal: each token sees itself and those before it. Ignored where a mask is given.
            mask: (N, N) bool, True where the query (row) may see the key (column).
            recorder: shown every layer's attention. Not together with hidden tokens.
            edit: an intervention.
            read: the only token whose hidden state is wanted, from 0 or, below 0, from the end. The last layer is then
                computed for it alone under a recorder, with tokens hidden, or with several sets of heads. Else it is
                so with batches whose products round as those over all tokens do: trials compare logits by argmax, and
                their numbers shall be those of the published runs, where all tokens were computed.

        Returns:
            (B, N, d) hidden states; (B, d) of the token that is read.
        """
        if read is not None and read < 0:
            read += x.shape[1]
        assert edit is None or edit.stand_for is None or (recorder is None and edit.hidden is None)
        base = mask
        ablated = None if edit is None else edit.ablated
        thrifty = recorder is not None or (edit is not None and edit.hidden is not None)
        thrifty = thrifty or (ablated is not None and len(ablated.kept) > 1)
        if edit is not None and edit.masks and mask is None:
            N = x.shape[1]
            base = torch.ones(N, N, dtype=torch.bool, device=x.device)
            base = base.tril() if causal else base
        counting = edit is not None and edit.stand_for is not None
        last = self.shape.n_layer - 1 if thrifty or (len(x) >= ALIKE and not counting) else None
        first = None if thrifty or read is None else first_alike(read, x.shape[1])
        for layer, block in enumerate(self.blocks):
            edited = None if edit is None or base is None else edit.mask(layer, self.shape.n_head, base)
            alone = read if layer == last else None
            branch = None if ablated is None else ablated.branch(layer)
            x = block(x, Pass(mask if edited is None else edited, causal, layer, recorder, edit, alone, first, branch))
        x = x if ablated is None else ablated.sets(x)
        if read is not None:
            x = x[:, -1] if last is not None else x[:, read]
        return x if self.final_norm is None else self.final_norm(x)
