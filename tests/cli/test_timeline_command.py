"""`adtui timeline` as a user runs it."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from planted import seeking_run

from adtui.cli.main import main
from adtui.files.provenance import read_provenance
from adtui.timeline.runner import Timelines

SMALL = ["--contexts", "18", "--returns", "0", "--device", "cpu"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = seeking_run(tmp_path_factory.mktemp("runs") / "seeking")
    shutil.copy(directory / "ckpt-1.pt", directory / "ckpt-2.pt")
    return directory


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_tables_json_and_a_figure(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "out" / "timeline.png"
    assert main(["timeline", str(run), *SMALL, "-o", str(place)]) == 0
    shown = capsys.readouterr()
    assert "seeking · 2 checkpoints to step 2" in shown.out
    assert "by the first checkpoint, step 1" in shown.out
    assert (
        "Every checkpoint on the same 18 contexts: the model's own rollouts on held-out goals, by ckpt-2.pt"
        in shown.out
    )
    assert f"wrote {place}" in shown.err
    assert place.read_bytes().startswith(b"\x89PNG")
    assert main(["timeline", str(run), *SMALL, "--json"]) == 0
    told = capsys.readouterr().out
    document = json.loads(told)
    assert document["schema"] == "adtui.timeline/1"
    (tmp_path / "timeline.json").write_text(told)
    for file in (place, tmp_path / "timeline.json"):
        found = read_provenance(file)
        assert (found["made"], found["runs"][0]["checkpoint"]) == ("timeline", "ckpt-2.pt")
        assert found["runs"][0]["digest"] == hashlib.sha256((run / "ckpt-2.pt").read_bytes()).hexdigest()
        assert found["contexts"].endswith(f"by ckpt-2.pt, seed 0, mark {document['about']['mark']}")
    assert [(one["layer"], one["head"]) for one in document["emergences"] if one["kind"] == "reward-seeking"] == [
        (0, 1)
    ]


def test_stored_histories_are_no_checkpoints_rollouts(tiny_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["timeline", str(tiny_run), "--contexts", "4", "--returns", "0", "--device", "cpu"]) == 0
    shown = capsys.readouterr().out
    assert "1 checkpoint to step 7" in shown
    assert "test histories in history_darkroom_PPO_alg-seed42.hdf5, seed 0, mark" in shown
    assert "An early model" not in shown


def test_ctrl_c_shows_and_keeps_what_was_measured(
    run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    measure = Timelines._measure

    def interrupted(self: Timelines, path: Path) -> Iterator[None]:
        if self.points:
            raise KeyboardInterrupt
        yield from measure(self, path)

    monkeypatch.setattr(Timelines, "_measure", interrupted)
    assert main(["timeline", str(run), *SMALL]) == 130
    shown = capsys.readouterr()
    assert "1 of 2 checkpoints are not measured yet" in shown.out
    assert "stopped: the same call goes on from here" in shown.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-o", "timeline.pdf"], "--output: expected FILE.png"),
        (["--reference", "7"], "--reference: expected the step of one of the run's checkpoints, found 7"),
        (["--context", "99"], "--context"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    run: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["timeline", str(run), *SMALL, *words]) == 2
    shown = capsys.readouterr()
    assert said in shown.err
    assert len(shown.err.splitlines()) == 1
