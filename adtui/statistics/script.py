"""The `seed` set as the users' present script prints it: the same names, digits and sentences. Numpy only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..records.arrays import Floats
from ..records.statistics import SampleStats, SeedStats

SEED_RATIO_HIGH, SEED_RATIO_LOW, SEED_ENTROPY = 2.0, 1.2, 2.0

SEED_EPSILON = 1e-10  # the users' script adds it in two places

# field of SeedStats → format of one sample's number
PRINTED = {
    "sequence_length": "d",
    "context_tokens": "d",
    "mean_context_attention": ".4f",
    "std": ".4f",
    "max_position": "d",
    "recent_distant_ratio": ".2f",
    "entropy": ".4f",
}

# the script's "overall" lines, in its order: name, field, format of mean and standard deviation over samples
OVERALL = (
    ("Mean context attention", "mean_context_attention", ".4f"),
    ("Attention concentration (std)", "std", ".4f"),
    ("Attention entropy", "entropy", ".4f"),
    ("Recent/Distant ratio", "recent_distant_ratio", ".2f"),
)


def layers(stats: Sequence[SampleStats]) -> list[tuple[SeedStats, ...]]:
    """Per layer, the seed set of every sample."""
    return list(zip(*(one.seed for one in stats), strict=True))


def printed(sample: SeedStats) -> dict[str, str]:
    """One sample's numbers with the script's digits: field → text."""
    return {name: format(getattr(sample, name), digits) for name, digits in PRINTED.items()}


def overall(layer: Sequence[SeedStats]) -> list[tuple[str, str]]:
    """The script's four lines over samples: (name, "mean ± population standard deviation")."""
    lines = []
    for name, attribute, digits in OVERALL:
        values = np.array([getattr(sample, attribute) for sample in layer])
        lines.append((name, f"{values.mean():{digits}} ± {values.std():{digits}}"))
    return lines


def seed_section(stats: Sequence[SampleStats]) -> dict[str, dict[str, Any]]:
    """The `seed` part of `adtui analyze --json`: "layer0", … → samples (numbers as printed), overall, insights."""
    return {
        f"layer{index}": {
            "samples": [
                {name: int(text) if PRINTED[name] == "d" else float(text) for name, text in printed(sample).items()}
                for sample in layer
            ],
            "overall": [list(line) for line in overall(layer)],
            "insights": list(seed_insights(layer)),
        }
        for index, layer in enumerate(layers(stats))
    }


def seed_insights(layer: Sequence[SeedStats]) -> tuple[str, ...]:
    """What the users' present script prints for one layer, word for word, by its fixed thresholds.

    Args:
        layer: the seed set of one layer, one per sample.
    """
    lines = []
    ratio = float(np.mean([one.recent_distant_ratio for one in layer]))
    if ratio > SEED_RATIO_HIGH:
        lines.append("Strong recency bias detected!")
    elif ratio < SEED_RATIO_LOW:
        lines.append("Attention is spread across history!")
    if float(np.mean([one.entropy for one in layer])) > SEED_ENTROPY:
        lines.append("High attention entropy (uniform distribution)!")
    else:
        lines.append("Low attention entropy (focused attention)!")
    return tuple(lines)


def seed_stats(rows: Floats) -> SeedStats:
    """One layer in the users' present script's own arithmetic: float32 throughout, heads averaged first.

    Two of its habits are kept on purpose, to reproduce its digits: the entropy is of the raw row, which does not sum
    to 1 over the context, and 1e-10 is added inside the logarithm and to the denominator of the ratio.

    Args:
        rows: (H, N) float32, the query row of every head.

    Returns:
        Unrounded numbers; NaN and position -1 where there is no context.
    """
    row = rows.mean(axis=0)
    n = row.shape[0] - 1
    context = row[:n]
    if n == 0:
        return SeedStats(1, 0, np.nan, np.nan, -1, np.nan, np.nan)
    quarter = max(1, n // 4)
    recent, distant = context[n - quarter :].mean(), context[:quarter].mean()
    return SeedStats(
        sequence_length=n + 1,
        context_tokens=n,
        mean_context_attention=float(context.mean()),
        std=float(context.std()),
        max_position=int(context.argmax()),
        recent_distant_ratio=float(recent / (distant + SEED_EPSILON)),
        entropy=float(-(context * np.log(context + SEED_EPSILON)).sum()),
    )
