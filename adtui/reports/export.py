"""Every figure of a session, or of one head, into files: one figure a step, so that a caller can show and stop it.

Names are those of the AD code's own attention script, so that the paths in papers hold:
`layer_<l>/attention_heatmap_sample<s>_layer<l>.png`, `layer_<l>/attention_lines_sample<s>_layer<l>.png`,
`layer_<l>/attention_summary_layer<l>.png`; and `overview.png`, and `attention_head_sample<s>_layer<l>_head<h>.png`.
Of models with a compressor also `compressor/attention_compressor_sample<s>_layer<l>.png`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..files.atomic import write
from ..records.arrays import Floats
from ..records.attention import Attention, CompressorRound
from ..records.axis import Axis
from ..records.look import USUAL, Look
from ..records.provenance import Provenance
from ..records.statistics import SampleStats
from .figures.compressor import compressor_figure
from .figures.head import head_figure
from .figures.heatmap import HeatmapPage, visible_pairs
from .figures.lines import LinesPage
from .figures.overview import overview_figure
from .figures.png import Press
from .figures.style import DPI, print_style
from .figures.summary import summary_figure

Matrices = Callable[[int, int], Floats]
"""(sample, layer) → (H, N, N) attention."""


Rounds = Callable[[int], Sequence[CompressorRound]]


@dataclass(frozen=True)
class Exhibit:
    """What there is to draw.

    Attributes:
        title: the run and its contexts, in words; below every heading, and inside every file.
        axes: of each sample its tokens, in order; attentions, stats: likewise.
        matrices: gives the full attention of a sample's layer when it is needed.
        layers: which layers to draw.
        rounds: sample → its rounds of a compressor, none where there is none.
        provenance: of all of it; inside every file.
        dpi: dots per inch; print resolution unless a test asks for less.
        look: format, colours and scale; names end in `.pdf` or `.svg` where that is the format.
    """

    title: str
    axes: Sequence[Axis]
    attentions: Sequence[Attention]
    stats: Sequence[SampleStats]
    matrices: Matrices
    layers: Sequence[int]
    dpi: float = DPI
    rounds: Rounds = lambda _: ()
    n_compressor_figures: int = 0
    provenance: Provenance | None = None
    look: Look = USUAL

    @property
    def count(self) -> int:
        """Number of figures of `export_all`."""
        return len(self.layers) * (2 * len(self.axes) + 1) + 1 + self.n_compressor_figures

    def press(self) -> Press:
        """What prints its figures."""
        return Press(self.title, "" if self.provenance is None else self.provenance.text, self.look)


def export_all(exhibit: Exhibit, directory: Path) -> Iterator[Path]:
    """Write every figure; yields each path when its file is whole.

    Raises:
        ExportError: a file cannot be written.
    """
    press = exhibit.press()
    heatmaps: dict[tuple[int, int], HeatmapPage] = {}
    curves: dict[tuple[int, int], LinesPage] = {}
    for layer in exhibit.layers:
        folder = directory / f"layer_{layer}"
        for index, (axis, attention) in enumerate(zip(exhibit.axes, exhibit.attentions, strict=True)):
            shape = (attention.n_head, attention.n_tokens)
            if shape not in heatmaps:
                with print_style(exhibit.look):
                    heatmaps[shape] = HeatmapPage(*shape, dpi=exhibit.dpi)
                    curves[shape] = LinesPage(*shape, dpi=exhibit.dpi)
            name = f"sample{index}_layer{layer}.{exhibit.look.format}"
            matrices = exhibit.matrices(index, layer)
            page = heatmaps[shape].page(press, matrices, axis, index=index, layer=layer, title=exhibit.title)
            yield write(folder / f"attention_heatmap_{name}", page)
            visible = visible_pairs(matrices)
            page = curves[shape].page(press, attention, visible, axis, index=index, layer=layer, title=exhibit.title)
            yield write(folder / f"attention_lines_{name}", page)
        with print_style(exhibit.look):
            page = press.page(summary_figure(exhibit.stats, layer=layer, title=exhibit.title, dpi=exhibit.dpi))
        yield write(folder / f"attention_summary_layer{layer}.{exhibit.look.format}", page)
    yield from _compressor(exhibit, directory / "compressor", press)
    with print_style(exhibit.look):
        figure = overview_figure(
            lambda layer: exhibit.matrices(0, layer),
            exhibit.stats[0].plain,
            exhibit.axes[0],
            index=0,
            title=exhibit.title,
            dpi=exhibit.dpi,
        )
        page = press.page(figure)
    yield write(directory / f"overview.{exhibit.look.format}", page)


def _compressor(exhibit: Exhibit, folder: Path, press: Press) -> Iterator[Path]:
    for index, axis in enumerate(exhibit.axes):
        rounds = exhibit.rounds(index)
        for layer in range(len(rounds[0].cross) if rounds else 0):
            with print_style(exhibit.look):
                figure = compressor_figure(
                    [one.cross[layer] for one in rounds],
                    [Axis(one.layout, axis.sample) for one in rounds],
                    index=index,
                    layer=layer,
                    title=exhibit.title,
                    dpi=exhibit.dpi,
                )
                page = press.page(figure)
            yield write(folder / f"attention_compressor_sample{index}_layer{layer}.{exhibit.look.format}", page)


def export_head(exhibit: Exhibit, directory: Path, *, sample: int, layer: int, head: int | None) -> Iterator[Path]:
    """Write the figure of one head, or of the mean over heads.

    Raises:
        ExportError: the file cannot be written.
    """
    name = "mean" if head is None else f"head{head}"
    with print_style(exhibit.look):
        figure = head_figure(
            exhibit.matrices(sample, layer),
            exhibit.attentions[sample],
            exhibit.axes[sample],
            index=sample,
            layer=layer,
            head=head,
            title=exhibit.title,
            dpi=exhibit.dpi,
        )
        page = exhibit.press().page(figure)
    file = f"attention_head_sample{sample}_layer{layer}_{name}.{exhibit.look.format}"
    yield write(directory / f"layer_{layer}" / file, page)
