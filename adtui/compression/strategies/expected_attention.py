"""Keep the first few, and those that queries like the ones so far are expected to attend to, times their values' size.

Queries are taken for a normal distribution with the mean and the covariance of those so far.
"""

from __future__ import annotations

from .base import EXPECTED, Contexts, Doubles, Parameters, asked, by_scores, protected
from .sink_recent import Sinks

NAME = "expected-attention"
CITES = "Devoto et al. 2025, arXiv 2510.00636"
NEEDS: frozenset[str] = frozenset({EXPECTED})
PARAMETERS: type[Parameters] = Sinks
EXACT = True


def scores(contexts: Contexts, budget: int, parameters: Sinks) -> Doubles:
    """`expected`, below the sinks."""
    return protected(asked(contexts.expected), oldest=parameters.of(budget))


keep = by_scores(scores)
"""The first `sinks`, never more than K - 1 of them, then the largest of `expected`."""
