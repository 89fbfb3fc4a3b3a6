"""Sees the attention of code that nobody changed: a torch function mode that hands calls to a `Watch`.

While it is on, every call of a torch function comes by. Torch's own layers notice it and leave their fused fast path by
themselves. What computes attention otherwise (kernels of other packages) is not seen.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from .attention_call import FLEX, SDPA, Call, UnfoldedError, fold, fold_mask, grouped

_SOFTMAX = ("softmax", "_softmax")
_PRODUCTS = ("matmul", "bmm", "__matmul__")
#: What leaves weights where they are: the product with the values may come after it.
_ELEMENTWISE = (
    *("dropout", "to", "type", "type_as", "float", "half", "bfloat16", "double", "contiguous", "clone", "detach"),
    *("nan_to_num", "masked_fill", "mul", "__mul__", "__rmul__", "div", "__truediv__", "view", "reshape", "flatten"),
    *("unflatten", "view_as"),
)
#: What may come between the heads' outputs and the projection of them.
_MOVES = (
    *("transpose", "permute", "movedim", "swapaxes", "contiguous", "view", "reshape", "flatten", "unflatten", "clone"),
    *("to", "type", "dropout", "squeeze", "unsqueeze", "view_as"),
)

#: `multi_head_attention_forward` asks at its door whether a mode is on, and would hand itself over for ever. This is
#: the same code without that question; what it calls is seen.
_HEADS_FORWARD = types.FunctionType(
    F.multi_head_attention_forward.__code__,
    {**F.multi_head_attention_forward.__globals__, "has_torch_function": lambda _: False},
    F.multi_head_attention_forward.__name__,
    F.multi_head_attention_forward.__defaults__,
)
_HEADS_FORWARD.__kwdefaults__ = F.multi_head_attention_forward.__kwdefaults__


class Watch(Protocol):
    """What is done about the calls that are seen. Tensors are folded: (batch, heads, tokens, width).

    Attributes:
        batch: contexts in the pass.
    """

    batch: int

    def dot_product(self, call: Call, plain: Callable[[], Tensor]) -> Tensor:
        """The output (B, H, Q, d_v) of a call whose queries and keys are seen; `plain` is torch's own."""

    def softmax(self, scores: Tensor) -> Tensor | None:
        """Other scores (B, H, Q, K) to take the softmax of; None leaves them as they are."""

    def product(self, weights: Tensor, values: Tensor) -> Tensor | None:
        """The output (B, H, Q, d_v) of the last softmax's weights and their values; None leaves it to torch."""

    def projected(self, outputs: Tensor, weight: Tensor) -> None:
        """The last call's outputs, as they go into a linear layer (…, d), and its weight (out, in)."""

    def other(self, kind: str, shape: tuple[int, ...]) -> None:
        """An attention of queries of this shape, which is no batch of as many contexts."""


@contextmanager
def intercepted(watch: Watch) -> Iterator[None]:
    """Within, attention comes by the watch. What was compiled runs as it was written: else it could not be seen."""
    with ExitStack() as stack:
        if "torch._dynamo" in sys.modules:  # only where something may have been compiled: importing it takes seconds
            stack.enter_context(torch.compiler.set_stance("force_eager"))
        stack.enter_context(Interception(watch))
        yield


class Interception(TorchFunctionMode):
    """Hands every attention of the code within to a watch."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch
        self._weights: list[Tensor] = []
        self._outputs: list[Tensor] = []

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        del types
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        if func is F.multi_head_attention_forward:
            with self:
                return _HEADS_FORWARD(*args, **kwargs)
        if name == "scaled_dot_product_attention":
            return self._dot_product(func, *args, **kwargs)
        if name == "flex_attention":
            return self._flex(func, *args, **kwargs)
        if name in _SOFTMAX:
            return self._softmax(func, args, kwargs)
        if self._weights and name in (*_PRODUCTS, "einsum"):
            return self._product(func, name, args, kwargs)
        out = func(*args, **kwargs)
        if self._weights and name in _ELEMENTWISE:
            self._follow_weights(args, out)
        elif self._outputs:
            self._follow_outputs(name, args, out)
        return out

    # -- attention in one call -----------------------------------------------------------------------------------------
    def _dot_product(
        self,
        func: Callable[..., Tensor],
        query: Tensor,
        key: Tensor,
        value: Tensor,
        attn_mask: Tensor | None = None,
        dropout_p: float = 0.0,
        is_causal: bool = False,
        scale: float | None = None,
        enable_gqa: bool = False,
    ) -> Tensor:
        batch, lead = self._watch.batch, query.shape[:-2]
        more: dict[str, Any] = {"enable_gqa": True} if enable_gqa else {}

        def plain() -> Tensor:
            return func(query, key, value, attn_mask, dropout_p, is_causal, scale=scale, **more)

        try:
            q, k, v = (fold(part, batch) for part in (query, key, value))
        except UnfoldedError:
            self._watch.other(SDPA, tuple(query.shape))
            return plain()
        k, v = (grouped(part, q.shape[1]) for part in (k, v))
        mask = None if attn_mask is None else fold_mask(attn_mask, lead, batch)
        call = Call(SDPA, q, k, v, query.shape[-1] ** -0.5 if scale is None else scale, mask, is_causal)
        out = self._watch.dot_product(call, lambda: fold(plain(), batch))
        return self._gave(out.reshape(*lead, query.shape[-2], value.shape[-1]))

    def _flex(self, func: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """FlexAttention as torch runs it without a kernel: (q, k, v, score_mod, block_mask, scale, options, …)."""
        from torch._higher_order_ops.flex_attention import _math_attention_inner  # no public name gives the scores

        query, key, value, scale = args[0], args[1], args[2], args[5]
        own: tuple[Tensor, ...] = func(*args, **kwargs)  # with its sums, which callers may ask for
        if query.shape[0] != self._watch.batch:
            self._watch.other(FLEX, tuple(query.shape))
            return own
        k, v = (grouped(part, query.shape[1]) for part in (key, value))

        def scored(q: Tensor, k: Tensor) -> Tensor:
            found: Tensor = _math_attention_inner(q, k, v, *args[3:], **kwargs)[1]
            return found

        out = self._watch.dot_product(Call(FLEX, query, k, v, scale, scored=scored), lambda: own[0])
        return self._gave(out), *own[1:]

    def _gave(self, out: Tensor) -> Tensor:
        """Of an attention: from here its output is followed to its projection."""
        self._weights, self._outputs = [], [out]
        return out

    # -- attention in two: weights, then their product with the values -------------------------------------------------
    def _softmax(self, func: Callable[..., Tensor], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
        given = dict(kwargs)
        scores, rest = (args[0], args[1:]) if args else (given.pop("input"), ())
        dim = rest[0] if rest else given.get("dim")
        if scores.dim() < 3 or dim not in (-1, scores.dim() - 1) or given.get("out") is not None:
            return func(*args, **kwargs)
        try:
            folded = fold(scores, self._watch.batch)
        except UnfoldedError:  # of something else
            return func(*args, **kwargs)
        other = self._watch.softmax(folded)
        weights = func(scores if other is None else other.reshape(scores.shape), *rest, **given)
        if other is not None:
            empty = (other == float("-inf")).all(-1, keepdim=True)
            weights = weights.masked_fill(empty.reshape(*scores.shape[:-1], 1), 0.0)
        self._weights, self._outputs = [weights], []
        return weights

    def _follow_weights(self, args: tuple[Any, ...], out: Any) -> None:
        if _is_one_of(args, self._weights) and isinstance(out, Tensor):
            first = self._weights[0]
            if out.numel() == first.numel() and out.shape[-2:] == first.shape[-2:]:
                self._weights.append(out)

    def _product(self, func: Callable[..., Tensor], name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
        letters, operands = _einsum(args) if name == "einsum" else ("", args)
        if len(operands) != 2 or not _is_one_of(operands, self._weights):
            return func(*args, **kwargs)
        first = any(operands[0] is one for one in self._weights)
        weights, values = operands if first else operands[::-1]
        if name == "einsum":
            order = _orders(letters, first, weights.dim())
            if order is None:
                return func(*args, **kwargs)
            values = values.permute(order[0])
        elif not first:
            return func(*args, **kwargs)
        pairs = zip(values.shape[:-2][::-1], weights.shape[:-2][::-1], strict=False)
        if values.dim() > weights.dim() or any(own not in (1, wide) for own, wide in pairs):
            return func(*args, **kwargs)
        batch = self._watch.batch
        values = values.expand(*weights.shape[:-2], *values.shape[-2:])
        y = self._watch.product(fold(weights, batch), fold(values, batch))
        if y is None:
            return self._gave(func(*args, **kwargs))
        y = y.reshape(*weights.shape[:-1], values.shape[-1])
        return self._gave(y if name != "einsum" else y.permute(order[1]))  # type: ignore[index]

    # -- the projection of an output -----------------------------------------------------------------------------------
    def _follow_outputs(self, name: str, args: tuple[Any, ...], out: Any) -> None:
        if not _is_one_of(args, self._outputs):
            return
        if name in _MOVES and isinstance(out, Tensor):
            self._outputs.append(out)
        elif name == "linear" and args[0] is self._outputs[-1]:
            self._watch.projected(args[0], args[1])
        elif name == "addmm" and args[1] is self._outputs[-1]:
            self._watch.projected(args[1], args[2].t())
        elif name in _PRODUCTS and args[0] is self._outputs[-1] and args[1].dim() == 2:
            self._watch.projected(args[0], args[1].t())


def _is_one_of(args: tuple[Any, ...], tensors: list[Tensor]) -> bool:
    return any(one is tensor for one in args for tensor in tensors)


def _einsum(args: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """(the equation, its operands); no operands where it is written another way."""
    if not args or not isinstance(args[0], str):
        return "", ()
    operands = args[1] if len(args) == 2 and isinstance(args[1], list | tuple) else args[1:]
    return args[0].replace(" ", ""), tuple(operands)


def _orders(equation: str, first: bool, dims: int) -> tuple[list[int], list[int]] | None:
    """How the values of "bhqk,bkhd->bqhd" become (b, h, k, d), and (b, h, q, d) its output; None of other sums.

    Args:
        first: whether the weights are the first operand.
        dims: their dimensions, of which "..." stands for those that have no letters.
    """
    equation = equation.replace("...", "ZYXWVU"[: max(0, dims - 2)])
    left, arrow, out = equation.partition("->")
    parts = left.split(",")
    if not arrow or len(parts) != 2:
        return None
    weights, values = parts if first else parts[::-1]
    if len(weights) != dims:
        return None
    new = set(values) - set(weights)
    lead, q, k = weights[:-2], weights[-2], weights[-1]
    if len(new) != 1 or set(values) != {*lead, k, *new} or set(out) != {*lead, q, *new}:
        return None
    d = new.pop()
    if any(len(set(part)) != len(part) for part in (weights, values, out)):
        return None
    return [values.index(letter) for letter in (*lead, k, d)], [(*lead, q, d).index(letter) for letter in out]
