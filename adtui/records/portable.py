"""Records as plain JSON values and back, for files that another machine reads: nothing in them is ever executed.

A value that JSON has is itself. A float that it lacks, an array, a tuple, a set, a dict and a record are lists that
begin with their kind. Records are those of this package alone, by the names of their classes.
"""

from __future__ import annotations

import base64
import importlib
import pkgutil
from collections.abc import Collection, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np

from . import errors
from .errors import AdtuiError

_KINDS = frozenset("?biuf")
"""Of arrays: numbers and truth values."""
LARGEST = 1 << 26
"""Bytes of one array."""


class PortableError(Exception):
    """Values that are no record's; the message says what they are."""


@cache
def classes() -> dict[str, type]:
    """Every record by its name."""
    found: dict[str, type] = {}
    package = __name__.rpartition(".")[0]
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
        named = importlib.import_module(f"{package}.{module.name}")
        own = [one for one in vars(named).values() if isinstance(one, type) and one.__module__ == named.__name__]
        found |= {one.__name__: one for one in own if is_dataclass(one)}
    return found


def to_plain(value: Any) -> Any:
    """A record, or what one is made of, as JSON values."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if np.isfinite(value) else ["f", str(value)]
    if isinstance(value, np.generic):
        return to_plain(value.item())
    if isinstance(value, np.ndarray):
        flat = np.ascontiguousarray(value)
        flat = flat.astype(flat.dtype.newbyteorder("<"), copy=False)
        return ["a", flat.dtype.str, list(value.shape), base64.b64encode(flat.tobytes()).decode("ascii")]
    if isinstance(value, AdtuiError):
        return ["e", type(value).__name__, value.subject, value.expected, value.found, value.action]
    if isinstance(value, tuple | list):
        return ["t" if isinstance(value, tuple) else "l", *map(to_plain, value)]
    if isinstance(value, frozenset):
        return ["s", *sorted((to_plain(item) for item in value), key=repr)]
    if isinstance(value, Mapping):
        return ["d", *([to_plain(key), to_plain(item)] for key, item in value.items())]
    if type(value).__name__ in classes():
        own = [field for field in fields(value) if field.init]
        return ["r", type(value).__name__, {field.name: to_plain(getattr(value, field.name)) for field in own}]
    raise PortableError(f"a {type(value).__name__}")


def from_plain(value: Any) -> Any:
    """What `to_plain` was given.

    Raises:
        PortableError: it gave no such values.
    """
    if not isinstance(value, list):
        if isinstance(value, dict):
            raise PortableError("a group without a kind")
        return value
    kind, *rest = value if value else [None]
    try:
        return _KIND[kind](rest)
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError, AdtuiError) as error:
        raise PortableError(f"no value of kind {kind!r:.20} ({type(error).__name__})") from None


def _array(rest: list[Any]) -> Any:
    dtype, shape, text = np.dtype(rest[0]), tuple(rest[1]), base64.b64decode(rest[2], validate=True)
    if dtype.kind not in _KINDS or len(text) > LARGEST or not all(isinstance(n, int) and n >= 0 for n in shape):
        raise ValueError("array")
    return np.frombuffer(text, dtype).reshape(shape).copy()


def _record(rest: list[Any]) -> Any:
    kind = classes()[rest[0]]
    values = {str(name): from_plain(item) for name, item in rest[1].items()}
    for name, value in values.items():
        if not fits(value, _hints(kind)[name]):
            raise TypeError(f"{rest[0]}.{name}")
    return kind(**values)


@cache
def _hints(kind: type) -> Mapping[str, Any]:
    return get_type_hints(kind, localns=classes())


def fits(value: Any, hint: Any) -> bool:
    """Whether a value is what a record's field says that it holds; of types that no record has, all are."""
    if hint is Any:  # a class in Python 3.11 and later
        return True
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return any(fits(value, part) for part in parts)
    if origin is Literal:
        return value in parts
    if origin is np.ndarray:
        return isinstance(value, np.ndarray) and _holds(value.dtype, parts)
    if origin is tuple and parts[-1:] != (...,):
        return isinstance(value, tuple) and len(value) == len(parts) and all(map(fits, value, parts))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        items = value.items() if isinstance(value, Mapping) else None
        return items is not None and all(fits(key, parts[0]) and fits(item, parts[1]) for key, item in items)
    if isinstance(origin, type) and issubclass(origin, Collection):
        kind = origin if origin in (tuple, list, frozenset) else tuple | list
        return isinstance(value, kind) and all(fits(item, parts[0]) for item in value)
    if hint in (int, float):
        return isinstance(value, hint | int) and not isinstance(value, bool)
    return isinstance(value, hint) if isinstance(hint, type) else True


def _holds(dtype: np.dtype[Any], parts: tuple[Any, ...]) -> bool:
    """Whether an array of this dtype is one of `NDArray[scalar]`, whose parts are given."""
    [scalar] = get_args(parts[1]) or (Any,)
    return scalar is Any or not isinstance(scalar, type) or np.issubdtype(dtype, scalar)


def _error(rest: list[Any]) -> AdtuiError:
    kind = getattr(errors, rest[0])
    if not (isinstance(kind, type) and issubclass(kind, AdtuiError)):
        raise TypeError("error")
    subject, expected, found, action = map(str, rest[1:])
    return kind(subject, expected=expected, found=found, action=action)


_KIND: dict[Any, Any] = {
    "f": lambda rest: float(rest[0]),
    "a": _array,
    "e": _error,
    "t": lambda rest: tuple(map(from_plain, rest)),
    "l": lambda rest: list(map(from_plain, rest)),
    "s": lambda rest: frozenset(map(from_plain, rest)),
    "d": lambda rest: {from_plain(key): from_plain(item) for key, item in rest},
    "r": _record,
}
