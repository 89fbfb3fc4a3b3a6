"""The bottom line of a screen: what its most needed keys do, from the tables in `keys`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..records.plain import to_ascii
from .key import INSIGHTS, Key
from .key_names import UNCHANGED, Changes, changed, key_name
from .keys import KEYS, TABLES
from .list_keys import LIST

WAYS_OUT = ("back", "explorer", "help", "quit")
"""What a bar always names: the labels of the keys that leave a screen, and of the help's."""
UP_DOWN, ALL_FOUR = ("up", "down"), ("left", "up", "down", "right")
ARROWS = {
    "map": (ALL_FOUR, "cell"),
    "timeline": (ALL_FOUR, "head"),
    "sides": (ALL_FOUR, "heads"),
    "runs": (ALL_FOUR, "runs/columns"),
    "lab": (UP_DOWN, "move"),
}
"""What the arrows do, first in the bar of each screen of `keys.TABLES` but the explorer's."""


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
    which: Sequence[str] = ALL_FOUR
    what = "cursor" if heatmap else "layer/head"
    keys = changed(KEYS, "explorer", changes)
    named = [key for key in keys if not key.only or key.only in has]
    if INSIGHTS in has:
        which, what = UP_DOWN, "insight"
        named.sort(key=lambda key: INSIGHTS not in (key.only, key.there[0]))  # what is for them alone comes first
    return _fit([(_arrows(keys, which, plain), what), *_labelled(named, has)], keys, width, plain)


def screen_bar(place: str, width: int, *, plain: bool = False, changes: Changes = UNCHANGED) -> str:
    """The same for another screen, one of ARROWS."""
    which, what = ARROWS[place]
    keys = changed(TABLES[place], place, changes)
    return _fit([(_arrows(keys, which, plain), what), *_labelled(keys)], keys, width, plain)


def list_bar(width: int, *, back: bool) -> str:
    """The same for the list of runs; `back` says whether there is a run to go back to."""
    return _fit([("j/k", "move"), *_labelled(LIST)], [key for key in LIST if back or key.label != "back"], width, False)


def _arrows(keys: Iterable[Key], which: Sequence[str], plain: bool) -> str:
    """ "←↑↓→", or the first of the user's keys for each direction."""
    shown = {key_name(key.action): key.shown.split(" ")[0] for key in keys}
    found = [shown[name] for name in which]
    if plain and set(found) <= set("←↑↓→"):
        return "arrows"
    return ("" if all(len(key) == 1 for key in found) else "/").join(found)


def _labelled(keys: Iterable[Key], has: frozenset[str] = frozenset()) -> list[tuple[str, str]]:
    return [
        (key.shown, key.there[1] if key.there[0] in has else key.label)
        for key in keys
        if key.label not in ("", *WAYS_OUT)
    ]


def _fit(middle: list[tuple[str, str]], keys: Iterable[Key], width: int, plain: bool) -> str:
    """As many of the first keys as fit, then those of `WAYS_OUT`."""
    end = [(key.shown, key.label) for key in keys if key.label in WAYS_OUT]
    while middle and _length([*middle, *end]) > width:
        middle.pop()
    pairs = [(to_ascii(key, unless=not plain), label) for key, label in [*middle, *end]]
    return "  ".join(f"[b $accent]{_escape(key)}[/] {label}" for key, label in pairs)


def _length(pairs: list[tuple[str, str]]) -> int:
    return sum(len(key) + 1 + len(label) + 2 for key, label in pairs)


def _escape(text: str) -> str:
    return text.replace("[", r"\[")
