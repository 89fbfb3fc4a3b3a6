"""Answers onto panes: which pane draws what, and on which axes."""

from __future__ import annotations

from collections.abc import Callable

from ...records.attention import HeadView
from ...records.chances import Chances
from .display import Display
from .panes import Panes
from .titles import titles


class Showing:
    """Puts what is on display on the panes. It asks nothing and remembers nothing.

    Args:
        panes: the explorer's.
        display: gives what is on display now, None while no run is open.
    """

    def __init__(self, panes: Panes, display: Callable[[], Display | None]) -> None:
        self.panes = panes
        self._now = display

    def view(self) -> None:
        """One head's picture, and its curves."""
        if (display := self._now()) is None or (view := display.view) is None:
            return
        axis, query = display.axis, view.place.query
        self.panes.heatmap.show(view, axis)
        self.panes.query_curve.show(view.query_row, axis, query, "query")
        self.panes.received_curve.show(view.received, axis, query, "received")
        if (latents := display.on_latents) is not None:
            self.panes.latents.show(*latents, query, "latents")
        self.titles()

    def prepare(self, view: HeadView) -> bool:
        """Draw now what takes long to draw of a picture that may be wanted next.

        Returns False where it is about another sample, row or unit than the selected ones: it is not wanted next.
        """
        if (display := self._now()) is None:
            return False
        chosen, seen = display.selection, view.place
        if (seen.sample, seen.unit, seen.query) != (chosen.sample, chosen.unit, display.row):
            return False
        self.panes.query_curve.prepare(view.query_row, display.axis, seen.query, "query")
        self.panes.received_curve.prepare(view.received, display.axis, seen.query, "received")
        return True

    def round(self) -> None:
        """A picture of the compressor in one round."""
        if (display := self._now()) is None or (seen := display.of_round) is None:
            return
        self.panes.memory.show(*seen)
        self.titles()

    def no_rounds(self) -> None:
        """The selected sample was not compressed."""
        for pane in (self.panes.memory, self.panes.latents):
            pane.clear("it all fits: nothing compressed")

    def sheet(self) -> None:
        """Thumbnails of every head."""
        if (display := self._now()) is not None and display.sheet is not None:
            self.panes.sheet.show(display.sheet, display.axis.n_keys)
            self.titles()

    def statistics(self) -> None:
        """The numbers of the selected head."""
        if (display := self._now()) is not None:
            chosen = display.selection
            seen = display.sample.last(len(display.axis.layout.visible))
            self.panes.statistics.show(display.stats, chosen.layer, chosen.shown_head, seen)
            self.titles()

    def chances(self, chances: Chances) -> None:
        """What the model would do at the selected row's state."""
        self.panes.actions.show(chances)
        self.titles()

    def no_chances(self) -> None:
        """The selected row stands for no state."""
        self.panes.actions.clear("this row stands for no state")
        self.titles()

    def titles(self) -> None:
        """What is selected, in every pane's title."""
        if (display := self._now()) is not None:
            for pane, forms in titles(display).items():
                self.panes.name_pane(pane, *forms)
