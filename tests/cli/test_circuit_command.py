"""`adtui circuit` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from checkpoints import make_run, reference, save_checkpoint, settings, write_histories
from planted import seeking_run
from references import flow

from adtui.circuits import runner
from adtui.cli.main import main

SMALL = ["--contexts", "4", "--streams", "2", "--episodes", "4", "--device", "cpu"]


def test_a_table_and_what_may_be_said_and_the_report_where_the_app_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["circuit", str(seeking_run(tmp_path / "seeking")), *SMALL, "--exhaustive", "--episodes", "12"]
    assert main(words) == 0
    shown = capsys.readouterr()
    assert "Certified: 1 of 4 heads (L0H1), the others mean-ablated, keep 100.0 % [100.0, 100.0]" in shown.out
    assert "used once in this run, with draws of their own" in shown.out
    assert "1 ◆" in shown.out
    assert "wrote figs/circuit/seeking.json" in shown.err
    document = json.loads((tmp_path / "figs" / "circuit" / "seeking.json").read_text())
    assert document["schema"] == "adtui.circuit/1"
    assert document["certified"] == [[0, 1]]
    assert [len(one["heads"]) for one in document["path"]] == [4, 3, 2, 1, 0]
    assert document["test"]["goals"] == 24
    assert document["about"]["seed"] == 0


def test_json_is_what_is_stored(tmp_path: Path, tiny_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["circuit", str(tiny_run), *SMALL, "--output", str(tmp_path), "--json"]) == 0
    [stored] = tmp_path.iterdir()
    document = json.loads(capsys.readouterr().out)
    assert document == json.loads(stored.read_text())
    assert document["certified"] is None
    assert document["sentence"].startswith("Not certified")


def test_a_run_with_histories_only_gets_divergences_and_no_certificate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = settings(env="maze")
    save_checkpoint(tmp_path / "run" / "ckpt-1.pt", reference().state_dict(), config)
    write_histories(tmp_path / "datasets" / "history_maze_PPO_alg-seed42.hdf5", range(120))
    assert main(["circuit", str(tmp_path / "run"), *SMALL, "--output", str(tmp_path / "out")]) == 0
    shown = capsys.readouterr().out
    assert "Not certified: no return could be measured (this run is of maze, which cannot be rolled out here" in shown
    assert "return kept" not in shown
    assert "KL over 4 contexts, means over 4 others: test histories" in shown


def test_an_assumed_split_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = {key: value for key, value in settings().items() if key not in ("env_split_seed", "train_env_ratio")}
    save_checkpoint(tmp_path / "run" / "ckpt-1.pt", reference().state_dict(), config)
    assert main(["circuit", str(tmp_path / "run"), *SMALL, "--output", str(tmp_path / "out")]) == 0
    assert "Note: goals are held out by the users' default" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--context", "999"], "--context"),
        (["--episodes", "1"], "--episodes"),
        (["--device", "abacus"], "--device"),
        (["--histories", "x.hdf5"], "--histories"),
        (["--output", "{file}/below"], "{file}"),
    ],
)
def test_a_mistake_is_one_line_and_exit_2(
    tmp_path: Path, tiny_run: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    file = tmp_path / "file"
    file.touch()
    words = [word.format(file=file) for word in words]
    assert main(["circuit", str(tiny_run), *SMALL, "--output", str(tmp_path / "out"), *words]) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert said.format(file=file) in line
    assert not (tmp_path / "out").exists()


def test_many_heads_are_too_many_for_every_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = make_run(tmp_path / "many", d_model=24, n_layer=3, n_head=6)
    assert main(["circuit", str(run), *SMALL, "--exhaustive"]) == 2
    assert "--exhaustive: expected a model of at most 16 heads, found 18" in capsys.readouterr().err


@pytest.mark.parametrize("share", ["0", "1", "95", "x"])
def test_a_share_lies_between_nothing_and_all(share: str, tiny_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["circuit", str(tiny_run), "--share", share])
    assert caught.value.code == 2
    assert "expected a share between 0 and 1" in capsys.readouterr().err


def test_an_interrupt_leaves_nothing(
    tmp_path: Path, tiny_run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "smallest", stop)
    assert main(["circuit", str(tiny_run), *SMALL, "--output", str(tmp_path / "out")]) == 130
    assert "stopped; nothing is kept" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_policy_of_several_passes_is_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = flow.make_run(tmp_path / "run")
    assert main(["circuit", str(run), *SMALL, "--output", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert "integrated over several" in error
    assert error.count("\n") == 1
