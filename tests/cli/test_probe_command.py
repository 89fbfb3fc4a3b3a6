"""`adtui probe` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from checkpoints import reference, save_checkpoint, settings, write_histories
from planted import seeking_run
from references import flow, rad

from adtui.cli.main import main
from adtui.probes import runner

SMALL = ["--samples", "30", "--device", "cpu"]
FEW = ["--samples", "15", "--context", "5", "--device", "cpu", "--no-paths"]


@pytest.fixture(scope="module")
def seeking(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return seeking_run(tmp_path_factory.mktemp("runs") / "seeking")


def test_tables_a_tree_and_a_whole_file(seeking: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "out" / "probe.json"
    assert main(["probe", str(seeking), *SMALL, "--json", str(place)]) == 0
    shown = capsys.readouterr()
    assert "Confirmed: whether a reward was found can be read linearly after layers 0, 1" in shown.out
    assert "└─ L0H1 → logits  100.0 % [100.0, 100.0] of the way" in shown.out
    assert "30 tasks (" in shown.out
    assert f"wrote {place}" in shown.err
    document = json.loads(place.read_text())
    assert document["schema"] == "adtui.probe/1"
    assert [one["target"] for one in document["probes"]] == [
        "whether a reward was found", "the goal's cell", "the step of the episode",
    ]  # fmt: skip
    assert [one["layer"] for one in document["probes"][0]["readings"]] == [0, 1, 2]
    assert document["graph"]["nodes"] == ["rewards", "L0H1", "logits"]
    assert document["about"]["thresholds"]["gain"]["value"] == 0.05
    assert len(document["about"]["tasks"]) == 30
    assert set(document["about"]["held_out"]) <= set(document["about"]["tasks"])


def test_json_on_stdout_is_all_there_is_and_the_same_again(seeking: Path, capsys: pytest.CaptureFixture[str]) -> None:
    documents = []
    for _ in range(2):
        assert main(["probe", str(seeking), *FEW, "--json", "-"]) == 0
        documents.append(json.loads(capsys.readouterr().out))
    assert documents[0] == documents[1]
    assert documents[0]["graph"] is None
    assert main(["probe", str(seeking), *FEW, "--json", "-", "--seed", "1"]) == 0
    assert json.loads(capsys.readouterr().out)["probes"] != documents[0]["probes"]


def test_what_cannot_be_asked_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = settings(env="darkroompermuted", horizon=10)
    save_checkpoint(tmp_path / "run" / "ckpt-1.pt", reference().state_dict(), config)
    assert main(["probe", str(tmp_path / "run"), *FEW]) == 0
    assert "Not asked: the goal's cell, as it is the same in all tasks of this world." in capsys.readouterr().out


def test_a_flow_is_probed_in_its_prior_pass_and_latents_count(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["probe", str(flow.make_run(tmp_path / "flow")), *FEW]) == 0
    assert "those of the prior pass" in capsys.readouterr().out
    assert main(["probe", str(rad.make_run(tmp_path / "rad")), *FEW]) == 0
    assert "has become part of a latent" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--context", "999"], "--context"),
        (["--device", "abacus"], "--device"),
        (["--samples", "14"], "--samples: expected at least 15, found 14"),
    ],
)
def test_a_mistake_is_one_line_and_exit_2(
    seeking: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert main(["probe", str(seeking), *SMALL, *words]) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert said in line


def test_a_run_with_histories_only_is_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_checkpoint(tmp_path / "run" / "ckpt-1.pt", reference().state_dict(), settings(env="maze"))
    write_histories(tmp_path / "datasets" / "history_maze_PPO_alg-seed42.hdf5", range(20))
    assert main(["probe", str(tmp_path / "run"), *SMALL]) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert "expected a world that can be rolled out" in line
    assert "maze with 5 actions" in line


def stop(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


def test_an_interrupt_while_probing_leaves_nothing(
    seeking: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(runner, "probe", stop)
    assert main(["probe", str(seeking), *SMALL, "--json", str(tmp_path / "x.json")]) == 130
    shown = capsys.readouterr()
    assert "stopped; nothing is kept" in shown.err
    assert not shown.out
    assert not (tmp_path / "x.json").exists()


def test_an_interrupt_while_patching_leaves_the_probes_whole(
    seeking: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(runner, "trace", stop)
    assert main(["probe", str(seeking), *SMALL, "--json", str(tmp_path / "x.json")]) == 130
    shown = capsys.readouterr()
    assert "stopped: no path was followed to its end" in shown.err
    assert "Confirmed: whether a reward was found" in shown.out
    document = json.loads((tmp_path / "x.json").read_text())
    assert document["graph"] is None
    assert len(document["probes"]) == 3


def test_a_place_that_cannot_be_written_is_said_in_a_line(
    seeking: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert main(["probe", str(seeking), *FEW, "--json", str(tmp_path / "file" / "x.json")]) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert str(tmp_path / "file" / "x.json") in line
