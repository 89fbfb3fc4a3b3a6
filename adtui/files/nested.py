"""Where the run's settings stand, in a checkpoint's content or a file beside it: training code nests them by topic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .inert import Inert

#: Where settings lie in a checkpoint, the first that is there.
_SETTINGS = ("config", "hyper_parameters", "hparams", "hyperparameters", "cfg", "args", "model_args")
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


def settings(content: Mapping[Any, Any]) -> Any:
    """The run's settings as they stand there; None where there are none."""
    for name in _SETTINGS:
        value = content.get(name)
        if value is not None and (name == "config" or isinstance(attributes(value), Mapping)):
            return value
    return None


def settings_objects(content: Mapping[Any, Any]) -> set[str]:
    """Names of the objects whose attributes `settings` reads."""
    objects = [content.get(name) for name in _SETTINGS]
    return {value.name for value in objects if isinstance(value, Inert) and value.attributes() is not None}


def flat(said: Mapping[str, Any]) -> dict[str, Any]:
    """Plain settings, those within a topic's dict brought to the top where all topics that have one agree on it.

    What stands at the top counts before what is nested; `env: {name: …}` is `env`.
    """
    said = {name: value["value"] if _wrapped(value) else value for name, value in said.items()}
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
