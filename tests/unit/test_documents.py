"""The documents name files, tables and functions that exist, and the schema names every kind of insight."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from adtui.insights.kinds import INSIGHT_KINDS

REPOSITORY = Path(__file__).resolve().parents[2]
STEPS = ("CONTRIBUTING.md", "docs/architecture.md")
ALL = ("CONTRIBUTING.md", "README.md", *(f"docs/{path.name}" for path in sorted((REPOSITORY / "docs").glob("*.md"))))
PATH = re.compile(r"`([\w.-]+(?:/[\w.-]+)*(?:\.py|/))`")
MODULE = re.compile(r"(?<![/\w.])adtui(?:\.[a-z_]\w*)+\b(?!/)")
NAMED_IN = re.compile(r"((?:`\w+`(?:, | and )?)+) in `([\w./-]+\.py)`")
LINE = re.compile(r"`([\w/]+\.py)`: `(\w+)`")
SOURCES = [path.relative_to(REPOSITORY).as_posix() for top in ("adtui", "tests", "benchmarks", "docs")
           for path in (REPOSITORY / top).rglob("*")]  # fmt: skip


def read(document: str) -> str:
    """The text, without line breaks inside sentences."""
    return re.sub(r"\s*\n\s+", " ", (REPOSITORY / document).read_text(encoding="utf-8"))


def found(path: str) -> list[str]:
    """Files and directories that a document may mean: from here, from `adtui`, or by the end of their path."""
    return [source for source in SOURCES if source == path.rstrip("/") or source.endswith("/" + path.rstrip("/"))]


@pytest.mark.parametrize("document", STEPS)
def test_every_path_exists(document: str) -> None:
    named = set(PATH.findall(read(document)))
    assert len(named) > 10
    lacking = sorted(path for path in named if not found(path) and path != "runs/")
    assert not lacking, f"{document} names what is not there: {', '.join(lacking)}"


@pytest.mark.parametrize("document", STEPS)
def test_every_name_stands_in_the_file_named_beside_it(document: str) -> None:
    text = read(document)
    pairs = [(name, path) for names, path in NAMED_IN.findall(text) for name in re.findall(r"\w+", names)
             if name != "and"]  # fmt: skip
    pairs += [(name, path) for path, name in LINE.findall(text)]
    assert len(pairs) > 5
    for name, path in pairs:
        defined = re.compile(rf"^\s*(?:def |class )?{name}\b", re.MULTILINE)
        texts = [(REPOSITORY / one).read_text(encoding="utf-8") for one in found(path)]
        assert any(defined.search(one) for one in texts), f"{document}: {path} defines no {name}"


@pytest.mark.parametrize("document", ALL)
def test_every_module_exists(document: str) -> None:
    for quoted in re.findall(r"`([^`\n]+)`", (REPOSITORY / document).read_text(encoding="utf-8")):
        for name in MODULE.findall(quoted):
            if name not in ("adtui.analyze", "adtui.yaml"):  # the JSON's schema, and a file
                importlib.import_module(name)


def test_every_kind_of_insight_is_in_the_schema() -> None:
    lines = (REPOSITORY / "docs" / "analyze-schema.md").read_text(encoding="utf-8").splitlines()
    [row] = [line for line in lines if line.startswith("| `kind` |")]
    lacking = [kind.name for kind in INSIGHT_KINDS if f"`{kind.name}`" not in row]
    assert not lacking, f"docs/analyze-schema.md, row `kind`, lacks {', '.join(lacking)}"
