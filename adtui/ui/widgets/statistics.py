"""The statistics of the selected head."""

from __future__ import annotations

from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.widgets import Static

from ...records.sample import Sample
from ...records.statistics import SampleStats
from ..renderables.readout import transition
from ..renderables.statistics import episode_lines, seed_lines, statistics_lines, weighted_name
from .pane import ScrollPane

BOLD = Style(bold=True)


class StatisticsPane(ScrollPane):
    """A scrolling table: plain and value-weighted statistics, then the head-averaged seed set."""

    def __init__(self, *, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(name=name, id=id, classes=classes)
        self.border_title = "statistics"
        self._lines = 0

    def compose(self) -> ComposeResult:
        yield Static("not computed yet", id="statistics-text")

    def show(self, stats: SampleStats | None, layer: int, head: int | None, sample: Sample | None) -> None:
        """Show one head, or the mean over the layer's heads when `head` is None; `stats` is None until computed."""
        text = self.query_one("#statistics-text", Static)
        if stats is None:
            text.update("not computed yet")
            self._lines = 0
            return
        utf8 = self.table.utf8
        self.explain(f"{weighted_name(utf8)}: attention times its value's norm")
        header, *rows = statistics_lines(stats, layer, head, utf8=utf8)
        content = Text(no_wrap=True)
        content.append(header + "\n", BOLD).append("\n".join(rows) + "\n")
        content.append("\nepisode lift, oldest first\n", BOLD)
        content.append("\n".join(episode_lines(stats, layer, head, utf8=utf8)) + "\n")
        if sample is not None:
            key = None if head is None else int(stats.plain.max_position[layer, head])
            content.append("max: " + ("-" if key is None else transition(sample, key, utf8)) + "\n")
        content.append("\nmean over heads, as the present script prints it\n", BOLD)
        content.append("\n".join(seed_lines(stats.seed[layer])))
        # Another head has the same number of lines: nothing moves, so the screen need not be laid out again.
        lines = content.plain.count("\n")
        text.update(content, layout=lines != self._lines)
        self._lines = lines
