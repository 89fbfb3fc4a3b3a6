"""Placebos: what the tests of a run say of sets that were named by chance.

Beside every named set R random ones of its size were hidden. Each of these is put in the named one's place in turn, all
first draws of a run together, then all second draws, and decided by the first test's rule: exact test among the others,
correction over the tests that are made together, minimum effect. It costs no forward pass: other ablations are not
tried on them, and could only take verdicts away. The true answer is always "no evidence", so that the rates are those
of the rule's errors, on this model and these contexts.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..records.insight import Placebo
from .confirmation import Effect, KnockOuts, decide
from .thresholds import TESTS


def placebo(tested: Sequence[KnockOuts]) -> Placebo | None:
    """The placebos of tests that were made together; None where no test could be decided."""
    decidable = [one for one in tested if one.decidable]
    runs = list(zip(*(one.placebos for one in decidable), strict=True))
    return placebo_of(runs) if decidable else None


def placebo_of(runs: Sequence[Sequence[Effect]]) -> Placebo:
    """From the effects of chance sets; those of one run are decided together."""
    decisions = [decision for effects in runs for decision in decide(effects)]
    level = TESTS["false discoveries"].value
    return Placebo(
        tests=len(decisions),
        confirmed=decisions.count("confirmed"),
        refuted=decisions.count("refuted"),
        beyond=sum(one.p <= level for effects in runs for one in effects),
    )
