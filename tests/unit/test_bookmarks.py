"""Bookmarks on disk: what is written is read, and what is damaged is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adtui.files.bookmarks import MAX_BYTES, MOST, Bookmark, bookmarks_file, load_bookmarks, save_bookmarks
from adtui.records.errors import ConfigError

HERE = Bookmark(4, 2, 3, False, -1, "transitions")


def test_what_is_saved_is_loaded_and_only_so_many_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "new" / "a.json"
    assert load_bookmarks(file) == ()
    marks = tuple(Bookmark(index, 0, 1, index % 2 == 0, index, "tokens") for index in range(MOST + 3))
    save_bookmarks(file, marks)
    assert load_bookmarks(file) == marks[3:]


def test_they_are_those_of_a_checkpoints_bytes_wherever_it_lies(tmp_path: Path) -> None:
    one, same, other = (tmp_path / name for name in ("a.pt", "b.pt", "c.pt"))
    for file, content in ((one, b"weights"), (same, b"weights"), (other, b"others")):
        file.write_bytes(content)
    assert bookmarks_file(one, tmp_path) == bookmarks_file(same, tmp_path)
    assert bookmarks_file(one, tmp_path) != bookmarks_file(other, tmp_path)
    with pytest.raises(ConfigError, match="No such file"):
        bookmarks_file(tmp_path / "gone.pt", tmp_path)


def test_without_a_home_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "not absolute")
    with pytest.raises(ConfigError, match="a home directory"):
        bookmarks_file(tmp_path / "a.pt")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"[" * 100_000,
        b'{"version": 2, "bookmarks": []}',
        b'{"version": 1, "bookmarks": 3}',
        b'{"version": 1, "bookmarks": [{"sample": 1}]}',
        b" " * (MAX_BYTES + 1),
    ],
)
def test_a_damaged_file_is_said(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=r"a\.json: expected bookmarks"):
        load_bookmarks(file)


@given(
    name=st.sampled_from(["sample", "layer", "head", "mean", "query", "unit"]),
    value=st.one_of(st.none(), st.floats(), st.text(max_size=3), st.integers(max_value=-2), st.lists(st.integers())),
)
def test_a_value_of_another_kind_is_damage(name: str, value: object, tmp_path_factory: pytest.TempPathFactory) -> None:
    entry = {"sample": 1, "layer": 0, "head": 0, "mean": False, "query": -1, "unit": "tokens"} | {name: value}
    file = tmp_path_factory.getbasetemp() / "value.json"
    file.write_text(json.dumps({"version": 1, "bookmarks": [entry]}))
    with pytest.raises(ConfigError):
        load_bookmarks(file)


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    with pytest.raises(ConfigError, match="bookmarks last until you quit"):
        save_bookmarks(in_the_way / "a.json", [HERE])


def test_words() -> None:
    assert HERE.words == "L2H3 · s4 · query"
    assert Bookmark(0, 2, 3, True, 57, "tokens").words == "L2 mean · s0 · q57 · tokens"
