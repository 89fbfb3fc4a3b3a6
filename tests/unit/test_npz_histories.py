"""Histories as AD-eps' code writes them read as an HDF5 file of the same walks does."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from lived import every, lived
from references import ad_eps

from adtui.cli.main import main
from adtui.engine.opening import open_session
from adtui.histories.file import HistoryFile
from adtui.histories.forms import Cells
from adtui.records.errors import HistoryError

ENV = "DarkRoom-v0"
GOALS = (38, 51, 62)
ROW = 20
METADATA = "metadata.metadata"


def stored(directory: Path, *, dones: bool = True, same: Path | None = None) -> Path:
    """One file of (episodes, steps) for each goal, and the metadata; the directory, with `same` HDF5 file beside it."""
    directory.mkdir(parents=True)
    source = lived(same or directory.parent / "same.hdf5", every(ROW), GOALS, env=ENV, streams=1)
    names = []
    with h5py.File(source) as file:
        for goal in GOALS:
            columns = {name: file[f"{goal}/{name}"][:, 0] for name in ("states", "actions", "rewards")}
            rows: dict[str, Any] = {name: one.reshape(-1, ROW) for name, one in columns.items() if name != "states"}
            rows["states"] = (columns["states"] @ [9, 1]).reshape(-1, ROW).astype(float)
            if dones:
                rows["dones"] = np.tile(np.arange(ROW) == ROW - 1, (len(rows["states"]), 1)).astype(np.int32)
            names.append(f"trajectories_{goal}.npz")
            np.savez(directory / names[-1], **rows)
    told = {"ordered_trajectories": names, "goal": [divmod(goal, 9) for goal in GOALS]}
    (directory / METADATA).write_text(json.dumps(told))
    return directory


@pytest.mark.parametrize("dones", [True, False])
def test_they_read_as_the_same_walks_in_an_hdf5_file(tmp_path: Path, dones: bool) -> None:
    directory = stored(tmp_path / "npz", dones=dones)
    with (
        HistoryFile(directory / METADATA, Cells(9, 5), horizon=50) as found,
        HistoryFile(tmp_path / "same.hdf5", Cells(9, 5), horizon=ROW) as wanted,
    ):
        assert found.tasks == wanted.tasks == GOALS
        for goal in GOALS:
            assert found.size(goal) == wanted.size(goal) == (200, 1)
            one, other = (vars(file.read(goal, 0, 13, 150)) for file in (found, wanted))
            assert all(np.array_equal(one[name], other[name]) for name in one)
            assert found.rewarded_cells(goal, lambda rewards: rewards > 0) <= {divmod(goal, 9)}


@pytest.mark.parametrize("inner", ["", "a1b2c"])
def test_a_run_opens_on_them(tmp_path: Path, inner: str) -> None:
    """The code puts them into a directory of a random name; either may be given."""
    run = ad_eps.make_run(tmp_path / "runs" / "ad-eps")
    stored(tmp_path / "data" / inner if inner else tmp_path / "data", same=tmp_path / "same.hdf5")
    info = open_session(run, device="cpu", samples=3, histories=tmp_path / "data").info
    assert METADATA in info.source
    assert {sample.task for sample in info.samples} == set(GOALS)
    assert not any("episodes of" in note for note in info.notes)
    assert main(["analyze", str(run), "--histories", str(tmp_path / "data"), "--json", "--device", "cpu"]) == 0


def _with(**told: Any) -> Callable[[Path], None]:
    def change(directory: Path) -> None:
        old = json.loads((directory / METADATA).read_text())
        (directory / METADATA).write_text(json.dumps(old | told))

    return change


def _file(**arrays: Any) -> Callable[[Path], None]:
    def change(directory: Path) -> None:
        path = directory / f"trajectories_{GOALS[0]}.npz"
        with np.load(path) as old:
            values: dict[str, Any] = {name: old[name] for name in old.files} | arrays
        np.savez(path, **{name: one for name, one in values.items() if one is not None})

    return change


def test_episodes_may_stand_on_end_with_their_marks(tmp_path: Path) -> None:
    """As those of several lengths can."""
    rows, whole = stored(tmp_path / "rows", same=tmp_path / "a.hdf5"), stored(tmp_path / "npz")
    for goal in GOALS:
        path = whole / f"trajectories_{goal}.npz"
        with np.load(path) as old:
            flat = {name: old[name].reshape(-1) for name in old.files}
        flat["dones"][[5, 11]] = 1
        flat["states"][[6, 12]] = 40
        np.savez(path, **flat)
        np.savez(rows / f"trajectories_{goal}.npz", **{name: one.reshape(-1, ROW) for name, one in flat.items()})
    with (
        HistoryFile(whole / METADATA, Cells(9, 5), horizon=ROW) as found,
        HistoryFile(rows / METADATA, Cells(9, 5), horizon=ROW) as wanted,
    ):
        for goal in GOALS:
            one, other = (vars(file.read(goal, 0, 0, 150)) for file in (found, wanted))
            assert all(np.array_equal(one[name], other[name]) for name in one)
            assert one["episode"][:13].tolist() == [0] * 6 + [1] * 6 + [2]


def _linked(directory: Path) -> None:
    path = directory / f"trajectories_{GOALS[0]}.npz"
    path.rename(directory.parent / "elsewhere.npz")
    path.symlink_to(directory.parent / "elsewhere.npz")


RAGGED = np.array([[1.0], [1.0, 2.0]], dtype=object)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda one: (one / METADATA).write_text("{"), "no JSON"),
        (_with(goal=[[4, 2]]), "as many files"),
        (_with(goal=[[4, 2], [4, 2], [1, 1]]), "two of goal [4, 2]"),
        (_with(goal=[[4, 9], [0, 0], [1, 1]]), "goals in a grid of 9"),
        (_with(ordered_trajectories=["../same.npz", "b.npz", "c.npz"]), "names of .npz files beside it"),
        (lambda one: (one / f"trajectories_{GOALS[0]}.npz").unlink(), "found nothing"),
        (lambda one: (one / f"trajectories_{GOALS[0]}.npz").write_bytes(b"PK"), "arrays of numbers"),
        (_linked, "found a link"),
        (
            _file(states=RAGGED),
            "episodes of several lengths, pickled; store np.concatenate of the episodes, with dones",
        ),
        (_with(goal=[[[4, 2], [1, 1]], [[4, 3], [0, 0]], [[1, 1], [2, 2]]]), "found two, a key's and a door's"),
        (_file(states=np.zeros(200), actions=np.zeros(200), rewards=np.zeros(200), dones=None), "(episodes, steps)"),
        (_file(states=np.full((10, ROW), 81.0)), "numbers of cells from 0 to 80"),
        (_file(states=np.full((10, ROW), np.nan)), "numbers of cells from 0 to 80"),
        (_file(rewards=np.zeros((3, ROW))), "numbers of shape (episodes, steps) in rewards"),
        (_file(rewards=None), "an array rewards"),
    ],
)
def test_what_cannot_be_read_is_one_line(tmp_path: Path, change: Callable[[Path], Any], words: str) -> None:
    directory = stored(tmp_path / "npz")
    change(directory)
    with pytest.raises(HistoryError) as caught, HistoryFile(directory / METADATA, Cells(9, 5), horizon=20) as file:
        file.read(GOALS[0], 0, 0, file.size(GOALS[0])[0])
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(directory) in str(caught.value)
