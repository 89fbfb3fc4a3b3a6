"""Runs compared, made by hand."""

from __future__ import annotations

from dataclasses import replace

from adtui.records.comparison import Claim, Claims, Comparison, Learned, Row
from adtui.records.interval import Interval
from adtui.records.provenance import Provenance, Source

EPISODES = 12


def row(number: int, label: str, path: str, n_transit: int, last: float) -> Row:
    """A run that learns up to `last`."""
    around = Interval(last, last - 1, last + 1)
    episodes = tuple(Interval(last * (1 + episode) / EPISODES, 0.0, last) for episode in range(EPISODES))
    first = Interval(2.5, 1.5, 3.5)
    learned = Learned(
        "darkroom 9×9, 20 steps", tuple(range(8)), 4, n_transit - 1, episodes, first, around, around, 1.2, 17.25
    )
    claims = Claims(
        "9 contexts", False, tuple(Claim("recency", f"L0H{head}", "", "observed") for head in range(number))
    )
    source = Source(label, "ckpt-10000.pt", "0" * 64, 10000 * number, "encoder · pre-norm · causal")
    config = {"env": "darkroom", "n_transit": n_transit, "lr": 0.001 * number, "family": "encoder"}
    return Row(number, label, path, source, config, learned, claims)


def comparison(paths: tuple[str, ...], done: int) -> Comparison:
    """The first `done` runs; every other reaches less, with longer contexts."""
    rows = []
    for number, path in enumerate(paths[:done], 1):
        one = row(number, path.rpartition("/")[2], path, 40 * number, 17.0 - 2.5 * (number - 1))
        change = Interval(-2.5 * (number - 1), -3.0 * (number - 1), -2.0 * (number - 1))
        rows.append(one if number == 1 else replace(one, first_change=change, change=change))
    differing = ("n_transit", "lr") if done > 1 else ()
    return Comparison(tuple(rows), differing, 1, len(paths) - done, Provenance("compare", ()))
