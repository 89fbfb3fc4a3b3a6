"""The commands as a user runs them: train, stop with Ctrl+C (as a program of its own), go on; collect; evaluate."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from adtui.cli.main import main

REPOSITORY = Path(__file__).parents[2]
TINY = str(REPOSITORY / "configs/tiny.yaml")
ADTUI = [sys.executable, "-m", "adtui"]
Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def adtui(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """A command in a directory of its own. In this process: another would take two seconds to load torch."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        capsys.readouterr()
        code = main([*words])
        return subprocess.CompletedProcess(words, code, *capsys.readouterr())

    return run


def test_train_then_evaluate_its_latest_run(adtui: Command) -> None:
    trained = adtui("train", TINY)
    assert trained.returncode == 0, trained.stderr
    assert trained.stdout == "runs/AD-darkroom-seed0\n"
    assert "step 12/12 · loss" in trained.stderr
    evaluated = adtui("evaluate", "runs/latest", "--json", "--episodes", "2", "--streams", "1")
    assert evaluated.returncode == 0, evaluated.stderr
    result = json.loads(evaluated.stdout)
    assert result["curves"]["held_out"]["histories"] == 8
    assert result["curves"]["held_out"]["optimal"] == 17.25
    shown = adtui("evaluate", "runs/latest", "--episodes", "2", "--streams", "1")
    assert "held-out goals" in shown.stdout
    assert "\x1b" not in shown.stdout


def test_train_with_compression_then_compare(adtui: Command) -> None:
    trained = adtui("train", TINY, "--compress", "recent:5")
    assert trained.returncode == 0, trained.stderr
    assert trained.stdout == "runs/AD-darkroom-recent-5-seed0\n"
    words = ("evaluate", "runs/latest", "--episodes", "2", "--streams", "1")
    shown = adtui(*words)
    assert "held-out goals, compressed contexts, recent:5" in shown.stdout, shown.stderr
    result = json.loads(adtui(*words, "--json", "--compress", "random:3").stdout)
    assert result["compress"] == "random:3"
    assert result["curves"]["compressed"]["histories"] == result["curves"]["held_out"]["histories"]
    wrong = adtui("train", TINY, "--compress", "top-attention:5")
    assert wrong.returncode == 2
    assert "needs nothing of the model" in wrong.stderr
    assert wrong.stderr.count("\n") == 1


def test_interrupt_saves_and_the_same_command_goes_on(tmp_path: Path) -> None:
    config = tmp_path / "long.yaml"
    config.write_text(Path(TINY).read_text().replace("train_timesteps: 12", "train_timesteps: 100000"))
    with subprocess.Popen([*ADTUI, "train", str(config)], cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "step 4/100000" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
    assert process.returncode == 130
    assert "the same command goes on from there" in rest
    run = tmp_path / "runs/AD-darkroom-seed0"
    assert (run / "resume.pt").exists()
    assert (run / "ckpt-4.pt").exists()
    assert not list(run.glob(".*"))


def test_collect_refuses_to_replace_a_file(adtui: Command, tmp_path: Path) -> None:
    config = tmp_path / "collect.yaml"
    config.write_text("n_stream: 1\nepisodes: 2\ngoals: [3]\ntraj_dir: ./datasets\n")
    first = adtui("collect", str(config))
    assert first.stdout == "datasets/history_darkroom_explorer_alg-seed42.hdf5\n"
    again = adtui("collect", str(config))
    assert (again.returncode, again.stdout) == (2, "")
    assert "--force" in again.stderr
    assert again.stderr.count("\n") == 1
    assert adtui("collect", str(config), "--force").returncode == 0


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["train", "nowhere.yaml"], "nowhere.yaml"),
        (["train", TINY, "--device", "abacus"], "abacus"),
        (["evaluate", "nowhere"], "nowhere"),
        (["collect", TINY], "tiny.yaml"),
    ],
)
def test_a_mistake_is_one_line_and_exit_2(adtui: Command, words: list[str], names: str) -> None:
    result = adtui(*words)
    assert result.returncode == 2
    assert names in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_settings_of_the_other_command_are_told_from_misspelt_ones(adtui: Command, tmp_path: Path) -> None:
    histories = tmp_path / "collect.yaml"
    histories.write_text("n_stream: 1\nepisodes: 2\ngoals: [3]\ntraj_dir: ./datasets\nalg_seed: 3\n")
    assert "found one of `adtui train`; give it to `adtui train`" in adtui("collect", TINY).stderr
    assert "found one of `adtui collect`; give it to `adtui collect`" in adtui("train", str(histories)).stderr
    misspelt = tmp_path / "misspelt.yaml"
    misspelt.write_text(Path(TINY).read_text() + "train_timestep: 3\n")
    assert "did you mean train_timesteps?" in adtui("train", str(misspelt)).stderr
