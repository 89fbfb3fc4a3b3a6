"""How the data sets of a task lie: which axis is time, which the streams."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .hdf5 import Column, unusable
from .spelled import Shifted

MAX_STEPS = 50_000_000
"""Of one history; `dones` are read from its beginning, so that they cost what a file claims to have."""
#: Steps and streams of a task that are looked at to see which axis is time.
_LOOKED_AT = (64, 16)
#: How many pairs of neighbours say enough, and the share of them that joins along the axis of time, resets aside.
_ENOUGH, _MOST = 8, 0.75


def folded(column: Column, axes: int, choices: int | None) -> Column:
    """The column, of single values: with a last axis more than `axes` of 1, or of a 1 among as many zeros as choices.

    Args:
        axes: how many its values have in the file, steps and streams.
        choices: how many actions there are; None where none are chosen from.
    """
    shape = column.shape
    if len(shape) == axes + 1 and shape[-1] in (1, choices):
        return replace(column, folded=True)
    return column


def layout(actions: Column, width: int | None) -> tuple[int, int]:
    """(steps, streams), of actions that are vectors of `width` numbers, or single ones."""
    shape = actions.shape if width is None else actions.shape[:-1]
    if len(shape) not in (1, 2) or 0 in shape or actions.shape != (*shape, *([] if width is None else [width])):
        wanted = "(steps, streams)" if width is None else f"(steps, streams, {width})"
        raise unusable(actions.at, f"shape {wanted}", f"shape {actions.shape}")
    if shape[0] > MAX_STEPS:
        raise unusable(actions.at, f"at most {MAX_STEPS} steps", f"{shape[0]}")
    return shape[0], shape[1] if len(shape) == 2 else 1


def check_axes(states: Column, next_states: Column, streams: int, horizon: int | None) -> None:
    """Refuse (streams, T, …), as some code writes it: every "history" would be one moment of many learners.

    In a history the next state of a step is the state of the step after, resets aside. Where that holds along the
    second axis rather than along the first, the second is time.
    """
    if streams == 1:
        return
    place = tuple(slice(0, count) for count in _LOOKED_AT)
    here, following = states.read(place), next_states.read(place)
    if isinstance(next_states, Shifted):  # made from the states, so that they join: neighbours lie side by side
        joined, across = (np.abs(np.diff(here, axis=axis)).sum(axis=-1) <= 1 for axis in (0, 1))
    else:
        joined = (following[:-1] == here[1:]).all(axis=-1)
        across = (following[:, :-1] == here[:, 1:]).all(axis=-1)
    if horizon is not None:
        joined = joined[np.arange(1, len(here)) % horizon != 0]
    along = float(joined.mean()) if joined.size else 0.0
    if across.size >= _ENOUGH and along < _MOST <= across.mean():
        raise unusable(
            states.at,
            "shape (steps, streams, 2), where the next state of a step is the state of the step after",
            f"{along:.0%} of such pairs along the first axis, {across.mean():.0%} along the second",
            "swap the first two axes of every data set: they are (streams, steps)",
        )
