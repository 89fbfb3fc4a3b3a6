"""What keys are for, by names that a settings file can give other keys to, and the tables of keys after that."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from ..records.errors import ConfigError
from .terminal.key_spelling import shown_key, textual_key

if TYPE_CHECKING:
    from .key import Key

Changes = Mapping[str, str]
""" "explorer.knock_out" → Textual's names of the keys that do it now, comma separated: a keymap as Textual takes it."""

UNCHANGED: Changes = {}
RESERVED = {
    "ctrl+c": "it always quits",
    "ctrl+p": "it always opens the palette",
    "ctrl+z": "it always goes back to the shell",
}
_NAMES = {
    "move(-1,0)": "up",
    "move(1,0)": "down",
    "move(0,-1)": "left",
    "move(0,1)": "right",
    "move(-1)": "up",
    "move(1)": "down",
    "aside(-1)": "left",
    "aside(1)": "right",
    "select(-1,0)": "previous_layer",
    "select(1,0)": "next_layer",
    "select(0,-1)": "previous_head",
    "select(0,1)": "next_head",
    "edge(-1)": "first",
    "edge(1)": "last",
    "zoom(1)": "zoom_in",
    "zoom(-1)": "zoom_out",
    "zoom(0)": "zoom_off",
}


def key_name(action: str) -> str:
    """ "sample(-1)" → "previous_sample", "go_pane(0)" → "pane_1", "app.quit" → "quit": a bare key of TOML."""
    if action in _NAMES:
        return _NAMES[action]
    parts = re.fullmatch(r"(?:app\.)?(\w+)(?:\((-?\d+)\))?", action)
    assert parts is not None, f"{action} has no name in a settings file: give it one in _NAMES"
    name, number = parts.groups()
    if number is None:
        return name
    if name == "go_pane":
        return f"pane_{int(number) + 1}"
    return f"{'previous' if int(number) < 0 else 'next'}_{name}"


def changed(keys: Iterable[Key], place: str, changes: Changes) -> tuple[Key, ...]:
    """The table as it is after `changes`: what bars, the help and the palette show."""
    from .key_words import filled

    found = (rebound(key, changes.get(f"{place}.{key_name(key.action)}")) for key in keys)
    return tuple(replace(key, explanation=filled(key.explanation, changes)) for key in found)


def rebound(key: Key, keys: str | None) -> Key:
    """The same done by other keys, comma separated; None leaves them."""
    if keys is None:
        return key
    return replace(key, keys=keys, shown=" ".join(shown_key(one) for one in keys.split(",") if one))


def read_changes(path: str, asked: object) -> Changes:
    """The tables `[keys.explorer]`, `[keys.map]`, `[keys.timeline]` and `[keys.lab]` of a settings file.

    Raises:
        ConfigError: a screen, a name or a key that there is not, or one key for two things.
    """
    from .keys import TABLES

    if not isinstance(asked, dict):
        raise ConfigError(path, expected=f"tables {_tables(TABLES)}", found="keys = …", action="write one of these")
    changes: dict[str, str] = {}
    for place, given in asked.items():
        if place not in TABLES or not isinstance(given, dict):
            raise ConfigError(
                path, expected=_tables(TABLES), found=f"keys.{place}", action="put each key under its screen"
            )
        names = [key_name(key.action) for key in TABLES[place] if key.keys not in RESERVED]
        for name, value in given.items():
            if name not in names:
                near = _nearest(name, names)
                raise ConfigError(path, expected=f"a name of docs/config.md in [keys.{place}]", found=name, action=near)
            changes[f"{place}.{name}"] = _keys(f"{path}: {name} in [keys.{place}]", value)
        _refuse_two_for_one(path, place, changed(TABLES[place], place, changes))
    return changes


def _keys(subject: str, value: object) -> str:
    """ "z" or ["z", "f5"] → Textual's names."""
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list) or not given or not all(isinstance(one, str) for one in given):
        raise ConfigError(subject, expected='a key, "z", or several, ["z", "f5"]', found=str(value), action="write so")
    found = []
    for one in given:
        key = textual_key(one)
        if key is None:
            raise ConfigError(
                subject,
                expected="a character, or a name such as f5, ctrl+g, enter",
                found=one,
                action="name such a key",
            )
        if key in RESERVED:
            raise ConfigError(subject, expected="another key", found=f"{one}, {RESERVED[key]}", action="choose another")
        found.append(key)
    return ",".join(dict.fromkeys(found))


def _refuse_two_for_one(path: str, place: str, keys: Iterable[Key]) -> None:
    owners: dict[str, str] = {}
    for key in keys:
        name = key_name(key.action)
        for one in key.keys.split(","):
            if owners.setdefault(one, name) != name:
                raise ConfigError(
                    path,
                    expected=f"one thing a key in [keys.{place}]",
                    found=f"{shown_key(one)} for {owners[one]} and for {name}",
                    action=f"give {owners[one]} or {name} another key",
                )


def _tables(names: Iterable[str]) -> str:
    return " ".join(f"[keys.{name}]" for name in names)


def _nearest(name: str, names: list[str]) -> str:
    import difflib

    near = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {near[0]}?" if near else f"choose from {', '.join(names)}"
