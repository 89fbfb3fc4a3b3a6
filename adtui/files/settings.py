"""Values of any origin → validated settings, with one line that says what is wrong."""

from __future__ import annotations

import difflib
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from ..records.errors import ConfigError
from .yaml import load_yaml

M = TypeVar("M", bound=BaseModel)


class Settings(BaseModel):
    """Base of adtui's own settings: frozen, and unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def load_settings(
    source: str | Path | Mapping[str, Any],
    model: type[M],
    *,
    name: str = "settings",
    others: Mapping[str, type[BaseModel]] | None = None,
) -> M:
    """Settings of kind `model` from a YAML file or from values.

    Args:
        name: what errors call the values; a file is called by its path.
        others: command → its settings: those of another command are told from misspelt ones.

    Raises:
        ConfigError: one line about the first fault: file, key, what was expected and found, what to do.
    """
    if isinstance(source, Mapping):
        values = dict(source)
    else:
        name, values = str(source), load_yaml(source, unique=True)
    unknown = [key for key in values if key not in _names(model)]
    if unknown:
        raise _another(name, values, unknown[0], model, others or {}) or _unknown(name, (unknown[0],), model)
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise _first_fault(name, error, model) from None


def _first_fault(name: str, error: ValidationError, model: type[BaseModel]) -> ConfigError:
    faults = error.errors(include_url=False)
    fault = faults[0]
    place = fault["loc"]
    if fault["type"] == "extra_forbidden":
        return _unknown(name, place, _model_at(model, place[:-1]))
    key = ".".join(str(part) for part in place)
    missing = fault["type"] == "missing"
    expected = fault["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    more = f" ({len(faults) - 1} more to correct)" if len(faults) > 1 else ""
    return ConfigError(
        f"{name}, {key}" if key else name,
        expected="a value" if missing else expected[:1].lower() + expected[1:],
        found="none" if missing else _short(fault["input"]),
        action=f"{'add' if missing else 'correct'} {key or 'it'}{_meaning(model, place)}{more}",
    )


def _another(
    name: str, values: Mapping[str, Any], key: str, model: type[BaseModel], others: Mapping[str, type[BaseModel]]
) -> ConfigError | None:
    """The file is for another command: more of its names are settings of that."""
    known = sum(given in _names(model) for given in values)
    for command, settings in others.items():
        if sum(given in _names(settings) for given in values) > known:
            action = f"give it to `{command}`, or name another file"
            return ConfigError(f"{name}, {key}", expected="a known setting", found=f"one of `{command}`", action=action)
    return None


def _unknown(name: str, place: tuple[int | str, ...], model: type[BaseModel] | None) -> ConfigError:
    key = ".".join(str(part) for part in place)
    known = sorted(_names(model)) if model else []
    near = difflib.get_close_matches(str(place[-1]), known, n=1, cutoff=0.5)
    advice = f"did you mean {near[0]}?" if near else f"use one of: {', '.join(known)}" if known else "remove it"
    return ConfigError(f"{name}, {key}", expected="a known setting", found="an unknown name", action=advice)


def _names(model: type[BaseModel]) -> set[str]:
    aliases = {field.alias for field in model.model_fields.values() if field.alias}
    return set(model.model_fields) | aliases


def _model_at(model: type[BaseModel], place: tuple[int | str, ...]) -> type[BaseModel] | None:
    """The settings class that a place within `model` has, or None when the annotations do not say."""
    for part in place:
        field = model.model_fields.get(str(part))
        if field is None:
            continue  # an index of a list, or the tag of a union
        inner = [kind for kind in _classes(field.annotation) if issubclass(kind, BaseModel)]
        if len(inner) != 1:
            return None
        model = inner[0]
    return model


def _classes(annotation: Any) -> list[type]:
    """All classes named in an annotation such as `list[A] | None`."""
    inner = [kind for part in typing.get_args(annotation) for kind in _classes(part)]
    return inner or ([annotation] if isinstance(annotation, type) else [])


def _meaning(model: type[BaseModel], place: tuple[int | str, ...]) -> str:
    """The description of the field at `place`, where there is one."""
    owner = _model_at(model, place[:-1]) if place else None
    field = owner.model_fields.get(str(place[-1])) if owner else None
    return f": {field.description}" if field and field.description else ""


def _short(value: Any) -> str:
    try:
        text = repr(value)
    except ValueError:  # Python does not print integers of thousands of digits
        return "an int that is too large"
    return text if len(text) <= 60 else text[:57] + "..."
