"""What may be concluded, in words: of a sweep, or of a search and its test."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from ...compression.trials.plan import FULL, WIPED
from ...reports.search import conclusion_lines, round_lines
from ...reports.trials import verdict_lines
from ..renderables.cells import FULL_NAME
from ..widgets.pane import ScrollPane
from .found import Found
from .state import Lab

ELSEWHERE = "What runs is of the other level: <lab.level> shows it."
LONG_NAMES = {FULL: FULL_NAME, WIPED: "the control whose context is wiped at every reset"}
GATE = (
    "A budget is recommended where its return is not inferior to full context by 5 % of what that gains over random "
    "actions, few histories lose more than that, no step is slower, and it is better than random and recent at the "
    "same budget, after Holm's correction."
)


SEARCH = (
    "Look for the smallest context that does among the chosen strategies: candidates act on training goals, the better "
    "half goes on, and the smallest that is good enough is tested once, on held-out goals."
)


class VerdictPane(ScrollPane):
    """What may be concluded, in words."""

    def compose(self) -> ComposeResult:
        yield Static(id="verdict-text")

    def say(self, text: str) -> None:
        """Show a text."""
        self.query_one("#verdict-text", Static).update(Content(text))


def verdict_text(lab: Lab) -> list[str]:
    """What is known now of the level on display, a paragraph a line."""
    if lab.error:
        return [lab.error]
    elsewhere = [ELSEWHERE] if lab.running and not lab.runs_here else []
    return [*elsewhere, *_found(lab)]


def _found(lab: Lab) -> list[str]:
    found = lab.found
    if found.search is not None:
        test = found.search.confirmation
        return [*conclusion_lines(found.search), *([] if test is None else verdict_lines(test)), *_rounds(found)]
    if lab.searches_here:
        return _path(lab)
    if found.report is not None:
        return verdict_lines(found.report)
    if found.started is None:
        return ["starting the trials …" if lab.runs_here else f"No verdict yet. {GATE}"]
    document = found.document()
    lines = [] if document is None else [document.verdict.sentence]
    if lab.runs_here:
        now = lab.next_label
        lines += [f"Running {LONG_NAMES.get(now, now)}{_left(lab)}."] if now else []
        return [*lines, GATE]
    return [*lines, f"Stopped. Finished cells are in {found.started.directory}: <lab.start> goes on."]


def _path(lab: Lab) -> list[str]:
    """How far the search is, and its rounds so far."""
    progress, found = lab.progress, lab.found
    now = "starting the search …" if progress is None else f"{progress.note}."
    if not lab.runs_here:
        now = f"Stopped. What is finished is in {found.directory}: <lab.search> goes on." if found.directory else SEARCH
    return [now, *(_rounds(found) or [SEARCH])]


def _rounds(found: Found) -> list[str]:
    return [line for number, one in enumerate(found.rounds, 1) for line in round_lines(number, one)]


def _left(lab: Lab) -> str:
    progress = lab.progress
    if progress is None or progress.rate <= 0:
        return ""
    minutes = (progress.total - progress.done) / progress.rate / 60
    return f", about {minutes:.0f} min left" if minutes >= 1 else ", less than a minute left"
