"""An intervention on one pass of a decoder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from .ablation import Ablation


@dataclass(frozen=True)
class Edit:
    """An intervention on one pass: what is hidden, which heads say nothing, where tokens claim to stand.

    Attributes:
        hidden: (B, N) bool, tokens that no other token may attend to; None hides nothing. A token still sees itself.
            On a batch of one context every row is a variant of it: what the variants share is computed once.
        instead: layer → keys (None leaves them as they are) and values, (H, N, d/H) each, that hidden tokens show
            instead of being hidden: to every token, themselves included. None hides them.
        where: hide them from one head only, (layer, head), or from a layer, (layer, None); None is from every head of
            every layer.
        muted: heads whose output is replaced by 0.
        ablated: sets of heads to run every context with, the others giving their mean; the result has a row for each
            set and context. With several sets nothing is hidden besides.
        positions: (B, N) int64, the position of each token; None is 0, 1, 2, …
        stand_for: (B, N) above 0, how many tokens like it each stands for: its ln is added to all scores on it. Not
            together with hidden tokens or a recorder.
    """

    hidden: Tensor | None = None
    where: tuple[int, int | None] | None = None
    muted: frozenset[tuple[int, int]] = frozenset()
    ablated: Ablation | None = None
    positions: Tensor | None = None
    instead: Mapping[int, tuple[Tensor | None, Tensor]] | None = None
    stand_for: Tensor | None = None

    @property
    def masks(self) -> bool:
        """Whether anything is hidden by a mask."""
        return self.hidden is not None and self.instead is None

    def shown(self, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of a layer, (B, H, N, d/H) each, with those in place that hidden tokens show instead."""
        elsewhere = self.where is not None and self.where[0] != layer
        if self.hidden is None or self.instead is None or elsewhere:
            return k, v
        H, N = k.shape[1:3]
        here = self.hidden[:, None, :N, None]
        if self.where is not None and self.where[1] is not None:
            here = here & (torch.arange(H, device=k.device) == self.where[1])[None, :, None, None]
        keys, values = self.instead[layer]
        return k if keys is None else torch.where(here, keys[:, :N], k), torch.where(here, values[:, :N], v)

    def mask(self, layer: int, n_head: int, base: Tensor) -> Tensor | None:
        """(B, 1 or H, N, N) bool for a layer, True where the query may see the key; None where nothing is hidden.

        Args:
            base: (N, N) bool, the mask without the intervention.
        """
        if self.hidden is None or not self.masks or (self.where is not None and self.where[0] != layer):
            return None
        N = base.shape[0]
        shown = ~self.hidden[:, None, None, :] | torch.eye(N, dtype=torch.bool, device=base.device)
        if self.where is not None and self.where[1] is not None:
            elsewhere = torch.arange(n_head, device=base.device) != self.where[1]
            shown = shown | elsewhere[None, :, None, None]
        return base & shown


def counted(stand_for: Tensor, mask: Tensor | None, *, causal: bool) -> Tensor:
    """(B, 1, 1 or N, N) what is added to scores: ln of how many tokens the key (column) stands for, −∞ if it is hidden.

    Args:
        stand_for: (B, N).
        mask, causal: as in `Decoder.forward`.
    """
    N, scores = stand_for.shape[1], stand_for.log()[:, None, None, :]
    if mask is None and causal:
        mask = torch.ones(N, N, dtype=torch.bool, device=scores.device).tril()
    return scores if mask is None else torch.where(mask, scores, float("-inf"))
