"""A picture whose pixels are the matrix: each cell becomes a block of whole pixels, with no resampling.

`Axes.imshow` resamples values, normalises and colours millions of screen pixels; colouring the N × N cells first and
repeating them costs a tenth of that and gives the same picture.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.artist import Artist, allow_rasterization
from matplotlib.axes import Axes
from matplotlib.transforms import Affine2D, Bbox

from .style import Pixels

VECTOR_CELLS = 1000
"""Pixels that the longer side of a picture has at least in a PDF or SVG."""


class PixelImage(Artist):
    """RGBA pixels (R, C, 4) that fill an axes, first row on top; drawn below the axes' lines and marks."""

    def __init__(self, axes: Axes, pixels: Pixels) -> None:
        super().__init__()
        self.pixels = pixels
        self.set_zorder(-1.0)
        axes.add_artist(self)

    @allow_rasterization
    def draw(self, renderer: Any) -> None:
        """Paint; a cell is never lost unless the axes have fewer pixels than the matrix has cells."""
        if self.axes is None or not self.get_visible():
            return
        box = self.axes.bbox
        if renderer.option_scale_image():
            self._place(renderer, box)
            return
        left, right = round(box.x0), round(box.x1)
        bottom, top = round(box.y0), round(box.y1)
        grown = stretch(self.pixels, top - bottom, right - left)
        graphics = renderer.new_gc()
        renderer.draw_image(graphics, left, bottom, grown[::-1])
        graphics.restore()

    def _place(self, renderer: Any, box: Bbox) -> None:
        """In a file whose readers scale pictures. Some of them smooth: a cell has several pixels."""
        times = -(-VECTOR_CELLS // max(self.pixels.shape[:2]))
        grown = stretch(self.pixels, times * self.pixels.shape[0], times * self.pixels.shape[1])
        graphics = renderer.new_gc()
        renderer.draw_image(graphics, box.x0, box.y0, grown[::-1], Affine2D().scale(box.width, box.height))
        graphics.restore()


def stretch(pixels: Pixels, height: int, width: int) -> Pixels:
    """Repeat rows and columns to height × width pixels; block sizes differ by one pixel at most."""
    rows = np.arange(height) * pixels.shape[0] // height
    columns = np.arange(width) * pixels.shape[1] // width
    packed = np.ascontiguousarray(pixels).view(np.uint32)[:, :, 0]  # one number a pixel: a quarter of the copying
    grown = np.ascontiguousarray(packed[:, columns][rows])
    return grown.view(np.uint8).reshape(height, width, 4)
