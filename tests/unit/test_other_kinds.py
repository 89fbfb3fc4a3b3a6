"""Files of another kind than a checkpoint: told by what they are, with what to do."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from adtui.files.checkpoint import load_checkpoint
from adtui.records.errors import CheckpointError


def complaint(path: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("x.pt", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "git lfs pull"),
        ("x.pt", b"<!doctype html><html></html>", "found a web page; download"),
        ("x.pt.gz", b"\x1f\x8b\x08\x00", "found a file packed by gzip; unpack it"),
        ("x.hdf5", b"\x89HDF\r\n\x1a\n", "--histories"),
        ("config.json", b"{}", "found a text file; give the checkpoint beside it"),
        ("config.yaml", b"env: darkroom\n", "found a text file; give the checkpoint beside it"),
    ],
)
def test_what_is_no_checkpoint_is_told_by_what_it_is(tmp_path: Path, name: str, data: bytes, words: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    assert words in complaint(path)


def test_other_archives_are_told_by_what_they_are(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", a=np.ones(2))
    assert "found an .npz archive of NumPy; save the model's state_dict" in complaint(tmp_path / "w.npz")
    with zipfile.ZipFile(tmp_path / "x.pt", "w") as archive:
        archive.writestr("x/constants.pkl", b"")
    assert "found a TorchScript archive; save the model's state_dict" in complaint(tmp_path / "x.pt")
