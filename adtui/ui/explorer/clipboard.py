"""What `y` copies: the numbers of a pane, as a table, and what to call them."""

from __future__ import annotations

from . import tables
from .display import Display
from .panes import ACTIONS, COMPRESSOR, HEADS, HEATMAP, INSIGHTS, LATENTS, NUMBERS, QUERY, RECEIVED


def copy(pane: int, display: Display) -> tuple[str, str] | None:
    """(what it is, its numbers as TSV) of a pane, or None while the pane has none."""
    chosen, where = display.selection, display.selection.where
    if pane == HEADS and (sheet := display.sheet) is not None:
        return f"entropy of {sheet.entropy_norm.size} heads", tables.sheet(sheet)
    if pane == NUMBERS and (stats := display.stats) is not None:
        return f"statistics of {where}", tables.statistics(stats, chosen.layer, chosen.shown_head)
    if pane == INSIGHTS and (found := display.insights):
        return f"{len(found)} insights", tables.insights(found)
    if pane == ACTIONS and (chances := display.chances) is not None:
        return f"probabilities of {len(chances.full)} actions", tables.chances(chances)
    if pane == COMPRESSOR and (view := display.round_view) is not None:
        what = f"attention of latents in round {chosen.round}, {chosen.memory_where}"
        return f"{what}, {_size(view.pooled.shape)}", tables.matrix(view)
    return _of_view(pane, display)


def _of_view(pane: int, display: Display) -> tuple[str, str] | None:
    """The same for the panes that show the heatmap's matrix, or a row or column of it."""
    view, where = display.view, display.selection.where
    if view is None:
        return None
    query = view.place.query
    if pane == HEATMAP:
        what = f"attention of {where}{display.window_label}, {_size(view.pooled.shape)}"
        return what, tables.matrix(view)
    if pane == QUERY:
        return f"attention of q{query} in {where}", tables.curve(view.query_row, display.axis, "attention")
    if pane == RECEIVED:
        return f"attention received in {where}", tables.curve(view.received, display.axis, "received")
    if pane == LATENTS and (latents := display.on_latents) is not None:
        return f"attention of q{query} on latents in {where}", tables.curve(*latents, "attention")
    return None


def _size(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))
