"""What tests of figures share: a small exhibit, and a reader of its PNGs."""

from __future__ import annotations

import hashlib
import struct
import zlib
from pathlib import Path

import numpy as np
from checkpoints import make_run, write_histories

from adtui.engine.opening import open_session
from adtui.reports.export import Exhibit

DPI = 40.0


def tiny_exhibit(root: Path) -> Exhibit:
    """Two samples of a tiny run made in `root`, at few dots per inch."""
    write_histories(root / "datasets" / "history_darkroom_PPO_alg-seed42.hdf5", range(81), length=60)
    session = open_session(make_run(root / "runs" / "tiny"), samples=2)
    list(session.analyse_all())
    made = session.exhibit()
    return Exhibit(made.title, made.axes, made.attentions, made.stats, made.matrices, made.layers, DPI)


def digests(directory: Path) -> dict[str, str]:
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    return {str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def decode(png: bytes) -> np.ndarray:
    """An RGB PNG with up-filtered rows → (height, width, 3): an independent reader for the encoder's output."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    at, data, size = 8, b"", (0, 0)
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        body = png[at + 8 : at + 8 + length]
        assert struct.unpack(">I", png[at + 8 + length : at + 12 + length])[0] == zlib.crc32(kind + body)
        if kind == b"IHDR":
            size = struct.unpack(">II", body[:8])
        data += body if kind == b"IDAT" else b""
        at += 12 + length
    width, height = size
    rows = np.frombuffer(zlib.decompress(data), np.uint8).reshape(height, 1 + 3 * width)
    assert (rows[:, 0] == 2).all()
    return np.cumsum(rows[:, 1:], axis=0, dtype=np.uint64).astype(np.uint8).reshape(height, width, 3)
