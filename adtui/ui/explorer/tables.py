"""Numbers as tab-separated lines with a header, ready for a spreadsheet or pandas."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ...records.action_head import GAUSSIAN
from ...records.arrays import Floats
from ...records.attention import Sheet
from ...records.axis import Axis
from ...records.chances import Chances
from ...records.insight import Insight
from ...records.layout import TOKEN_KINDS
from ...records.messages import WeightsReady
from ...records.statistics import SampleStats
from ..renderables.statistics import STATISTICS


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Tab-separated lines. Floats keep six significant digits, NaN is an empty cell."""
    lines = ["\t".join(header), *("\t".join(_cell(value) for value in row) for row in rows)]
    return "\n".join(lines) + "\n"


def sheet(sheet: Sheet) -> str:
    """H(p)/ln n of the query's row: layers down, heads across."""
    layers, heads = sheet.entropy_norm.shape
    header = ["layer", *(f"H{head}" for head in range(heads))]
    return table(header, ([layer, *sheet.entropy_norm[layer]] for layer in range(layers)))


def weights(found: WeightsReady) -> str:
    """A part of a matrix: a row per query, the header the keys; empty where a query does not see a key."""
    first, last, left, right = found.window
    header = ["query\\key", *map(str, range(left, right))]
    return table(header, ([query, *row] for query, row in zip(range(first, last), found.weights, strict=True)))


def curve(values: Floats, axis: Axis, name: str) -> str:
    """One value per position, with what stands there. The query has no action yet, a latent belongs to no step."""
    sample, rows = axis.sample, []
    of_state = _numbered("s", len(sample.query_state)) if sample.continuous else ["x", "y"]
    of_action = _numbered("a", sample.actions.shape[1]) if sample.continuous else ["action"]
    header = ["token", "kind", "episode", "step", *of_state, *of_action, "reward", name]
    for position, value in enumerate(values):
        index, kind = axis.transition(position), TOKEN_KINDS[int(axis.layout.kind[position])]
        if index is None:
            rows.append([position, kind, *[""] * (len(header) - 3), value])
            continue
        context = index < sample.n_context
        state = sample.states[index] if context else sample.query_state
        action = np.atleast_1d(sample.actions[index]).tolist() if context else [""] * len(of_action)
        reward = float(sample.rewards[index]) if context else ""
        place = [position, kind, int(sample.episode[index]), int(sample.step[index]), *state.tolist()]
        rows.append([*place, *action, reward, value])
    return table(header, rows)


def statistics(stats: SampleStats, layer: int, head: int | None) -> str:
    """Every statistic of one head, plain and value-weighted; of all heads of the layer when head is None."""
    heads = range(stats.plain.entropy.shape[1]) if head is None else [head]
    rows: list[list[object]] = []
    for index in heads:
        for key, _, _ in STATISTICS:
            plain = np.atleast_1d(getattr(stats.plain, key)[layer, index])
            weighted = np.atleast_1d(getattr(stats.weighted, key)[layer, index])
            for part, (value, other) in enumerate(zip(plain, weighted, strict=True)):
                name = key if plain.size == 1 else f"{key}[{part}]"
                rows.append([layer, index, name, value, other])
    return table(["layer", "head", "statistic", "plain", "weighted"], rows)


def chances(chances: Chances) -> str:
    """One row per action, with the probability after a knock-out where there was one; else one per number of it."""
    taken = [] if chances.without is None else [chances.without]
    if chances.head.continuous:
        return _numbers(chances)
    header = ["action", "probability", *(f"without {chances.label}" for _ in taken)]
    return table(header, ([action, *each] for action, each in enumerate(zip(chances.full, *taken, strict=True))))


def _numbers(chances: Chances) -> str:
    """One row per number of an action: its mean, and its standard deviation where the model says one."""
    size, parts = chances.head.size, ["mean", "standard deviation"][: 1 + (chances.head.kind == GAUSSIAN)]
    said = [(chances.full, ""), *([] if chances.without is None else [(chances.without, f" without {chances.label}")])]
    header = ["number", *(f"{part}{taken}" for _, taken in said for part in parts)]
    columns = [values[at * size : (at + 1) * size] for values, _ in said for at in range(len(parts))]
    return table(header, ([number, *row] for number, row in enumerate(zip(*columns, strict=True))))


def _numbered(letter: str, count: int) -> list[str]:
    return [f"{letter}{number}" for number in range(count)]


def insights(found: Iterable[Insight]) -> str:
    """One row per insight."""
    header = ["where", "kind", "status", "effect", "low", "high", "n", "threshold"]
    header += ["phase", "knock_out", "also", "tested", "sentence", "caveat"]
    rows: list[list[object]] = []
    for i in found:
        numbers = [i.where, i.kind, i.status, i.effect, *i.interval, i.n, i.threshold]
        rows.append([*numbers, i.phase, i.knock_out, ", ".join(i.also), i.tested, i.sentence, i.caveat])
    return table(header, rows)


def _cell(value: object) -> str:
    if isinstance(value, (float, np.floating)):
        return "" if np.isnan(value) else f"{value:.6g}"
    return str(value).replace("\t", " ").replace("\n", " ")
