"""All that pyproject.toml asks for, for whatever purpose, is pinned in constraints.txt, and from no one's index."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from adtui import __version__

REPOSITORY = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
LINES = [line for line in (REPOSITORY / "constraints.txt").read_text().splitlines() if not line.startswith("#")]


def asked() -> list[tuple[str, Requirement]]:
    """(where, requirement) of the package itself, of every extra, and of every dependency group."""
    lists: dict[str, list[Any]] = {"adtui": PROJECT["project"]["dependencies"]}
    lists |= {f"extra {name}": given for name, given in PROJECT["project"]["optional-dependencies"].items()}
    lists |= {f"group {name}": given for name, given in PROJECT["dependency-groups"].items()}
    # A table stands for another group ({ include-group = … }), which has its own entry here.
    return [(where, Requirement(text)) for where, given in lists.items() for text in given if isinstance(text, str)]


@pytest.mark.parametrize(("where", "requirement"), asked(), ids=lambda value: str(value))
def test_a_requirement_is_pinned_to_a_version_that_it_allows(where: str, requirement: Requirement) -> None:
    pins = {canonicalize_name(pin.name): pin for pin in map(Requirement, LINES)}
    pin = pins.get(canonicalize_name(requirement.name))
    assert pin is not None, f"{requirement.name} of {where} is not in constraints.txt: run `make constraints`"
    [version] = pin.specifier
    assert version.operator == "=="
    assert pin.marker is None, f"{pin} holds for some machines only"
    assert requirement.specifier.contains(version.version), f"{pin} is not what {where} asks for: {requirement}"


def test_the_constraints_are_versions_and_nothing_else() -> None:
    """No index, no file, no path, no hash: they hold wherever the packages come from."""
    odd = [line for line in LINES if not re.fullmatch(r"[a-z0-9-]+==[\w.]+( ; .+)?", line)]
    assert odd == []
    assert "://" not in (REPOSITORY / "constraints.txt").read_text()


def test_no_installation_is_held_to_cudas_packages() -> None:
    assert [line for line in LINES if re.match("nvidia-|cuda-|triton==", line)] == []


def test_textual_is_pinned_exactly() -> None:
    """Private parts of it are used, which any release may change; see tests/ui/test_textual_contract.py."""
    [textual] = [requirement for _, requirement in asked() if requirement.name == "textual"]
    assert [version.operator for version in textual.specifier] == ["=="]


def test_the_version_and_its_date_are_said_alike() -> None:
    changelog = (REPOSITORY / "CHANGELOG.md").read_text()
    newest = re.search(r"^## \[(\d.*)\] - (.+)$", changelog, re.MULTILINE)
    assert newest is not None
    cited = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text())
    assert newest.groups() == (__version__, str(cited["date-released"]))
    assert cited["version"] == __version__
    assert "## [Unreleased]" in changelog[: newest.start()]
