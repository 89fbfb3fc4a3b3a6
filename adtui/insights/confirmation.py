"""What becomes of an insight when the transitions that it names are hidden: confirmed, refuted, or no evidence.

In every context the named transitions are hidden from the head, the layer or the model that the insight is about, and
beside them, one draw after another, as many random other transitions. The two KL divergences of the action distribution
are compared as a ratio. An insight is confirmed where the ratio's 95 % interval over independent histories lies above 1
and it survives the control of false discoveries among all that were tested; refuted where the interval lies below 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ..records.insight import Insight, KnockOut
from ..statistics.intervals import LOG_LIMIT, average_within, over_histories
from ..statistics.significance import benjamini_hochberg, p_greater
from .evidence import MIN_HISTORIES
from .kind import CAVEAT
from .wording import brief

FLOOR = 0.005
"""Nats. A knock-out that moves the action distribution by less counts as one that moves it by this: two changes that
nobody could see are alike, whatever their ratio. By Pinsker's inequality (|Δp| ≤ √(KL/2)) it is where no action's
probability can have moved by more than 5 %. Models that have learnt nothing stay below it."""
CONTROLS = 16
"""Random draws beside each knock-out of a test."""
NOTHING_NAMED = "not tested: it names no transitions to hide"


@dataclass
class KnockOuts:
    """The knock-outs of one insight so far.

    Attributes:
        insight: as it was observed.
        knock_outs: one per context where there was something to hide, with controls.
        histories: the learning history of each.
    """

    insight: Insight
    knock_outs: list[KnockOut] = field(default_factory=list)
    histories: list[int] = field(default_factory=list)

    def add(self, found: KnockOut, history: int) -> None:
        """Take one context's knock-out; without controls it says nothing."""
        if len(found.control_kl):
            self.knock_outs.append(found)
            self.histories.append(history)

    @property
    def log_ratios(self) -> NDArray[np.float64]:
        """(G,) per history, the mean of ln(KL of the named / mean KL of the random others)."""
        ratios = [
            np.clip(np.log(max(one.kl, FLOOR) / max(float(one.control_kl.mean()), FLOOR)), -LOG_LIMIT, LOG_LIMIT)
            for one in self.knock_outs
        ]
        if not ratios:
            return np.zeros(0)
        return average_within(np.array(ratios)[:, None], np.array(self.histories))[:, 0]

    def p_value(self) -> float:
        """Of "hiding the named transitions moves the actions no more than hiding random others"."""
        return p_greater(self.log_ratios, 0.0)

    def verdict(self) -> Insight:
        """The insight with its status and numbers, by its own interval alone."""
        n = len(self.log_ratios)
        if n < MIN_HISTORIES:
            words = f"not decided: {n} histories have such transitions and as many others, {MIN_HISTORIES} are needed"
            return replace(self.insight, status="no evidence", tested=words, knock_out_n=n, suggests=())
        found = over_histories(self.log_ratios[:, None])
        ratio, low, high = (float(np.exp(part[0])) for part in (found.mean, found.low, found.high))
        status = "confirmed" if low > 1 else "refuted" if high < 1 else "no evidence"
        kl = float(np.mean([one.kl for one in self.knock_outs]))
        changed = float(np.mean([one.changed for one in self.knock_outs]))
        control = float(np.mean([one.control_changed.mean() for one in self.knock_outs]))
        words = (
            f"hiding them moves the actions {brief(ratio)} [{brief(low)}, {brief(high)}] times as much as hiding as "
            f"many random others (KL {kl:.2g} nats; {changed:.0%} of actions change, {control:.0%} with others; "
            f"{n} histories)"
        )
        return replace(
            self.insight, status=status, tested=words, knock_out=ratio, knock_out_interval=(low, high), knock_out_n=n,
            knock_out_kl=kl, knock_out_changed=changed, control_changed=control,
            caveat=self.insight.caveat.replace(CAVEAT, "").strip() if status == "confirmed" else self.insight.caveat,
            suggests=self.insight.suggests if status == "confirmed" else (),
        )  # fmt: skip


def settle(tested: Sequence[KnockOuts]) -> Iterator[Insight]:
    """Those whose confirmation does not survive the control of false discoveries among all tests, restated."""
    decided = [one for one in tested if len(one.log_ratios) >= MIN_HISTORIES]
    survive = benjamini_hochberg([one.p_value() for one in decided])
    for one, found in zip(decided, survive, strict=True):
        verdict = one.verdict()
        if verdict.status == "confirmed" and not found:
            words = f"{verdict.tested}; not beyond chance among {len(decided)} tests"
            yield replace(verdict, status="no evidence", tested=words, suggests=(), caveat=one.insight.caveat)
