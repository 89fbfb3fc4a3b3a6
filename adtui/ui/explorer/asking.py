"""Every kind of question that the explorer's panes ask, and where the answers go."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from ...records.attention import CellInfo, HeadView, Sheet
from ...records.chances import Chances
from ...records.messages import (
    CellReady,
    ChancesReady,
    Failed,
    GetCell,
    GetChances,
    GetSheet,
    GetView,
    Reply,
    SheetReady,
    ViewReady,
)
from ...records.place import Frame, Place
from ..engine_client import EngineLink
from ..widgets.heatmap import HeatmapPane
from .panes import Panes
from .questions import Questions
from .selection import Selection
from .showing import Showing

UNSEEN = (32, 64)
"""Pixels of a heatmap that is not on display: enough to place the cursor."""


class Asking:
    """Six kinds of questions: the heatmap's picture, the weight under its cursor, the thumbnails, the actions; and the
    first two of the compressor, if the model has one.

    Args:
        engine: who answers.
        panes: their sizes are what is asked for.
        showing: puts answers on the panes.
        beside: the pictures to which one key leads from another.
        coarse: ask for coarser thumbnails, for a slow line.
        look_ahead: fetch the heads beside the one on display while nothing else is asked.
    """

    def __init__(
        self,
        engine: EngineLink,
        panes: Panes,
        showing: Showing,
        *,
        beside: Callable[[GetView], Iterable[GetView]],
        coarse: bool,
        look_ahead: bool,
    ) -> None:
        self._panes, self._showing, self._coarse = panes, showing, coarse
        self.views: Questions[GetView, HeadView] = Questions(
            engine,
            self._show_view,
            failed=panes.no_view,
            unasked=self._prepare,
            beside=beside,
            look_ahead=look_ahead,
        )
        self.cells: Questions[GetCell, CellInfo] = Questions(engine, panes.heatmap.show_cell, keep=256, again=True)
        self.sheets: Questions[GetSheet, Sheet] = Questions(
            engine, lambda _: showing.sheet(), failed=panes.sheet.clear, keep=16
        )
        self.chances: Questions[GetChances, Chances] = Questions(engine, showing.chances, failed=panes.actions.clear)
        self.rounds: Questions[GetView, HeadView] = Questions(
            engine, lambda _: showing.round(), failed=panes.memory.clear, keep=16
        )
        self.round_cells: Questions[GetCell, CellInfo] = Questions(engine, panes.memory.show_cell, keep=256, again=True)

    @property
    def waiting(self) -> bool:
        """True while one of the panes that every model has waits for the engine."""
        return self.views.waiting or self.sheets.waiting or self.cells.waiting

    @property
    def pixels(self) -> tuple[int, int]:
        """(rows, cols) that the heatmap is asked for."""
        return _pixels(self._panes.heatmap)

    # -- questions ---------------------------------------------------------------------------------------------------
    def view(self, place: Place, selection: Selection) -> None:
        """The selected head, at the heatmap's size."""
        self.views.ask(GetView(0, place, Frame(*self.pixels, selection.window)))

    def sheet(self, selection: Selection) -> None:
        """The selected sample's thumbnails, at the sheet's size."""
        shrink = 2 if self._coarse else 1
        rows, cols = (max(1, pixels // shrink) for pixels in self._panes.sheet.pixels_wanted())
        self.sheets.ask(GetSheet(0, selection.sample, Frame(rows, cols), selection.unit))

    def actions(self, sample: int, index: int | None) -> None:
        """What the model would do at the state of a transition; None where the row stands for no state."""
        if index is None:
            self.chances.withdraw()
            self._showing.no_chances()
        else:
            self.chances.ask(GetChances(0, sample, index))

    def cell(self, query: int, key: int) -> None:
        """The exact weight under the heatmap's cursor, and its rank."""
        if (view := self.views.shown) is not None:
            self.cells.ask(_cell(view, query, key))

    def round(self, selection: Selection) -> None:
        """The compressor's attention in the selected round."""
        self.rounds.ask(GetView(0, selection.memory_place, Frame(*_pixels(self._panes.memory))))

    def no_round(self) -> None:
        """The selected sample was not compressed: there is nothing to ask."""
        self.rounds.withdraw()
        self._showing.no_rounds()

    def round_cell(self, query: int, key: int) -> None:
        """The same as `cell` in the compressor's pane."""
        if (view := self.rounds.shown) is not None:
            self.round_cells.ask(_cell(view, query, key))

    # -- answers -----------------------------------------------------------------------------------------------------
    def receive(self, reply: Reply) -> None:
        """Hand an answer to whoever asked."""
        match reply:
            case ViewReady(view=view):
                (self.views if view.place.round is None else self.rounds).receive(reply.id, view)
            case SheetReady(sheet=sheet):
                self.sheets.receive(reply.id, sheet)
            case ChancesReady(chances=chances):
                self.chances.receive(reply.id, chances)
            case CellReady(cell=cell):
                (self.cells if cell.place.round is None else self.round_cells).receive(reply.id, cell)
            case Failed():
                for questions in self._all:
                    questions.fail(reply.id, reply.error)
            case _:
                pass  # nothing that was asked here

    def clear(self) -> None:
        """Forget everything: the run has changed."""
        for questions in self._all:
            questions.clear()

    @property
    def _all(self) -> tuple[Questions[Any, Any], ...]:
        return self.views, self.cells, self.sheets, self.chances, self.rounds, self.round_cells

    def _show_view(self, view: HeadView) -> None:
        self._showing.view()
        if (cursor := self._panes.heatmap.cursor_in(view)) is not None:
            self.cell(*cursor)

    def _prepare(self, view: HeadView) -> None:
        """A picture that may be wanted next: have ready what takes long, and the number that its read-out will need."""
        if not self._showing.prepare(view):
            return
        if (cursor := self._panes.heatmap.cursor_in(view)) is not None:
            self.cells.foresee(_cell(view, *cursor))
        self.views.go_on()


def _cell(view: HeadView, query: int, key: int) -> GetCell:
    return GetCell(0, replace(view.place, query=query), key)


def _pixels(pane: HeatmapPane) -> tuple[int, int]:
    """(rows, cols) that a heatmap can show. One that is not on display has no size; its picture is still needed, for
    the curves."""
    return pane.pixels_wanted() if pane.size else UNSEEN
