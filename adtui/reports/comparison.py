"""A comparison of runs as text: a row a run, their claims by kind, learning curves, and what each number rests on."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..records.comparison import Comparison, Row, shown
from ..records.interval import Interval
from ..records.trial import LAST
from .blocks import episode_ticks, packed

DASH = "–"
LONGEST = 40
"""Characters of a setting's value; JSON and CSV have more."""
MARKERS = "●○×▲■◆+·"
"""Of as many curves as can be told apart."""
HEIGHT, WIDEST = 18, 100
"""Of the plot, cells."""


def print_comparison(found: Comparison, console: Console, *, plot: bool = True) -> None:
    """The table, or a block for each run where it does not fit; then claims, curves and notes."""
    table = table_of(found)
    if console.measure(table, options=console.options.update(max_width=1 << 16)).maximum <= console.width:
        console.print(table)
    else:
        for block in stacked(found, console.width):
            console.print(block, highlight=False, soft_wrap=not console.is_terminal)
    kinds = claims_table(found)
    if kinds is not None:
        console.print(kinds)
    if plot and (lines := plot_lines(found, console.width)):
        text = "\n".join(lines)
        console.print(Text.from_ansi(text) if console.is_terminal else text, highlight=False, markup=False)
    for line in notes(found):
        console.print(line, highlight=False, markup=False, soft_wrap=not console.is_terminal)


def table_of(found: Comparison) -> Table:
    """One row a run; what differs from the reference is bold."""
    table = Table(title=f"{len(found.rows)} run{'s' if len(found.rows) > 1 else ''}", title_justify="left")
    table.add_column("#", justify="right")
    table.add_column("run", no_wrap=True)
    for heading in headings(found):
        table.add_column(heading, justify="right")
    for row in found.rows:
        table.add_row(str(row.number), Text(shown(row.label)), *cells(found, row))
    return table


def stacked(found: Comparison, width: int) -> Iterator[Text]:
    """A block for each run: its name, then "heading value" as many on a line as fit."""
    names = headings(found)
    for row in found.rows:
        yield Text(f"{row.number} {shown(row.label)}", "bold")
        known = [(name, cell) for name, cell in zip(names, cells(found, row), strict=True) if cell.plain != DASH]
        parts = [(f"{name} {cell.plain}", cell.style) for name, cell in known]
        for line in packed([part for part, _ in parts], width):
            text = Text(line)
            for part, style in parts:
                if style == "bold" and (start := line.find(part)) >= 0:
                    text.stylize("bold", start, start + len(part))
            yield text


def headings(found: Comparison) -> list[str]:
    """Of all columns but number and name."""
    last = f"last {_last(found)}"
    change = [f"{last} − #{found.reference}"] if found.reference is not None and len(found.rows) > 1 else []
    return ["step", "first episode", last, *change, "of optimal", "claims", *found.differing]


def cells(found: Comparison, row: Row) -> list[Text]:
    """A text for each heading."""
    reference = next((one for one in found.rows if one.number == found.reference), None)
    step = DASH if row.source is None else f"{row.source.step:,}"
    settings = [_setting(row, reference, name) for name in found.differing]
    learned = row.learned
    change = []
    if found.reference is not None and len(found.rows) > 1:
        change = [Text(DASH) if row.change is None else Text(signed(row.change), _style(row.change))]
    first = DASH if learned is None else f"{learned.first.mean:.2f}"
    last = DASH if learned is None else ranged(learned.last)
    share = DASH if learned is None or not learned.optimal else f"{learned.last.mean / learned.optimal:.0%}"
    claims = DASH if row.claims is None else str(len(row.claims.held))
    return [Text(step), Text(first), Text(last), *change, Text(share), Text(claims), *settings]


def ranged(one: Interval) -> str:
    """ "12.31 [11.90, 12.70]", the mean alone where there is no interval."""
    return f"{one.mean:.2f}" + (f" [{one.low:.2f}, {one.high:.2f}]" if one.low == one.low else "")


def signed(one: Interval) -> str:
    """The same of a difference."""
    return f"{one.mean:+.2f}" + (f" [{one.low:+.2f}, {one.high:+.2f}]" if one.low == one.low else "")


def claims_table(found: Comparison) -> Table | None:
    """Kinds of claims by runs: at how many places each holds; bold where runs disagree. None where nobody has any."""
    rows = [row for row in found.rows if row.claims is not None]
    if not rows or not found.kinds:
        return None
    tested = any(row.claims is not None and row.claims.tested for row in rows)
    table = Table(title=f"claims ({'confirmed or observed' if tested else 'observed'}) by kind", title_justify="left")
    table.add_column("kind")
    for row in rows:
        table.add_column(f"#{row.number}", justify="right")
    for kind in found.kinds:
        counts = [row.claims.by_kind().get(kind, 0) for row in rows if row.claims is not None]
        style = "bold" if len(set(counts)) > 1 else ""
        table.add_row(Text(kind, style), *(Text(str(count), style) for count in counts))
    return table


def plot_lines(found: Comparison, width: int) -> list[str]:
    """Learning curves of the runs that are compared, on one axis; none where nothing was rolled out."""
    import plotext

    rows = curves_of(found)[: len(MARKERS)]
    learned = [row.learned for row in rows if row.learned is not None]
    if not learned:
        return []
    plotext.clear_figure()
    plotext.plotsize(min(WIDEST, width), HEIGHT)
    plotext.theme("clear")
    for marker, one in reversed(list(zip(MARKERS, learned, strict=False))):
        means = [episode.mean for episode in one.episodes]
        plotext.plot(list(range(len(means))), means, marker=marker)
    plotext.hline(learned[0].optimal)
    plotext.hline(learned[0].random)
    plotext.title("return per episode")
    plotext.xlabel("episode")
    plotext.xticks(episode_ticks(len(learned[0].episodes)))
    lines = plotext.uncolorize(plotext.build()).splitlines()
    named = [f"    {marker} #{row.number} {shown(row.label)}" for marker, row in zip(MARKERS, rows, strict=False)]
    return [*lines, *named, f"    ─ optimal {learned[0].optimal:.2f}, random {learned[0].random:.2f}"]


def curves_of(found: Comparison) -> list[Row]:
    """Rows whose returns may stand on one axis: the reference, and those that are compared to it."""
    return [row for row in found.rows if row.learned and (row.number == found.reference or row.change is not None)]


def notes(found: Comparison) -> list[str]:
    """What the numbers are, and why some are missing."""
    lines = []
    reference = next((row for row in found.rows if row.number == found.reference), None)
    if reference is not None and reference.learned is not None:
        lines.append(f"Return per episode in {reference.learned.where}; [95 % interval over tasks].")
        if len(found.rows) > 1:
            lines[-1] += (
                f" Differences are to #{reference.number}, paired by task, history and draws of actions; bold where "
                "the interval leaves out 0, without regard to how many runs there are."
            )
    for row in found.rows:
        lines += [f"#{row.number}: {line}." for line in row.why]
    by_note: dict[str, list[str]] = {}
    for row in found.rows:
        for note in row.notes:
            by_note.setdefault(note, []).append(f"#{row.number}")
    lines += [f"Note: {note} ({', '.join(numbers)})." for note, numbers in by_note.items()]
    if len(curves_of(found)) > len(MARKERS):
        lines.append(f"Curves of the first {len(MARKERS)} runs are drawn.")
    if found.missing:
        lines.append(f"Stopped: {found.missing} of the runs were not measured.")
    return lines


def _last(found: Comparison) -> int:
    lengths = [len(row.learned.episodes) for row in found.rows if row.learned]
    return min(LAST, min(lengths)) if lengths else LAST


def _setting(row: Row, reference: Row | None, name: str) -> Text:
    if row.source is None or name not in row.config:
        return Text(DASH)
    text = shown(row.config[name])
    other = reference is not None and shown(reference.config.get(name, DASH)) != text
    short = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
    return Text(short, "bold" if other else "")


def _style(one: Interval) -> str:
    return "bold" if one.low > 0 or one.high < 0 else ""
