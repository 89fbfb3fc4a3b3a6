"""The explorer's panes and how they share the screen: all at once where there is room, one at a time elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.markup import escape
from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from .plain import ascii_only
from .widgets.curves import CurvePane
from .widgets.heatmap import HeatmapPane
from .widgets.insights import InsightLog
from .widgets.sheet import SheetPane
from .widgets.statistics import StatisticsPane

WIDE, HIGH = 100, 32
"""From this many columns and lines on, all panes fit at once."""
NAMES = ("heads", "heatmap", "query", "received", "numbers", "insights", "latents", "compressor")
HEADS, HEATMAP, QUERY, RECEIVED, NUMBERS, INSIGHTS, LATENTS, COMPRESSOR = range(8)
ALWAYS = 6
"""How many panes every model has; the others are about a compressor and its latents."""


class Panes(Vertical):
    """Panes, one of them active: it has the focus, and it is the one on display when only one fits.

    Six for every model; for a model with a compressor two more, which share their place with the two curves: there are
    those of the four that were looked at last.

    Args:
        plain: ASCII only.
    """

    @dataclass
    class Activated(Message):
        """Another pane has become the active one."""

        index: int

    CONTAINERS: ClassVar[tuple[str, ...]] = ("#curves", "#left", "#right")
    """From the innermost outwards: a container is on display when one of its children is."""

    def __init__(self, plain: bool = False) -> None:
        super().__init__()
        self._plain = plain
        self.active = HEADS
        self.folded = False
        self.full = False
        self.sheet = SheetPane(id="sheet", classes="pane")
        self.heatmap = HeatmapPane(id="heatmap", classes="pane")
        self.query_curve = CurvePane(id="query-curve", classes="pane")
        self.received_curve = CurvePane(id="received-curve", classes="pane")
        self.statistics = StatisticsPane(id="statistics", classes="pane")
        self.insights = InsightLog(id="insights", classes="pane")
        self.latents = CurvePane(id="latents", classes="pane")
        self.memory = HeatmapPane(id="memory", classes="pane")
        self.has_memory = False
        self._memory_shown = False
        self.all: tuple[Widget, ...] = (
            self.sheet,
            self.heatmap,
            self.query_curve,
            self.received_curve,
            self.statistics,
            self.insights,
            self.latents,
            self.memory,
        )
        for index in range(len(self.all)):
            self.name_pane(index)

    def compose(self) -> ComposeResult:
        yield Static(id="tabs")
        with Horizontal(id="all"):
            with Vertical(id="left"):
                yield self.sheet
                yield self.statistics
            with Vertical(id="right"):
                yield self.heatmap
                with Horizontal(id="curves"):
                    yield self.query_curve
                    yield self.received_curve
                    yield self.latents
                    yield self.memory
                yield self.insights

    @property
    def single(self) -> bool:
        """True when one pane has the screen to itself."""
        return self.folded or self.full

    def name_pane(self, index: int, text: str = "") -> None:
        """Set a pane's title: its key, its name, and what it shows."""
        title = f"{index + 1} {NAMES[index]}" + (f" · {text}" if text else "")
        if not _retitle(self.all[index], ascii_only(title) if self._plain else title):
            return
        if self.folded and index == self.active:
            self._draw_tabs()

    def clear(self, reason: str) -> None:
        """Empty every pane that draws a picture, and say why."""
        reason = ascii_only(reason) if self._plain else reason
        self.sheet.clear(reason)
        self.heatmap.clear(reason)
        self.query_curve.clear(reason)
        self.received_curve.clear(reason)
        self.latents.clear(reason)
        self.memory.clear(reason)
        self.insights.clear()
        self.insights.status(reason)
        for index in range(len(self.all)):
            self.name_pane(index)

    def activate(self, index: int) -> None:
        """Give a pane the focus, and the screen where only one fits."""
        self.active = index % self.count
        swapped = self.active in (QUERY, RECEIVED, LATENTS, COMPRESSOR) and self._memory_shown != (
            self.active in (LATENTS, COMPRESSOR)
        )
        if swapped:
            self._memory_shown = not self._memory_shown
        if self.single or swapped:
            self._arrange()
        self.screen.set_focus(self.all[self.active], scroll_visible=False)
        self.post_message(self.Activated(self.active))

    @property
    def count(self) -> int:
        """How many panes there are for this model."""
        return len(self.all) if self.has_memory else ALWAYS

    def set_memory(self, there: bool) -> None:
        """Offer the panes of a compressor, or not."""
        if there == self.has_memory:
            return
        self.has_memory = there
        self._memory_shown = self._memory_shown and there
        if self.active >= self.count:
            self.activate(HEADS)
        self._arrange()

    def set_full(self, full: bool) -> None:
        """Give the active pane the whole screen, or take it back."""
        self.full = full
        self._arrange()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The mouse can move the focus as well."""
        if event.widget in self.all and (index := self.all.index(event.widget)) != self.active:
            self.activate(index)

    def fold(self, width: int, height: int) -> None:
        """Choose between all panes and one, for a screen of this size."""
        self.folded = width < WIDE or height < HIGH
        self.set_class(height < 16, "-short")
        self._arrange()

    def _arrange(self) -> None:
        hidden = (QUERY, RECEIVED) if self._memory_shown else (LATENTS, COMPRESSOR)
        for index, pane in enumerate(self.all):
            pane.display = index == self.active if self.single else index not in hidden
        for name in self.CONTAINERS:
            container = self.query_one(name)
            container.display = any(child.display for child in container.children)
        self.set_class(self.single, "-single")
        self.query_one("#tabs").display = self.folded
        if self.folded:
            self._draw_tabs()

    def _draw_tabs(self) -> None:
        # Short screens have no room for borders, so the tab carries the title.
        title = str(self.all[self.active].border_title) if self.has_class("-short") else ""
        self.query_one("#tabs", Static).update(_tabs(self.active, self.app.size.width, title, self.count))


def _retitle(pane: Widget, title: str) -> bool:
    """Set a title and repaint its line only; assigning to `border_title` sends the whole pane, tens of kilobytes.

    Returns False when the pane has that title already.
    """
    content = Content(title)
    if getattr(pane, "_border_title", None) == content:
        return False
    setattr(pane, "_border_title", content)  # noqa: B010  (Textual's own storage: the public name repaints the pane)
    pane.refresh(Region(-1, -1, pane.outer_size.width, 1))
    return True


def _tabs(active: int, width: int, title: str = "", count: int = ALWAYS) -> str:
    """The line of tabs. Names are cut to their numbers where they do not fit, the active one never."""
    titles = [f"{index + 1} {name}" for index, name in enumerate(NAMES[:count])]
    names = [title if title and index == active else name for index, name in enumerate(titles)]
    whole = sum(len(name) + 2 for name in names) <= width
    tabs = []
    for index, name in enumerate(names):
        if index == active:
            tabs.append(f"[reverse] {escape(name)} [/]")
        else:
            tabs.append(f" {name} " if whole else f" {index + 1} ")
    return "".join(tabs)
