"""The search for the smallest context as text: its path, what was chosen, and the one test of it."""

from __future__ import annotations

from rich.console import Console

from ..records.trial_search import Round, SearchReport
from .trials import print_report

SHOWN = 6
"""Candidates of a round that are named, the best first."""


def print_search(report: SearchReport, console: Console) -> None:
    """The rounds, the choice, then the test as a sweep of one candidate."""
    for line in search_lines(report):
        console.print(line, highlight=False, markup=False, soft_wrap=not console.is_terminal)
    if report.confirmation is not None:
        print_report(report.confirmation, console)


def search_lines(report: SearchReport) -> list[str]:
    """The path in words."""
    lines = []
    for number, one in enumerate(report.rounds, 1):
        lines += round_lines(number, one)
    return [*lines, *conclusion_lines(report)]


def conclusion_lines(report: SearchReport) -> list[str]:
    """What was chosen, and what comes after it."""
    lines = [f"Chosen: {report.why}." if report.chosen else f"Nothing to test: {report.why}."]
    if report.confirmation is not None:
        lines.append("The one test of it, on held-out tasks with draws of their own; the search has seen neither:")
    return lines


def round_lines(number: int, one: Round) -> list[str]:
    """What a round found, its best candidates by name."""
    kept = sum(tried.kept for tried in one.tried)
    lines = [
        f"Round {number}: {len(one.tried)} candidates, {one.histories} histories of training tasks, full context "
        f"{one.full:.2f}, margin {one.margin:.2f}; {kept} kept"
    ]
    for tried in one.tried[:SHOWN]:
        lines.append(
            f"  {tried.name}: loses {tried.loss.mean:+.2f} [{tried.loss.low:+.2f}, {tried.loss.high:+.2f}], "
            f"{tried.collapses:.0%} beyond the margin{'' if tried.kept else ', dropped'}"
        )
    return lines
