"""What every pane shares: its border, and the colour table of the terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.segment import Segment
from textual.app import App
from textual.containers import VerticalScroll
from textual.strip import Strip
from textual.widget import Widget

from ..renderables.colors import ColorTable, choose_table, utf8_terminal
from ..terminal.titles import Titled


def color_table(app: App[object]) -> ColorTable:
    """The app's own `color_table` where it has chosen one (slow link, ASCII, …), else the terminal's best."""
    chosen = getattr(app, "color_table", None)
    if isinstance(chosen, ColorTable):
        return chosen
    return choose_table(app.console.color_system, utf8_terminal(), app.current_theme.dark, mono=app.no_color)


def on_own_colors(widget: Widget, segments: Iterable[Segment]) -> Strip:
    """Segments on the widget's own colours: Textual paints no background under what `render_line` returns."""
    base = widget.visual_style.rich_style
    return Strip([Segment(text, base if style is None else base + style) for text, style, _ in segments])


class Pane(Titled, can_focus=True):
    """A bordered, focusable pane that draws itself line by line."""

    DEFAULT_CSS = """
    Pane {
        width: 1fr;
        height: 1fr;
        border: round $panel-lighten-2;
        border-title-color: $text;
        border-subtitle-color: $text-muted;
        &:focus { border: round $accent; border-title-style: bold; }
    }
    """

    @property
    def table(self) -> ColorTable:
        """How this terminal shows levels."""
        return color_table(self.app)

    def strip(self, segments: Iterable[Segment]) -> Strip:
        """Segments on the pane's own colours."""
        return on_own_colors(self, segments)


class LazyPane(Pane):
    """Makes all its lines when it is first painted and after `redraw`, so a pane that is hidden costs nothing."""

    _strips: list[Strip] | None = None

    def redraw(self) -> None:
        """What is shown has changed."""
        self._strips = None
        self.refresh()

    def render_line(self, y: int) -> Strip:
        if self._strips is None:
            self._strips = self._draw()
        return self._strips[y] if y < len(self._strips) else self.strip([])

    def _draw(self) -> list[Strip]:
        """The lines from the top; those below them are blank."""
        raise NotImplementedError

    def on_resize(self) -> None:
        self.redraw()


class ScrollPane(VerticalScroll, Titled):
    """A bordered, focusable pane of text that scrolls with the arrows and with j and k."""

    BINDINGS = [
        ("j", "scroll_down", "Down"),
        ("k", "scroll_up", "Up"),
        ("g", "scroll_home", "Top"),
        ("G", "scroll_end", "End"),
    ]
    DEFAULT_CSS = """
    ScrollPane {
        width: 1fr;
        height: 1fr;
        border: round $panel-lighten-2;
        border-title-color: $text;
        border-subtitle-color: $text-muted;
        scrollbar-size-vertical: 1;
        &:focus { border: round $accent; border-title-style: bold; }
    }
    """

    @property
    def table(self) -> ColorTable:
        """How this terminal shows levels."""
        return color_table(self.app)
