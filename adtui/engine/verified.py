"""A recorded session computed again: every question is asked anew, and what differs is told."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import numpy as np

from ..files.recorded_answers import Epoch
from ..records.map_messages import GetMoment
from ..records.messages import (
    AskKnockOut,
    Failed,
    GetCell,
    GetChances,
    GetSheet,
    GetView,
    GetWeights,
    Opened,
    Reply,
    Request,
    StatsReady,
)
from .jobs import Engine

COMPUTED = (GetView, GetSheet, GetCell, GetWeights, GetChances, AskKnockOut, GetMoment)
"""Requests that are asked again."""
RELATIVE, ABSOLUTE = 1e-4, 1e-6
"""Of numbers: what machines and numbers of threads may differ by."""


@dataclass(frozen=True)
class Verified:
    """What came of it.

    Attributes:
        same: how many answers are.
        different: of each other one, what it is and the first thing in which it differs.
        digests: of the recorded and of the present checkpoint, "" where one is not known.
    """

    same: int
    different: tuple[str, ...]
    digests: tuple[str, str]


def verify(epoch: Epoch, origin: str, path: str | None = None) -> Verified:
    """Open the run again and ask again.

    Args:
        origin: provenance of what was recorded, as text.
        path: the run, where it is elsewhere now.

    Raises:
        AdtuiError: it cannot be opened.
    """
    told: list[Reply] = []
    engine = Engine(told.append)
    engine.handle(replace(epoch.opening, id=1, path=path or epoch.opening.path))
    while not any(isinstance(reply, Opened | Failed) for reply in told):
        engine.advance()
    if failed := next((reply for reply in told if isinstance(reply, Failed)), None):
        raise failed.error
    assert engine.session is not None, "it has opened"
    now = engine.session.provenance("session").sources[0].digest or ""
    same, different = 0, []
    for what, before, after in _pairs(engine, epoch, told):
        where = difference(before, after)
        same += where is None
        different += [] if where is None else [f"{what}: {where}"]
    return Verified(same, tuple(different), (_digest(origin), now))


def _pairs(engine: Engine, epoch: Epoch, told: list[Reply]) -> Iterator[tuple[str, object, object]]:
    """What each recorded answer is about, the answer, and that of now."""
    session = engine.session
    assert session is not None, "it has opened"
    for reply in epoch.opened:
        if isinstance(reply, StatsReady):
            while reply.sample >= len(session.samples) and next(session.grow(), None) is not None:
                pass
            yield f"statistics of sample {reply.sample}", reply.stats, session.measure(reply.sample)
    for number, (request, replies) in enumerate(epoch.asked, 2):
        if not isinstance(request, COMPUTED) or not replies or isinstance(replies[-1], Failed):
            continue
        told.clear()
        engine.handle(replace(request, id=number))
        while engine.busy and not told:
            engine.advance()
        yield _named(request), replace(replies[-1], id=0), replace(told[-1], id=0) if told else None


def difference(before: object, after: object, at: str = "") -> str | None:
    """The first place in which two values differ, None where they do not."""
    if type(before) is not type(after) and not (isinstance(before, int | float) and isinstance(after, int | float)):
        return f"{at or 'it'} is a {type(after).__name__} now, was a {type(before).__name__}"
    if isinstance(before, np.ndarray) and isinstance(after, np.ndarray):
        return _of_arrays(before, after, at)
    if isinstance(before, float) and isinstance(after, float | int):
        near = np.isclose(before, after, RELATIVE, ABSOLUTE, equal_nan=True)
        return None if near else f"{at} is {after:.6g} now, was {before:.6g}"
    if is_dataclass(before):
        parts = [(one.name, getattr(before, one.name), getattr(after, one.name)) for one in fields(before)]
    elif isinstance(before, list | tuple) and isinstance(after, list | tuple):
        if len(before) != len(after):
            return f"{at} has {len(after)} entries now, had {len(before)}"
        parts = [(str(index), *pair) for index, pair in enumerate(zip(before, after, strict=True))]
    elif isinstance(before, Mapping) and isinstance(after, Mapping):
        parts = [(str(key), before.get(key), after.get(key)) for key in {**before, **after}]
    else:
        return None if before == after else f"{at} is {str(after)[:40]} now, was {str(before)[:40]}"
    found = (difference(one, other, f"{at}.{name}".lstrip(".")) for name, one, other in parts)
    return next((where for where in found if where is not None), None)


def _of_arrays(before: Any, after: Any, at: str) -> str | None:
    if before.shape != after.shape:
        return f"{at} is of shape {after.shape} now, was {before.shape}"
    if before.dtype.kind == "f" and np.allclose(before, after, RELATIVE, ABSOLUTE, equal_nan=True):
        return None
    if before.dtype.kind != "f" and np.array_equal(before, after):
        return None
    apart = np.abs(np.nan_to_num(before.astype(np.float64)) - np.nan_to_num(after.astype(np.float64)))
    return f"{at} differs by up to {apart.max():.3g}"


def _named(request: Request) -> str:
    place: Any = getattr(request, "place", request)
    where = [f"{name} {getattr(place, name)}" for name in ("sample", "layer", "head", "query") if hasattr(place, name)]
    return " ".join([type(request).__name__, *where])


def _digest(origin: str) -> str:
    """Of the recorded checkpoint."""
    try:
        return str(json.loads(origin)["runs"][0]["digest"] or "")
    except (ValueError, KeyError, IndexError, TypeError):
        return ""
