"""What `y` copies: the numbers of a pane, as a table, and what to call them."""

from __future__ import annotations

from ...records.messages import GetWeights, WeightsReady
from ...records.place import head_name
from . import tables
from .display import Display
from .panes import ACTIONS, COMPRESSOR, HEADS, HEATMAP, INSIGHTS, LATENTS, NUMBERS, QUERY, RECEIVED


def copy(pane: int, display: Display) -> tuple[str, str] | None:
    """(what it is, its numbers as TSV) of a pane, or None while the pane has none."""
    chosen, where = display.selection, display.selection.where
    if pane == HEADS and (sheet := display.sheet) is not None:
        return f"entropy of {sheet.entropy_norm.size} heads", tables.sheet(sheet)
    if pane == NUMBERS and (stats := display.stats) is not None:
        whose = f"every head of L{chosen.layer}" if chosen.mean else where
        return f"statistics of {whose}", tables.statistics(stats, chosen.layer, chosen.shown_head)
    if pane == INSIGHTS and (found := display.insights):
        return f"{len(found)} insights", tables.insights(found)
    if pane == ACTIONS and (chances := display.chances) is not None:
        return f"probabilities of {len(chances.full)} actions", tables.chances(chances)
    return _of_view(pane, display)


def _of_view(pane: int, display: Display) -> tuple[str, str] | None:
    """The same for the panes that show the heatmap's matrix, or a row or column of it."""
    view, where = display.view, display.selection.where
    if view is None:
        return None
    query = view.place.query
    if pane == QUERY:
        return f"attention of q{query} in {where}", tables.curve(view.query_row, display.axis, "attention")
    if pane == RECEIVED:
        return f"attention received in {where}", tables.curve(view.received, display.axis, "received")
    if pane == LATENTS and (latents := display.on_latents) is not None:
        return f"attention of q{query} on latents in {where}", tables.curve(*latents, "attention")
    return None


MOST_WEIGHTS = 250_000
"""Of a copy: a few megabytes, more than most terminals take."""


def question(pane: int, display: Display) -> GetWeights | str | None:
    """What to ask for the weights of a pane that shows a matrix, or why it cannot be copied; None of other panes."""
    view = {HEATMAP: display.view, COMPRESSOR: display.round_view}.get(pane)
    if view is None:
        return None
    window = (int(view.row_edges[0]), int(view.row_edges[-1]), int(view.col_edges[0]), int(view.col_edges[-1]))
    count = (window[1] - window[0]) * (window[3] - window[2])
    if count > MOST_WEIGHTS:
        instead = "zoom in (<explorer.zoom_in>), or adtui extract writes them all"
        return f"{count} weights are too many for a clipboard: {instead}"
    return GetWeights(0, view.place, window)


def weights(found: WeightsReady) -> tuple[str, str]:
    """(what it is, its numbers as TSV) of the answer."""
    what = "attention" if found.place.round is None else f"attention of latents in round {found.place.round}"
    where = head_name(found.place.layer, found.place.head)
    return f"{what} of {where}, {_size(found.weights.shape)} weights", tables.weights(found)


def _size(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))
