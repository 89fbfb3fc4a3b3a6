"""A claim: one kind of insight with its rule, judged for every head, every layer and the model.

A statement is made only where the 95 % interval over independent histories lies wholly beyond the rule's threshold.
Everything else is "no evidence", said once per kind: it is a good answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from .evidence import MIN_HISTORIES, Evidence, Measure, subject
from .intervals import Estimate
from .records import Insight
from .wording import brief

CAVEAT = "Attention is not importance: only a knock-out of these tokens can show whether the output needs them."


@dataclass(frozen=True)
class Rule:
    """When a kind of insight holds.

    Attributes:
        threshold: in the unit of the effect; a ratio or a share of the n context keys, never a count or nats.
        above: the effect must exceed the threshold (else stay below it).
        min_keys: shortest context for which the effect means anything.
        reason: why this number.
        floor: an effect that must stay below the threshold must exceed this.
    """

    threshold: float
    above: bool
    min_keys: int
    reason: str
    floor: float = 0.0

    def met_by(self, effect: float) -> bool:
        """Whether this value is where the rule wants it; NaN never is."""
        return bool(effect > self.threshold if self.above else self.floor < effect < self.threshold)

    def excluded_by(self, low: float, high: float) -> bool:
        """Whether a whole interval is where the rule does not want it; NaN never is."""
        return bool(high <= self.threshold if self.above else low >= self.threshold or high <= self.floor)

    @property
    def needs(self) -> str:
        """The rule as a phrase: "> 2", "< 0.25", "0.83 to 1.2"."""
        if self.floor:
            return f"{self.floor:.2g} to {self.threshold:g}"
        return f"{'>' if self.above else '<'} {self.threshold:g}"


@dataclass(frozen=True)
class Claim:
    """One kind of insight.

    Attributes:
        kind: its name.
        noun: its name in "no evidence of …".
        rule: its line in the table of thresholds.
        measure: statistics of one sample and its n → (L, H), the effect or, where `is_log`, its logarithm. Ratios are
            averaged as logarithms, so that twice and half make one; shares are averaged as they are.
        unit: what the effect is, in a few words.
        says: (effect, n) → predicate of the sentence, "leans on recent tokens: …".
        caveat: what this kind in particular does not show.
        suggests: names of the compression strategies worth testing.
    """

    kind: str
    noun: str
    rule: Rule
    measure: Measure
    unit: str
    says: Callable[[float, int], str]
    caveat: str
    suggests: tuple[str, ...]
    is_log: bool = False

    def find(self, evidence: Evidence) -> Iterator[Insight]:
        """Every statement that the samples allow: the model, then layers, then heads.

        The model always gets a line, if only to say that there is no evidence. With fewer than MIN_HISTORIES
        histories, layers whose mean is beyond the threshold are reported as a reading with status "no evidence".
        """
        if not evidence.stats:
            return
        effects = self._effects(evidence)
        if evidence.n_histories < MIN_HISTORIES:
            for index, (layer, head) in enumerate(evidence.scopes):
                if layer is not None and head is None and self.rule.met_by(effects.mean[index]):
                    yield self._reading(evidence, effects, index)
            return
        for index, (layer, _) in enumerate(evidence.scopes):
            if self._holds(effects, index):
                yield self._observed(evidence, effects, index)
            elif layer is None:
                yield self._no_evidence(evidence, effects, index)

    def withdraw(self, evidence: Evidence, earlier: Insight) -> Insight:
        """Restate a statement about a layer or head that the samples no longer support."""
        effects = self._effects(evidence)
        index = evidence.scopes.index((earlier.layer, earlier.head))
        sentence = (
            f"{subject(evidence.scopes[index])}: no evidence of {self.noun} any more, {self.unit} "
            f"{_span(effects, index)}, needed {self.rule.needs} ({evidence.count})."
        )
        return self._insight(evidence, effects, index, sentence, "no evidence")

    def _observed(self, evidence: Evidence, effects: Estimate, index: int) -> Insight:
        sentence = f"{subject(evidence.scopes[index])} {self.says(float(effects.mean[index]), evidence.n_keys)}."
        weighted = self._effects(evidence, weighted=True)
        moved = float(weighted.mean[index])
        gone = bool(np.isfinite(moved)) and not self.rule.met_by(moved)
        doubt = f"Weighted by the values' norms it disappears ({self.unit} {brief(moved)}). " if gone else ""
        return self._insight(evidence, effects, index, sentence, "observed", f"{doubt}{self.caveat} {CAVEAT}")

    def _no_evidence(self, evidence: Evidence, effects: Estimate, index: int) -> Insight:
        """The model's line when its mean does not hold: how many heads do, clearly do not, or are undecided."""
        if not np.isfinite(effects.mean[index]):
            sentence = (
                f"No evidence of {self.noun}: not defined here (it needs {self.rule.min_keys} context tokens with "
                f"attention on them)."
            )
            return self._insight(evidence, effects, index, sentence, "no evidence")
        heads = [i for i, (_, head) in enumerate(evidence.scopes) if head is not None]
        does = sum(self._holds(effects, i) for i in heads)
        does_not = sum(self._excluded(effects, i) for i in heads)
        sentence = (
            f"No evidence of {self.noun} in the model as a whole: {self.unit} {_span(effects, index)}, needed "
            f"{self.rule.needs}. Of {len(heads)} heads: {does} show it, {does_not} clearly do not, "
            f"{len(heads) - does - does_not} undecided ({evidence.count})."
        )
        return self._insight(evidence, effects, index, sentence, "no evidence")

    def _reading(self, evidence: Evidence, effects: Estimate, index: int) -> Insight:
        says = self.says(float(effects.mean[index]), evidence.n_keys)
        sentence = f"{subject(evidence.scopes[index])} {says} ({evidence.count}, no interval)."
        nan = np.full_like(effects.mean, np.nan)
        return self._insight(evidence, Estimate(effects.mean, nan, nan, effects.n), index, sentence, "no evidence")

    def _insight(
        self, evidence: Evidence, effects: Estimate, index: int, sentence: str, status: str, caveat: str = CAVEAT
    ) -> Insight:
        layer, head = evidence.scopes[index]
        return Insight(
            kind=self.kind,
            scope="model" if layer is None else "layer" if head is None else "head",
            sentence=sentence,
            effect=float(effects.mean[index]),
            interval=(float(effects.low[index]), float(effects.high[index])),
            n=int(effects.n[index]),
            threshold=self.rule.threshold,
            caveat=caveat,
            suggests=self.suggests if status == "observed" else (),
            layer=layer,
            head=head,
            status=status,
            n_keys=evidence.n_keys,
        )

    def _effects(self, evidence: Evidence, *, weighted: bool = False) -> Estimate:
        return evidence.effects(self.measure, is_log=self.is_log, min_keys=self.rule.min_keys, weighted=weighted)

    def _holds(self, effects: Estimate, index: int) -> bool:
        """The whole interval, of at least MIN_HISTORIES histories, is where the rule wants it."""
        ends = (float(effects.low[index]), float(effects.high[index]))
        return bool(effects.n[index] >= MIN_HISTORIES) and all(self.rule.met_by(end) for end in ends)

    def _excluded(self, effects: Estimate, index: int) -> bool:
        return self.rule.excluded_by(float(effects.low[index]), float(effects.high[index]))


def _span(effects: Estimate, index: int) -> str:
    mean, low, high = (brief(float(part[index])) for part in (effects.mean, effects.low, effects.high))
    return f"{mean} [{low}, {high}]"
