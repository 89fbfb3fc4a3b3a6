"""Two heads side by side into a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..files.atomic import write
from ..records.arrays import Floats
from ..records.axis import Axis
from ..records.head_comparison import Head
from ..records.layout import Layout
from ..records.place import head_name
from ..records.provenance import Provenance
from ..records.sample import Sample
from .figures.pair import pair_figure
from .figures.png import Press
from .figures.style import DPI


@dataclass(frozen=True, eq=False)
class Pair:
    """What there is to draw.

    Attributes:
        heads: (layer, head) in the first run and in the second.
        names: both runs in words.
        matrices: (N, N) of the first and of the second.
        visible: (N, N) which keys each query sees in either.
        sample, index: the context, and its number.
        layout: what the N positions are.
        contexts: how they were drawn, in words.
    """

    heads: tuple[Head, Head]
    names: tuple[str, str]
    matrices: tuple[Floats, Floats]
    visible: NDArray[np.bool_]
    sample: Sample
    index: int
    layout: Layout
    contexts: str
    provenance: Provenance
    dpi: float = DPI

    @property
    def file_name(self) -> str:
        """ "pair_sample0_layer2_head1_layer2_head3.png", like the names of the other figures."""
        (layer, head), (other_layer, other_head) = self.heads
        return f"pair_sample{self.index}_layer{layer}_head{head}_layer{other_layer}_head{other_head}.png"


def export_pair(pair: Pair, directory: Path) -> Iterator[Path]:
    """Write the figure.

    Raises:
        ExportError: the file cannot be written.
    """
    yield write(directory / "side_by_side" / pair.file_name, pair_png(pair))


def pair_png(pair: Pair) -> bytes:
    """The figure's bytes."""
    about = f"{pair.names[0]} and {pair.names[1]} · {pair.contexts}"
    figure = pair_figure(
        pair.matrices,
        pair.visible,
        Axis(pair.layout, pair.sample),
        names=pair.names,
        heads=[head_name(*head) for head in pair.heads],
        index=pair.index,
        title=pair.contexts,
        dpi=pair.dpi,
    )
    return Press(about, pair.provenance.text).png(figure)
