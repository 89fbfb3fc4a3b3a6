"""A claim: one kind of insight with its rule, judged for every head, every layer and the model.

A statement is made only where the 95 % interval over independent histories lies wholly beyond the rule's threshold,
and, of the heads and of the layers of a model, only where it survives the control of false discoveries among them.
Everything else is "no evidence", said once per kind: it is a good answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from ..records.insight import Insight
from ..records.interval import Estimate
from ..statistics.significance import benjamini_hochberg, p_difference, p_greater
from .evidence import MIN_HISTORIES, Evidence, Measure
from .thresholds import Rule
from .wording import brief

CAVEAT = "Attention is not importance: only a knock-out of these tokens can show whether the output needs them."


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
        scopes: what it can be about.
        across: the effect is how much the measure changes from the first of these phases to the second.
        in_phases: also judged within each phase.
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
    scopes: tuple[str, ...] = ("model", "layer", "head")
    across: tuple[str, str] | None = None
    in_phases: bool = True

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
                if layer is not None and head is None and self.rule.met_by(effects.mean[index], evidence.n_keys):
                    yield self._reading(evidence, effects, index)
            return
        holds = self._holding(evidence, effects)
        for index, scope in enumerate(evidence.scopes):
            if holds[index]:
                yield self._observed(evidence, effects, index)
            elif scope == (None, None):
                yield self._no_evidence(evidence, effects, holds)

    def find_in(self, evidence: Evidence) -> Iterator[Insight]:
        """Only what is observed, for the samples of one phase."""
        if self.in_phases and evidence.n_histories >= MIN_HISTORIES:
            yield from (one for one in self.find(evidence) if one.status == "observed")

    def withdraw(self, evidence: Evidence, earlier: Insight) -> Insight:
        """Restate a statement about a layer or head that the samples no longer support."""
        effects = self._effects(evidence)
        index = evidence.scopes.index((earlier.layer, earlier.head))
        sentence = (
            f"{evidence.subject(evidence.scopes[index])}: no evidence of {self.noun} any more, {self.unit} "
            f"{_span(effects, index)}, needed {self.rule.needs(evidence.n_keys)} ({evidence.count})."
        )
        return replace(self._insight(evidence, effects, index, sentence, "no evidence"), withdrawn=True)

    def _observed(self, evidence: Evidence, effects: Estimate, index: int) -> Insight:
        says = self.says(float(effects.mean[index]), evidence.n_keys)
        sentence = f"{evidence.subject(evidence.scopes[index])} {says}."
        weighted = self._effects(evidence, weighted=True)
        moved = float(weighted.mean[index])
        gone = bool(np.isfinite(moved)) and not self.rule.met_by(moved, evidence.n_keys)
        doubt = f"Weighted by the values' norms it disappears ({self.unit} {brief(moved)}). " if gone else ""
        return self._insight(evidence, effects, index, sentence, "observed", f"{doubt}{self.caveat} {CAVEAT}")

    def _no_evidence(self, evidence: Evidence, effects: Estimate, holds: list[bool]) -> Insight:
        """The model's line when its mean does not hold: how many heads do, clearly do not, or are undecided."""
        rule, n = self.rule, evidence.n_keys
        if not np.isfinite(effects.mean[0]):
            sentence = (
                f"No evidence of {self.noun}: not defined here (it needs {rule.min_keys} context tokens with attention "
                f"on them, and what its rule counts)."
            )
            return self._insight(evidence, effects, 0, sentence, "no evidence")
        smallest = "head" if "head" in self.scopes else self.scopes[-1]
        parts = [i for i in range(len(holds)) if scope_of(evidence.scopes[i]) == smallest]
        numbers = f"{self.unit} {_span(effects, 0)}, needed {rule.needs(n)}"
        sentence = f"No evidence of {self.noun} in the model as a whole: {numbers}"
        if smallest == "model":
            return self._insight(evidence, effects, 0, f"{sentence} ({evidence.count}).", "no evidence")
        does = sum(holds[i] for i in parts)
        does_not = sum(rule.excluded_by(float(effects.low[i]), float(effects.high[i]), n) for i in parts)
        sentence += (
            f". Of {len(parts)} {smallest}s: {does} show it, {does_not} clearly do not, "
            f"{len(parts) - does - does_not} undecided ({evidence.count})."
        )
        return self._insight(evidence, effects, 0, sentence, "no evidence")

    def _reading(self, evidence: Evidence, effects: Estimate, index: int) -> Insight:
        says = self.says(float(effects.mean[index]), evidence.n_keys)
        sentence = f"{evidence.subject(evidence.scopes[index])} {says} ({evidence.count}, no interval)."
        nan = np.full_like(effects.mean, np.nan)
        return self._insight(evidence, Estimate(effects.mean, nan, nan, effects.n), index, sentence, "no evidence")

    def _insight(
        self, evidence: Evidence, effects: Estimate, index: int, sentence: str, status: str, caveat: str = CAVEAT
    ) -> Insight:
        layer, head = evidence.scopes[index]
        return Insight(
            kind=self.kind,
            scope=scope_of((layer, head)),
            sentence=sentence,
            effect=float(effects.mean[index]),
            interval=(float(effects.low[index]), float(effects.high[index])),
            n=int(effects.n[index]),
            threshold=self.rule.at(evidence.n_keys),
            caveat=caveat,
            suggests=self.suggests if status == "observed" else (),
            layer=layer,
            head=head,
            status=status,
            n_keys=evidence.n_keys,
            phase=evidence.phase,
        )

    # -- numbers -----------------------------------------------------------------------------------------------------
    def _effects(self, evidence: Evidence, *, weighted: bool = False) -> Estimate:
        """In the unit of the effect; NaN for scopes that the claim is not about."""
        keys = self.rule.min_keys
        if self.across is None:
            found = evidence.effects(self.measure, min_keys=keys, weighted=weighted)
        else:
            found = evidence.change(self.measure, self.across, min_keys=keys, weighted=weighted)
        about = np.array([scope_of(scope) in self.scopes for scope in evidence.scopes])
        mean, low, high = (
            np.where(about, np.exp(part) if self.is_log else part, np.nan)
            for part in (found.mean, found.low, found.high)
        )
        return Estimate(mean, low, high, found.n)

    def _holding(self, evidence: Evidence, effects: Estimate) -> list[bool]:
        """For each scope: the whole interval, of at least MIN_HISTORIES histories, is where the rule wants it, and
        among all heads, or all layers, the false discovery rate is held at 5 %."""
        n = evidence.n_keys
        enough = effects.n >= MIN_HISTORIES
        ends = zip(effects.low.tolist(), effects.high.tolist(), strict=True)
        holds = [bool(ok) and self.rule.holds(low, high, n) for ok, (low, high) in zip(enough, ends, strict=True)]
        for family in ("layer", "head"):
            members = [
                i
                for i, scope in enumerate(evidence.scopes)
                if scope_of(scope) == family and np.isfinite(effects.mean[i])
            ]
            p_values = [self._p_value(evidence, i) if holds[i] else 1.0 for i in members]
            for i, found in zip(members, benjamini_hochberg(p_values), strict=True):
                holds[i] = holds[i] and found
        return holds

    def _p_value(self, evidence: Evidence, index: int) -> float:
        """Of "the effect is not where the rule wants it"."""
        limits, keys = self._limits(evidence.n_keys), self.rule.min_keys
        parts = [evidence] if self.across is None else [evidence.part(one) for one in self.across]
        columns = [part.per_history(self.measure, min_keys=keys)[:, index] for part in parts]
        known = [column[~np.isnan(column)] for column in columns]

        def p(sign: int, bound: float) -> float:
            signed = [sign * column for column in known]
            if len(signed) == 1:
                return p_greater(signed[0], sign * bound)
            return p_difference(signed[0], signed[1], sign * bound)

        each = [p(sign, bound) for sign, bound in limits]
        return min(1.0, 2 * min(each)) if self.rule.either else max(each)

    def _limits(self, n: int) -> list[tuple[int, float]]:
        """(1, bound) where the effect must exceed the bound, (-1, bound) where it must stay below; in the unit of the
        measure."""
        rule, limit = self.rule, self.rule.at(n)
        if rule.either:
            sides = [(1, limit), (-1, 1 / limit)]
        else:
            sides = [(1, limit)] if rule.above else [(-1, limit)]
            sides += [(1, rule.floor)] if rule.floor else []
        return [(sign, float(np.log(bound)) if self.is_log else bound) for sign, bound in sides]


def scope_of(scope: tuple[int | None, int | None]) -> str:
    """ "model", "layer" or "head"."""
    layer, head = scope
    return "model" if layer is None else "layer" if head is None else "head"


def _span(effects: Estimate, index: int) -> str:
    mean, low, high = (brief(float(part[index])) for part in (effects.mean, effects.low, effects.high))
    return f"{mean} [{low}, {high}]"
