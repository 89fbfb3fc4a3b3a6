"""Evidence judged: what one kind of insight says of every head, every layer and the model.

A statement is made only where the 95 % interval over independent histories lies wholly beyond the rule's threshold,
and, of the heads and of the layers of a model, only where it survives the control of false discoveries among them.
Everything else is "no evidence", said once per kind: it is a good answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from ..records.insight import Insight
from ..records.interval import Estimate
from ..statistics.significance import benjamini_hochberg, p_difference, p_greater
from .evidence import MIN_HISTORIES, Evidence
from .kind import CAVEAT, Kind
from .wording import brief


@dataclass(frozen=True)
class Judging:
    """One kind before the evidence of some samples."""

    kind: Kind
    evidence: Evidence

    def find(self) -> Iterator[Insight]:
        """Every statement that the samples allow: the model, then layers, then heads.

        The model always gets a line, if only to say that there is no evidence. With fewer than MIN_HISTORIES
        histories, layers whose mean is beyond the threshold are reported as a reading with status "no evidence".
        """
        if not self.evidence.stats:
            return
        effects = self.effects()
        if self.evidence.n_histories < MIN_HISTORIES:
            for index, (layer, head) in enumerate(self.evidence.scopes):
                of_layer = layer is not None and head is None
                if of_layer and self.kind.rule.met_by(effects.mean[index], self.evidence.n_keys):
                    yield self._reading(effects, index)
            return
        holds = self.holding(effects)
        for index, scope in enumerate(self.evidence.scopes):
            if holds[index]:
                yield self._observed(effects, index)
            elif scope == (None, None):
                yield self._no_evidence(effects, holds)

    def find_in_phase(self) -> Iterator[Insight]:
        """Only what is observed, where the evidence is that of one phase."""
        if self.kind.in_phases and self.evidence.n_histories >= MIN_HISTORIES:
            yield from (one for one in self.find() if one.status == "observed")

    def withdraw(self, earlier: Insight) -> Insight:
        """Restate a statement about a layer or head that the samples no longer support."""
        kind, evidence, effects = self.kind, self.evidence, self.effects()
        scope = (earlier.layer, earlier.head)
        index = evidence.scopes.index(scope)
        sentence = (
            f"{evidence.subject(scope)}: no evidence of {kind.noun} any more, {kind.unit} {_span(effects, index)}, "
            f"needed {kind.rule.needs(evidence.n_keys)} ({evidence.count})."
        )
        return replace(self._insight(effects, index, sentence, "no evidence"), withdrawn=True)

    def _observed(self, effects: Estimate, index: int) -> Insight:
        says = self.kind.says(float(effects.mean[index]), self.evidence.n_keys)
        sentence = f"{self.evidence.subject(self.evidence.scopes[index])} {says}."
        weighted = self.effects(weighted=True)
        moved = float(weighted.mean[index])
        gone = bool(np.isfinite(moved)) and not self.kind.rule.met_by(moved, self.evidence.n_keys)
        doubt = f"Weighted by the values' norms it disappears ({self.kind.unit} {brief(moved)}). " if gone else ""
        return self._insight(effects, index, sentence, "observed", f"{doubt}{self.kind.caveat} {CAVEAT}")

    def _no_evidence(self, effects: Estimate, holds: list[bool]) -> Insight:
        """The model's line when its mean does not hold: how many heads do, clearly do not, or are undecided."""
        kind, evidence = self.kind, self.evidence
        rule, n = kind.rule, evidence.n_keys
        if not np.isfinite(effects.mean[0]):
            needs = f"it needs {rule.min_keys} context tokens with attention on them, and what its rule counts"
            sentence = f"No evidence of {kind.noun}: not defined here ({kind.undefined or needs})."
            return self._insight(effects, 0, sentence, "no evidence")
        smallest = "head" if "head" in kind.scopes else kind.scopes[-1]
        parts = [i for i in range(len(holds)) if scope_of(evidence.scopes[i]) == smallest]
        numbers = f"{kind.unit} {_span(effects, 0)}, needed {rule.needs(n)}"
        sentence = f"No evidence of {kind.noun} in the model as a whole: {numbers}"
        if smallest == "model":
            return self._insight(effects, 0, f"{sentence} ({evidence.count}).", "no evidence")
        does = sum(holds[i] for i in parts)
        does_not = sum(rule.excluded_by(float(effects.low[i]), float(effects.high[i]), n) for i in parts)
        sentence += (
            f". Of {len(parts)} {smallest}s: {does} show it, {does_not} clearly do not, "
            f"{len(parts) - does - does_not} undecided ({evidence.count})."
        )
        return self._insight(effects, 0, sentence, "no evidence")

    def _reading(self, effects: Estimate, index: int) -> Insight:
        says = self.kind.says(float(effects.mean[index]), self.evidence.n_keys)
        sentence = f"{self.evidence.subject(self.evidence.scopes[index])} {says} ({self.evidence.count}, no interval)."
        nan = np.full_like(effects.mean, np.nan)
        return self._insight(Estimate(effects.mean, nan, nan, effects.n), index, sentence, "no evidence")

    def _insight(self, effects: Estimate, index: int, sentence: str, status: str, caveat: str = CAVEAT) -> Insight:
        layer, head = self.evidence.scopes[index]
        return Insight(
            kind=self.kind.name,
            scope=scope_of((layer, head)),
            sentence=sentence,
            effect=float(effects.mean[index]),
            interval=(float(effects.low[index]), float(effects.high[index])),
            n=int(effects.n[index]),
            threshold=self.kind.rule.at(self.evidence.n_keys),
            caveat=caveat,
            suggests=self.kind.suggests if status == "observed" else (),
            layer=layer,
            head=head,
            status=status,
            n_keys=self.evidence.n_keys,
            phase=self.evidence.phase,
        )

    # -- numbers -----------------------------------------------------------------------------------------------------
    def effects(self, *, weighted: bool = False) -> Estimate:
        """In the unit of the effect; NaN for scopes that the kind is not about."""
        kind, evidence = self.kind, self.evidence
        keys = kind.rule.min_keys
        if kind.across is None:
            found = evidence.effects(kind.measure, min_keys=keys, weighted=weighted)
        else:
            found = evidence.change(kind.measure, kind.across, min_keys=keys, weighted=weighted)
        about = np.array([scope_of(scope) in kind.scopes for scope in evidence.scopes])
        mean, low, high = (
            np.where(about, np.exp(part) if kind.is_log else part, np.nan)
            for part in (found.mean, found.low, found.high)
        )
        return Estimate(mean, low, high, found.n)

    def holding(self, effects: Estimate) -> list[bool]:
        """For each scope: the whole interval, of at least MIN_HISTORIES histories, is where the rule wants it, and
        among all heads, or all layers, the false discovery rate is held at 5 %."""
        n = self.evidence.n_keys
        enough = effects.n >= MIN_HISTORIES
        ends = zip(effects.low.tolist(), effects.high.tolist(), strict=True)
        holds = [bool(ok) and self.kind.rule.holds(low, high, n) for ok, (low, high) in zip(enough, ends, strict=True)]
        for family in ("layer", "head"):
            members = [
                i
                for i, scope in enumerate(self.evidence.scopes)
                if scope_of(scope) == family and np.isfinite(effects.mean[i])
            ]
            p_values = [self._p_value(i) if holds[i] else 1.0 for i in members]
            for i, found in zip(members, benjamini_hochberg(p_values), strict=True):
                holds[i] = holds[i] and found
        return holds

    def _p_value(self, index: int) -> float:
        """Of "the effect is not where the rule wants it"."""
        limits, keys = self._limits(self.evidence.n_keys), self.kind.rule.min_keys
        parts = [self.evidence] if self.kind.across is None else [self.evidence.part(one) for one in self.kind.across]
        columns = [part.per_history(self.kind.measure, min_keys=keys)[:, index] for part in parts]
        known = [column[~np.isnan(column)] for column in columns]

        def p(sign: int, bound: float) -> float:
            signed = [sign * column for column in known]
            if len(signed) == 1:
                return p_greater(signed[0], sign * bound)
            return p_difference(signed[0], signed[1], sign * bound)

        each = [p(sign, bound) for sign, bound in limits]
        return min(1.0, 2 * min(each)) if self.kind.rule.either else max(each)

    def _limits(self, n: int) -> list[tuple[int, float]]:
        """(1, bound) where the effect must exceed the bound, (-1, bound) where it must stay below; in the unit of the
        measure."""
        rule, limit = self.kind.rule, self.kind.rule.at(n)
        if rule.either:
            sides = [(1, limit), (-1, 1 / limit)]
        else:
            sides = [(1, limit)] if rule.above else [(-1, limit)]
            sides += [(1, rule.floor)] if rule.floor else []
        return [(sign, float(np.log(bound)) if self.kind.is_log else bound) for sign, bound in sides]


def scope_of(scope: tuple[int | None, int | None]) -> str:
    """ "model", "layer" or "head"."""
    layer, head = scope
    return "model" if layer is None else "layer" if head is None else "head"


def _span(effects: Estimate, index: int) -> str:
    mean, low, high = (brief(float(part[index])) for part in (effects.mean, effects.low, effects.high))
    return f"{mean} [{low}, {high}]"
