"""The statistics of one head, plain beside value-weighted, with the episode lifts and the head-averaged seed set."""

from __future__ import annotations

import numpy as np
from rich.cells import cell_len

from ...records.plain import to_ascii, to_ascii_cells
from ...records.statistics import HOLDING, HeadStats, SampleStats, SeedStats

STATISTICS: list[tuple[str, str, str]] = [
    ("self_mass", "self mass", "Attention of the query on itself; everything below is over the context only."),
    (
        "other_mass",
        "other tokens",
        "Attention of the query on tokens that stand for no transition: latents, marks, a flow's.",
    ),
    ("entropy", "entropy H", "Entropy in nats of p, the row over the n context keys, renormalised to sum to 1."),
    ("entropy_norm", "H / ln n", "Entropy over its largest possible value: 1 is uniform, 0 is a single key."),
    ("effective", "effective keys", "e^H: the number of equally used keys that would have this entropy."),
    ("recent_distant", "recent/distant", "Mean of the most recent quarter of the context over that of the oldest."),
    ("log_recent_distant", "ln recent/distant", "Its logarithm: 0 is balanced, positive leans to recent keys."),
    ("mean_lag", "mean lag", "How many tokens back p lies on average; 1 is the token just before the query."),
    ("sink_mass", "first token", "p on the first token: large in heads that park attention there (a sink)."),
    ("rewarded_mass", "rewarded mass", "p on transitions with a reward."),
    ("rewarded_lift", "rewarded lift", "That over their uniform share: 1 is chance, 3 is three times chance."),
    ("revisit_mass", "same-state mass", "p on transitions that start in the query's state."),
    ("revisit_lift", "same-state lift", "That over their uniform share: 1 is chance."),
    ("landmark_lift", "landmark lift", "The most one key receives over all queries, over what uniform would give it."),
    ("holding", "keys for 50/80/90/95 %", "Fewest keys that together hold 50, 80, 90 and 95 % of p."),
    ("mean", "mean", "Mean attention per context key, before renormalising."),
    ("std", "std", "Standard deviation of the attention over the context keys, before renormalising."),
    ("max", "max", "The largest attention on a context key, before renormalising."),
    ("max_position", "max position", "Index of that key, 0 is the oldest, with its episode and step."),
    ("runs", "runs/chance", "Runs of neighbours above their share, over those of chance: 1 is none, 0.2 is clusters."),
    ("distinct", "distinct", "KL of this head's p from the mean of the layer's heads, nats: 0 is like the others."),
    ("induction_lift", "induction lift", "p on what followed the query's state before, over its uniform share."),
    ("ngram_lift", "n-gram lift", "p on transitions from that state, come to by the same state and action, likewise."),
    ("episode_lift", "episode lift", "p on each episode over its uniform share, oldest first."),
]
"""(field of HeadStats, short name, what it means): the order of the table and of the help."""

BARS = "▁▂▃▄▅▆▇█"


def average(stats: HeadStats, layer: int, head: int | None, key: str) -> np.ndarray | float:
    """One statistic of one head; the mean over the layer's heads when head is None (NaN heads left out)."""
    values = np.asarray(getattr(stats, key)[layer], float)
    if head is not None:
        picked: np.ndarray | float = values[head]
        return picked
    seen = np.isfinite(values)
    total = np.where(seen, values, 0.0).sum(axis=0)
    mean: np.ndarray = np.divide(total, seen.sum(axis=0), out=np.full(total.shape, np.nan), where=seen.any(axis=0))
    return mean


def number(value: float) -> str:
    """Four significant digits at most, without a sea of zeros, in at most eight columns."""
    if not np.isfinite(value):
        return "–"
    if value == 0 or 100 <= abs(value) < 1e6:
        return f"{value + 0.0:.0f}"  # + 0.0: entropy of a single key is -0.0
    if not 0.001 <= abs(value) < 1e6:
        return f"{value:.1e}"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"


def bars(values: np.ndarray, utf8: bool = True) -> str:
    """One character per value, full height at the largest; a dot where undefined."""
    marks = to_ascii_cells(BARS, unless=utf8)
    top = np.nanmax(values) if np.isfinite(values).any() else 0.0
    if not top > 0:
        return "." * len(values)
    scaled = [int(min(7, v / top * 8)) if np.isfinite(v) else None for v in values]
    return "".join("." if level is None else marks[level] for level in scaled)


def cells(stats: HeadStats, layer: int, head: int | None, key: str, utf8: bool = True) -> list[str]:
    """The numbers of one statistic; empty for the episode lifts, which have their own lines."""
    value = average(stats, layer, head, key)
    if key == "holding":
        return [f"{v:.0f}" for v in np.atleast_1d(value)]
    if key == "episode_lift":
        return []
    if key == "max_position":
        # A mean of positions says nothing.
        return [f"{int(value)}" if head is not None else to_ascii("–", unless=utf8)]
    text = number(float(value))
    return [to_ascii(text, unless=utf8)]


def statistics_lines(stats: SampleStats, layer: int, head: int | None, *, utf8: bool = True) -> list[str]:
    """Header, then name, plain and value-weighted value of every statistic of one head, or of the mean over heads.

    Columns by hand: a Rich table of this size takes 10 ms, a third of what a change of head may take.
    """
    rows = [("over the context", "plain", weighted_name(utf8))]
    for key, name, _ in STATISTICS:
        if key == "other_mass" and not (stats.plain.other_mass > 0).any():
            continue
        plain, weighted = (cells(each, layer, head, key, utf8) for each in (stats.plain, stats.weighted))
        rows += zip(labels(name, stats, key), plain, weighted, strict=True)
    wide = max(cell_len(name) for name, _, _ in rows)
    return [f"{name:<{wide}} {plain:>8} {weighted:>8}" for name, plain, weighted in rows]


def weighted_name(utf8: bool) -> str:
    """The column of statistics of ‖a_j v_j W_O‖ instead of a_j."""
    return to_ascii("‖a·vW‖", unless=utf8)


def episode_lines(stats: SampleStats, layer: int, head: int | None, *, utf8: bool = True) -> list[str]:
    """Both rows of episode lifts as bars, oldest first, with the largest lift: they can be longer than a column."""
    lines = []
    for name, each in (("plain", stats.plain), (weighted_name(utf8), stats.weighted)):
        lifts = np.atleast_1d(average(each, layer, head, "episode_lift"))
        top = float(np.nanmax(lifts)) if np.isfinite(lifts).any() else float("nan")
        lines.append(f"{name:<6} {bars(lifts, utf8)} max {number(top)}")
    return lines


def labels(name: str, stats: SampleStats, key: str) -> list[str]:
    """The name of each number, with the number of transitions that the statistic is about."""
    if key == "holding":
        return [f"keys for {share:.0%}".replace("%", " %") for share in HOLDING]
    if key == "episode_lift":
        return []
    counts = {
        "rewarded_mass": stats.plain.n_rewarded,
        "revisit_mass": stats.plain.n_revisit,
        "induction_lift": stats.plain.n_induction,
        "ngram_lift": stats.plain.n_ngram,
    }
    return [f"{name} ({counts[key]})" if key in counts else name]


def seed_lines(seed: SeedStats) -> list[str]:
    """The head-averaged numbers that the users' script prints, with its digits (numpy's, after rounding to 4 and 2)."""
    return [
        f"sequence length {seed.sequence_length}, context {seed.context_tokens}",
        f"mean context attention {seed.mean_context_attention:.4f}",
        f"std {seed.std:.4f}",
        f"max position {seed.max_position}",
        f"recent/distant ratio {seed.recent_distant_ratio:.2f}",
        f"entropy {seed.entropy:.4f}",
    ]
