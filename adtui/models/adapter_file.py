"""The user's file → their adapter. The only place where adtui runs code that is not its own: because it was named."""

from __future__ import annotations

import importlib.util
import inspect
import sys
import sysconfig
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

import torch

from ..records.errors import AdapterError, AdtuiError
from .adapter import Adapter

_T = TypeVar("_T")
OPTION = "--adapter"
MAX_WORDS = 400


class AdapterFile:
    """A user's adapter, whose mistakes are one line each.

    Args:
        path: the file.

    Attributes:
        adapter: an instance of the class in it.
        name: of the class.

    Raises:
        AdapterError: no such file, an error while it is run, or not exactly one adapter in it.
    """

    def __init__(self, path: str | Path) -> None:
        self.path, self.name = Path(path).absolute(), ""
        if not self.path.is_file():
            found = "a directory" if self.path.is_dir() else "nothing"
            raise AdapterError(path, expected="a Python file with an adapter", found=found, action="check the path")
        adapters = self._subclasses(self._module())
        if len(adapters) != 1:
            names = " and ".join(sorted(one.__name__ for one in adapters))
            raise AdapterError(
                path,
                expected="one subclass of adtui.Adapter in it",
                found=f"{len(adapters)}: {names}" if adapters else "none",
                action="keep one a file" if adapters else "write one: docs/adapters.md has a complete example",
            )
        [own] = adapters
        self.name = own.__name__
        if lacking := sorted(own.__abstractmethods__):
            raise AdapterError(
                f"{path}, {self.name}",
                expected="the methods build, batch and logits",
                found=f"no {' and no '.join(lacking)}",
                action="write it: docs/adapters.md has a complete example",
            )
        self.adapter: Adapter = self.call("__init__", lambda: own())

    def call(self, method: str, work: Callable[[], _T], about: str = "") -> _T:
        """What the user's code gives; its exceptions become one line that says where.

        Memory that ran out stays what it is: whoever asked may try with less.

        Args:
            about: what it was given, in words.
        """
        try:
            return work()
        except (AdtuiError, torch.OutOfMemoryError):
            raise
        except (Exception, SystemExit) as error:
            subject = f"{self.path.name}, {self.name}.{method}" if method else self.path.name
            raise self._error(error, subject, about) from error

    def check(self, ok: bool, method: str, expected: str, found: str) -> None:
        """Raise AdapterError where a method of the user's gave something else than it has to."""
        if not ok:
            raise AdapterError(
                f"{self.path.name}, {self.name}.{method}", expected=expected, found=found, action="correct the method"
            )

    def _module(self) -> object:
        """The file, run as a module."""
        name = f"adtui_adapter_{sha256(str(self.path).encode()).hexdigest()[:8]}"
        spec = importlib.util.spec_from_file_location(name, self.path)
        if spec is None or spec.loader is None:
            raise AdapterError(self.path, expected="a file named *.py", found=self.path.suffix, action="rename it")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module  # dataclasses in it look for their module
        loader = spec.loader
        with self.beside():
            self.call("", lambda: loader.exec_module(module))
        return module

    @contextmanager
    def beside(self) -> Iterator[None]:
        """Within, imports look beside the file and in the working directory first, as a script's do; later, last.

        First for good would let a file of the user's stand in for one that adtui itself has yet to import. What is
        printed goes to standard error: a command's output may be read by a program.
        """
        places = [str(self.path.parent), str(Path.cwd())]
        sys.path[:0] = places
        try:
            with redirect_stdout(sys.stderr):
                yield
        finally:
            for place in places:
                if place in sys.path:
                    sys.path.remove(place)
            sys.path += [place for place in places if place not in sys.path]

    def _subclasses(self, module: object) -> list[type[Adapter]]:
        """Those that the file itself defines."""
        own = [one for one in vars(module).values() if inspect.isclass(one) and issubclass(one, Adapter)]
        return [one for one in dict.fromkeys(own) if one.__module__ == vars(module)["__name__"]]

    def _error(self, error: BaseException, subject: str, about: str) -> AdapterError:
        """At the last line of the adapter that led to it, and where in other code of the user's it was raised.

        A syntax error has no line that led to it, but its own.
        """
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if frame.filename == str(self.path)]
        line = error.lineno if isinstance(error, SyntaxError) and error.filename == str(self.path) else None
        line = line or (lines[-1] if lines else None)
        words = " ".join(str(error).split())
        found = type(error).__name__ + (f": {words[:MAX_WORDS]}" if words else "")
        elsewhere = [frame for frame in frames if self._is_users(frame.filename)]
        if elsewhere and elsewhere[-1].filename != str(self.path):
            found += f" ({Path(elsewhere[-1].filename).name}, line {elsewhere[-1].lineno})"
        return AdapterError(
            subject + (f", line {line}" if line is not None else ""),
            expected="code that runs" + (f" with {about}" if about else ""),
            found=found,
            action="correct it there",
        )

    def _is_users(self, filename: str) -> bool:
        """Whether a file is neither of Python, nor of a package that is installed, nor of adtui."""
        own = Path(__file__).parents[1]
        others = [str(own), *map(sysconfig.get_path, ("stdlib", "platstdlib", "purelib", "platlib"))]
        return not filename.startswith(("<", *others)) and "site-packages" not in filename
