"""Keep the newest, and of the older transitions those that it attends to most, averaged over the heads of a layer.

Of a whole context all layers decide together, so that it is `top-attention` with the newest; of a cache each by itself.
"""

from __future__ import annotations

from .base import LAYER_ROW, Contexts, Doubles, Parameters, asked, by_scores, protected

NAME = "layer-attention"
CITES = "Oren et al. 2024, arXiv 2401.06104"
NEEDS: frozenset[str] = frozenset({LAYER_ROW})
PARAMETERS: type[Parameters] = Parameters
EXACT = True


def scores(contexts: Contexts, budget: int, parameters: Parameters) -> Doubles:
    """`layer_row`, below the newest."""
    del parameters
    return protected(asked(contexts.layer_row), newest=min(budget, 1))


keep = by_scores(scores)
"""The newest, then the largest of `layer_row`: TOVA."""
