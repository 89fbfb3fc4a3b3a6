"""A sweep as text: a table of cells, then the verdict and what it rests on."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from ..records.interval import Interval
from ..records.trial import LAST, STRATA, SweepReport, Trial

DASH = "–"
NAMES = {"all": "agree", "none": "no reward", "1-10": "1–10", "more": "more"}


def print_report(report: SweepReport, console: Console) -> None:
    """The table, then the verdict with a reason for every candidate."""
    console.print(table_of(report))
    for line in verdict_lines(report):
        console.print(line, highlight=False, markup=False, soft_wrap=not console.is_terminal)


def table_of(report: SweepReport) -> Table:
    """One row a cell; agreement in all contexts, then by rewarded transitions in the full context."""
    about = report.about
    table = Table(title=f"{about.get('checkpoint', 'model')} · step {about.get('step', '?')}", title_justify="left")
    table.add_column("cell")
    last = min(LAST, len(report.baselines.full.episodes))
    headings = ("kept", *(NAMES[name] for name in STRATA), "KL", "KL p95")
    for heading in (*headings, f"return, last {last}", "difference to full", "P(>full)", "time", "verdict"):
        table.add_column(heading, justify="right")
    passed = {reason.label: reason.passed for reason in report.verdict.reasons}
    for trial in report.trials:
        label = trial.cell.label
        word = DASH if label not in passed else "passes" if passed[label] else "no evidence"
        word = "recommended" if label == report.verdict.recommended else word
        table.add_row(label, *_open(trial), *_closed(trial), word)
    return table


def verdict_lines(report: SweepReport) -> list[str]:
    """The sentence, the baselines it rests on, and a line for every candidate."""
    base, verdict = report.baselines, report.verdict
    means = [
        ("full context", base.full.last.mean),
        ("context wiped", base.wiped.last.mean),
        ("random actions", sum(base.random) / len(base.random)),
        ("best possible", sum(base.optimal) / len(base.optimal)),
    ]
    lines = [verdict.sentence, "Return: " + ", ".join(f"{name} {value:.2f}" for name, value in means) + "."]
    lines += [f"Note: {note}." for note in report.about.get("notes", ())]
    for reason in verdict.reasons:
        adjusted = "" if reason.adjusted is None else f" (p {reason.adjusted:.2g} after Holm)"
        lines.append(f"  {reason.label}: {reason.text}{adjusted}")
    return lines


def _open(trial: Trial) -> list[str]:
    found = trial.open_loop
    if found is None:
        return [DASH] * (len(STRATA) + 3)
    agreement = [_percent(found.strata[name].agreement) for name in STRATA]
    whole = found.strata["all"]
    return [f"{found.kept:.1f}/{found.n}", *agreement, f"{whole.kl.mean:.3f}", f"{whole.kl_p95.mean:.2f}"]


def _closed(trial: Trial) -> list[str]:
    found, cost = trial.closed_loop, trial.cost
    time = DASH if cost is None else f"{cost.step_ratio:.2f}"
    if found is None:
        return [DASH] * 3 + [time]
    last, change = found.last, found.difference
    return [
        f"{last.mean:.2f} [{last.low:.2f}, {last.high:.2f}]",
        f"{change.mean:+.2f} [{change.low:+.2f}, {change.high:+.2f}]",
        f"{found.improvement.mean:.2f}",
        time,
    ]


def _percent(value: Interval) -> str:
    return DASH if value.mean != value.mean else f"{value.mean:.0%}"
