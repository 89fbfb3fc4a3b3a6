"""Contact sheet: a thumbnail of every head, layers down, heads across, the selected one marked."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

import numpy as np
from rich.segment import Segment
from rich.style import Style

from ...records.arrays import Doubles
from ...records.plain import to_ascii_cells
from .colors import ACCENT, FAINT, OUTSIDE, PLAIN, ColorTable
from .heatmap import pixel_runs
from .scales import Levels
from .scroll import first_line

CIRCUIT = "◆"
"""Stands behind the caption of a head of the certified circuit."""
SELECTED = Style(bold=True, reverse=True)
LABEL = 3
"""Width of the layer labels "L0 "."""
TINY = 3
"""Below this many cells, a thumbnail is one block whose colour is the head's entropy."""


@dataclass(frozen=True)
class Grid:
    """How a sheet lies in its pane, in cells.

    Attributes:
        layers, heads: heads on the sheet.
        wide, high: cells of one thumbnail, its caption and the gap not counted.
        first_layer, first_head: the thumbnail in the top left corner, when not all fit.
        rows, cols: thumbnails shown down and across.
        gap: cells between thumbnails, across.
    """

    layers: int
    heads: int
    wide: int
    high: int
    first_layer: int
    first_head: int
    rows: int
    cols: int
    gap: int = 1

    @property
    def tiny(self) -> bool:
        """True when thumbnails are single blocks without caption."""
        return self.high == 1

    @property
    def pitch(self) -> int:
        """Lines from one layer's thumbnails to the next: picture and caption, or the block alone."""
        return 1 if self.tiny else self.high + 1

    def head_at(self, x: int, y: int) -> tuple[int, int] | None:
        """Cell -> (layer, head), None beside the thumbnails."""
        row, col = y // self.pitch, (x - LABEL) // (self.wide + self.gap)
        if x < LABEL or row >= self.rows or col >= self.cols:
            return None
        return self.first_layer + row, self.first_head + col

    def lines_of(self, layer: int) -> range:
        """The lines that show a layer, empty when it is scrolled away."""
        row = layer - self.first_layer
        return range(row * self.pitch, (row + 1) * self.pitch) if 0 <= row < self.rows else range(0)


def lay_out(layers: int, heads: int, width: int, height: int, selected: tuple[int, int | None] = (0, 0)) -> Grid:
    """Fit layers × heads thumbnails in a pane, as square and as large as fit; scroll to the selected one otherwise."""
    across = max(1, (width - LABEL) // heads - 1)
    down = max(1, height // layers - 1)
    # Cells are twice as high as wide. Up to twice as wide as high, width is detail; beyond, it is distortion.
    wide = max(1, min(across, 4 * down))
    high = max(1, min(down, -(-wide // 2)))
    if wide < TINY or height < 2 * layers:
        wide, high = max(1, min(across, 2)), 1
    pitch = 1 if high == 1 else high + 1
    rows, cols = min(layers, max(1, height // pitch)), min(heads, max(1, (width - LABEL) // (wide + 1)))
    layer, head = selected[0], selected[1] or 0
    return Grid(layers, heads, wide, high, first_line(layer, rows, layers), first_line(head, cols, heads), rows, cols)


def sheet_line(
    y: int,
    levels: Levels,
    entropy_norm: Doubles,
    grid: Grid,
    table: ColorTable,
    selected: tuple[int, int | None],
    circuit: Set[tuple[int, int]] = frozenset(),
) -> list[Segment]:
    """Line y of the sheet.

    Args:
        levels: (L, H, h, w) uint8 from `to_levels`; only the part that fits in a thumbnail is shown.
        entropy_norm: (L, H), for captions; low entropy is a focused head.
        selected: (layer, head); head None marks the whole layer.
        circuit: heads with a mark of their own, in the gap behind them; of a tiny sheet, where they are not selected.
    """
    row, inner = divmod(y, grid.pitch)
    if row >= grid.rows:
        return []
    layer = grid.first_layer + row
    label = f"L{layer}".ljust(LABEL) if inner == 0 else " " * LABEL
    segments = [Segment(label, ACCENT if layer == selected[0] else FAINT)]
    for head in range(grid.first_head, grid.first_head + grid.cols):
        chosen = layer == selected[0] and selected[1] in (None, head)
        mark = to_ascii_cells(CIRCUIT, unless=table.utf8) if (layer, head) in circuit else " "
        if grid.tiny:
            segments += _block(float(entropy_norm[layer, head]), grid, table, chosen, mark)
        elif inner == grid.high:
            text = caption(layer, head, float(entropy_norm[layer, head]), grid.wide)
            text, mark = _marked(text, mark)
            behind = Segment(mark.ljust(grid.gap), PLAIN if mark == " " else ACCENT)
            segments += [Segment(text, SELECTED if chosen else FAINT), behind]
        else:
            segments += _thumbnail(levels[layer, head], inner, grid, table)
            segments.append(Segment(" " * grid.gap, PLAIN))
    return segments


def _marked(text: str, mark: str) -> tuple[str, str]:
    """The caption with the mark at its end, where there is room, and what stands in the gap behind it."""
    short = text.rstrip()
    return ((short + mark).ljust(len(text)), " ") if len(short) < len(text) else (text, mark)


def caption(layer: int, head: int, entropy: float, width: int) -> str:
    """ "L0H3 .97", "H3 .97", "L0H3" or "H3", whatever fits, padded to `width`."""
    number = f"{entropy:.2f}".lstrip("0") if np.isfinite(entropy) else "–"
    for text in (f"L{layer}H{head} {number}", f"H{head} {number}", f"L{layer}H{head}", f"H{head}", f"{head}"):
        if len(text) <= width:
            return text.ljust(width)
    return " " * width


def _thumbnail(levels: Levels, line: int, grid: Grid, table: ColorTable) -> list[Segment]:
    """One line of a picture (h, w), enlarged by a whole multiple where it is much smaller than its place."""
    per = table.rows_per_cell
    stretch = 2 if per == 1 and grid.wide >= 2 * levels.shape[1] else 1
    zoom = max(1, min(grid.wide // (levels.shape[1] * stretch), grid.high * per // levels.shape[0]))
    visible = levels[:, : grid.wide // (zoom * stretch)]
    rows = [visible[r] if (r := (line * per + i) // zoom) < len(levels) else None for i in range(per)]
    blank = np.full(visible.shape[1], OUTSIDE, np.uint8)
    top, bottom = rows[0] if rows[0] is not None else blank, rows[-1] if rows[-1] is not None else blank
    segments = pixel_runs(top, bottom, zoom * stretch, table)
    used = visible.shape[1] * zoom * stretch
    return [*segments, Segment(" " * (grid.wide - used), PLAIN)] if used < grid.wide else segments


def _block(entropy: float, grid: Grid, table: ColorTable, chosen: bool, mark: str) -> list[Segment]:
    """A block as bright as the head is focused."""
    focus = 0.0 if not np.isfinite(entropy) else 1.0 - entropy
    char, style = table.swatch(int(np.clip(focus * 32, 0, 31)))
    mark = to_ascii_cells("◂", unless=table.utf8) if chosen else mark
    return [Segment(char * grid.wide, style), Segment(mark, ACCENT)]
