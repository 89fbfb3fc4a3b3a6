"""Files of inputs that are damaged or hostile: one HistoryError, and nothing on stderr."""

from __future__ import annotations

import io
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adtui.histories import inputs
from adtui.histories.inputs import inputs_npz
from adtui.records.errors import HistoryError

B, N = 2, 5


def arrays(**changed: Any) -> dict[str, Any]:
    good = {
        "in_states": np.full((B, N, 2), 4),
        "in_actions": np.zeros((B, N), np.int64),
        "in_rewards": np.zeros((B, N)),
        "in_next_states": np.full((B, N, 2), 4),
        "in_query_states": np.full((B, 2), 4),
    }
    return good | changed


def with_entry(path: Path, name: str, data: bytes) -> Path:
    """A good file in which one array's bytes are replaced."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays())
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(path, "w") as new:
        for entry in old.namelist():
            new.writestr(entry, data if entry == name else old.read(entry))
    return path


def header(text: str, version: bytes = b"\x01\x00") -> bytes:
    return b"\x93NUMPY" + version + len(text).to_bytes(2, "little") + text.encode() + b"12345678"


@pytest.mark.parametrize(
    "data",
    [
        header("{'descr': '<i8', 'fortran_order': False, 'shape': (100000000000,), }\n"),
        header("{'descr': '<i8', 'fortran_order': False, 'shape': (1000000000000000,), }\n"),
        header("(" * 500),
        header("{'descr': (((\n"),
        header("'open"),
        header("9" * 5000),
        header("{'descr': '<i8', 'fortran_order': False, 'shape': (2L,), }\n"),
        b"\x93NUMPY\x01\x00",
        b"",
    ],
)
def test_headers_that_lie_are_refused(tmp_path: Path, data: bytes) -> None:
    path = with_entry(tmp_path / "x.npz", "in_rewards.npy", data)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(HistoryError, match=r"x\.npz"):
            inputs_npz(path)


def test_damaged_compression_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez_compressed(path, **arrays(in_rewards=np.random.default_rng(0).integers(0, 2, (B, N)).astype(float)))
    whole = path.read_bytes()
    for at in range(40, 200):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        try:
            inputs_npz(path)
        except HistoryError as error:
            assert "\n" not in str(error)  # noqa: PT017


def test_an_array_far_larger_than_the_file_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "MAX_BYTES", 1 << 20)
    path = tmp_path / "x.npz"
    np.savez_compressed(path, **arrays(in_states=np.zeros((1 << 18, 2))))
    assert path.stat().st_size < 1 << 16
    with pytest.raises(HistoryError, match="at most 1 MB"):
        inputs_npz(path)


def test_more_numbers_than_can_be_checked_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "MAX_NUMBERS", 1000)
    path = tmp_path / "x.npz"
    np.savez(path, **arrays(in_states=np.zeros((B, 300, 2), np.int8)))
    with pytest.raises(HistoryError, match="at most 1000 numbers in in_states"):
        inputs_npz(path)


@pytest.mark.parametrize("reward", [1e300, -1e300, 3.5e38])
def test_rewards_beyond_float32_are_refused(tmp_path: Path, reward: float) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, **arrays(in_rewards=np.full((B, N), reward)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(HistoryError, match="float32"):
            inputs_npz(path)
