"""`adtui compress` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adtui.cli.main import main
from adtui.compression.sharing import SHARINGS

SMALL = ["--budgets", "4", "--streams", "1", "--episodes", "3", "--jobs", "1"]


def test_help_names_all_ways_to_share(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["compress", "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    assert all(name in shown for name in (*list(SHARINGS)[1:], "shared=ada"))
    assert "--level {transition,cache}" in shown


def test_a_table_with_a_verdict_then_the_same_as_json(
    tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["compress", str(tiny_run), *SMALL, "--strategies", "newest+rewarded", "--output", str(tmp_path / "cells")]
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert "newest+rewarded:4" in shown
    assert "No evidence for compressing" in shown
    cells = tmp_path / "cells" / "cells.jsonl"
    cells.write_bytes(cells.read_bytes()[:-9])
    assert main([*words, "--json", "--figures", str(tmp_path / "figures")]) == 0
    written = capsys.readouterr()
    document = json.loads(written.out)
    assert (tmp_path / "figures" / "report.json").read_text() == written.out
    assert sorted(path.name for path in (tmp_path / "figures").iterdir()) == [
        "pareto.png",
        "pareto_bytes.png",
        "pareto_time.png",
        "report.json",
        "returns.png",
    ]
    assert written.err.startswith(f"{cells}: line 6 is no finished cell, counted as not run (4 kept)\n")
    assert "pareto.png" in written.err
    assert document["verdict"]["recommended"] is None
    assert [trial["cell"]["label"] for trial in document["trials"]][:2] == ["none", "newest+rewarded:4"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--strategies", "newst+rewarded"], "did you mean newest+rewarded"),
        (["--strategies", "sink-recent:sinks=-1"], "sinks"),
        (["--context", "999"], "--context"),
        (["--episodes", "1"], "--episodes"),
        (["--positions", "kept", "--strategies", "recent", "--device", "abacus"], "--device"),
    ],
)
def test_a_mistake_is_one_line_and_exit_2(
    tiny_run: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert main(["compress", str(tiny_run), *SMALL, *words]) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert said in line


@pytest.mark.parametrize("backend", ["ray", "dask"])
def test_a_missing_package_names_the_extra(
    tiny_run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    monkeypatch.setitem(__import__("sys").modules, "dask", None)
    assert main(["compress", str(tiny_run), *SMALL, "--backend", backend]) == 2
    assert 'pip install "adtui[distributed]"' in capsys.readouterr().err
