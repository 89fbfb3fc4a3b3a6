"""A view as a picture of the size of its pane: in cells, or in pixels where the terminal shows them."""

from __future__ import annotations

from ..renderables.colors import ColorTable
from ..renderables.graphic import pixel_fit
from ..renderables.heatmap import Heatmap, fit, gutter_width, room
from ..renderables.pixel_heatmap import PixelHeatmap
from ..renderables.scales import to_levels
from ..renderables.view_pixels import ViewPixels
from ..terminal.graphics_layer import GraphicsLayer


def picture_of(
    shown: ViewPixels, scale: str, top: float, table: ColorTable, size: tuple[int, int], layer: GraphicsLayer | None
) -> Heatmap:
    """The picture; a `PixelHeatmap` where it is drawn on the layer.

    Args:
        top: the weight of the brightest colour.
        size: (width, height) of the pane without its read-out, in cells.
        layer: None where there are only cells.
    """
    view, rows, cols = shown.view, shown.rows, shown.cols
    shape, gutter = view.pooled.shape, gutter_width(rows.episode)
    kind, frame = Heatmap, fit(shape, *size, gutter, table.rows_per_cell)
    if layer is not None and layer.is_worth(shape, room(*size, gutter, table.rows_per_cell)):
        kind, frame = PixelHeatmap, pixel_fit(shape, *size, gutter, layer.cell)
    return kind(
        levels=to_levels(view.pooled, scale, cols.n_keys, top),
        row_edges=view.row_edges,
        col_edges=view.col_edges,
        episode=cols.episode,
        rewarded=cols.rewarded,
        query=view.place.query,
        frame=frame,
        table=table,
        row_episode=rows.episode,
        query_key=cols.query,
    )
