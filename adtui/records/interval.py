"""Means with their intervals."""

from __future__ import annotations

from dataclasses import dataclass

from .arrays import Doubles, Ints


@dataclass(frozen=True)
class Interval:
    """A mean over histories and its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float

    @property
    def percent(self) -> str:
        """A share as "97.2 % [95.5, 99.2]"."""
        return f"{100 * self.mean:.1f} % [{100 * self.low:.1f}, {100 * self.high:.1f}]"


@dataclass(frozen=True)
class Estimate:
    """A mean over histories and its 95 % interval.

    Attributes:
        mean, low, high: of equal shape. low and high are NaN where fewer than two histories define the value;
            all three are NaN where none does.
        n: int64 of the same shape, the number of histories that define the value.
    """

    mean: Doubles
    low: Doubles
    high: Doubles
    n: Ints

    @property
    def intervals(self) -> list[Interval]:
        """Of shape (K,): one for each entry."""
        parts = zip(self.mean.tolist(), self.low.tolist(), self.high.tolist(), strict=True)
        return [Interval(mean, low, high) for mean, low, high in parts]

    def last(self, index: int) -> Estimate:
        """Entry `index` of the last axis, as of the levels of `holding`."""
        return Estimate(self.mean[..., index], self.low[..., index], self.high[..., index], self.n[..., index])
