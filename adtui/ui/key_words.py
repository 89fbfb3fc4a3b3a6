"""Sentences that name keys: they have what a key does, `<explorer.reload>`, and are shown with the key that does it.

So whoever writes a sentence, in the app or in the engine's process, need not know the user's keys.
"""

from __future__ import annotations

import re

from textual.app import App

from .key_names import UNCHANGED, Changes, key_name, rebound

MARK = re.compile(r"<(\w+)\.(\w+)>")
PALETTE = "Ctrl+P"
"""Always opens the palette, which can do what has no key."""


def key_for(name: str, changes: Changes = UNCHANGED) -> str:
    """ "explorer.reload" → "r", or what the user has for it: the first of several keys.

    Raises:
        KeyError: there is no such name in `keys.TABLES`.
    """
    from .keys import TABLES

    place, _, what = name.partition(".")
    key = next((key for key in TABLES[place] if key_name(key.action) == what), None)
    if key is None:
        raise KeyError(name)
    return rebound(key, changes.get(name)).shown.split(" ")[0] or PALETTE


def filled(text: str, changes: Changes = UNCHANGED, *, markup: bool = False) -> str:
    """A text with its keys; what only looks like the name of one stays as it is.

    Args:
        markup: the text is read as Textual's markup, which "[" begins.
    """
    if "<" not in text:
        return text

    def shown(mark: re.Match[str]) -> str:
        try:
            key = key_for(f"{mark[1]}.{mark[2]}", changes)
        except KeyError:
            return mark[0]
        return key.replace("[", r"\[") if markup else key

    return MARK.sub(shown, text)


def filled_for(app: App[object], text: str, *, markup: bool = False) -> str:
    """The same with the keys of an app's user; other apps than adtui's have the usual ones."""
    return filled(text, getattr(app, "key_changes", UNCHANGED), markup=markup)
