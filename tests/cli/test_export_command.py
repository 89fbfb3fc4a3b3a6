"""`adtui export` as a user runs it: paths on stdout, one line for a mistake, nothing half-written after Ctrl+C."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from checkpoints import make_run

from adtui.cli.main import main

QUICK = ["--samples", "1", "--layers", "1", "--device", "cpu"]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return make_run(tmp_path / "run")


def test_prints_the_paths_that_it_wrote(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "figs"
    assert main(["export", str(run), "--output", str(output), *QUICK]) == 0
    printed = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert printed == [
        output / "layer_1" / "attention_heatmap_sample0_layer1.png",
        output / "layer_1" / "attention_lines_sample0_layer1.png",
        output / "layer_1" / "attention_summary_layer1.png",
        output / "overview.png",
    ]
    assert sorted(printed) == sorted(path for path in output.rglob("*") if path.is_file())


def test_a_file_in_the_way_is_one_line(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "figs").write_text("mine")
    assert main(["export", str(run), "--output", str(tmp_path / "figs"), *QUICK]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert str(tmp_path / "figs") in captured.err
    assert (tmp_path / "figs").read_text() == "mine"


def test_a_layer_that_is_not_there_is_one_line(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(run), "--output", str(tmp_path / "figs"), "--layers", "9", "--samples", "1"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "figs").exists()


def test_ctrl_c_leaves_whole_files_only(run: Path, tmp_path: Path) -> None:
    output = tmp_path / "figs"
    # A shell that runs the tests in the background has SIGINT ignored; children would inherit that.
    command = [sys.executable, "-c", _INTERRUPTIBLE, "export", str(run), "--output", str(output), "--samples", "4"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = process.stdout.readline().strip()
        process.send_signal(signal.SIGINT)
        rest, complaint = process.communicate()
    assert process.returncode == 130, complaint
    assert complaint == "adtui: interrupted\n"
    left = {path for path in output.rglob("*") if path.is_file()}
    assert {Path(line) for line in [first, *rest.split()]} <= left
    assert {path.suffix for path in left} == {".png"}


_INTERRUPTIBLE = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from adtui.__main__ import main
sys.exit(main())
"""
