"""`adtui analyze` on a tiny run: options reach the analysis, data goes to stdout, errors are typed."""

from __future__ import annotations

import argparse
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from adtui.cli import analyze
from adtui.cli.main import main
from adtui.records.errors import AdtuiError, ConfigError, HistoryError, RunError


def call(*arguments: str | Path) -> int:
    parser = argparse.ArgumentParser(prog="adtui analyze")
    analyze.prepare_parser(parser)
    return analyze.run(parser.parse_args([str(argument) for argument in arguments]))


def document(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> Any:
    assert call(*arguments, "--json", "--device", "cpu") == 0
    captured = capsys.readouterr()
    assert captured.err == ""  # no progress without a terminal
    return json.loads(captured.out)


def test_text_by_default(tiny_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(tiny_run, "--samples", "3", "--device", "cpu") == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert "\x1b" not in captured.out
    assert tiny_run.name in captured.out
    assert "As the attention script prints it" in captured.out


def test_options_reach_the_analysis(tiny_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    got = document(capsys, tiny_run, "--samples", "3", "--context", "8", "--seed", "4")
    assert [sample["n_context"] for sample in got["samples"]] == [8, 8, 8]
    assert got["n_histories"] == 3
    assert document(capsys, tiny_run, "--samples", "3", "--context", "8", "--seed", "4") == got
    assert document(capsys, tiny_run, "--samples", "3", "--context", "8", "--seed", "5")["samples"] != got["samples"]


def test_overrides_are_noted(tiny_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    usual = document(capsys, tiny_run, "--samples", "1")
    other = document(capsys, tiny_run, "--samples", "1", "--heads", "1", "--no-causal")
    assert (usual["run"]["n_head"], other["run"]["n_head"]) == (2, 1)
    assert other["run"]["family"] != usual["run"]["family"]


def test_windows_are_one_history(tiny_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    got = document(capsys, tiny_run, "--window", "0", "--samples", "3")
    assert got["n_histories"] == 1
    assert all(one["status"] == "no evidence" for one in got["insights"])


def test_a_terminal_that_is_not_utf8_gets_ascii(tiny_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stdout = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict")
    monkeypatch.setattr(sys, "stdout", stdout)
    assert main(["analyze", str(tiny_run), "--samples", "2", "--device", "cpu"]) == 0
    stdout.flush()
    assert stdout.buffer.getvalue().isascii()


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        (["/nowhere/at/all"], RunError),
        (["RUN", "--context", "1000"], ConfigError),
        (["RUN", "--inputs", "/nowhere.npz"], HistoryError),
        (["RUN", "--device", "abacus"], AdtuiError),
    ],
)
def test_bad_input_is_one_typed_line(tiny_run: Path, arguments: list[str], kind: type[AdtuiError]) -> None:
    with pytest.raises(kind) as raised:
        call(*(tiny_run if argument == "RUN" else argument for argument in arguments))
    assert "\n" not in str(raised.value)


def test_the_command_line_turns_errors_into_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", "/nowhere/at/all"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1


@pytest.mark.parametrize("context", ["1", "2", "7"])
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_very_short_contexts(tiny_run: Path, context: str, capsys: pytest.CaptureFixture[str]) -> None:
    got = document(capsys, tiny_run, "--context", context)
    observed = {one["kind"] for one in got["insights"] if one["status"] != "no evidence"}
    assert observed == {"short context"}
    assert call(tiny_run, "--context", context, "--device", "cpu") == 0
    assert "not defined here" in capsys.readouterr().out


@pytest.mark.parametrize("option", [["--samples", "0"], ["--context", "-1"], ["--heads", "many"]])
def test_bad_numbers_are_refused_by_the_parser(option: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        call("RUN", *option)
    assert raised.value.code == 2
    assert option[0] in capsys.readouterr().err
