"""YAML files and options to validated settings.

Users' `config.yaml` may have been written by `yaml.dump` with Python tags (`!!python/object/apply:torch.device`).
Here a file is composed into nodes and the nodes are turned into plain values: no tag ever calls anything.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

from ..records.errors import ConfigError

MAX_BYTES = 1 << 18
#: Values in one file after its aliases are expanded, and how deep they nest. PyYAML takes 30 µs for each.
MAX_VALUES = 20_000
MAX_DEPTH = 40
#: Characters of a number. PyYAML reads `1:1:1:…` to base 60, in a time that grows with the square of its length.
MAX_NUMBER = 100
_TOO_MUCH = f"more than {MAX_VALUES} values, or more than {MAX_DEPTH} levels nested (aliases count in full)"

_YAML = "tag:yaml.org,2002:"
_PYTHON = _YAML + "python/"
_SCALARS = {_YAML + kind for kind in ("null", "bool", "int", "float", "str")}
#: YAML 1.1 as PyYAML reads it takes `1e-3` for text, because it has no point.
_EXPONENT = re.compile(r"[-+]?\d[\d_]*(\.\d*)?[eE][-+]?\d+$")
_CALLED = "object/apply:"


# -- YAML to plain values ----------------------------------------------------------------------------------------------
def load_yaml(path: str | Path, *, unique: bool = False) -> dict[str, Any]:
    """Plain values (dict, list, str, int, float, bool, None) of a YAML file; an empty file gives {}.

    Python tags are read inertly: a call such as `torch.device("cuda", 0)` becomes "cuda:0", a tuple becomes a list,
    an object becomes the dict of its attributes, anything else its text.

    Args:
        unique: refuse a key that is set twice (PyYAML silently keeps the last).

    Raises:
        ConfigError: unreadable, too large, not YAML, or not a mapping of names to values.
    """
    text = _read(Path(path))
    told = None if unique else _json(path, text)
    return yaml_values(text, path, unique=unique) if told is None else told


def yaml_values(text: str, path: str | Path, *, unique: bool = False) -> dict[str, Any]:
    """The same of a text that stands in a file."""
    try:
        node = yaml.compose(text, Loader=_Bounded)
    except yaml.YAMLError as error:
        raise _bad_yaml(path, _position(error)) from None
    if node is None:
        return {}
    values = _Plain(path, unique).value(node)
    if not isinstance(values, dict):
        raise ConfigError(
            path, expected="`name: value` lines", found=f"a {_kind(values)}", action="write one setting a line"
        )
    return values


def _json(path: str | Path, text: str) -> dict[str, Any] | None:
    """The values of a JSON file, which may be indented by tabs as YAML may not; None where it is none."""
    if not str(path).endswith(".json"):
        return None
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError(path, expected="a YAML file", found="nothing", action="check the path") from None
    except IsADirectoryError:
        raise ConfigError(path, expected="a YAML file", found="a directory", action="give the file in it") from None
    except OSError as error:
        found = error.strerror or type(error).__name__
        raise ConfigError(path, expected="a readable YAML file", found=found, action="check its permissions") from None
    if len(raw) > MAX_BYTES:
        raise ConfigError(
            path, expected=f"settings of at most {MAX_BYTES >> 10} KB", found="more", action="check that it is YAML"
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _bad_yaml(path, f"a byte that is not UTF-8 at offset {error.start}") from None


class _Bounded(yaml.SafeLoader):
    """Composes nodes while the budget lasts; aliases, which cost nothing here, are counted by `_Plain`."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.left, self.level = MAX_VALUES, 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self.left -= 1
        if self.left < 0 or self.level > MAX_DEPTH:
            raise yaml.YAMLError(_TOO_MUCH)
        self.level += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self.level -= 1


class _Plain:
    """Nodes to plain values, within a budget that aliases also spend."""

    def __init__(self, path: str | Path, unique: bool) -> None:
        self.path = path
        self.unique = unique
        self.left = MAX_VALUES
        self.scalars = yaml.constructor.SafeConstructor()

    def value(self, node: yaml.Node, depth: int = 0) -> Any:
        self.left -= 1
        if self.left < 0 or depth > MAX_DEPTH:
            raise _bad_yaml(self.path, _TOO_MUCH)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if isinstance(node, yaml.SequenceNode):
            items = [self.value(child, depth + 1) for child in node.value]
            return _called(node.tag, items) if node.tag.startswith(_PYTHON) else items
        return self._mapping(node, depth)

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        tag, text = node.tag, node.value
        if tag.startswith(_PYTHON):
            tag = _YAML + tag.removeprefix(_PYTHON)  # python/int, python/str: the same text without Python
        if tag not in _SCALARS or (tag != _YAML + "str" and len(text) > MAX_NUMBER):
            return text  # dates, bytes, names of classes: as written
        if tag == _YAML + "str":
            number = node.style is None and len(text) <= MAX_NUMBER and _EXPONENT.match(text)
            return float(text.replace("_", "")) if number else text
        try:
            return self.scalars.construct_object(yaml.ScalarNode(tag, text))
        except (ValueError, KeyError, IndexError, OverflowError, yaml.YAMLError):
            return text

    def _mapping(self, node: yaml.Node, depth: int) -> dict[str, Any]:
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            value = self.value(value_node, depth + 1)
            if key_node.tag == _YAML + "merge":
                for part in value if isinstance(value, list) else [value]:
                    merged = (part if isinstance(part, dict) else {}) | merged
                continue
            key = str(self.value(key_node, depth + 1))
            if self.unique and key in own:
                line = key_node.start_mark.line + 1
                raise ConfigError(
                    f"{self.path}, {key}", expected="one value", found=f"another in line {line}", action="keep one"
                )
            own[key] = value
        return merged | own


def _called(tag: str, items: list[Any]) -> Any:
    """What a Python-tagged sequence stands for, as text where it is a device or a path."""
    name = tag.removeprefix(_PYTHON)
    if not name.startswith(_CALLED):
        return items
    separator = {"torch.device": ":", "pathlib.PosixPath": "/", "pathlib.PurePosixPath": "/"}
    name = name.removeprefix(_CALLED)
    if name in separator:
        return re.sub("/+", "/", separator[name].join(str(item) for item in items))
    return items


def _bad_yaml(path: str | Path, found: str) -> ConfigError:
    return ConfigError(path, expected="YAML settings", found=found, action="correct the file")


def _position(error: yaml.YAMLError) -> str:
    if not isinstance(error, yaml.MarkedYAMLError):
        return str(error)
    where = error.problem_mark or error.context_mark
    line = f" in line {where.line + 1}, column {where.column + 1}" if where else ""
    problem = re.sub(r"^(but )?found ", "", error.problem or error.context or "an error")
    return f"{problem}{line}"


def _kind(value: object) -> str:
    return "list" if isinstance(value, list) else "single value"


# -- plain values to settings ------------------------------------------------------------------------------------------
