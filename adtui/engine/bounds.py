"""What may be asked of an open run: heads, windows and rounds that exist. What does not is told in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..records.attention import Window
from ..records.errors import EngineError
from ..records.run import RunInfo

if TYPE_CHECKING:  # torch: the engine answers before it is loaded
    from ..attention.capture import Capture


def check_head(info: RunInfo, layer: int, head: int | None) -> None:
    """Raise EngineError unless the model has this head."""
    _check(layer, head, info.n_layer, info.n_head, "")


def check_transition(info: RunInfo, sample: int, index: int) -> None:
    """Raise EngineError unless the run has this sample, and that this transition or, at its end, the query."""
    samples = len(info.samples)
    if not 0 <= sample < samples:
        raise EngineError(
            f"sample {sample}",
            expected=f"a sample from 0 to {samples - 1}",
            found=str(sample),
            action="choose one of these",
        )
    n = info.samples[sample].n_context
    if not 0 <= index <= n:
        raise EngineError(
            f"transition {index}", expected=f"one from 0 to {n}", found=str(index), action="choose one of these"
        )


def check_window(window: Window | None, n: int) -> None:
    """Raise EngineError unless the window is a part of an n × n matrix."""
    if window is None or all(0 <= first < last <= n for first, last in (window[:2], window[2:])):
        return
    raise EngineError(
        f"window {window}",
        expected=f"queries and keys from 0 to {n}",
        found="others, or none",
        action="choose a part of the matrix",
    )


def check_cell(query: int, key: int, queries: int, keys: int) -> None:
    """Raise EngineError unless a matrix of so many queries and keys has this cell."""
    if 0 <= query < queries and 0 <= key < keys:
        return
    raise EngineError(
        f"cell ({query}, {key})",
        expected=f"a query from 0 to {queries - 1} and a key from 0 to {keys - 1}",
        found="one outside",
        action="choose one inside",
    )


def check_round(info: RunInfo, captured: Capture, number: int, layer: int, head: int | None) -> None:
    """Raise EngineError unless the compressor ran this round on this sample, and has this head."""
    known = info.compressor
    if known is None or not 0 <= number < len(captured.rounds):
        raise EngineError(
            f"round {number}",
            expected=f"one of the {len(captured.rounds)} rounds of this sample",
            found="another",
            action="choose one of these",
        )
    _check(layer, head, known.n_layer, known.n_head, "compressor ")


def _check(layer: int, head: int | None, layers: int, heads: int, whose: str) -> None:
    if not (0 <= layer < layers and (head is None or 0 <= head < heads)):
        raise EngineError(
            f"{whose}L{layer}{'' if head is None else f'H{head}'}",
            expected=f"L0H0 to L{layers - 1}H{heads - 1}",
            found=f"a head that the {whose.strip() or 'model'} does not have",
            action="choose one of these",
        )
