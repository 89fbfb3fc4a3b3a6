"""What can be typed after `/`: "L2H3", "l2 h3", "2.3", "q57", "k12", "ep3", "s2", or several of them at once."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace

import numpy as np

from ...records.axis import Axis
from ...records.errors import ConfigError
from ...records.run import RunInfo
from .selection import LAST, Selection

EXAMPLES = "L2H3 · 2.3 · q57 · k12 · ep3 · s2"
SEPARATORS = " \t,;:"
_WORD = re.compile(r"(ep|[lhqkse])(-?\d+)")
_PAIR = re.compile(r"(\d+)\.(\d+)")
_FIELDS = {"l": "layer", "h": "head", "q": "query", "k": "key", "ep": "episode", "e": "episode", "s": "sample"}


@dataclass(frozen=True)
class Target:
    """A place to go to; None where the text did not say.

    Attributes:
        query, key: positions of the present view, from 0; -1 is the query row.
        episode: number of an episode within the learning history, as the read-out shows it.
    """

    layer: int | None = None
    head: int | None = None
    query: int | None = None
    key: int | None = None
    episode: int | None = None
    sample: int | None = None


def parse(text: str) -> Target:
    """Read a place. Raises ConfigError that says what was not understood."""
    rest = re.sub(r"(?<=[a-z])\s+(?=\d)", "", text.lower()).strip(SEPARATORS)
    if not rest:
        raise _error(text, "nothing")
    found: dict[str, int] = {}
    while rest:
        if pair := _PAIR.match(rest):
            found |= {"layer": int(pair[1]), "head": int(pair[2])}
            rest = rest[pair.end() :].lstrip(SEPARATORS)
        elif word := _WORD.match(rest):
            found[_FIELDS[word[1]]] = int(word[2])
            rest = rest[word.end() :].lstrip(SEPARATORS)
        else:
            raise _error(text, f"“{rest}”")
    return Target(**found)


def resolve(target: Target, run: RunInfo, selection: Selection) -> tuple[Selection, int | None]:
    """The selection that a target means in this run, and the key to put the cursor on, or None.

    Raises ConfigError when a layer, head, token, episode or sample does not exist.
    """
    _within("sample", target.sample, len(run.samples))
    _within("layer", target.layer, run.n_layer)
    _within("head", target.head, run.n_head)
    there = selection if target.sample is None else replace(selection, sample=target.sample)
    axis = there.axis(run)
    _within("query", target.query, len(axis), last=True)
    _within("key", target.key, len(axis), last=True)
    named = {
        field.name: value
        for field in fields(target)
        if field.name in ("sample", "layer", "head", "query") and (value := getattr(target, field.name)) is not None
    }
    if target.head is not None:
        named["mean"] = False
    key = target.key
    if key is None and target.episode is not None:
        key = _first_position(axis, target.episode)
    if key == LAST:
        key = axis.read
    return replace(selection, **named).clamped(run), key


def _first_position(axis: Axis, episode: int) -> int:
    """The first position of an episode."""
    positions = np.flatnonzero(axis.episode == episode)
    if not len(positions):
        known = axis.episode[axis.episode >= 0]
        first, last = int(known.min()), int(known.max())
        raise ConfigError(
            f"ep{episode}",
            expected=f"an episode of this sample, {first} to {last}",
            found=str(episode),
            action=f"try ep{last}",
        )
    return int(positions[0])


def _within(name: str, index: int | None, count: int, *, last: bool = False) -> None:
    if index is None or 0 <= index < count or (last and index == LAST):
        return
    initial = name[0] if name != "layer" and name != "head" else name[0].upper()
    raise ConfigError(
        f"{initial}{index}",
        expected=f"a {name} from 0 to {count - 1}",
        found=str(index),
        action=f"try {initial}{count - 1}",
    )


def _error(text: str, found: str) -> ConfigError:
    return ConfigError(
        f"“{text.strip()}”", expected=f"a place such as {EXAMPLES}", found=found, action="type one of these"
    )
