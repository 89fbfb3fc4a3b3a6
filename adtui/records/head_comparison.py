"""Two models head by head: which head is like which, how far apart they are, and which claims hold in one only."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from .as_json import as_json
from .interval import Interval
from .provenance import Provenance

SCHEMA = "adtui.heads/1"
ROWS, INDEX = "rows", "index"
"""How heads are matched."""
Head = tuple[int, int]


@dataclass(frozen=True)
class Pair:
    """A head of the first model and one of the second, on the same contexts; intervals over tasks.

    Attributes:
        first, second: (layer, head).
        divergence: Jensen-Shannon divergence of their query rows over its maximum, 0 to 1.
        difference: of what they write at the query, 0 to 1: Σ|u − v| / Σ(u + v), where u and v are each key's
            attention times its value's norm after the output projection, as a share of what the layer's heads write.
        writes_first, writes_second: that share, of all keys together.
    """

    first: Head
    second: Head
    divergence: Interval
    difference: Interval
    writes_first: float
    writes_second: float


@dataclass(frozen=True)
class ClaimTest:
    """Whether a kind of claim differs between the heads of a pair.

    Attributes:
        effect_first, effect_second: what the claim measures, means over histories in the unit of the insight.
        holds_first, holds_second: whether it is observed there.
        p: of "both have the same mean".
        differs: a discovery, with false ones held at 5 % of them among all tests.
    """

    kind: str
    first: Head
    second: Head
    effect_first: float
    effect_second: float
    holds_first: bool
    holds_second: bool
    p: float
    differs: bool

    @property
    def in_one_only(self) -> bool:
        """It holds in one of them, and they differ in it."""
        return self.differs and self.holds_first != self.holds_second


@dataclass(frozen=True)
class HeadComparison:
    """A whole comparison.

    Attributes:
        first, second: the runs, in words.
        contexts: that both models were shown, in words.
        claims_on: that claims rest on, one for each model: the same twice, or the second's own.
        matched: ROWS or INDEX.
        pairs: the most different first.
        unmatched: heads of the larger model that have no partner.
        tests: of every kind at every pair that defines it.
    """

    first: str
    second: str
    contexts: str
    claims_on: tuple[str, str]
    matched: str
    pairs: tuple[Pair, ...]
    unmatched: tuple[Head, ...]
    tests: tuple[ClaimTest, ...]
    provenance: Provenance

    @property
    def in_one_only(self) -> tuple[ClaimTest, ...]:
        """Claims that hold in one model only, the clearest first."""
        return tuple(sorted((one for one in self.tests if one.in_one_only), key=lambda one: one.p))

    def to_json(self) -> dict[str, Any]:
        """Plain values (docs/compare.md)."""
        told = asdict(self) | {"provenance": self.provenance.to_json()}
        told["in_one_only"] = [asdict(one) for one in self.in_one_only]
        document: dict[str, Any] = as_json({"schema": SCHEMA, **told})
        return document
