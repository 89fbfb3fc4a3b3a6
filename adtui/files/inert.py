"""Stand-ins for the Python objects of a pickle: nothing of them is imported, made or run.

A training loop's resume state has NumPy arrays, paths, dates and namespaces beside the weights and settings that are
wanted. torch's restricted unpickler would refuse the whole file for them; given these in their place, it goes on.
"""

from __future__ import annotations

import _compat_pickle
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

import numpy as np

Allowed = list[Callable[..., Any] | tuple[Callable[..., Any], str]]
#: What is done to objects of a name while the pickle is read.
LIST, DICT = "filled as a list", "filled as a dict"
#: NumPy's numbers: their codes, and how a pickle spells them.
_CODES = "?bBhHiIlLqQefd"
_NUMBERS = {np.dtype(code).str[1:] for code in _CODES}
_PATHS = ("Path", "PosixPath", "PurePath", "PurePosixPath", "PureWindowsPath", "WindowsPath")


class Inert:
    """An object that the file asks for: its type's name, and what it was to be made from.

    Attributes:
        name: of the type or function, with its module.
        made: names of those that the file makes.
        args: what it was to be called with; state: what its attributes were to be.
    """

    name: ClassVar[str] = ""
    made: ClassVar[set[str]] = set()
    args: tuple[Any, ...]
    state: Any

    def __new__(cls, *args: Any) -> Inert:
        cls.made.add(cls.name)
        new = super().__new__(cls)
        new.args, new.state = args, None
        return new

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def attributes(self) -> Mapping[Any, Any] | None:
        """What its attributes were to be, by name; None where they are not told so."""
        parts = self.state if isinstance(self.state, tuple) and len(self.state) == 2 else (self.state,)
        told = [part for part in parts if isinstance(part, Mapping)]
        if not told or any(part is not None and not isinstance(part, Mapping) for part in parts):
            return None
        return {name: value for part in told for name, value in part.items()}

    def path(self) -> str | None:
        """The text of a path."""
        module, _, kind = self.name.rpartition(".")
        if module.split(".")[0] != "pathlib" or kind not in _PATHS:
            return None
        return "/".join(str(part) for part in self.args).replace("//", "/")


class _Filled(Inert):
    """An object that the file fills with items: a plain container stands for it, and has them all."""

    container: ClassVar[type[list[Any]] | type[OrderedDict[Any, Any]]]

    def __new__(cls, *args: Any) -> Any:
        del args
        if not cls.name.startswith("collections."):  # these are nothing more
            cls.made.add(cls.name)
        return cls.container()


def stand_ins(
    uses: Mapping[str, Iterable[str]],
) -> tuple[Allowed, set[str]]:
    """What to give to `torch.serialization.safe_globals`, and the set that receives the names of what is made.

    Args:
        uses: names as they stand in the pickle, "module name" → LIST or DICT where objects of that name are filled.
    """
    made: set[str] = set()
    numbers = _numbers()
    given: Allowed = [(kind, name) for name, kind in numbers.items()]
    for spelled, how in uses.items():
        name = renamed(spelled)
        if name in numbers:
            continue
        body = {"name": name, "made": made}
        if DICT in how or LIST in how:
            kind = type("Filled", (_Filled,), body | {"container": OrderedDict if DICT in how else list})
        else:
            kind = type("Inert", (Inert,), body)
        given.append((kind, name))
    # Named by nothing in the file; allowed, so that its attributes may be given to it.
    given.append((_Array, f"{__name__}._Array"))
    return given, made


def _numbers() -> dict[str, Any]:
    """What NumPy's numbers in a config (a best return, a learning rate) are made with; only numbers come of it."""
    kinds = [type(np.dtype(code)) for code in _CODES]
    named = {f"{kind.__module__}.{kind.__qualname__}": kind for kind in kinds}
    return {
        "numpy.core.multiarray.scalar": _scalar,
        "numpy._core.multiarray.scalar": _scalar,
        "numpy.dtype": _dtype,
    } | named


def _dtype(code: Any = None, *_: Any) -> Any:
    """The type of a number, one of its own, as the file may set its order of bytes; anything else stays inert."""
    return np.dtype(code, copy=True) if isinstance(code, str) and code in _NUMBERS else _Array(code)


def _scalar(kind: Any = None, data: Any = None) -> Any:
    known = isinstance(kind, np.dtype) and isinstance(data, bytes) and len(data) == kind.itemsize
    return np.frombuffer(data, kind)[0] if known else _Array(kind, data)


class _Array(Inert):
    """What NumPy makes beside numbers."""

    name = "numpy.dtype"


def renamed(spelled: str) -> str:
    """ "module name" of a pickle of protocol 2, which has Python 2's names → "module.name"."""
    module, _, name = spelled.partition(" ")
    module, name = _compat_pickle.NAME_MAPPING.get(
        (module, name), (_compat_pickle.IMPORT_MAPPING.get(module, module), name)
    )
    return f"{module}.{name}"
