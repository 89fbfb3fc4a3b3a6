"""One row of the table of insights: what a kind measures, when it holds, how it is said and what it does not show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .evidence import Measure
from .thresholds import Rule

CAVEAT = "Attention is not importance: only a knock-out of these tokens can show whether the output needs them."
"""What no kind shows."""


@dataclass(frozen=True)
class Kind:
    """One kind of insight. Evidence for it is judged in `judging`.

    Attributes:
        name: as in `Insight.kind`.
        noun: what it is called in "no evidence of …".
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
        undefined: why no sample may define it, in words; "" is that it needs more tokens, or what its rule counts.
    """

    name: str
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
    undefined: str = ""
