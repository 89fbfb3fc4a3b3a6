"""HDF5 files in every layout that users have; and files that lie about their size or lead out of themselves."""

from __future__ import annotations

import time
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from checkpoints import write_histories
from numpy.typing import NDArray

from adtui.histories.file import HistoryFile, Stretch
from adtui.histories.forms import Cells
from adtui.histories.layout import MAX_STEPS
from adtui.records.errors import HistoryError

Change = Callable[[h5py.File], None]
COLUMNS = ("states", "actions", "rewards", "next_states")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_histories(tmp_path / "histories.hdf5", [3, 5], length=60, streams=2)


def opened(path: Path) -> HistoryFile:
    return HistoryFile(path, Cells(9, 5), horizon=20)


def read(path: Path, task: int = 3, stream: int = 1, first: int = 7, last: int = 48) -> Stretch:
    with opened(path) as file:
        file.size(task)
        return file.read(task, stream, first, last)


def read_all(file: HistoryFile) -> None:
    file.optimal_action(3, 0, 0)
    file.read(3, 0, 0, min(file.size(3)[0], 20))


def complaint(path: Path) -> str:
    """The one line, which must come at once and without much memory."""
    tracemalloc.start()
    begun = time.process_time()
    with pytest.raises(HistoryError) as caught, opened(path) as file:
        read_all(file)
    assert time.process_time() - begun < 10  # seconds of its own work
    assert tracemalloc.get_traced_memory()[1] < 10 << 20
    tracemalloc.stop()
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    return str(caught.value)


def rewritten(path: Path, store: Callable[[h5py.Group, str, NDArray[Any]], None]) -> Path:
    """The file with every data set stored in another way."""
    with h5py.File(path, "r+") as file:
        for group in file.values():
            for name in list(group):
                values = group[name][()]
                del group[name]
                store(group, name, values)
    return path


def _array(dtype: Any) -> Callable[..., None]:
    return lambda group, name, values: group.create_dataset(name, data=values.astype(dtype))


def _chunked(**more: Any) -> Callable[..., None]:
    return lambda group, name, values: group.create_dataset(name, data=values, **{"chunks": True, **more})


def _linked(target: str) -> Callable[..., None]:
    def store(group: h5py.Group, name: str, values: NDArray[Any]) -> None:
        group.file[f"data{group.name}/{name}"] = values
        group[name] = h5py.SoftLink(target.format(group=group.name, name=name))

    return store


# -- layouts -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "store",
    [
        _array("u1"),
        _array("i8"),
        _array(">i4"),
        _array("f8"),
        _array("f2"),
        _chunked(compression="gzip"),
        _chunked(compression="lzf", shuffle=True, fletcher32=True),
        _linked("/data{group}/{name}"),
        _linked("//data/.{group}/{name}"),
    ],
)
def test_every_way_of_storing_gives_the_same_numbers(path: Path, store: Callable[..., None]) -> None:
    with h5py.File(path) as file:
        stored = {name: file["3"][name][7:48, 1] for name in COLUMNS}
    found = read(rewritten(path, store))
    for name, values in stored.items():
        np.testing.assert_array_equal(getattr(found, name), values)
        assert getattr(found, name).dtype == (np.float32 if name == "rewards" else np.int64)


def test_extra_data_sets_and_groups_do_not_matter(path: Path) -> None:
    before = read(path)
    with h5py.File(path, "r+") as file:
        file["3"]["compress_markers"] = np.tile([0, 1, 2], (2, 20)).T
        file["3"]["notes"] = "some text"
        file["3"]["more"] = h5py.ExternalLink("none.hdf5", "/x")
        file["meta"] = h5py.ExternalLink("none.hdf5", "/x")
        file.attrs["made by"] = "someone"
        file.create_group("-1")
        file.create_group("1.5")
        file.create_group("٣")
    with opened(path) as file:
        assert file.tasks == (3, 5)
        after = file.read(3, 1, 7, 48)
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name))


def test_groups_may_have_gaps_and_leading_zeros(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file.move("3", "0007")
        file.move("5", "123456789")
    with opened(path) as file:
        assert file.tasks == (7, 123456789)
        assert file.size(7) == file.size(123456789) == (60, 2)
        assert file.read(7, 0, 0, 5).actions.shape == (5,)


@pytest.mark.parametrize("axis", [True, False])
def test_dones_of_single_streams_count_with_and_without_a_stream_axis(tmp_path: Path, axis: bool) -> None:
    path = write_histories(tmp_path / "x.hdf5", [3], length=60, streams=1)
    ends = np.arange(60) % 7 == 6
    with h5py.File(path, "r+") as file:
        file["3"]["dones"] = ends[:, None] if axis else ends
    found = read(path, stream=0)
    assert found.step.tolist() == [t % 7 for t in range(7, 48)]
    assert found.episode.tolist() == [t // 7 for t in range(7, 48)]


@pytest.mark.parametrize("first", [0, 1, 13, 14, 15, 40])
def test_the_clock_does_not_depend_on_where_reading_begins(
    path: Path, first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adtui.histories.clock.BLOCK", 4)
    ends = np.zeros((60, 2), np.uint8)
    ends[[0, 13, 14, 30, 59], 1] = 1
    with h5py.File(path, "r+") as file:
        file["3"]["dones"] = ends
    begins = [0, 1, 14, 15, 31]
    found = read(path, first=first, last=60)
    assert found.episode.tolist() == [sum(b <= t for b in begins) - 1 for t in range(first, 60)]
    assert found.step.tolist() == [t - max(b for b in begins if b <= t) for t in range(first, 60)]


# -- files that claim too much -----------------------------------------------------------------------------------------
def claim(group: h5py.Group, name: str, shape: tuple[int, ...], chunks: tuple[int, ...] | None = None) -> None:
    """A data set of any size that takes no room: nothing of it is written."""
    if name in group:
        del group[name]
    group.create_dataset(name, shape=shape, dtype="u1", chunks=chunks or tuple(min(64, n) for n in shape))


def claim_all(path: Path, steps: int, streams: int) -> None:
    with h5py.File(path, "r+") as file:
        for name in COLUMNS:
            claim(file["3"], name, (steps, streams, 2) if "states" in name else (steps, streams))


def test_a_history_of_a_million_million_steps_is_refused(path: Path) -> None:
    claim_all(path, 10**12, 1)
    assert f"at most {MAX_STEPS} steps, found 1000000000000" in complaint(path)


def test_of_a_million_million_streams_only_the_slice_is_read(path: Path) -> None:
    claim_all(path, 60, 10**12)
    begun = time.process_time()
    with opened(path) as file:
        assert file.size(3) == (60, 10**12)
        assert file.read(3, 10**12 - 1, 0, 60).actions.tolist() == [0] * 60
    assert time.process_time() - begun < 10  # seconds of its own work


def test_dones_of_another_size_are_left_alone(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        claim(file["3"], "dones", (10**12, 2))
    assert read(path, first=0, last=40).step.tolist() == [*range(20)] * 2


def test_a_chunk_that_unpacks_to_gigabytes_is_refused(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        del file["3"]["rewards"]
        file["3"].create_dataset("rewards", (60, 2), "f8", chunks=(60, 2), maxshape=(None, None))
        del file["5"]["rewards"]
        file["5"].create_dataset("rewards", (60, 2), "f8", chunks=(1 << 27, 2), maxshape=(None, None))
    read(path)
    with pytest.raises(HistoryError, match="chunks of at most 512 MB, found 2048 MB"):
        read(path, task=5)


# -- files that lead out of themselves ---------------------------------------------------------------------------------
def _in(name: str, values: Any) -> Change:
    """Put something else in the place of one data set of goal 3."""

    def change(file: h5py.File) -> None:
        if name in file["3"]:
            del file["3"][name]
        values(file, name)

    return change


def _external_storage(file: h5py.File, name: str) -> None:
    file["3"].create_dataset(name, (60, 2), "u1", external=[("/etc/passwd", 0, 120)])


def _virtual(file: h5py.File, name: str) -> None:
    layout = h5py.VirtualLayout((60, 2), "u1")
    layout[:] = h5py.VirtualSource("other.hdf5", f"3/{name}", (60, 2))
    file["3"].create_virtual_dataset(name, layout)


def _link(target: Any) -> Callable[[h5py.File, str], None]:
    return lambda file, name: file["3"].__setitem__(name, target)


def _goal(target: Any) -> Change:
    def change(file: h5py.File) -> None:
        del file["3"]
        file["way"] = h5py.ExternalLink("other.hdf5", "/")
        file["3"] = target

    return change


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (_goal(h5py.ExternalLink("other.hdf5", "/3")), "a link to other.hdf5"),
        (_goal(h5py.SoftLink("/way/3")), "a link to other.hdf5"),
        (_goal(h5py.SoftLink("/3")), "a link to a link"),
        (_goal(h5py.SoftLink("/gone")), "gone"),
        (_goal(np.zeros((60, 2))), "a data set"),
        (_in("actions", _link(h5py.ExternalLink("other.hdf5", "/3/actions"))), "a link to other.hdf5"),
        (_in("actions", _external_storage), "3/actions: expected data within the file, found data in other files"),
        (_in("rewards", _virtual), "3/rewards: expected data within the file, found data in other files"),
        (_in("dones", _external_storage), "3/dones: expected data within the file"),
        (_in("dones", _link(h5py.ExternalLink("other.hdf5", "/3/actions"))), "a link to other.hdf5"),
        (_in("dones", _link(h5py.ExternalLink("gone.hdf5", "/x"))), "a link to gone.hdf5"),
        (_in("optimal_actions", _virtual), "3/optimal_actions: expected data within the file"),
        (_in("optimal_actions", _link(h5py.ExternalLink("other.hdf5", "/3/actions"))), "a link to other.hdf5"),
        (_in("actions", _link(h5py.SoftLink("/3/states/actions"))), "readable HDF5 data"),
    ],
)
def test_nothing_outside_the_file_is_read(path: Path, tmp_path: Path, change: Change, found: str) -> None:
    write_histories(tmp_path / "other.hdf5", [3])
    with h5py.File(path, "r+") as file:
        change(file)
    assert found in complaint(path)
    read(path, task=5)  # the other goals are as good as before


def test_a_soft_link_that_multiplies_ends_at_once(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        del file["3"]
        file["3"] = h5py.SoftLink("/".join(["b0"] * 50))
        for depth in range(9):
            file[f"b{depth}"] = h5py.SoftLink("/".join([f"b{depth + 1}"] * 50))
        file["b9"] = h5py.SoftLink("/.")
    assert "a link to a link" in complaint(path)


# -- data of other kinds -----------------------------------------------------------------------------------------------
def test_rewards_beyond_float32_are_refused_in_silence(path: Path, recwarn: pytest.WarningsRecorder) -> None:
    with h5py.File(path, "r+") as file:
        shape = file["3/rewards"].shape
        del file["3/rewards"]
        file["3/rewards"] = np.full(shape, 1e300)
    assert "rewards within the range of float32" in complaint(path)
    assert not recwarn.list


@pytest.mark.parametrize(
    "values",
    [
        np.zeros((60, 2), [("a", "i4"), ("b", "f4")]),
        np.zeros((60, 2), "c8"),
        np.full((60, 2), b"x"),
        h5py.Empty("i4"),
    ],
)
def test_data_that_are_no_numbers(path: Path, values: Any) -> None:
    with h5py.File(path, "r+") as file:
        del file["3"]["rewards"]
        file["3"]["rewards"] = values
    assert "3/rewards: expected" in complaint(path)


def test_text_of_any_length(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        del file["3"]["actions"]
        file["3"].create_dataset("actions", (60, 2), h5py.string_dtype())
    assert "expected numbers" in complaint(path)


# -- chunks that would make the library read beyond its buffer --------------------------------------------------------
def _packed(content: bytes, mask: int = 0, **filters: Any) -> Callable[..., None]:
    def store(group: h5py.Group, name: str, values: NDArray[Any]) -> None:
        column = group.create_dataset(name, data=values, chunks=values.shape, **filters)
        column.id.write_direct_chunk((0,) * values.ndim, content, filter_mask=mask)

    return store


@pytest.mark.parametrize(
    ("store", "found"),
    [
        (_packed(b"x", fletcher32=True), "a chunk of 0 bytes"),
        (_packed(b"xy", shuffle=True), "a chunk of 2 bytes"),
        (_packed(zlib.compress(bytes(10)), compression="gzip"), "a chunk of 10 bytes"),
        (_packed(zlib.compress(bytes(1 << 20)), compression="gzip"), "bytes instead of"),
        (_packed(b"no zlib", compression="gzip"), "does not unpack"),
        (_packed(bytes(1 << 20), compression="gzip"), "a chunk of 1048576 bytes that should unpack to"),
        (_packed(bytes(7), mask=1, compression="gzip"), "a chunk of 7 bytes"),
        (_chunked(scaleoffset=0), "a filter of number"),
    ],
)
def test_a_chunk_of_another_size_never_reaches_the_library(path: Path, store: Callable[..., None], found: str) -> None:
    said = complaint(rewritten(path, store))
    assert found in said
    assert "sound chunks" in said


def test_a_filter_that_was_left_out_of_a_chunk_is_no_fault(path: Path) -> None:
    def store(group: h5py.Group, name: str, values: NDArray[Any]) -> None:
        _packed(np.ascontiguousarray(values).tobytes(), mask=1, compression="gzip")(group, name, values)

    before = read(path)
    after = read(rewritten(path, store))
    np.testing.assert_array_equal(before.states, after.states)
    np.testing.assert_array_equal(before.rewards, after.rewards)
