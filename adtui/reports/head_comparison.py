"""Two models head by head as text: pairs, the most different first, then the claims that hold in one only."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table

from ..records.head_comparison import ClaimTest, Head, HeadComparison, Pair
from ..records.interval import Interval
from .blocks import packed

SHOWN = 64
"""Pairs that are printed; JSON has all."""
HEADINGS = ("rows differ", "writes differ", "writes", "claims in one only")
LEGEND = (
    "rows differ: Jensen-Shannon divergence of the query rows, 0 to 1. writes differ: how far apart what heads write "
    "at the query is, key by key, as shares of what their layers write, 0 to 1. writes: these shares, A → B. "
    "[95 % interval over tasks], on the contexts of A."
)


def print_heads(found: HeadComparison, console: Console) -> None:
    """The table, or a block for each pair where it does not fit; then claims."""
    title = f"A {found.first}, B {found.second}: heads matched by {found.matched}"
    console.print(title, highlight=False, markup=False, style="italic")
    table = Table()
    table.add_column("A / B", no_wrap=True)
    for heading in HEADINGS:
        table.add_column(heading, justify="right")
    shown = found.pairs[:SHOWN]
    for pair in shown:
        table.add_row(named(pair), *cells(found, pair))
    if console.measure(table, options=console.options.update(max_width=1 << 16)).maximum <= console.width:
        console.print(table)
    else:
        for line in _stacked(found, console.width):
            console.print(line, highlight=False, markup=False, soft_wrap=not console.is_terminal)
    for line in lines(found):
        console.print(line, highlight=False, markup=False, soft_wrap=not console.is_terminal)


def named(pair: Pair | ClaimTest) -> str:
    """ "L0H1 / L0H3", one name where they are the same."""
    first, second = _name(pair.first), _name(pair.second)
    return first if first == second else f"{first} / {second}"


def cells(found: HeadComparison, pair: Pair) -> list[str]:
    """A text for each of HEADINGS."""
    only = [one for one in found.in_one_only if (one.first, one.second) == (pair.first, pair.second)]
    words = ", ".join(f"{'A' if one.holds_first else 'B'}: {one.kind}" for one in only)
    writes = f"{pair.writes_first:.0%} → {pair.writes_second:.0%}"
    return [_ranged(pair.divergence), _ranged(pair.difference), writes, words or "–"]


def lines(found: HeadComparison) -> Iterator[str]:
    """Claims that hold in one model only, and what everything rests on."""
    defined = len(found.tests)
    rule = f"{defined} tests, false discoveries held at 5 % of what differs"
    if not found.in_one_only:
        yield f"No claim holds in one only ({rule})."
    else:
        yield f"Claims that hold in one only ({rule}):"
    for one in found.in_one_only:
        yield (
            f"  {named(one)}: {one.kind} in {'A' if one.holds_first else 'B'} only, "
            f"{one.effect_first:.3g} against {one.effect_second:.3g} (p {one.p:.1g})"
        )
    if found.unmatched:
        yield f"Without a partner: {' '.join(map(_name, found.unmatched))}."
    if len(found.pairs) > SHOWN:
        yield f"The {SHOWN} most different of {len(found.pairs)} pairs are shown; --json has all."
    yield LEGEND
    yield f"Contexts: {found.contexts}."
    if found.claims_on[0] != found.claims_on[1]:
        yield f"Claims of B rest on others: {found.claims_on[1]}."


def _stacked(found: HeadComparison, width: int) -> Iterator[str]:
    for pair in found.pairs[:SHOWN]:
        yield named(pair)
        told = zip(HEADINGS, cells(found, pair), strict=True)
        yield from packed([f"{heading} {cell}" for heading, cell in told if cell != "–"], width)


def _name(head: Head) -> str:
    return f"L{head[0]}H{head[1]}"


def _ranged(one: Interval) -> str:
    return f"{one.mean:.3f}" + (f" [{one.low:.3f}, {one.high:.3f}]" if one.low == one.low else "")
