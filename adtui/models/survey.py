"""What attention there is in a pass of a model that is opened through an adapter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from .attention_call import FULL, SOFTMAX, Call, Look, look_of_scores


@dataclass(frozen=True, eq=False)
class Site:
    """One attention of a model, in the order of a pass.

    Attributes:
        kind: what computed it, one of `attention_call.KINDS`.
        n_head, queries, keys: its sizes.
        width: of a head's values; 0 where its weights were not seen to be multiplied with any.
        look: what its queries see.
        out: (d, H · width) the weight of the projection of the heads' outputs; None where none was seen.
    """

    kind: str
    n_head: int
    queries: int
    keys: int
    width: int = 0
    look: Look = FULL
    out: Tensor | None = None


class Survey:
    """Lists a pass's attention and changes nothing.

    Attributes:
        sites: every attention and softmax of this batch, in order.
        others: (kind, shape of the queries) of attention that is no batch of as many contexts.
    """

    def __init__(self, batch: int) -> None:
        self.batch = batch
        self.sites: list[Site] = []
        self.others: list[tuple[str, tuple[int, ...]]] = []
        self._output: Tensor | None = None

    def dot_product(self, call: Call, plain: Callable[[], Tensor]) -> Tensor:
        self._output = plain()
        self.sites.append(Site(call.kind, *call.sizes, call.v.shape[3], call.look))
        return self._output

    def softmax(self, scores: Tensor) -> None:
        self._output = None
        look = look_of_scores(scores) if scores.shape[2] == scores.shape[3] else FULL
        _, heads, queries, keys = scores.shape
        self.sites.append(Site(SOFTMAX, heads, queries, keys, look=look))

    def product(self, weights: Tensor, values: Tensor) -> Tensor:
        self._output = weights @ values
        self.sites[-1] = replace(self.sites[-1], width=values.shape[3])
        return self._output

    def projected(self, outputs: Tensor, weight: Tensor) -> None:
        y = self._output
        if y is None or self.sites[-1].out is not None or outputs.numel() != y.numel():
            return
        B, H, N, width = y.shape
        if outputs.shape[-1] == H * width:
            first = outputs.reshape(B, N, H, width).transpose(1, 2)
            second = outputs.reshape(N, B, H, width).permute(1, 2, 0, 3)  # torch's own layers have the batch second
            if torch.equal(first, y) or torch.equal(second, y):
                self.sites[-1] = replace(self.sites[-1], out=weight)

    def other(self, kind: str, shape: tuple[int, ...]) -> None:
        self.others.append((kind, shape))

    def over(self, n_tokens: int) -> list[Site]:
        """Attention of all tokens to all tokens: the layers."""
        return [one for one in self.sites if (one.queries, one.keys) == (n_tokens, n_tokens)]
