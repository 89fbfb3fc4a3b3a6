"""Where attention is looked at, and what a picture of it has to fit into."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .layout import TRANSITIONS


def head_name(layer: int, head: int | None) -> str:
    """ "L2H3", or "L2 mean" where it is the mean over heads."""
    return f"L{layer} mean" if head is None else f"L{layer}H{head}"


@dataclass(frozen=True)
class Place:
    """One query row of one head (or of the mean over heads) of one sample and layer: where attention is looked at.

    With `round`, it is the compressor's attention in that round: layer and head are the compressor's, and queries are
    its latents.

    Attributes:
        sample, layer: indices from 0.
        head: index from 0, or None for the mean over heads.
        query: a position from 0; asked for as -1, it is the query row.
        unit: "tokens" or "transitions", what a position is.
        round: of the compressor, or None for the model itself.
    """

    sample: int
    layer: int
    head: int | None
    query: int
    unit: str = TRANSITIONS
    round: int | None = None

    def shares_matrix(self, other: Place) -> bool:
        """Whether both are about the same matrix, whatever their rows."""
        return replace(self, query=other.query) == other


@dataclass(frozen=True)
class Frame:
    """What a picture has to fit into, and what part of the matrix it shows.

    Attributes:
        rows, cols: pixels at most.
        window: first query, query end, first key, key end; None is the whole matrix. In a matrix of more than
            `pooling.BASE` positions whose pixels are larger than its blocks, it grows to the edges of these blocks.
    """

    rows: int
    cols: int
    window: tuple[int, int, int, int] | None = None
