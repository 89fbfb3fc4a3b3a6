"""An attention heatmap whose picture is sent in pixels: its cells are left for it, the axes around stay cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment

from .colors import GUIDE, MASKED, PLAIN, ColorTable
from .graphic import PICTURE, Graphic, PixelFrame
from .heatmap import Heatmap


@dataclass(frozen=True, eq=False)
class PixelHeatmap(Heatmap):
    """As `Heatmap`; its frame is a `PixelFrame`. The cursor is not in its lines, but a ring in the picture."""

    def _picture(self, _y: int, _cursor: tuple[int, int] | None) -> list[Segment]:
        return [Segment(PICTURE * self.frame.columns, PLAIN)]

    def graphic(self) -> Graphic:
        """The picture itself, in the colours that cells would have."""
        assert isinstance(self.frame, PixelFrame)
        codes = self.levels.copy()
        if 0 <= self.query_pixel < len(codes):
            row = codes[self.query_pixel]
            row[row == MASKED] = GUIDE
        return Graphic(codes, code_colors(self.table), self.frame)


def code_colors(table: ColorTable) -> NDArray[np.uint8]:
    """(256, 3) RGB of every code of a pixel."""
    colors = np.zeros((256, 3), np.uint8)
    colors[: len(table.rgb)] = table.rgb
    colors[MASKED], colors[GUIDE] = table.masked, table.guide
    return colors
