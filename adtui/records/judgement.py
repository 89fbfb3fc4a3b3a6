"""Whether an expectation holds."""

from __future__ import annotations

from dataclasses import dataclass

HOLDS, FAILS, OPEN = "holds", "does not hold", "cannot be judged"


@dataclass(frozen=True)
class Judgement:
    """One expectation and what was found.

    Attributes:
        subject: the claim or the number.
        expected, found: in words.
        outcome: HOLDS, FAILS or OPEN.
    """

    subject: str
    expected: str
    found: str
    outcome: str

    @property
    def line(self) -> str:
        """ "does not hold: reward-seeking at L2H1: expected observed, found not observed"."""
        return f"{self.outcome}: {self.subject}: expected {self.expected}, found {self.found}"
