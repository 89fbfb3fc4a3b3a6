"""Statistics → insights. Numpy only.

A new kind is one function that measures it, one line in RULES and one in KINDS. What makes a statement admissible
(interval, scopes, caveats) is in `claim`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from .claim import Claim, Rule
from .evidence import Evidence
from .intervals import LOG_LIMIT
from .records import HOLDING, Doubles, HeadStats, Insight, Sample, SampleStats, SeedStats
from .wording import brief

# Every threshold is a ratio or a share of the n context keys, so that the same shape of attention gets the same
# verdict at n = 80 and n = 800. Entropy in nats grows with ln n, and a fixed number of nats says nothing: at n = 80
# all but very peaked attention exceeds the 2.0 nats of the users' script, at n = 8 nothing can exceed 2.08.
RULES = {
    "recency": Rule(
        2.0, True, 8,
        "The users' script draws its line at 2. Quarters are shares of n, so the ratio does not depend on n; with "
        "fewer than 8 keys a quarter is a single token.",
    ),
    "primacy": Rule(
        0.5, False, 8,
        "The mirror image of recency. The users' script calls this spread too, as its rule has no lower end.",
    ),
    "spread": Rule(
        1.2, False, 8,
        "The users' script draws its line at 1.2: the newest quarter gets at most a fifth more than the oldest. "
        "Here the oldest may not get more than a fifth more than the newest either.",
        floor=1 / 1.2,
    ),
    "uniform": Rule(
        0.85, True, 8,
        "At least 85 % of the positions are effective: e^H / n > 0.85, that is H / ln n > 1 + ln 0.85 / ln n (0.963 at "
        "n = 80, 0.976 at n = 800). A straight ramp from nothing to twice the mean has 0.82 and is not uniform.",
    ),
    "sparse": Rule(
        0.25, False, 8,
        "90 % of the mass on fewer than a quarter of the keys: a context a quarter as long could hold nearly all that "
        "the head reads. Uniform attention needs 90 % of the keys, a straight ramp 68 %.",
    ),
}  # fmt: skip


def log_recent_distant(stats: HeadStats, _n: int) -> Doubles:
    """ln(mean attention of the last quarter / of the first quarter), limited so that an empty quarter stays finite."""
    return np.clip(stats.log_recent_distant, -LOG_LIMIT, LOG_LIMIT)


def effective_share(stats: HeadStats, n: int) -> Doubles:
    """e^H / n: 1 for a uniform row, 1/n for a one-hot row."""
    return stats.effective / n if n else np.full_like(stats.effective, np.nan)


def share_holding_90(stats: HeadStats, n: int) -> Doubles:
    """Fewest tokens that hold 90 % of the mass, over n."""
    counts = stats.holding[..., HOLDING.index(0.9)].astype(np.float64)
    return np.where(counts == 0, np.nan, counts) / max(n, 1)


def _says_recency(ratio: float, n: int) -> str:
    return (
        f"leans on recent tokens: the newest quarter ({max(1, n // 4)} tokens) gets {brief(ratio)} times the attention "
        f"of the oldest"
    )


def _says_primacy(ratio: float, n: int) -> str:
    return (
        f"leans on old tokens: the oldest quarter ({max(1, n // 4)} tokens) gets {brief(1 / ratio)} times the "
        f"attention of the newest"
    )


def _says_spread(ratio: float, _n: int) -> str:
    return f"spreads its attention over the history: newest/oldest quarter = {brief(ratio)}"


def _says_uniform(share: float, n: int) -> str:
    return f"is nearly uniform: {share * n:.0f} of {n} positions ({share:.0%}) are effective (e^entropy)"


def _says_sparse(share: float, n: int) -> str:
    return f"is sparse: {share * n:.0f} of {n} positions ({share:.0%}) hold 90 % of its attention"


KINDS = (
    Claim(
        kind="recency",
        noun="recency",
        rule=RULES["recency"],
        measure=log_recent_distant,
        is_log=True,
        unit="newest/oldest quarter",
        says=_says_recency,
        caveat="Compares only the two ends; the middle half does not count.",
        suggests=("recent", "exponential", "sink-recent"),
    ),
    Claim(
        kind="primacy",
        noun="primacy",
        rule=RULES["primacy"],
        measure=log_recent_distant,
        is_log=True,
        unit="newest/oldest quarter",
        says=_says_primacy,
        caveat="Compares only the two ends; the middle half does not count.",
        suggests=("top-attention", "heavy-hitters"),
    ),
    Claim(
        kind="spread",
        noun="an even spread",
        rule=RULES["spread"],
        measure=log_recent_distant,
        is_log=True,
        unit="newest/oldest quarter",
        says=_says_spread,
        caveat="Compares only the two ends; a few tokens may still hold most of the mass.",
        suggests=("uniform", "top-attention"),
    ),
    Claim(
        kind="uniform",
        noun="uniform attention",
        rule=RULES["uniform"],
        measure=effective_share,
        unit="effective share of positions",
        says=_says_uniform,
        caveat="A uniform head may average over the context on purpose, or do nothing.",
        suggests=("uniform",),
    ),
    Claim(
        kind="sparse",
        noun="sparse attention",
        rule=RULES["sparse"],
        measure=share_holding_90,
        unit="share of positions holding 90 %",
        says=_says_sparse,
        caveat="Which tokens they are may change from query to query.",
        suggests=("top-attention", "threshold", "heavy-hitters"),
    ),
)

Key = tuple[str, int | None, int | None]  # kind, layer, head


def find_insights(stats: Sequence[SampleStats], samples: Sequence[Sample]) -> Iterator[Insight]:
    """Every insight that the samples allow, the most important first.

    What is observed comes before what is not; the model before layers before heads; then the clearer the better:
    the further the near end of the interval is from the threshold, as a ratio.

    Args:
        stats: one per sample, all of one model.
        samples: the same samples in the same order; intervals are over `Sample.history`.
    """
    evidence = Evidence(stats, samples)
    yield from sorted((found for kind in KINDS for found in kind.find(evidence)), key=_importance)


class InsightLog:
    """Insights while samples arrive: the same as `find_insights` at any moment, told as differences.

    A statement is known by its kind, layer and head. One that more samples no longer support is told once more, with
    status "no evidence", and then forgotten.
    """

    def __init__(self) -> None:
        self._told: dict[Key, Insight] = {}

    @property
    def insights(self) -> tuple[Insight, ...]:
        """What holds now, the most important first."""
        return tuple(sorted(self._told.values(), key=_importance))

    def update(self, stats: Sequence[SampleStats], samples: Sequence[Sample]) -> list[Insight]:
        """Take all samples so far; return the insights that are new, changed or withdrawn, the most important first."""
        evidence = Evidence(stats, samples)
        kinds = {claim.kind: claim for claim in KINDS}
        now = {_key(found): found for claim in KINDS for found in claim.find(evidence)}
        # repr, because an interval of NaNs is never equal to another
        changed = [found for key, found in now.items() if repr(self._told.get(key)) != repr(found)]
        if evidence.stats:
            gone = [old for key, old in self._told.items() if key not in now]
            changed += [kinds[old.kind].withdraw(evidence, old) for old in gone]
        self._told = now
        return sorted(changed, key=_importance)


SEED_RATIO_HIGH, SEED_RATIO_LOW, SEED_ENTROPY = 2.0, 1.2, 2.0


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


def _key(insight: Insight) -> Key:
    return insight.kind, insight.layer, insight.head


def _importance(insight: Insight) -> tuple[bool, int, float, int, int]:
    scope = ("model", "layer", "head").index(insight.scope)
    ends = [end for end in insight.interval if np.isfinite(end) and end > 0]
    clearness = min((abs(float(np.log(end / insight.threshold))) for end in ends), default=0.0)
    layer, head = insight.layer, insight.head
    return insight.status == "no evidence", scope, -clearness, -1 if layer is None else layer, head or 0
