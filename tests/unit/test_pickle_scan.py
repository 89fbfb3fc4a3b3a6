"""The scan follows sound pickles to their end, stops where torch does, and refuses tuples that cannot be hashed."""

from __future__ import annotations

import io
import pickle
import random
import time
import zipfile

import pytest
import torch

from adtui.files.pickles import MAX_DEPTH, HostilePickleError, scan


def shared(levels: int) -> bytes:
    """A tuple of ten times a tuple of ten times a tuple …, each made once."""
    ends = b"".join(b"q%c" % level + b"h%c" % level * 9 + b"t" for level in range(levels))
    return b"\x80\x02}" + b"(" * levels + b")" + ends + b"K\x01s."


def nested(levels: int) -> bytes:
    return b"\x80\x02})" + b"\x85" * levels + b"K\x01s."


@pytest.mark.parametrize(
    "value",
    [
        None,
        {"a": [1, 2.5, "é", True, None, 10**12, -5], "b": {"c": (1, (2, (3,)))}},
        [("x", i) for i in range(2000)],
        {i: list(range(50)) for i in range(300)},
        random.Random(0).getstate(),
    ],
)
def test_it_ends_where_the_pickle_ends(value: object) -> None:
    data = pickle.dumps(value, 2)
    assert scan(data) == len(data)
    assert scan(b"before" + data + b"after", 6) == len(data) + 6


def test_it_follows_what_torch_saves() -> None:
    buffer = io.BytesIO()
    weights = torch.nn.TransformerDecoderLayer(8, 2, 8).state_dict()
    torch.save({"model": weights, "config": {"device": torch.device("cpu"), "size": torch.Size((1, 2))}}, buffer)
    with zipfile.ZipFile(buffer) as archive:
        data = archive.read("archive/data.pkl")
    assert scan(data) == len(data)


@pytest.mark.parametrize("data", [shared(8), shared(60), nested(MAX_DEPTH + 1), nested(1_000_000)])
def test_it_refuses_tuples_without_end(data: bytes) -> None:
    started = time.process_time()
    with pytest.raises(HostilePickleError, match="tuples"):
        scan(data)
    assert time.process_time() - started < 5


def test_it_refuses_pickles_without_end() -> None:
    with pytest.raises(HostilePickleError, match="opcodes"):
        scan(b"\x80\x02" + b"]" * 5_000_000)


@pytest.mark.parametrize(
    "data", [b"", b"\x80", b"\x80\x02X\xff\xff", b"h\x05", b"t", b"a", b"R", b"\x86", b"cos\n", b"\xff"]
)
def test_it_leaves_damage_to_torch(data: bytes) -> None:
    assert scan(data) >= 0


def test_it_reads_any_bytes() -> None:
    rng = random.Random(0)
    for _ in range(300):
        scan(rng.randbytes(200))
