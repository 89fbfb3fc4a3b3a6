"""Where the run's settings stand, in a checkpoint's content or a file beside it: training code nests them by topic."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .inert import Inert

#: Where settings lie in a checkpoint, the first that is there.
SETTINGS = ("config", "hyper_parameters", "hparams", "hyperparameters", "cfg", "args", "settings", "conf")
#: Where settings of a topic lie beside these, or instead of them.
_PARTS = re.compile(
    r"(model|network|transformer|agent|env|environment|data|dataset|train|training)_(?:config|cfg|args|kwargs|settings)"
)
#: What dicts within settings are called that hold settings of the run too, not of its optimizer or its logging.
_TOPICS = (
    *("config", "cfg", "hparams", "args", "params"),
    *("model", "network", "net", "transformer", "agent", "algo", "algorithm"),
    *("env", "environment", "world", "task", "data", "dataset", "train", "training"),
)
#: What a topic calls itself, and which setting that is.
_NAMES = ("name", "id", "env_name", "env_id", "type")
_NAMED = {"env": "env", "environment": "env", "world": "env", "model": "model", "task": "task"}
_DEEPEST = 2
#: A reference to another setting of the file, and how many are followed from one to the next.
_REFERS = re.compile(r"\$\{([\w.]+)\}")
_MOST_LEADS = 4


def settings(content: Mapping[Any, Any]) -> Any:
    """The run's settings as they stand there; None where there are none."""
    parts = {found[1]: attributes(value) for name, value in content.items() if (found := _PARTS.fullmatch(str(name)))}
    parts = {topic: value for topic, value in parts.items() if isinstance(value, Mapping)}
    for name in SETTINGS:
        value = content.get(name)
        if value is not None and (name == "config" or isinstance(attributes(value), Mapping)):
            whole = attributes(value)
            return {**parts, **whole} if parts and isinstance(whole, Mapping) else value
    return parts or None


def settings_objects(content: Mapping[Any, Any]) -> set[str]:
    """Names of the objects whose attributes `settings` reads."""
    objects = [value for name, value in content.items() if name in SETTINGS or _PARTS.fullmatch(str(name))]
    return {value.name for value in objects if isinstance(value, Inert) and value.attributes() is not None}


def flat(said: Mapping[str, Any]) -> dict[str, Any]:
    """Plain settings, those within a topic's dict brought to the top where all topics that have one agree on it.

    What stands at the top counts before what is nested; `env: {name: …}` is `env`.
    """
    said = {name: value["value"] if _wrapped(value) else value for name, value in said.items()}
    said = {name: _resolved(value, said, 0) for name, value in said.items()}
    told: dict[str, list[Any]] = {}
    for name, value in _nested(said, 0):
        told.setdefault(name, []).append(value)
    agreed = {name: values[0] for name, values in told.items() if all(_same(value, values[0]) for value in values)}
    topics = {name for name, value in said.items() if _is_topic(name, value)}
    # An environment that has no name is none: what it says stands at the top now.
    return agreed | {name: value for name, value in said.items() if name not in topics & {*agreed, "env"}}


def _nested(said: Mapping[str, Any], depth: int) -> Iterator[tuple[str, Any]]:
    for topic, value in said.items():
        if not _is_topic(topic, value):
            continue
        if topic in _NAMED and (names := [value[name] for name in _NAMES if isinstance(value.get(name), str)]):
            yield _NAMED[topic], names[0]
        yield from ((name, found) for name, found in value.items() if name not in _NAMES and not _is_topic(name, found))
        if depth + 1 < _DEEPEST:
            yield from _nested(value, depth + 1)


def _resolved(value: Any, root: Mapping[str, Any], depth: int) -> Any:
    """A value with "${model.width}" in it as what it refers to, as Hydra's files have it; what leads nowhere stays."""
    if isinstance(value, Mapping) and depth < _DEEPEST:
        return {name: _resolved(inner, root, depth + 1) for name, inner in value.items()}
    for _ in range(_MOST_LEADS):
        if not isinstance(value, str) or (found := _REFERS.fullmatch(value)) is None:
            break
        told: Any = root
        for part in found[1].split("."):
            told = told.get(part) if isinstance(told, Mapping) else None
        if told is None:
            break
        value = told
    return value


def _wrapped(value: Any) -> bool:
    """As Weights & Biases writes a setting."""
    return isinstance(value, Mapping) and "value" in value and value.keys() <= {"value", "desc"}


def _is_topic(name: str, value: Any) -> bool:
    return name in _TOPICS and isinstance(value, Mapping)


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and isinstance(one, bool | int | float | str | None) and one == other


def attributes(value: Any) -> Any:
    """A namespace's attributes; any other value as it is."""
    return value.attributes() if isinstance(value, Inert) and value.attributes() is not None else value
