"""What each head gives on average: the mean over reference contexts of its output, token by token.

Means are of one context length each, so that a token of a growing context is compared with the same token of reference
contexts that are as long: Wang et al. 2022 (arXiv 2211.00593) ablate to the mean over a reference distribution at each
position of a template; Zhang & Nanda 2023 (arXiv 2309.16042) compare the ways to ablate.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ..compression.strategies.base import Contexts
from ..models.attend import attend
from ..models.model import Model
from ..models.recorders import HeadsRecorder
from ..worlds.returns import ROOMS_AT_ONCE

#: Bytes of means that are kept; those of other lengths are made anew.
KEPT = 1 << 29


class _Outputs(HeadsRecorder):
    """A recorder that sums up heads' outputs (H, N, d_h) of every layer, over the contexts of all passes."""

    def __init__(self, causal: bool, mask: Tensor | None) -> None:
        self.causal, self.mask = causal, mask
        self.totals: dict[int, Tensor] = {}

    def heads(self, layer: int, q: Tensor, k: Tensor, v: Tensor, out_weight: Tensor) -> None:
        del out_weight
        y = attend(q, k, v, mask=self.mask, causal=self.causal, layer=layer, recorder=None)
        self.totals[layer] = self.totals.get(layer, 0) + y.sum(dim=0, dtype=torch.float64)


def head_means(model: Model, contexts: Contexts) -> Tensor:
    """(L, H, N, d_h) mean over the contexts of what each head gives at each token, before the output projection."""
    outputs = _Outputs(model.causal, model.network.mask(contexts.n))
    for first in range(0, contexts.count, ROOMS_AT_ONCE):
        model.policy(*contexts.part(slice(first, first + ROOMS_AT_ONCE)).inputs, outputs)
    totals = torch.stack([outputs.totals[layer] for layer in range(model.n_layer)])
    return (totals / contexts.count).to(next(model.network.parameters()).dtype)


@dataclass
class Means:
    """Means by the number of transitions of a context, made when they are first asked for.

    Attributes:
        contexts: length → the reference contexts of that length.
    """

    model: Model
    contexts: Callable[[int], Contexts]
    _made: OrderedDict[int, Tensor] = field(default_factory=OrderedDict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def of(self, n: int) -> Tensor:
        """See `head_means`; from any thread."""
        with self._lock:
            if n not in self._made:
                self._made[n] = head_means(self.model, self.contexts(n))
                while len(self._made) > 1 and sum(one.nbytes for one in self._made.values()) > KEPT:
                    self._made.popitem(last=False)
            self._made.move_to_end(n)
            return self._made[n]
