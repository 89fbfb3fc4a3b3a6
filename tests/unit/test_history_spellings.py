"""Histories as other collectors spell them: last axes of one number, one-hot actions, groups with a word before it."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from checkpoints import make_run, write_histories
from numpy.typing import NDArray

from adtui.engine.opening import open_session
from adtui.histories.file import HistoryFile, Stretch
from adtui.histories.forms import Cells
from adtui.histories.training import read_histories
from adtui.records.errors import HistoryError
from adtui.worlds.agents import Histories
from adtui.worlds.darkroom import DarkRoom

Spelling = Callable[[str, NDArray[Any]], NDArray[Any]]
GOALS = (38, 51)
COLUMNS = ("states", "actions", "rewards", "next_states")


def one_hot(values: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(np.eye(5, dtype=np.float32)[values])


def last_axis(name: str, values: NDArray[Any]) -> NDArray[Any]:
    return values[..., None] if name in ("rewards", "actions", "dones") else values


def one_hot_actions(name: str, values: NDArray[Any]) -> NDArray[Any]:
    return one_hot(values) if name == "actions" else values


def single_stream(name: str, values: NDArray[Any]) -> NDArray[Any]:
    return one_hot(values)[:, 0] if name == "actions" else values[:, 0]


def single_stream_last_axis(name: str, values: NDArray[Any]) -> NDArray[Any]:
    return one_hot(values)[:, 0] if name == "actions" else last_axis(name, values[:, 0])


def numbered(name: str, values: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(values @ [9, 1]) if "states" in name else values


def numbered_last_axis(name: str, values: NDArray[Any]) -> NDArray[Any]:
    return numbered(name, values)[..., None] if "states" in name else values


def one_hot_cells(name: str, values: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(np.eye(81, dtype=np.uint8)[numbered(name, values)]) if "states" in name else values


def one_hot_rows_and_columns(name: str, values: NDArray[Any]) -> NDArray[Any]:
    return np.eye(9)[values].reshape(*values.shape[:-1], 18) if "states" in name else values


def numbered_single_stream(name: str, values: NDArray[Any]) -> NDArray[Any]:
    return numbered(name, values)[:, 0]


CELLS = (numbered, numbered_last_axis, one_hot_cells, one_hot_rows_and_columns)
SPELLINGS = (last_axis, one_hot_actions, single_stream, single_stream_last_axis, *CELLS, numbered_single_stream)


def respelt(path: Path, spelling: Spelling) -> Path:
    with h5py.File(path, "r+") as file:
        for group in file.values():
            for name in list(group):
                values = group[name][()]
                del group[name]
                group[name] = spelling(name, values)
    return path


def written(path: Path, *, streams: int = 1) -> Path:
    write_histories(path, GOALS, streams=streams)
    with h5py.File(path, "r+") as file:
        for group in file.values():
            group["dones"] = np.tile((np.arange(60) % 20 == 19)[:, None], (1, streams))
    return path


def read(path: Path, task: int = 38) -> tuple[Stretch, Histories]:
    """What the app and what training reads."""
    with HistoryFile(path, Cells(9, 5), horizon=20) as file:
        file.size(task)
        return file.read(task, 0, 3, 55), read_histories(path, DarkRoom(), GOALS, None)


def same(one: Any, other: Any) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in vars(one) if name != "horizon")


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_reads_as_the_plain_one(tmp_path: Path, spelling: Spelling) -> None:
    plain = read(written(tmp_path / "plain.hdf5"))
    found = read(respelt(written(tmp_path / "x.hdf5"), spelling))
    assert all(same(one, other) for one, other in zip(plain, found, strict=True))


@pytest.mark.parametrize("spelling", [last_axis, one_hot_actions, *CELLS])
@pytest.mark.parametrize("streams", [2, 5, 81])
def test_streams_keep_their_axis(tmp_path: Path, spelling: Spelling, streams: int) -> None:
    """Five streams of single actions are not one stream of one-hot ones, nor two streams of numbers one of cells."""
    plain = read(written(tmp_path / "plain.hdf5", streams=streams))
    found = read(respelt(written(tmp_path / "x.hdf5", streams=streams), spelling))
    assert len(plain[1].actions) == 2 * streams
    assert all(same(one, other) for one, other in zip(plain, found, strict=True))


@pytest.mark.parametrize("spelling", [last_axis, *CELLS, numbered_single_stream])
@pytest.mark.parametrize("more", [0, 1])
def test_next_states_are_the_states_of_the_steps_after(tmp_path: Path, spelling: Spelling, more: int) -> None:
    plain, path = read(written(tmp_path / "plain.hdf5")), written(tmp_path / "x.hdf5")
    with h5py.File(path, "r+") as file:
        for group in file.values():
            states = np.concatenate([group["states"][()], group["next_states"][-more:][:more]])
            del group["states"], group["next_states"]
            group["states"] = states
    found = read(respelt(path, spelling))
    assert same(plain[0], found[0])
    assert same(plain[1], found[1])


def test_streams_first_are_told_without_next_states(tmp_path: Path) -> None:
    path = respelt(written(tmp_path / "x.hdf5", streams=30), lambda _, values: np.swapaxes(values, 0, 1))
    with h5py.File(path, "r+") as file:
        for group in file.values():
            del group["next_states"]
    with pytest.raises(HistoryError, match=r"swap the first two axes of every data set: they are \(streams, steps\)"):
        read(path)


@pytest.mark.parametrize(
    "names",
    [
        ("observations", "actions", "rewards", "next_observations", "terminals"),
        ("obs", "action", "reward", "next_obs", "done"),
        ("state", "action", "reward", "next_state", "truncated"),
    ],
)
def test_columns_may_have_other_names(tmp_path: Path, names: tuple[str, ...]) -> None:
    plain, path = read(written(tmp_path / "plain.hdf5")), written(tmp_path / "x.hdf5")
    with h5py.File(path, "r+") as file:
        for group in file.values():
            for name, other in zip(("states", "actions", "rewards", "next_states", "dones"), names, strict=True):
                group.move(name, other)
    assert all(same(one, other) for one, other in zip(plain, read(path), strict=True))


def test_they_open_in_the_app(tmp_path: Path) -> None:
    path = tmp_path / "datasets" / "history_darkroom_PPO_alg-seed42.hdf5"
    run = make_run(tmp_path / "runs" / "AD-darkroom-seed0")
    plain = open_session(run, device="cpu", samples=2, histories=written(path)).info
    found = open_session(run, device="cpu", samples=2, histories=respelt(path, one_hot_actions)).info
    assert found.notes == plain.notes
    for one, other in zip(found.samples, plain.samples, strict=True):
        assert np.array_equal(one.actions, other.actions)


@pytest.mark.parametrize("change", [lambda one: one * 2, lambda one: one * 0, lambda one: one * 0 + 1])
def test_what_is_no_single_1_is_told(tmp_path: Path, change: Callable[[NDArray[Any]], NDArray[Any]]) -> None:
    path = respelt(written(tmp_path / "x.hdf5"), one_hot_actions)
    with h5py.File(path, "r+") as file:
        file["38/actions"][30] = change(file["38/actions"][30])
    with pytest.raises(HistoryError, match="38/actions: expected a single 1 among zeros for each step, found other"):
        read(path)


@pytest.mark.parametrize(
    "name", ["goal_{}", "task-{}", "env_{}", "Task_{}", "goal{}", "goal_{1}_{2}", "({1}, {2})", "{1}-{2}"]
)
def test_groups_may_have_a_word_before_their_number_or_be_named_by_their_cell(tmp_path: Path, name: str) -> None:
    plain = read(written(tmp_path / "plain.hdf5"))
    path = written(tmp_path / "x.hdf5")
    with h5py.File(path, "r+") as file:
        for goal in GOALS:
            file.move(str(goal), name.format(goal, *divmod(goal, 9)))
    assert all(same(one, other) for one, other in zip(plain, read(path), strict=True))


def test_of_two_groups_of_a_number_the_plain_one_counts(tmp_path: Path) -> None:
    path = written(tmp_path / "x.hdf5")
    with h5py.File(path, "r+") as file:
        file.copy("51", "goal_38")
    plain = read(written(tmp_path / "plain.hdf5"))
    assert same(plain[0], read(path)[0])
    with h5py.File(path, "r+") as file:
        file.move("38", "task_38")
    with pytest.raises(HistoryError, match="one group per goal, found goal_38 and task_38"):
        read(path)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"version https://git-lfs.github.com/spec/v1", "a pointer of Git LFS, not the file; get the file itself"),
        (b"PK\x03\x04", "a ZIP archive, as .npz files are; write its arrays into an HDF5 file"),
        (pickle.dumps({"states": [1]}), "a pickle; write its arrays into an HDF5 file"),
        (b"", "an empty file"),
    ],
)
def test_files_of_another_kind_are_told_by_what_they_are(tmp_path: Path, data: bytes, words: str) -> None:
    (tmp_path / "x.hdf5").write_bytes(data)
    with pytest.raises(HistoryError) as caught:
        read(tmp_path / "x.hdf5")
    assert f"expected an HDF5 file of histories, found {words}" in str(caught.value)


def test_rows_of_several_lengths_are_told(tmp_path: Path) -> None:
    path = written(tmp_path / "x.hdf5")
    with h5py.File(path, "r+") as file:
        del file["38/actions"]
        rows = file.create_dataset("38/actions", (2,), dtype=h5py.vlen_dtype(np.int32))
        rows[0], rows[1] = np.arange(3), np.arange(4)
    with pytest.raises(HistoryError, match="found rows of several lengths; store episodes on end"):
        read(path)
