"""Public in-context RL models that are not read here, known by their keys: an error should name what it met."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from torch import Tensor

Weights = Mapping[str, Tensor]


def foreign(weights: Weights, *, makes: bool = True) -> str | None:
    """What these weights are of, in words; None where that is not known.

    Args:
        makes: also name other makes of families that are read here; not where one of these has recognised them.
    """
    kinds = (*_KINDS, *_MAKES) if makes else _KINDS
    return next((words for recognise in kinds if (words := recognise(weights))), None)


def _continuous(weights: Weights) -> str | None:
    """DICP on Meta-World and its kind: states are numbers, not cells, and an action is a mean and a variance."""
    query, context = (_width(weights, f"{name}.weight") for name in ("embed_query_state", "embed_context"))
    if "embed_query_state.bias" in weights and query and context:
        for name in ("pred_actions.weight", "pred_action.weight"):
            rows = weights[name].shape[0] if name in weights and weights[name].ndim == 2 else 0
            for numbers in (rows, rows // 2):
                if numbers and context == 2 * query + numbers + 1:
                    return (
                        f"a model of continuous states ({query} numbers) and actions ({numbers}), as DICP on Meta-World"
                    )
    if "embed_state.bias" in weights and (states := _width(weights, "embed_state.weight")):
        return f"a model of continuous states ({states} numbers)"
    return None


def _width(weights: Weights, name: str) -> int:
    return weights[name].shape[1] if name in weights and weights[name].ndim == 2 else 0


def _named(words: str, *patterns: str) -> Callable[[Weights], str | None]:
    """Recognises weights among whose names every pattern occurs at the beginning of one."""
    compiled = [re.compile(pattern) for pattern in patterns]

    def recognise(weights: Weights) -> str | None:
        return words if all(any(pattern.match(name) for name in weights) for pattern in compiled) else None

    return recognise


_KINDS: tuple[Callable[[Weights], str | None], ...] = (
    _continuous,
    _named("AD-eps on watermaze, whose states are images", r"emb2hid\.", r"blocks\.0\.", r"image_feature_extractor\."),
    _named(
        "DPT on Miniworld, whose states are images", r"transformer\.h\.0\.", r"embed_transition\.", r"image_encoder\."
    ),
    _named("AD on XLand-MiniGrid", r"(obs|state)_encoder\.", r"action_encoder\.", r"transformer", r"action_head\."),
    _named(
        "headless AD",
        r"transformer\.proj\.",
        r"transformer\.state_emb\.",
        r"transformer\.action_emb",
        r"transformer\.h\.0\.",
    ),
    _named("Vintix", r"encoder\.", r"transformer\.", r"head\."),
)
_MAKES: tuple[Callable[[Weights], str | None], ...] = (
    _named("AD-eps of another make", r"emb2hid\.", r"blocks\.0\.(attention|mlp)\.", r"action_head\."),
    _named("DPT of another make", r"transformer\.h\.0\.", r"embed_transition\.", r"pred_actions\."),
)
