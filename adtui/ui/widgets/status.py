"""One line about what is open and what is going on."""

from __future__ import annotations

from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from ...records.messages import Progress
from ...records.plain import to_ascii
from ...records.run import RunInfo
from ..renderables.status import shortened_progress, status_line
from .pane import color_table


class StatusLine(Widget):
    """Run, step, progress, sample, device, family; narrow terminals lose the last ones."""

    DEFAULT_CSS = """
    StatusLine {
        width: 1fr;
        height: 1;
        background: $panel;
        color: $text;
        padding: 0 1;
    }
    """

    run: reactive[RunInfo | None] = reactive[RunInfo | None](None)
    sample: reactive[int | None] = reactive[int | None](None)
    message: reactive[str] = reactive("")
    """Shown while no run is open."""
    progress: reactive[tuple[int, int, str, float, str] | None] = reactive[tuple[int, int, str, float, str] | None](
        None
    )
    """(done, total, what, rate, note) of the job that runs, None when nothing does."""

    def open(self, run: RunInfo) -> None:
        """Another run, or the same one again."""
        self.run = None  # two runs cannot be compared (arrays), and a reactive would
        self.run = run

    def show_progress(self, progress: Progress | None) -> None:
        """How far the newest long work is."""
        self.progress = (
            (progress.done, progress.total, progress.what, progress.rate, progress.note) if progress else None
        )

    def render(self) -> Text:
        utf8 = color_table(self.app).utf8
        done = "" if self.progress is None else shortened_progress(*self.progress, self.size.width, utf8)
        line = status_line(self.run, self.sample, done, self.size.width, self.message, utf8)
        return Text(to_ascii(line, unless=utf8), no_wrap=True)
