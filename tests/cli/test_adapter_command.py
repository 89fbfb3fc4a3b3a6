"""Every command that opens a run opens it through an adapter too, if the user says so and not otherwise."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from checkpoints import make_run, write_histories

from adtui.cli import trust
from adtui.cli.main import main

ADAPTER = Path(__file__).parents[1] / "adapters" / "plain_adapter.py"
SMALL = ["--streams", "1", "--episodes", "3", "--context", "10"]
COMMANDS = {
    "analyze": ["--samples", "3", "--context", "8", "--knock-outs", "--json"],
    "extract": ["--samples", "2", "--output", "attention.npz"],
    "export": ["--samples", "1", "--output", "figs", "--context", "6"],
    "evaluate": ["--episodes", "2", "--streams", "1", "--context", "10", "--json"],
    "compress": [*SMALL, "--strategies", "recent", "--budgets", "4", "--jobs", "1", "--json"],
    "circuit": [*SMALL, "--contexts", "2", "--json"],
}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run with histories, in the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    write_histories(tmp_path / "datasets" / "history_darkroom_PPO_alg-seed42.hdf5", range(81), length=60)
    return make_run(tmp_path / "runs" / "AD-darkroom-tiny")


def test_probes_refuse_one_rather_than_leave_it_out(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with torch.random.fork_rng(devices=[]):
        assert main(["probe", str(run), "--no-paths", "--adapter", str(ADAPTER)]) == 2
    said = capsys.readouterr()
    assert not said.out
    assert said.err.count("\n") == 1
    assert "expected a model of a family that adtui knows, whose residual stream it can read" in said.err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_takes_one(run: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    mine = Path("mine.py")
    mine.write_text(
        ADAPTER.read_text(encoding="utf-8").replace("return Net()", "print('loaded')\n        return Net()")
    )
    with torch.random.fork_rng(devices=[]):
        assert main([command, str(run), *COMMANDS[command], "--adapter", "mine.py"]) == 0
    shown = capsys.readouterr().out
    if command == "extract":
        with np.load("attention.npz") as file:
            assert file["attn"].shape == (2, 1, 2, 20, 20)  # its one layer; the run's family has two
            np.testing.assert_allclose(file["attn"].sum(-1), 1, atol=1e-5)
    elif command == "export":
        assert len(list(Path("figs").rglob("*.png"))) == 4
    else:
        document = json.loads(shown)
    if command == "analyze":
        assert document["run"]["family"] == "adapted · Mine of mine.py · causal"
        assert "layer 0: 2 heads each, seen by scaled_dot_product_attention" in document["run"]["notes"]
    if command == "compress":
        assert document["about"]["family"] == "adapted · Mine of mine.py · causal"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_bad_one_is_one_line_and_exit_2(run: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    Path("mine.py").write_text("import adtui\nimport no_such_module\n")
    assert main([command, str(run), *COMMANDS[command], "--adapter", "mine.py"]) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert line.startswith("adtui: mine.py, line 2: expected code that runs, found ModuleNotFoundError")


def test_strategies_that_need_embeddings_are_refused_before_anything_runs(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["compress", str(run), *SMALL, "--strategies", "recent,medoids", "--budgets", "4"]
    assert main([*words, "--adapter", str(ADAPTER)]) == 2
    assert "found medoids:4" in capsys.readouterr().err


# -- whose code is run -------------------------------------------------------------------------------------------------
TRAP = "from pathlib import Path\nPath('sprung').touch()\n"
LOOK = ["--samples", "1", "--no-knock-outs"]


@pytest.fixture
def naming(run: Path) -> Path:
    """The same run, with a file beside it that names an adapter, which leaves a mark when it is run."""
    shutil.copy(ADAPTER, run / "theirs.py")
    (run / "theirs.py").write_text(TRAP + ADAPTER.read_text(encoding="utf-8"))
    (run / "adtui.yaml").write_text("adapter: theirs.py\n")
    return run


def test_an_adapter_that_only_a_run_names_is_not_run(naming: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", str(naming), *LOOK]) == 0
    shown = capsys.readouterr()
    assert not Path("sprung").exists()
    assert "theirs.py, which was not run: say --trust, or --adapter FILE" in shown.err
    assert "not run" in shown.out  # the report's notes say so too
    assert "encoder" in shown.out


def test_with_trust_it_is(naming: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", str(naming), *LOOK, "--trust"]) == 0
    assert Path("sprung").exists()
    assert "Mine of theirs.py" in capsys.readouterr().out


def test_what_the_user_names_goes_before_it(naming: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", str(naming), *LOOK, "--trust", "--adapter", str(ADAPTER)]) == 0
    assert not Path("sprung").exists()
    assert "Mine of plain_adapter.py" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("said", "followed"), [("y\n", True), ("Yes\n", True), ("n\n", False), ("\n", False), ("", False)]
)
def test_at_a_terminal_it_is_asked(
    naming: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], said: str, followed: bool
) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

        def readline(self) -> str:
            return said

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert trust._allowed(Path("a\x1b[31m/theirs.py")) is followed
    question = capsys.readouterr().err
    assert "a?[31m/theirs.py. It may do all that you may. Run it? [y/N]" in question


@pytest.mark.parametrize("text", ["adapter: [a, b]\n", "adapter: 3\n", "adapter: ''\n"])
def test_a_name_that_is_no_path(naming: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    (naming / "adtui.yaml").write_text(text)
    assert main(["analyze", str(naming), *LOOK]) == 2
    assert "adtui.yaml, adapter: expected the path of a Python file" in capsys.readouterr().err


def test_other_settings_there_are_left_alone(naming: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (naming / "adtui.yaml").write_text("colour: blue\n")
    assert main(["analyze", str(naming), *LOOK]) == 0
    assert not capsys.readouterr().err
