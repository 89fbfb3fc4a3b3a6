"""What training takes from an HDF5 file: everything as it was lived, in any layout, or nothing and one clear line."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import yaml
from checkpoints import write_histories
from numpy.typing import NDArray

from adtui.cli.main import main
from adtui.histories.collect import collect
from adtui.histories.collect_settings import CollectSettings
from adtui.histories.file import HistoryFile
from adtui.histories.forms import Cells
from adtui.histories.training import read_histories
from adtui.records.errors import HistoryError
from adtui.worlds.agents import Histories
from adtui.worlds.darkroom import DarkRoom
from adtui.worlds.world import move

Change = Callable[[h5py.File], None]
Edit = Callable[[NDArray[Any]], Any]
COLUMNS = ("states", "actions", "rewards", "next_states")
GOALS = (3, 5)
TINY = Path(__file__).parents[2] / "configs/tiny.yaml"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_histories(tmp_path / "histories.hdf5", GOALS, length=60, streams=2)


def read(path: Path, *, horizon: int = 20, streams: int | None = None) -> Histories:
    return read_histories(path, DarkRoom(horizon=horizon), GOALS, streams)


def refusal(path: Path, **options: Any) -> str:
    with pytest.raises(HistoryError) as caught:
        read(path, **options)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(str(path))
    return str(caught.value)


def explorer_refusal(path: Path) -> str:
    """What the app says of goal 3, read as a context is."""
    with (
        pytest.raises(HistoryError) as caught,
        HistoryFile(path, Cells(9, 5), horizon=20) as file,
    ):
        file.read(3, 0, 0, file.size(3)[0])
    return str(caught.value)


def changed(path: Path, change: Change) -> Path:
    with h5py.File(path, "r+") as file:
        change(file)
    return path


def edit(name: str, new: Edit) -> Change:
    """Another array in the place of one data set of goal 3."""

    def change(file: h5py.File) -> None:
        values = file["3"][name][()]
        del file["3"][name]
        file["3"][name] = new(values)

    return change


def everywhere(new: Edit) -> Change:
    def change(file: h5py.File) -> None:
        for group in file.values():
            for name in COLUMNS:
                values = group[name][()]
                del group[name]
                group[name] = new(values)

    return change


def with_one(value: float, *, step: int = 5) -> Edit:
    """One number of the first stream is another."""

    def new(values: NDArray[Any]) -> NDArray[Any]:
        values = values.astype("f8")
        values[step, 0] = value
        return values

    return new


def assert_same(one: Histories, other: Histories) -> None:
    for name in ("tasks", *COLUMNS, "probabilities"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
        assert getattr(one, name).dtype == getattr(other, name).dtype


# -- what is read ------------------------------------------------------------------------------------------------------
def test_histories_are_what_the_file_says(path: Path) -> None:
    found = read(path)
    assert found.tasks.tolist() == [3, 3, 5, 5]
    with h5py.File(path) as file:
        for row, (goal, stream) in enumerate([("3", 0), ("3", 1), ("5", 0), ("5", 1)]):
            for name in ("states", "actions", "rewards"):
                np.testing.assert_array_equal(getattr(found, name)[row], file[goal][name][:, stream])
    assert (found.probabilities.argmax(axis=2) == found.actions).all()
    np.testing.assert_array_equal(found.probabilities.sum(axis=2), 1)
    np.testing.assert_array_equal(found.next_states, move(found.states, found.actions))


def test_only_the_streams_and_goals_that_are_asked_for_matter(path: Path) -> None:
    whole = read(path)
    changed(path, edit("states", lambda old: np.where(np.arange(2)[:, None] == 1, -1, old)))
    with h5py.File(path, "r+") as file:
        file["7"] = "text"
    first = read(path, streams=1)
    np.testing.assert_array_equal(first.states, whole.states[::2])
    assert "3/states: expected cells from 0 to 8" in refusal(path)


@pytest.mark.parametrize("dtype", ["u1", "i8", ">i4", "f4", "f8"])
def test_every_type_gives_the_same_histories(path: Path, dtype: str) -> None:
    before = read(path)
    assert_same(before, read(changed(path, everywhere(lambda old: old.astype(dtype)))))


def test_single_streams_may_lack_their_axis(tmp_path: Path) -> None:
    path = write_histories(tmp_path / "one.hdf5", GOALS, length=60, streams=1)
    before = read(path)
    assert_same(before, read(changed(path, everywhere(lambda old: old[:, 0]))))


def test_names_may_have_leading_zeros(path: Path) -> None:
    before = read(path)
    with h5py.File(path, "r+") as file:
        file.move("3", "03")
        file.move("5", "00005")
    assert_same(before, read(path))


def test_next_states_of_last_steps_may_be_the_cells_reached(path: Path) -> None:
    before = read(path)

    def change(file: h5py.File) -> None:
        for group in file.values():
            reached = move(group["states"][()].astype(np.int64), group["actions"][()].astype(np.int64))
            assert (reached != group["next_states"][()]).any()
            group["next_states"][...] = reached

    assert_same(before, read(changed(path, change)))


def test_a_file_that_another_process_has_locked_is_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HDF5_USE_FILE_LOCKING", "TRUE")
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert len(read(path).tasks) == 4


# -- the same refusal in training and in the app -----------------------------------------------------------------------
def _link(name: str, link: Any) -> Change:
    def change(file: h5py.File) -> None:
        del file[name]
        file[name] = link

    return change


def _drop(file: h5py.File) -> None:
    del file["3/rewards"]


def _virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((60, 2), "u1")
    layout[:] = h5py.VirtualSource("other.hdf5", "3/actions", (60, 2))
    del file["3/actions"]
    file["3"].create_virtual_dataset("actions", layout)


SHARED = [
    (edit("rewards", with_one(np.nan)), "3/rewards: expected finite numbers, found NaN or infinite ones"),
    (edit("states", with_one(np.inf)), "3/states: expected finite numbers"),
    (edit("actions", with_one(1.7)), "3/actions: expected whole numbers, found 1.7"),
    (edit("states", with_one(0.5)), "3/states: expected whole numbers, found 0.5"),
    (edit("actions", with_one(1e300)), "3/actions: expected whole numbers, found 1e+300"),
    (edit("actions", lambda old: np.full(old.shape, 2**64 - 1, "u8")), "3/actions: expected whole numbers"),
    (edit("actions", with_one(7)), "3/actions: expected actions from 0 to 4, found 0 to 7"),
    (edit("next_states", lambda old: old * 0 + 9), "3/next_states: expected cells from 0 to 8, found 9 to 9"),
    (edit("rewards", with_one(1e300)), "3/rewards: expected rewards within the range of float32"),
    (edit("states", lambda old: old[:, :, 0]), "3/states: expected shape (60, 2, 2), found shape (60, 2)"),
    (edit("rewards", lambda old: old[:5]), "3/rewards: expected shape (60, 2), found shape (5, 2)"),
    (edit("actions", lambda old: old[:0]), "3/actions: expected shape (steps, streams), found shape (0, 2)"),
    (edit("actions", lambda old: np.full(old.shape, b"x")), "3/actions: expected numbers, found values of type"),
    (_drop, "group 3: expected a data set rewards, found only actions, next_states, states"),
    (_virtual, "3/actions: expected data within the file, found data in other files"),
    (_link("3", h5py.ExternalLink("other.hdf5", "/3")), "/3: expected data within the file, found a link to other"),
    (_link("3/states", h5py.ExternalLink("other.hdf5", "/3/states")), "/3/states: expected data within the file"),
    (_link("3", h5py.SoftLink("/gone")), ", /gone: expected what a link leads to, found nothing"),
    (_link("3/actions", h5py.SoftLink("/5/gone")), ", /5/gone: expected what a link leads to, found nothing"),
    (_link("3", np.zeros((60, 2))), "3: expected a group, found a data set"),
]


@pytest.mark.parametrize(("change", "words"), SHARED)
def test_training_and_the_app_refuse_in_the_same_words(
    path: Path, tmp_path: Path, change: Change, words: str, recwarn: pytest.WarningsRecorder
) -> None:
    shutil.copy(path, tmp_path / "other.hdf5")  # what a link leads to would do
    said = refusal(changed(path, change))
    assert words in said
    assert said == explorer_refusal(path)
    assert not recwarn.list


@pytest.mark.parametrize("streams", [1, 2, 40])
def test_swapped_axes_are_named_by_both(tmp_path: Path, streams: int) -> None:
    path = write_histories(tmp_path / "swapped.hdf5", GOALS, length=60, streams=streams)
    said = refusal(changed(path, everywhere(lambda old: old.swapaxes(0, 1))))
    assert "3/states: expected shape (steps, streams, 2)" in said
    assert "swap the first two axes" in said
    assert said == explorer_refusal(path)


@pytest.mark.parametrize(("length", "streams"), [(1, 60), (2, 60), (60, 2), (60, 1), (100, 100)])
def test_axes_in_order_are_never_called_swapped(tmp_path: Path, length: int, streams: int) -> None:
    path = write_histories(tmp_path / "x.hdf5", GOALS, length=length, streams=streams)
    for horizon in (None, 20):
        with HistoryFile(path, Cells(9, 5), horizon=horizon) as file:
            assert file.size(3) == (length, streams)


# -- what training alone must refuse -----------------------------------------------------------------------------------
def test_rewards_that_dark_room_does_not_pay_are_neither_cut_nor_learnt(path: Path) -> None:
    said = refusal(changed(path, edit("rewards", with_one(0.5))))
    assert "3/rewards: expected 0 or 1, as Dark Room pays, found 0.5; rescale them" in said
    with HistoryFile(path, Cells(9, 5), horizon=20) as file:  # the app shows them: rooms of others pay so
        assert file.read(3, 0, 0, 20).rewards[5] == 0.5


@pytest.mark.parametrize("horizon", [10, 30, 60])
def test_another_horizon_than_the_files_is_told(path: Path, horizon: int) -> None:
    said = refusal(path, horizon=horizon)
    assert f"{horizon} steps" in said
    assert "check `horizon`" in said
    assert "the first at step" in said
    assert "its episodes have 20 steps by the resets in its states" in said


@pytest.mark.parametrize("last", [9, 59])
def test_marks_of_other_ends_than_the_horizons_are_told(path: Path, last: int) -> None:
    """They are what alone says it in worlds without states."""
    with h5py.File(path, "r+") as file:
        for group in file.values():
            group["dones"] = np.tile((np.arange(60) % 20 == 19)[:, None], (1, 2))
    assert read(path).horizon == 20
    with h5py.File(path, "r+") as file:
        file["5/dones"][last, 1] ^= True
    said = refusal(path)
    assert "5/dones: expected ends of episodes every 20 steps" in said
    assert f"1 of 120 steps that differ, the first at step {last} of stream 1; check `horizon`" in said


def test_one_step_that_does_not_lead_to_the_next_is_told(path: Path) -> None:
    def change(file: h5py.File) -> None:
        file["5/next_states"][27, 1] = (file["5/next_states"][27, 1] + 3) % 9

    said = refusal(changed(path, change))
    assert "5/next_states: expected each step's next state to be the state of the step after" in said
    assert "found 1 of 118 steps that differ, the first at step 27 of stream 1" in said


def test_steps_out_of_order_are_told(path: Path) -> None:
    order = np.random.default_rng(0).permutation(60)
    said = refusal(changed(path, everywhere(lambda old: old[order])))
    assert "check `horizon`, and that the first axis is time" in said


def test_actions_of_another_order_are_told(path: Path) -> None:
    said = refusal(changed(path, edit("actions", lambda old: (old + 2) % 4)))
    assert "3/next_states: expected Dark Room's moves (actions 0 to 4: x+1, x-1, y+1, y-1, stay)" in said


def test_goals_of_another_length_and_goals_that_are_not_there(path: Path) -> None:
    with pytest.raises(HistoryError, match="a group for training goal 6, found 2 groups without it"):
        read_histories(path, DarkRoom(), [3, 6], None)
    with h5py.File(path, "r+") as file:
        for name in COLUMNS:
            values = file["5"][name][:40]
            del file["5"][name]
            file["5"][name] = values
    assert "group 5: expected 60 steps, as in group 3, found 40" in refusal(path)
    assert "whole episodes of 7 steps, found 60" in refusal(path, horizon=7)
    with pytest.raises(HistoryError, match=r"at least 64 steps \(n_transit\), found 60"):
        read_histories(path, DarkRoom(), [3], None, least=64)


def test_more_than_the_memory_holds_is_refused_unread(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        for name in COLUMNS:
            del file["3"][name]
            shape = (1_000_000, 1_000_000) + ((2,) if "states" in name else ())
            file["3"].create_dataset(name, shape, "u1", chunks=(64, 64, 2)[: len(shape)])
    with pytest.raises(HistoryError, match=r"histories that fit into .* lower train_n_stream"):
        read_histories(path, DarkRoom(), [3], None)


def test_a_limit_on_memory_is_one_line_too(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def too_much(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(HistoryFile, "read_all", too_much)
    assert "expected histories that fit into memory, found more than is free; lower train_n_stream" in refusal(path)


# -- from the command --------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return collect(CollectSettings(n_stream=2, episodes=2, traj_dir=str(tmp_path_factory.mktemp("datasets"))))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (edit("rewards", with_one(np.nan)), "3/rewards: expected finite numbers"),
        (edit("rewards", with_one(0.5)), "3/rewards: expected 0 or 1"),
        (edit("actions", with_one(1.7)), "3/actions: expected whole numbers, found 1.7"),
        (_link("3", h5py.ExternalLink("other.hdf5", "/3")), "found a link to other.hdf5"),
        (_link("3", h5py.SoftLink("/gone")), ", /gone: expected what a link leads to, found nothing"),
        (lambda file: file.move("3", "x"), "a group for training goal 3"),
    ],
)
def test_train_refuses_in_one_line(
    collected: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], change: Change, words: str
) -> None:
    shutil.copy(collected, tmp_path / "other.hdf5")
    path = changed(Path(shutil.copy(collected, tmp_path)), change)
    assert main(["train", _settings(tmp_path, histories=str(path))]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith(f"adtui: {path}")
    assert words in err


def test_histories_shorter_than_a_window(collected: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", _settings(tmp_path, histories=str(collected), n_transit=50)]) == 2
    assert "at least 50 steps (n_transit), found 40; lower n_transit" in capsys.readouterr().err


def _settings(directory: Path, **changes: Any) -> str:
    path = directory / "settings.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(TINY.read_text()) | {"log_dir": str(directory / "run")} | changes))
    return str(path)
