"""Which route measures attention on a CUDA device: the first that is right there. Tried on the CPU."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from test_kernel import heads

from adtui.cli.diagnosis import cuda_route
from adtui.models import cuda, stock
from adtui.models.attend import measured

CPU = torch.device("cpu")


def test_tiles_give_the_whole_matrix_sums() -> None:
    """To float32's digits, keys shared by several heads too; a row that looks at one key has no entropy below 0."""
    pytest.importorskip("triton", reason="Triton is not here: it comes with torch's CUDA builds for Linux")
    program = Path(__file__).parents[1] / "interpreted_tiles.py"
    environ = {**os.environ, "TRITON_INTERPRET": "1"}
    done = subprocess.run([sys.executable, str(program)], env=environ, capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(lines) == 24
    for line in lines:
        assert max(line["gaps"]) < 1, line
        assert line["least"] >= 0
        assert line["same"]


def test_fused_attention_is_right_in_float32() -> None:
    assert cuda.difference(stock.measure, CPU) == ""


def test_a_wrong_number_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device whose fused attention says something else, as its lse in base 2, is not trusted."""
    honest = stock._fused
    monkeypatch.setattr(stock, "_fused", lambda *args: (honest(*args)[0], honest(*args)[1] * 1.4427))
    assert "off by" in cuda.difference(stock.measure, CPU)


@pytest.fixture
def fresh() -> Iterator[None]:
    cuda.route.cache_clear()
    yield
    cuda.route.cache_clear()


@pytest.mark.usefixtures("fresh")
def test_the_first_route_that_is_right_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise ValueError("no such\n  instruction")

    monkeypatch.setattr(cuda, "_tiles", lambda: broken)
    found = cuda.route("cpu")
    assert found.measure is stock.measure
    assert found.said == "torch's fused attention (Triton's kernels: ValueError no such instruction)"


@pytest.mark.usefixtures("fresh")
def test_where_none_is_right_rows_are_walked_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda, "_tiles", lambda: None)
    found = cuda.route("meta")  # a device without numbers
    assert found.measure is None
    assert found.refused[0] == "Triton's kernels: no Triton is here"
    assert found.refused[1].startswith("torch's fused attention: ")


def test_the_cpu_keeps_its_own_routes(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("asked")

    monkeypatch.setattr(cuda, "route", never)
    q, k, v = heads(20, 8, 4, 1.0)
    assert measured(q, k, v)[1].shape == (2, 4, 20)


def test_doctor_says_which_route_a_card_takes() -> None:
    answer = json.dumps({"routes": {"cuda:0": "torch's fused attention (Triton's kernels: no Triton is here)"}})
    said = "measured on cuda:0 by torch's fused attention (Triton's kernels: no Triton is here)"
    assert cuda_route(f"a warning\n{answer}").found == said
    assert "could not be found out" in cuda_route(None).found
