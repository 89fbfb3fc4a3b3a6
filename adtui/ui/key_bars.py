"""The bottom line of a screen: what its most needed keys do, from the tables in `keys`."""

from __future__ import annotations

from collections.abc import Iterable

from ..records.plain import to_ascii
from .key import INSIGHTS, Key
from .key_names import UNCHANGED, Changes, changed
from .keys import KEYS, LAB, MAP, TIMELINE
from .sides.keys import SIDES

WAYS_OUT = ("help", "back", "quit")
"""What a bar always names."""


def bar(
    width: int, *, heatmap: bool, plain: bool = False, has: frozenset[str] = frozenset(), changes: Changes = UNCHANGED
) -> str:
    """The bottom line: as many keys as fit in `width` columns, help and quit always.

    Args:
        heatmap: True when the arrows move the heatmap's cursor.
        plain: ASCII only.
        has: what there is of what keys may need, see `Key.only`.
        changes: the user's own keys.
    """
    arrows = ("arrows" if plain else "←↑↓→", "cursor" if heatmap else "layer/head")
    keys = changed(KEYS, "explorer", changes)
    named = [key for key in keys if not key.only or key.only in has]
    if INSIGHTS in has:
        arrows = ("arrows" if plain else "↑↓", "insight")
        named.sort(key=lambda key: INSIGHTS not in (key.only, key.there[0]))  # what is for them alone comes first
    return _fit([arrows, *_labelled(named, has)], keys, width, plain)


def map_bar(width: int, *, plain: bool = False, changes: Changes = UNCHANGED) -> str:
    """The same for the map."""
    arrows = ("arrows" if plain else "←↑↓→", "cell")
    keys = changed(MAP, "map", changes)
    return _fit([arrows, *_labelled(keys)], keys, width, plain)


def timeline_bar(width: int, *, plain: bool = False, changes: Changes = UNCHANGED) -> str:
    """The same for the training run."""
    arrows = ("arrows" if plain else "←↑↓→", "head")
    keys = changed(TIMELINE, "timeline", changes)
    return _fit([arrows, *_labelled(keys)], keys, width, plain)


def sides_bar(width: int, *, plain: bool = False, changes: Changes = UNCHANGED) -> str:
    """The same for two runs side by side."""
    arrows = ("arrows" if plain else "←↑↓→", "heads")
    keys = changed(SIDES, "sides", changes)
    return _fit([arrows, *_labelled(keys)], keys, width, plain)


def lab_bar(width: int, *, plain: bool = False, changes: Changes = UNCHANGED) -> str:
    """The same for the lab."""
    arrows = ("arrows" if plain else "↑↓", "move")
    keys = changed(LAB, "lab", changes)
    return _fit([arrows, *_labelled(keys)], keys, width, plain)


def _labelled(keys: Iterable[Key], has: frozenset[str] = frozenset()) -> list[tuple[str, str]]:
    return [
        (key.shown, key.there[1] if key.there[0] in has else key.label)
        for key in keys
        if key.label not in ("", *WAYS_OUT)
    ]


def _fit(middle: list[tuple[str, str]], keys: Iterable[Key], width: int, plain: bool) -> str:
    """As many of the first keys as fit, then help and quit."""
    end = [(key.shown, key.label) for key in keys if key.label in WAYS_OUT]
    while middle and _length([*middle, *end]) > width:
        middle.pop()
    pairs = [(to_ascii(key, unless=not plain), label) for key, label in [*middle, *end]]
    return "  ".join(f"[b $accent]{_escape(key)}[/] {label}" for key, label in pairs)


def _length(pairs: list[tuple[str, str]]) -> int:
    return sum(len(key) + 1 + len(label) + 2 for key, label in pairs)


def _escape(text: str) -> str:
    return text.replace("[", r"\[")
