"""Keep the K transitions whose weighted values a_j ‖v_j W_O‖ are largest: what is attended to may carry little."""

from __future__ import annotations

from .base import VALUES, Contexts, Doubles, Parameters, asked, by_scores, protected

NAME = "value-weighted"
CITES = "Kobayashi et al. 2020, arXiv 2004.10102"
NEEDS: frozenset[str] = frozenset({VALUES})
PARAMETERS: type[Parameters] = Parameters
EXACT = True


def scores(contexts: Contexts, budget: int, parameters: Parameters) -> Doubles:
    """The value-weighted attentions."""
    del budget, parameters
    return protected(asked(contexts.values))


keep = by_scores(scores)
"""The K largest value-weighted attentions."""
