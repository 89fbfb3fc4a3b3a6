"""The explorer's panes: seven for every model, two more for a model with a compressor."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from ..widgets.answer import AnswerStrip
from ..widgets.chances import ChancesPane
from ..widgets.curves import CurvePane
from ..widgets.heatmap import HeatmapPane
from ..widgets.insights import InsightsPane
from ..widgets.pane_stack import PaneStack
from ..widgets.sheet import SheetPane
from ..widgets.statistics import StatisticsPane

HEADS, HEATMAP, QUERY, RECEIVED, NUMBERS, INSIGHTS, ACTIONS, LATENTS, COMPRESSOR = range(9)
ALWAYS = 7
"""How many panes every model has; the others are about a compressor and its latents."""
ROOMY = 46
"""From this many lines on, the numbers get more of them than the thumbnails."""

BROAD = 160
"""From this many columns on, a heatmap of the height that there is leaves some to the thumbnails."""
THREE_COLUMNS = 200
"""From this many on, the insights stand beside the heatmap instead of in a few lines below it."""


class Panes(PaneStack):
    """The panes of a compressor share their place with the two curves: there are those that were looked at last.

    Args:
        plain: ASCII only.
    """

    NAMES: ClassVar[tuple[str, ...]] = (
        "heads",
        "heatmap",
        "query",
        "received",
        "numbers",
        "insights",
        "actions",
        "latents",
        "compressor",
    )
    CONTAINERS: ClassVar[tuple[str, ...]] = ("#curves", "#left", "#right")

    def __init__(self, plain: bool = False) -> None:
        self.answer = AnswerStrip(id="answer")
        self.sheet = SheetPane(id="sheet", classes="pane")
        self.heatmap = HeatmapPane(id="heatmap", classes="pane")
        self.query_curve = CurvePane(id="query-curve", classes="pane")
        self.received_curve = CurvePane(id="received-curve", classes="pane")
        self.statistics = StatisticsPane(id="statistics", classes="pane")
        self.insights = InsightsPane(id="insights", classes="pane")
        self.actions = ChancesPane(id="actions", classes="pane")
        self.latents = CurvePane(id="latents", classes="pane")
        self.memory = HeatmapPane(id="memory", classes="pane")
        self.has_memory = False
        self._memory_shown = False
        curves = (self.query_curve, self.received_curve)
        always = (self.sheet, self.heatmap, *curves, self.statistics, self.insights, self.actions)
        super().__init__((*always, self.latents, self.memory), plain)

    def compose(self) -> ComposeResult:
        yield self.answer
        yield Static(id="tabs")
        with Horizontal(id="all"):
            with Vertical(id="left"):
                yield self.sheet
                yield self.actions
                yield self.statistics
            with Vertical(id="right"):
                yield self.heatmap
                with Horizontal(id="curves"):
                    yield self.query_curve
                    yield self.received_curve
                    yield self.latents
                    yield self.memory
                yield self.insights

    def clear(self, reason: str) -> None:
        """Empty every pane that draws a picture, and say why."""
        reason = self.words(reason)
        self.answer.show(None)
        self.sheet.clear(reason)
        self.no_view(reason)
        self.actions.clear(reason)
        self.memory.clear(reason)
        self.insights.clear()
        self.insights.status(reason)
        for index in range(len(self.all)):
            self.name_pane(index)

    def no_view(self, reason: str) -> None:
        """Empty the panes that draw the selected head, and say why."""
        for pane in (self.heatmap, self.query_curve, self.received_curve, self.latents):
            pane.clear(reason)

    def fold(self, width: int, height: int) -> None:
        self.answer.fold(height)
        self.set_class(height < ROOMY, "-tight")
        self.set_class(width >= BROAD, "-broad")
        self.set_class(width >= THREE_COLUMNS, "-three-columns")
        super().fold(width, height)

    @property
    def count(self) -> int:
        """How many panes there are for this model."""
        return len(self.all) if self.has_memory else ALWAYS

    @property
    def hidden(self) -> frozenset[int]:
        """The curves, or the panes of a compressor."""
        return frozenset((QUERY, RECEIVED) if self._memory_shown else (LATENTS, COMPRESSOR))

    def _swap(self) -> bool:
        before = self._memory_shown
        if self.active in (QUERY, RECEIVED, LATENTS, COMPRESSOR):
            self._memory_shown = self.active in (LATENTS, COMPRESSOR)
        return self._memory_shown != before

    def set_memory(self, there: bool) -> None:
        """Offer the panes of a compressor, or not."""
        if there == self.has_memory:
            return
        self.has_memory = there
        self._memory_shown = self._memory_shown and there
        if self.active >= self.count:
            self.activate(HEADS)
        self._arrange()
