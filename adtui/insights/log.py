"""Statistics → insights. Numpy only.

The kinds are in `kinds`, their thresholds in `thresholds`; what makes a statement admissible (interval, scopes, false
discoveries, caveats) is in `judging`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence

import numpy as np

from ..records.insight import Insight
from ..records.sample import PHASES, Sample
from ..records.statistics import SampleStats
from ..records.steps import at_one_go
from .evidence import Evidence
from .judging import Judging
from .kind import Kind
from .kinds import INSIGHT_KINDS
from .thresholds import RULES

__all__ = [
    "INSIGHT_KINDS",
    "RULES",
    "InsightLog",
    "find_insights",
    "statements",
]

Key = tuple[str, int | None, int | None, str]  # see records.Insight.key


def find_insights(stats: Sequence[SampleStats], samples: Sequence[Sample]) -> Iterator[Insight]:
    """Every insight that the samples allow, the most important first.

    What is observed comes before what is not; the model before layers before heads; then the clearer the better:
    the further the near end of the interval is from the threshold, as a ratio.

    Args:
        stats: one per sample, all of one model.
        samples: the same samples in the same order; intervals are over `Sample.history`.
    """
    yield from sorted(at_one_go(statements(Evidence(stats, samples))).values(), key=_importance)


class InsightLog:
    """Insights while samples arrive: the same as `find_insights` at any moment, told as differences.

    A statement is known by its kind, layer, head and phase. One that more samples no longer support is told once more,
    with status "no evidence", and then forgotten.
    """

    def __init__(self) -> None:
        self._told: dict[Key, Insight] = {}

    @property
    def insights(self) -> tuple[Insight, ...]:
        """What holds now, the most important first."""
        return tuple(sorted(self._told.values(), key=_importance))

    @property
    def undecided(self) -> str:
        """ "3 undecided": insights that have been tested and are neither confirmed nor refuted; "" where none is."""
        count = sum(one.status == "no evidence" and one.knock_out_n > 0 for one in self.insights)
        return f"{count} undecided" if count else ""

    def update(self, stats: Sequence[SampleStats], samples: Sequence[Sample]) -> list[Insight]:
        """`updating` at one go."""
        return at_one_go(self.updating(stats, samples))

    def updating(self, stats: Sequence[SampleStats], samples: Sequence[Sample]) -> Generator[None, None, list[Insight]]:
        """Take all samples so far; return the insights that are new, changed or withdrawn, the most important first.

        Yields after every kind; whoever stops there leaves the log as it was.
        """
        evidence = Evidence(stats, samples)
        kinds = {kind.name: kind for kind in INSIGHT_KINDS}
        now = yield from statements(evidence)
        # repr, because an interval of NaNs is never equal to another
        changed = [found for key, found in now.items() if repr(self._told.get(key)) != repr(found)]
        if evidence.stats:
            # what moved rewards say is of the contexts that were tested, and no kind's to withdraw
            gone = [old for key, old in self._told.items() if key not in now and old.kind in kinds]
            parts = {"": evidence, **{phase: evidence.part(phase) for phase in PHASES}}
            changed += [Judging(kinds[old.kind], parts[old.phase]).withdraw(old) for old in gone]
        self._told = now
        return sorted(changed, key=_importance)

    def restate(self, insight: Insight) -> None:
        """Put a statement in the place of the one with its key: what a knock-out has made of it."""
        self._told[insight.key] = insight


def statements(evidence: Evidence, kinds: Sequence[Kind] = INSIGHT_KINDS) -> Generator[None, None, dict[Key, Insight]]:
    """Every statement over all samples; then, of each phase, what is observed there and not over all samples."""
    found: dict[Key, Insight] = {}
    for kind in kinds:
        found |= {one.key: one for one in Judging(kind, evidence).find()}
        yield
    observed = {one.key for one in found.values() if one.status == "observed"}
    for phase in PHASES:
        part = evidence.part(phase)
        for kind in kinds:
            of_phase = Judging(kind, part).find_in_phase()
            found |= {one.key: one for one in of_phase if (*one.key[:3], "") not in observed}
            yield
    return found


def _importance(insight: Insight) -> tuple[bool, bool, int, float, int, int]:
    scope = ("model", "layer", "head").index(insight.scope)
    ends = [end for end in insight.interval if np.isfinite(end) and end > 0]
    clearness = min((abs(float(np.log(end / insight.threshold))) for end in ends), default=0.0)
    layer, head = insight.layer, insight.head
    late = insight.status == "no evidence"
    return late, bool(insight.phase), scope, -clearness, -1 if layer is None else layer, head or 0
