"""The private parts of Textual that adtui uses: is each there, and of the form that is relied on?

Textual may change them in any release, so that `pyproject.toml` pins it exactly. To go to another version: change the
pin, run `make constraints` and this file, and read what it says about a part that is gone.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from textual.geometry import Region

import adtui

ADTUI = Path(adtui.__file__).parent
ONE_PLACE = "ui/terminal/"
"""The only folder whose files may use private parts."""


@dataclass(frozen=True)
class Part:
    """Something private of Textual's.

    Attributes:
        path: module, class and name, with dots.
        purpose: what it is used for, as "… for PURPOSE".
        parameters: names that it must take, in this order, where it is called or overridden.
        awaited: it must be a coroutine function.
        on_instances: it is set when an object of its class is made.
        empty: it is None then.
    """

    path: str
    purpose: str
    parameters: tuple[str, ...] | None = None
    awaited: bool = False
    on_instances: bool = False
    empty: bool = False

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]


UPDATE = "sending only the cells that have changed"
PARTS = (
    Part("textual.app.App._display", f"{UPDATE}: every update goes through it", ("self", "screen", "renderable")),
    Part("textual._compositor.CompositorUpdate", f"{UPDATE}: what App._display writes as it is"),
    Part("textual._compositor.CompositorUpdate.render_segments", f"{UPDATE}: the text written", ("self", "console")),
    Part("textual._compositor.LayoutUpdate", f"{UPDATE}: a whole region", ("strips", "region")),
    Part("textual._compositor.ChopsUpdate", f"{UPDATE}: parts of lines", ("chops", "spans", "chop_ends")),
    Part("textual.widgets.Input._on_key", "deleting and submitting in the order of the keys", ("self", "event"), True),
    Part("textual.screen.ModalScreen._bindings", "keys that a dialog is given when it is made", on_instances=True),
    Part("textual.binding.BindingsMap.bind", "the same", ("self", "keys", "action", "description")),
    Part("textual.app.App._driver", "asking the terminal, and hearing it", on_instances=True, empty=True),
    Part("textual.drivers.linux_driver.XTermParser", "taking answers out of the input: the parser made by its loop"),
    Part("textual.drivers.linux_driver.LinuxDriver.run_input_thread", "the same: the loop", ("self",)),
    Part("textual.drivers.linux_driver.LinuxDriver.stop_application_mode", "taking pictures away", ("self",)),
    Part("textual.widget.Widget._border_title", "repainting a title without its pane", on_instances=True, empty=True),
)
BY_TEXT = ("getattr", "setattr", "hasattr")
"""Functions that name an attribute in a string."""
GONE = object()
BY_NAME = {part.name: part for part in PARTS}


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.path)
def test_a_private_part_is_there(part: Part) -> None:
    found = fault(part)
    assert found is None, f"{part.path} {found}: used by {', '.join(used_by(part.name))} for {part.purpose}"


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("LayoutUpdate", {"strips": [], "region": Region(0, 0, 1, 1)}),
        ("ChopsUpdate", {"chops": [{}], "spans": [(0, 0, 1)], "chop_ends": [[1]]}),
    ],
)
def test_an_update_tells_what_it_was_made_of(name: str, arguments: dict[str, Any]) -> None:
    update = getattr(importlib.import_module("textual._compositor"), name)(**arguments)
    for attribute, value in arguments.items():
        missing = f"textual._compositor.{name}.{attribute} is gone: used by {', '.join(used_by(name))} for {UPDATE}"
        assert getattr(update, attribute, None) == value, missing


def test_a_part_that_is_gone_is_said_with_who_uses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("textual.app.App._display")
    with pytest.raises(AssertionError, match=r"App\._display is gone: used by \S+\.py.* for sending only the cells"):
        test_a_private_part_is_there(BY_NAME["_display"])


def test_no_other_private_part_is_used() -> None:
    """Neither imported, nor read from an object, nor overridden without meaning to."""
    found = {name: where for name, where in [*imported(), *read(), *overridden()] if name not in BY_NAME}
    assert not found, f"private parts of Textual that {Path(__file__).name} does not list: {found}"


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.path)
def test_a_private_part_is_used_in_one_place(part: Part) -> None:
    users = used_by(part.name)
    assert users, f"{part.path} is listed, and nothing uses it"
    assert all(file.startswith(ONE_PLACE) for file in users), f"{part.path} is used by {', '.join(users)}"


# -- what Textual has --------------------------------------------------------------------------------------------------
def fault(part: Part) -> str | None:
    """What is wrong with a part, as "… is gone", or None."""
    owner_path = part.path.rpartition(".")[0]
    owner = find(owner_path)
    if owner is None:
        return f"is gone, with all of {owner_path}"
    found = getattr(owner() if part.on_instances else owner, part.name, GONE)
    if found is GONE or (found is None and not part.empty):
        return "is gone"
    if part.parameters is not None:
        assert callable(found)
        taken = tuple(inspect.signature(found).parameters)[: len(part.parameters)]
        if taken != part.parameters:
            return f"takes {', '.join(taken)} instead of {', '.join(part.parameters)}"
    if part.awaited and not inspect.iscoroutinefunction(found):
        return "is no coroutine function any more"
    return None


def find(path: str) -> Any:
    """The module or class of a dotted path, or None."""
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError:
        parent, _, name = path.rpartition(".")
        return getattr(find(parent), name, None) if parent else None


# -- what adtui uses ---------------------------------------------------------------------------------------------------
@cache
def trees() -> tuple[tuple[str, ast.Module], ...]:
    """(file, syntax) of all of the UI. Read, not imported: an import fails where a part is gone."""
    files = sorted((ADTUI / "ui").rglob("*.py"))
    return tuple((str(file.relative_to(ADTUI)), ast.parse(file.read_text())) for file in files)


def used_by(name: str) -> list[str]:
    """Files that import, read or override something of this name."""
    return [file for file, names in used().items() if name in names]


@cache
def used() -> dict[str, set[str]]:
    """File → what it imports, reads or overrides, and the words that it calls something with."""
    return {file: {name for node in ast.walk(tree) for name in names(node)} for file, tree in trees()}


def names(node: ast.AST) -> list[str]:
    """What one piece of syntax imports, reads, overrides, or calls something with."""
    if isinstance(node, ast.Attribute):
        return [node.attr]
    if isinstance(node, ast.Call):
        return [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    if isinstance(node, ast.ImportFrom):
        return [alias.name for alias in node.names]
    return [node.name] if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else []


def imported() -> Iterator[tuple[str, str]]:
    """(name, file) of what comes from Textual's private modules."""
    for file, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("textual"):
                names = [alias.name for alias in node.names]
                yield from ((name, file) for name in names if "._" in f"{node.module}.{name}")


def read() -> Iterator[tuple[str, str]]:
    """(name, file) of private attributes that no class, function or module of the UI defines itself.

    An attribute is the UI's own when `self` is given it; what is set on another object may be Textual's.
    """
    own, seen = set(), {}
    for file, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and private(node.attr):
                if isinstance(node.ctx, ast.Store) and called(node.value, "self"):
                    own.add(node.attr)
                elif not called(node.value, "os"):  # os._exit
                    seen[node.attr] = file
            elif isinstance(node, ast.Call) and any(called(node.func, name) for name in BY_TEXT):
                names = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
                seen |= {name: file for name in names if isinstance(name, str) and private(name)}
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                own.add(node.name)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                own.add(node.id)
    return ((name, file) for name, file in seen.items() if name not in own)


def called(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def overridden() -> Iterator[tuple[str, str]]:
    """(name, class) of private methods of Textual's that a class of the UI has as well."""
    for module in pkgutil.walk_packages([str(ADTUI / "ui")], "adtui.ui."):
        for found in vars(importlib.import_module(module.name)).values():
            if inspect.isclass(found) and found.__module__ == module.name:
                for name in filter(private, vars(found)):
                    theirs = any(name in vars(base) for base in found.__mro__ if base.__module__.startswith("textual"))
                    if theirs and inspect.isfunction(vars(found)[name]):
                        yield name, f"{module.name}.{found.__name__}"


def private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")
