"""A search for circuits as text: a row for every size, then what may be said and what it rests on."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from ..records.circuit import CircuitReport, Optimum, PathSet, Share, named

DASH = "–"


def print_report(report: CircuitReport, console: Console) -> None:
    """The table, then the verdict."""
    console.print(table_of(report))
    for line in lines_of(report):
        console.print(line, highlight=False, markup=False, soft_wrap=not console.is_terminal)


def table_of(report: CircuitReport) -> Table:
    """One row a size, from all heads down to none."""
    about = report.about
    table = Table(title=f"{about['checkpoint']} · step {about['step']}", title_justify="left")
    table.add_column("heads", justify="right", overflow="fold")
    table.add_column("KL", justify="right", overflow="fold")
    searched = any(one.optimum is not None for one in report.path)
    for heading in ("best KL", "median KL", "rank") if searched else ():
        table.add_column(heading, justify="right", overflow="fold")
    measured = any(one.share is not None for one in report.path)
    if measured:
        table.add_column("return kept, choosing", justify="right", overflow="fold")
    table.add_column("dropped from the row above", overflow="fold")
    for number, one in enumerate(report.path):
        size = len(one.heads)
        mark = " ◆" if size == report.chosen and report.certified is not None else ""
        row = [f"{size}{mark}", f"{one.kl:.4f}"]
        row += _searched(one.optimum) if searched and one.optimum is not None else []
        row += [_share(one.share)] if measured else []
        table.add_row(*row, _step(one, report.path[number - 1] if number else one))
    return table


def lines_of(report: CircuitReport) -> list[str]:
    """The sentence, then what it rests on."""
    about, lines = report.about, [report.sentence]
    if (test := report.test) is not None:
        lines.append(
            f"Return, last episodes: full model {test.full:.2f}, circuit {test.circuit:.2f}, random actions "
            f"{test.random:.2f}; over all episodes the circuit keeps {_share(test, all_episodes=True)}."
        )
        lines.append(
            f"The size was chosen on {len(about['choice']['goals'])} goals of the training side; these "
            f"{about['held_out']} were used once in this run, with draws of their own."
        )
    if best := [one for one in report.path if one.optimum is not None]:
        lines.append(_agreement(best))
    lines.append(f"Ablated: {about['ablation']}.")
    lines.append(_contexts(about))
    lines += [f"Note: {note}." for note in about["notes"]]
    return lines


def _contexts(about: dict[str, object]) -> str:
    reference, compared = about["reference"], about["compared"]
    assert isinstance(reference, dict)
    assert isinstance(compared, dict)
    if "rooms" not in reference:
        source = about["contexts"]
        return f"KL over {compared['contexts']} contexts, means over {reference['contexts']} others: {source}."
    return (
        f"KL over {compared['contexts']} contexts on {len(compared['goals'])} goals, means over "
        f"{reference['rooms'] * reference['contexts_each']} on {len(reference['goals'])} others: the full model's own "
        f"rollouts on the training side, seed {about['seed']}, weights {about['weights']}."
    )


def _agreement(path: list[PathSet]) -> str:
    """Where elimination found the best set of all."""
    apart = [one for one in path if one.optimum is not None and one.optimum.rank > 1]
    sets = sum(one.optimum.sets for one in path if one.optimum is not None)
    if not apart:
        return f"Elimination found the best set of every size, of {sets:,} sets in all."
    words = ", ".join(
        f"{len(one.heads)} (rank {one.optimum.rank} of {one.optimum.sets:,}, {one.kl - one.optimum.kl:+.4f} nats)"
        for one in apart
        if one.optimum is not None
    )
    return f"Elimination found the best set of {len(path) - len(apart)} of {len(path)} sizes; not of {words}."


def _searched(optimum: Optimum) -> list[str]:
    return [f"{optimum.kl:.4f}", f"{optimum.median:.4f}", f"{optimum.rank} of {optimum.sets:,}"]


def _step(one: PathSet, before: PathSet) -> str:
    """The heads that the set lacks of the one before, and those that it took back."""
    gone = [head for head in before.heads if head not in one.heads]
    back = [head for head in one.heads if head not in before.heads]
    if not gone:
        return ""
    return named(gone) + (f", and takes back {named(back)}" if back else "")


def _share(found: Share | None, *, all_episodes: bool = False) -> str:
    if found is None:
        return DASH
    return (found.all_episodes if all_episodes else found.share).percent
