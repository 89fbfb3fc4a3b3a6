"""The statistics of the selected head."""

from __future__ import annotations

from rich.console import Group
from rich.text import Text
from textual.app import ComposeResult
from textual.widgets import Static

from adtui.records import Sample, SampleStats
from adtui.ui.renderables.readout import transition
from adtui.ui.renderables.statistics import episode_lines, seed_lines, statistics_table

from .pane import ScrollPane


class StatisticsPane(ScrollPane):
    """A scrolling table: plain and value-weighted statistics, then the head-averaged seed set."""

    def __init__(self, *, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(name=name, id=id, classes=classes)
        self.border_title = "statistics"

    def compose(self) -> ComposeResult:
        yield Static("not computed yet", id="statistics-text")

    def show(self, stats: SampleStats | None, layer: int, head: int | None, sample: Sample | None) -> None:
        """Show one head, or the mean over the layer's heads when `head` is None; `stats` is None until computed."""
        text = self.query_one("#statistics-text", Static)
        if stats is None:
            text.update("not computed yet")
            return
        utf8 = self.table.utf8
        parts: list[Text | object] = [statistics_table(stats, layer, head, utf8=utf8)]
        parts.append(Text("\nepisode lift, oldest first", style="bold"))
        parts.append(Text("\n".join(episode_lines(stats, layer, head, utf8=utf8))))
        if head is not None and sample is not None:
            parts.append(Text("max: " + transition(sample, int(stats.plain.max_position[layer, head]), utf8)))
        parts.append(Text("\nmean over heads, as the present script prints it", style="bold"))
        parts.append(Text("\n".join(seed_lines(stats.seed[layer]))))
        text.update(Group(*parts))  # type: ignore[arg-type]
