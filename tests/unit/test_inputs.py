"""Files of inputs that are damaged or hostile: one HistoryError, and nothing on stderr."""

from __future__ import annotations

import io
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoints import reference, save_checkpoint, settings

from adtui.engine.opening import open_session
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


def test_episodes_are_as_long_as_the_runs(tmp_path: Path) -> None:
    """Where the file does not say; a reset after 10 of 14 steps shows in its states."""
    run = save_checkpoint(
        tmp_path / "runs" / "ten" / "ckpt-7.pt",
        reference("pre", n_transit=20).state_dict(),
        settings(2, 20) | {"horizon": 10},
    ).parent
    x = np.array([*range(9), 8, 4, 5, 6, 7, 8])[None]  # one step stands still at the wall
    states = np.stack([x, np.zeros_like(x)], axis=2)
    next_states = states[:, 1:].copy()
    next_states[0, 9] = states[0, 9]
    inputs = {"states": states[:, :-1], "next_states": next_states, "query_states": states[:, -1]}
    inputs |= {"actions": np.zeros((1, 14), np.int64), "rewards": np.zeros((1, 14))}
    named: dict[str, Any] = {f"in_{name}": values for name, values in inputs.items()}
    np.savez(tmp_path / "given.npz", **named)
    (sample,) = open_session(run, device="cpu", inputs=tmp_path / "given.npz").samples
    assert sample.episode.tolist() == [0] * 10 + [1] * 5
    assert sample.step.tolist() == [*range(10), *range(5)]
