"""One table of what stands for a sign in ASCII: it is whole, it keeps cells, and nothing beside it does its work."""

from __future__ import annotations

import ast
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

import adtui
from adtui.records.plain import SPELLING, STAND_INS, to_ascii, to_ascii_cells

SOURCES = sorted(Path(adtui.__file__).parent.rglob("*.py"))
TABLE = "plain.py"


def strings(tree: ast.AST) -> Iterator[ast.Constant]:
    """String literals that are no docstrings: those stand alone as a statement."""
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
            yield node


def test_every_sign_that_adtui_writes_has_a_stand_in() -> None:
    for path in SOURCES:
        for literal in strings(ast.parse(path.read_text())):
            signs = {sign for sign in str(literal.value) if not sign.isascii() and not "\ud800" <= sign <= "\udfff"}
            assert signs <= set(STAND_INS), f"{path}:{literal.lineno}"


@pytest.mark.parametrize("sign", STAND_INS)
def test_a_stand_in_is_ascii_and_of_one_cell_as_its_sign(sign: str) -> None:
    cell, spelled = STAND_INS[sign]
    assert (spelled.isascii(), spelled.isprintable(), bool(spelled)) == (True, True, True)
    assert (cell.isascii(), len(cell), cell_len(sign)) == (True, 1, 1)


def by_hand(path: Path) -> Iterator[str]:
    """What chooses between a sign and its stand-in without the table, or is a table of its own."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.IfExp):
            one, other = (" ".join(str(text.value) for text in strings(side)) for side in (node.body, node.orelse))
            if one.isascii() == other.isascii():
                continue
            rich, bare = (other, one) if one.isascii() else (one, other)
            if bare.strip() and (len(bare) == len(rich) or bare == to_ascii(rich)):
                yield f"{path}:{node.lineno}: {rich!r} or {bare!r}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            arguments = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
            moved = any(isinstance(argument, ast.Tuple) for argument in node.args)  # a region of the screen, by (x, y)
            if (node.func.attr in ("maketrans", "translate") and not moved) or (
                node.func.attr in ("replace", "encode")
                and any(isinstance(value, str) and (not value.isascii() or value == "replace") for value in arguments)
            ):
                yield f"{path}:{node.lineno}: {ast.unparse(node)}"


def test_there_is_no_other_table() -> None:
    assert [fault for path in SOURCES if path.name != TABLE for fault in by_hand(path)] == []


@pytest.mark.parametrize(
    "code",
    [
        '"★" if utf8 else "*"',
        '(" → ", "x") if utf8 else (" -> ", "x")',
        'text.replace("–", "-")',
        'text.encode("ascii", "replace")',
        'str.maketrans({"·": "-"})',
        "text.translate(TABLE)",
    ],
)
def test_another_table_would_be_found(code: str, tmp_path: Path) -> None:
    (tmp_path / "it.py").write_text(code)
    assert list(by_hand(tmp_path / "it.py"))


@given(st.text(alphabet=st.sampled_from([*STAND_INS, "a", " "])))
def test_in_cells_every_sign_keeps_its_place(text: str) -> None:
    plain = to_ascii_cells(text)
    assert plain.isascii()
    assert len(plain) == len(text) == cell_len(plain)


@given(st.text())
def test_any_text_can_be_spelled(text: str) -> None:
    assert to_ascii(text).isascii()
    assert to_ascii(to_ascii(text)) == to_ascii(text)
    assert to_ascii(text, unless=True) == to_ascii_cells(text, unless=True) == text


def test_the_spelling() -> None:
    assert to_ascii("café ± 2 · ‖v‖ → 3 … ≤ 5") == "cafe +- 2 | |v| -> 3 ... <= 5"
    assert to_ascii_cells("café · … →") == "café | ~ >"


@pytest.mark.parametrize(
    ("encoding", "written"), [("ascii", b"2 x 3 -> cafe | ?\xff"), ("latin-1", b"2 \xd7 3 -> caf\xe9 \xb7 ?\xff")]
)
def test_a_stream_spells_only_what_it_lacks(encoding: str, written: bytes) -> None:
    raw = io.BytesIO()
    with io.TextIOWrapper(raw, encoding=encoding, errors=SPELLING) as stream:
        stream.write("2 × 3 → café · 猫\udcff")
        stream.flush()
        assert raw.getvalue() == written
