"""Recorders that look at heads alone; see `attend.Recorder`."""

from __future__ import annotations

from torch import Tensor

from .attend import BLOCK_ROWS, Wants


class HeadsRecorder:
    """A recorder that is shown every layer's queries, keys and values, and takes none of the rest."""

    wants: Wants = "heads"
    block_rows = BLOCK_ROWS

    def heads(self, layer: int, q: Tensor, k: Tensor, v: Tensor, out_weight: Tensor) -> None:
        raise NotImplementedError

    def sums(self, layer: int, received: Tensor, entropy: Tensor) -> None:
        """Not asked for."""

    def compressed(self, number: int, layer: int, own: Tensor, cross: Tensor) -> None:
        """A compressor is left as it is."""


class OnePass(HeadsRecorder):
    """Looks at nothing. Under a recorder a flow runs its prior pass alone, the one that attention is shown of."""

    def heads(self, layer: int, q: Tensor, k: Tensor, v: Tensor, out_weight: Tensor) -> None:
        """Not asked for."""


class KeysAndValues(HeadsRecorder):
    """Keeps every layer's keys and values.

    Attributes:
        layers: (B, H, N, d/H) each, of every layer.
    """

    wants: Wants = "keys"

    def __init__(self) -> None:
        self.layers: list[tuple[Tensor, Tensor]] = []

    def heads(self, layer: int, q: Tensor, k: Tensor, v: Tensor, out_weight: Tensor) -> None:
        del layer, q, out_weight
        self.layers.append((k, v))
