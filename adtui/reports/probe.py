"""Probes and paths as text: a table for every target and what it rests on, then the graph of paths."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table

from ..records.probe import Probed, ProbeReport, Reading
from . import paths


def print_report(report: ProbeReport, console: Console) -> None:
    """One table for each target, then the graph, then the notes."""
    about = report.about
    console.print(f"{about['checkpoint']} · step {about['step']}", style="bold", highlight=False)
    for one in report.probes:
        console.print(table_of(one))
        console.print(sentence_of(one), highlight=False, markup=False, soft_wrap=not console.is_terminal)
    lines = lines_of(report)
    if report.graph is not None:
        lines += ["", "From rewards to the action", *paths.lines_of(report.graph)]
    lines += [f"Note: {note}." for note in report.about["notes"]]
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=not console.is_terminal)


def table_of(one: Probed) -> Table:
    """A row for the inputs, one for the embedding, one for what each block gives."""
    title = f"\n{one.target} ({one.words}; {one.contexts} contexts of {one.tasks} tasks)"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False)
    table.add_column("read from", overflow="fold")
    for heading in ("told", "exchanged", "beyond the inputs [95 %]", "p"):
        table.add_column(heading, justify="right", overflow="fold")
    table.add_column("verdict", overflow="fold")
    table.add_row("inputs, without the model", _share(one.inputs), "", "", "", "baseline")
    for reading in one.readings:
        table.add_row(*_row(reading))
    return table


def _row(one: Reading) -> tuple[str, ...]:
    if not one.layer:
        return (
            "embedding",
            _share(one.score),
            _share(one.shuffled),
            "",
            f"{one.p_shuffled:.2g}",
            "baseline",
        )
    place = f"after layer {one.layer - 1}"
    return place, _share(one.score), _share(one.shuffled), one.gain.percent, f"{one.p:.2g}", one.verdict


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"


def sentence_of(one: Probed) -> str:
    """What may be said of a target."""
    confirmed = [reading for reading in one.readings if reading.verdict == "confirmed"]
    if not confirmed:
        return f"No evidence that the residual stream holds {one.target} linearly, beyond what the inputs tell."
    best = max(confirmed, key=lambda reading: reading.gain.mean)
    places = ", ".join(str(reading.layer - 1) for reading in confirmed)
    known = max(one.inputs, one.readings[0].score)
    return (
        f"Confirmed: {one.target} can be read linearly after layer{'s' if len(confirmed) > 1 else ''} {places}; best "
        f"after layer {best.layer - 1}, {_share(best.score)} of its variance on tasks that the probe was not fitted "
        f"on, where the inputs tell {_share(max(known, 0.0))}. That it can be read does not say that the model "
        "uses it."
    )


def lines_of(report: ProbeReport) -> list[str]:
    """What was not asked, and what all of it rests on."""
    about = report.about
    lines = [f"Not asked: {target}, as {why}." for target, why in report.lacking.items()]
    lines.append(
        "Told: share of the label's variance, by ridge regression at the token where the action is read "
        f"({about['token']}), cross-validated over {len(about['tasks'])} tasks ({len(about['held_out'])} of them "
        f"{about['held_out_words']}), {about['rooms']} histories each, {about['contexts_each']} contexts of "
        f"{about['n_context']} transitions each, seed {about['seed']}."
    )
    lines.append(
        f"Exchanged: the same where tasks exchange their labels ({about['shuffles']} times). Beyond the inputs: more "
        "than the better of two baselines: the query's cell with the age of the context, and the embedding. What these "
        "tell is not read off the context."
    )
    return lines
