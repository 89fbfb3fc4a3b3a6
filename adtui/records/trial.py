"""What a compression trial found: frozen records, numpy only, that travel between modules and processes.

Letters: H histories (one per goal and stream), E episodes, C contexts, K the budget.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from .defaults import LEVEL
from .interval import Interval
from .levels import Level
from .trial_cost import Cost

#: Episodes at the end over which the learnt return is averaged.
LAST = 10

SCHEMA = "adtui.compress/1"
EVENLY = "evenly"
#: Rewarded transitions in the context: stratum → (least, most).
ALL = "all"
STRATA: dict[str, tuple[float, float]] = {
    ALL: (0, math.inf),
    "none": (0, 0),
    "1-10": (1, 10),
    "more": (11, math.inf),
}


@dataclass(frozen=True)
class TrialCell:
    """One condition of the sweep.

    Attributes:
        label: as `choice.parse` reads it; "none" is the full context.
        budget: transitions to keep, None for the full context.
        positions: "reindexed", "spread" or "kept".
        level: what was dropped: "transition", or keys and values of a "cache".
        shared: how heads shared a budget of so many entries each: "evenly", "ada:floor=0.2", …
    """

    label: str
    strategy: str
    budget: int | None
    parameters: dict[str, Any]
    positions: str
    level: Level = LEVEL
    shared: str = EVENLY

    @property
    def name(self) -> str:
        """ "recent", or "recent, duo" where heads do not share evenly."""
        return self.strategy if self.shared == EVENLY else f"{self.strategy}, {self.shared.partition(':')[0]}"


@dataclass(frozen=True)
class Stratum:
    """Open loop over the contexts of one stratum; intervals are over histories, NaN where there are fewer than two.

    Attributes:
        agreement: share of contexts whose likeliest action is that of the full context.
        kl, kl_p95: KL(full ‖ compressed) of the action probabilities in nats: mean and 95th percentile over contexts.
        contexts, histories: how many there are.
    """

    agreement: Interval
    kl: Interval
    kl_p95: Interval
    contexts: int
    histories: int


@dataclass(frozen=True)
class OpenLoop:
    """The same contexts, in full and shortened.

    Attributes:
        kept: mean number of transitions that stay; of a cache, of entries that a head holds.
        n: transitions in a full context.
        strata: keys of STRATA → what was found there.
        heads: (L, H) of a cache, entries that each head holds, mean over contexts; None of transitions.
    """

    kept: float
    n: int
    strata: dict[str, Stratum]
    heads: tuple[tuple[float, ...], ...] | None = None


@dataclass(frozen=True)
class ClosedLoop:
    """The model acting on its own shortened contexts.

    Attributes:
        episodes: return of each episode, mean over histories.
        last: return over the last (up to ten) episodes.
        difference: `last` minus that of full context, paired by goal and seed.
        regret: Σ over episodes of (best possible return − return), mean over histories.
        improvement: P(X > full): mean over histories of 1, ½ or 0 where `last` is above, equal to or below that of
            full context on the same goal and seed (after Agarwal et al. 2021, arXiv 2108.13264, who compare all pairs
            of runs of a task where these are paired).
        first_by_history, last_by_history: (H,) return of the first episode, and over the last ones.
    """

    episodes: tuple[Interval, ...]
    last: Interval
    difference: Interval
    regret: Interval
    improvement: Interval
    first_by_history: tuple[float, ...]
    last_by_history: tuple[float, ...]


@dataclass(frozen=True)
class Trial:
    """One cell and what was found; a part is None where it was not run."""

    cell: TrialCell
    histories: int
    open_loop: OpenLoop | None
    closed_loop: ClosedLoop | None
    cost: Cost | None


@dataclass(frozen=True)
class Collapses:
    """Histories that lose more than the margin.

    Attributes:
        share: of all, as seen.
        upper: no smaller share can be ruled out, one-sided 97.5 %, with goals as clusters.
    """

    share: float
    upper: float


@dataclass(frozen=True)
class Reason:
    """Why a candidate passed or not.

    Attributes:
        p: the largest p-value of its tests, None where they could not be made.
        adjusted: p after Holm's correction over all candidates that were tested.
        collapses: None where it was not rolled out on these histories.
    """

    label: str
    passed: bool
    text: str
    p: float | None = None
    adjusted: float | None = None
    collapses: Collapses | None = None


@dataclass(frozen=True)
class Verdict:
    """The gate's answer.

    Attributes:
        recommended: label of a cell, or None: no evidence for compressing.
        margin: the loss of return that counts as none, in return per episode.
        margin_share: the same as a share of (full context − random actions).
        learns: whether the histories show that the model improves in context at all.
        tested: number of candidates that Holm's correction counts.
    """

    recommended: str | None
    sentence: str
    margin: float
    margin_share: float
    learns: bool
    tested: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class Baselines:
    """What the trials are held against.

    Attributes:
        full: the full context.
        wiped: control, the context emptied at every reset.
        random: return of uniformly random actions on each history's goal, (H,).
        optimal: best possible return on each history's goal, (H,).
    """

    full: ClosedLoop
    wiped: ClosedLoop
    random: tuple[float, ...]
    optimal: tuple[float, ...]


@dataclass(frozen=True)
class SweepReport:
    """A whole sweep.

    Attributes:
        about: checkpoint, step, plan, seed, fingerprint.
        trials: `none` first, then in the order in which they were asked for.
    """

    about: dict[str, Any]
    baselines: Baselines
    trials: tuple[Trial, ...]
    verdict: Verdict

    @property
    def cached(self) -> bool:
        """Whether keys and values are dropped rather than transitions."""
        return any(trial.cell.level == "cache" for trial in self.trials)

    def to_json(self) -> dict[str, Any]:
        """Plain values, schema "adtui.compress/1" (docs/trials.md); NaN and ±inf become None."""
        document: dict[str, Any] = plain({"schema": SCHEMA, **asdict(self)})
        for trial in document["trials"]:
            if trial["cost"] is not None:
                trial["cost"]["step_ratio"] = trial["cost"]["ratio"]["median"]  # what readers of before 0.3 look for
        return document


def plain(value: Any) -> Any:
    """The same with lists for tuples and None for numbers that JSON does not know."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
