"""The read-out under the heatmap: one attention weight and the two tokens that it joins, in words."""

from __future__ import annotations

from adtui.records import Sample

# The grid is drawn with x down and y to the right, as a matrix: action 0 (x+1) goes down, 1 up, 2 (y+1) right, 3 left.
ARROWS = ("↓", "↑", "→", "←", "·")
ASCII_ARROWS = ("v", "^", ">", "<", ".")


def place(sample: Sample, token: int) -> str:
    """Where a token is: "ep3 t7 (2,4)"."""
    state = sample.states[token] if token < sample.n_context else sample.query_state
    return f"ep{sample.episode[token]} t{sample.step[token]} ({state[0]},{state[1]})"


def transition(sample: Sample, token: int, utf8: bool = True) -> str:
    """A context token in full: "ep1 t3 (4,4) ↓ (5,4) r=1"."""
    after = sample.next_states[token]
    arrow = action_arrow(int(sample.actions[token]), utf8)
    return f"{place(sample, token)} {arrow} ({after[0]},{after[1]}) r={sample.rewards[token]:.3g}"


def action_arrow(action: int, utf8: bool = True) -> str:
    """The arrow of an action, or its number where the environment has more than the five moves."""
    arrows = ARROWS if utf8 else ASCII_ARROWS
    return arrows[action] if 0 <= action < len(arrows) else f"a{action}"


def cell_readout(
    sample: Sample,
    query: int,
    key: int,
    value: float | None,
    *,
    rank: tuple[int, int] | None = None,
    block: tuple[int, int] = (1, 1),
    utf8: bool = True,
) -> str:
    """One line about one cell of the heatmap.

    Args:
        query, key: token indices; for a pooled cell, those of its largest weight.
        value: the weight, None when the key is masked.
        rank: (rank in the query's row, number of keys that it sees), None while unknown.
        block: (queries, keys) that the cell stands for.
        utf8: ASCII only when False.
    """
    arrow, dot, times = (" → ", " · ", "×") if utf8 else (" -> ", " | ", "x")
    source = f"query {place(sample, query)}"
    if value is None:
        return f"{source}{arrow}key {place(sample, key)}{dot}key is after the query: masked"
    if key == sample.n_context:
        target = f"key = query {place(sample, key).split()[-1]}"
    else:
        target = f"key {transition(sample, key, utf8)}"
    parts = [f"{source}{arrow}{target}", weight(value)]
    if block != (1, 1):
        parts.append(f"max of {block[0]}{times}{block[1]}")
    if rank is not None:
        # Last, because it comes later than the rest where the engine has to count.
        parts.append(f"rank {rank[0]} of {rank[1]}")
    return dot.join(parts)


def weight(value: float) -> str:
    """An attention weight in three digits; below 0.001 as a power of ten, so that small ones can still be compared."""
    return f"{value:.3f}" if value >= 0.001 or value == 0 else f"{value:.1e}"
