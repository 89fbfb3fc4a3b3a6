"""Textual's names of keys, from and to what people write."""

from __future__ import annotations

import re
from functools import cache

from textual.binding import Binding
from textual.keys import Keys, key_to_character

_SIGNS = {
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "escape": "Esc",
    "space": "Space",
    "enter": "Enter",
    "pageup": "PgUp",
    "pagedown": "PgDn",
}
_KNOWN = {key.value for key in Keys if not key.value.startswith("<")}


def textual_key(text: str) -> str | None:
    """ "z", "?", "F5", "ctrl+g", "alt+x" → Textual's name; None where there is no such key."""
    if len(text) == 1:
        return _name_of(text) if text.isprintable() else None
    name = text.lower()
    if name in _KNOWN or name in _named():
        return name
    letter = re.fullmatch(r"alt\+(.)", name)
    return f"alt+{_name_of(letter[1])}" if letter else None


def shown_key(key: str) -> str:
    """Textual's name → as the tables of keys write it."""
    *modifiers, name = key.split("+") if len(key) > 1 else [key]
    shown = _SIGNS.get(name) or _named().get(name) or (name if len(name) == 1 else _character(name))
    if modifiers == ["shift"]:
        return f"⇧{shown}"
    if modifiers:  # as terminals have it, without Shift
        return "+".join([*(one.capitalize() for one in modifiers), shown.upper() if len(shown) == 1 else shown])
    return shown


def _character(name: str) -> str:
    """ "section_sign" → "§", "pageup" → "Pageup"."""
    character = key_to_character(name) or ""
    return character if character.isprintable() and character else name.capitalize()


@cache
def _named() -> dict[str, str]:
    """Names of printable signs → the sign."""
    return {_name_of(chr(code)): chr(code) for code in range(33, 127) if not chr(code).isalnum()}


def _name_of(character: str) -> str:
    """As Textual's bindings name it: "?" is question_mark."""
    if character == ",":  # between keys, to Textual
        return "comma"
    return next(iter(Binding.make_bindings([Binding(character, "none")]))).key
