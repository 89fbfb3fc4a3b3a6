"""The read-out under the heatmap: one attention weight and the two tokens that it joins, in words."""

from __future__ import annotations

from ...records.arrays import Values
from ...records.axis import Axis
from ...records.layout import ACTION, CLOSE, FLOW_ACTION, LATENT, OPEN, OTHER, QUERY, QUERY_ACTION, REWARD, STATE, TIME
from ...records.plain import to_ascii, to_ascii_cells
from ...records.sample import ARROWS, Sample

ACTION_NUMBERS = 4
"""Numbers of an action that are shown; of a state fewer, as two stand on a line."""


def place(sample: Sample, index: int) -> str:
    """Where a transition is, or the query: "ep3 t7 (2,4)"; "ep3 t7" in a world of one state."""
    when = f"ep{sample.episode[index]} t{sample.step[index]}"
    state = sample.states[index] if index < sample.n_context else sample.query_state
    return when if sample.stateless else f"{when} {in_words(state)}"


def in_words(values: Values, most: int = 3) -> str:
    """A state, or an action that is numbers: "(2,4)"; of vectors the first numbers, "(0.12,-0.4,1,..)"."""
    if values.dtype.kind != "f":
        return f"({','.join(str(value) for value in values.tolist())})"
    shown = [f"{value:.2g}" for value in values[:most].tolist()]
    return f"({','.join([*shown, '..'] if len(values) > most else shown)})"


def acted(sample: Sample, index: int, utf8: bool = True) -> str:
    """What was done at a context transition: an arrow, "a7", or the numbers of a vector."""
    if sample.continuous:
        return f"a={in_words(sample.actions[index], ACTION_NUMBERS)}"
    return action_arrow(int(sample.actions[index]), utf8, sample.arrows)


def transition(sample: Sample, index: int, utf8: bool = True) -> str:
    """A context transition in full: "ep1 t3 (4,4) ↓ (5,4) r=1"."""
    after = "" if sample.stateless else f" {in_words(sample.next_states[index])}"
    return f"{place(sample, index)} {acted(sample, index, utf8)}{after} r={sample.rewards[index]:.3g}"


def source(axis: Axis, position: int, utf8: bool = True) -> str:
    """A position as the one that attends: "ep3 t7 (2,4)", "latent 3", "ep3 t7 action ↓"."""
    index = axis.transition(position)
    kind = int(axis.layout.kind[position])
    if index is None:
        first = int((axis.layout.kind[:position] == LATENT).sum())
        others = {OPEN: "mark <c>", CLOSE: "mark </c>", FLOW_ACTION: "the flow's action", TIME: "the flow's time"}
        others[OTHER] = "a token of no transition"
        return f"latent {first}" if kind == LATENT else others[kind]
    sample = axis.sample
    if kind in (ACTION, REWARD):
        of = f"ep{sample.episode[index]} t{sample.step[index]}"
        what = acted(sample, index, utf8) if kind == ACTION else f"{sample.rewards[index]:.3g}"
        return f"{of} {'action' if kind == ACTION else 'reward'} {what}"
    if kind == QUERY_ACTION:
        return "the query's action"
    return place(sample, index)


def target(axis: Axis, position: int, utf8: bool = True) -> str:
    """A position as the one attended to: a whole transition is told in full."""
    kind, index = int(axis.layout.kind[position]), axis.transition(position)
    if index is None or kind in (ACTION, REWARD, QUERY_ACTION):
        return f"key {source(axis, position, utf8)}"
    if kind == QUERY:
        at = place(axis.sample, index).split()[2:]  # the state, where there is one to tell
        return " ".join(["key = query", *at])
    if kind == STATE:
        return f"key {place(axis.sample, index)}"
    return f"key {transition(axis.sample, index, utf8)}"


def action_arrow(action: int, utf8: bool = True, arrows: str = ARROWS) -> str:
    """The arrow of an action, or its number where it has none: see `Sample.arrows`."""
    return to_ascii_cells(arrows[action], unless=utf8) if 0 <= action < len(arrows) else f"a{action}"


def cell_readout(
    rows: Axis,
    cols: Axis,
    query: int,
    key: int,
    value: float | None,
    *,
    rank: tuple[int, int] | None = None,
    block: tuple[int, int] = (1, 1),
    utf8: bool = True,
) -> tuple[str, str]:
    """What is known of one cell of the heatmap: the two tokens, and their numbers.

    Args:
        rows, cols: what the queries and the keys are.
        query, key: positions; for a pooled cell, those of its largest weight.
        value: the weight, None when the key is masked.
        rank: (rank in the query's row, number of keys that it sees), None while unknown.
        block: (queries, keys) that the cell stands for.
        utf8: ASCII only when False.
    """
    arrow, times = to_ascii(" → ", unless=utf8), to_ascii("×", unless=utf8)
    asking = source(rows, query, utf8)
    asking = asking if asking.startswith(("latent", "mark", "the query")) else f"query {asking}"
    if value is None:
        return f"{asking}{arrow}key {source(cols, key, utf8)}", "key is after the query: masked"
    numbers = [weight(value)]
    if block != (1, 1):
        numbers.append(f"largest of {block[0]}{times}{block[1]} weights")
    # Last, because it comes later than the rest where the engine has to count.
    unknown = to_ascii("…", unless=utf8)
    numbers.append(f"rank {unknown}" if rank is None else f"rank {rank[0]} of {rank[1]}")
    return f"{asking}{arrow}{target(cols, key, utf8)}", separator(utf8).join(numbers)


def separator(utf8: bool = True) -> str:
    """What stands between two things on one line."""
    return to_ascii(" · ", unless=utf8)


def weight(value: float) -> str:
    """An attention weight in three digits; below 0.001 as a power of ten, so that small ones can still be compared."""
    return f"{value:.3f}" if value >= 0.001 or value == 0 else f"{value:.1e}"
