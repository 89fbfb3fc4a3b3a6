"""The `seed` set as the users' present script prints it: the same names, digits and sentences. Numpy only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .insights import seed_insights
from .records import SampleStats, SeedStats

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
