"""Sums by torch's fused attention alone, run on the CPU: the portable route in float64 gives the same."""

from __future__ import annotations

import json

import pytest
import torch
from test_kernel import heads

from adtui.cli.diagnosis import cuda_route
from adtui.models import stock
from adtui.models.attend import measured, portable


@pytest.mark.parametrize("spread", [0.0, 1.0, 10.0, 60.0])
@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize(("n", "width", "groups"), [(1, 8, 4), (2, 4, 1), (33, 7, 2), (200, 16, 1), (130, 24, 4)])
def test_it_gives_the_whole_matrix_sums(n: int, width: int, groups: int, causal: bool, spread: float) -> None:
    """To float64's digits in float64, keys shared by several heads too; rows that look at one key keep theirs."""
    q, k, v = (part.double() for part in heads(n, width, groups, spread))
    expected = portable(q, k, v, causal=causal)
    for one, other in zip(stock.measure(q, k, v, causal, True), expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)
    assert (stock.measure(q, k, v, causal, True)[2] >= 0).all()
    assert stock.measure(q, k, v, causal, False)[0].shape == (2, 4, 0, width)


def test_a_row_s_weights_sum_to_one() -> None:
    q, k, v = heads(90, 16, 2, 3.0)
    received = stock.measure(q, k, v, True, False)[1]
    torch.testing.assert_close(received.sum(-1), torch.full((2, 4), 90.0, dtype=torch.float64), rtol=1e-5, atol=0)


def test_float32_is_right_to_its_digits() -> None:
    assert stock.difference(torch.device("cpu")) == ""


def test_a_wrong_number_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device whose fused attention says something else, as its lse in base 2, is not trusted."""
    honest = stock._fused
    monkeypatch.setattr(stock, "_fused", lambda *args: (honest(*args)[0], honest(*args)[1] * 1.4427))
    assert "off by" in stock.difference(torch.device("cpu"))


def test_what_torch_refuses_is_said() -> None:
    """A device without such attention, or without numbers."""
    assert stock.fault("meta") != ""


def test_the_cpu_keeps_its_own_routes(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("asked")

    monkeypatch.setattr(stock, "measure", never)
    q, k, v = heads(20, 8, 4, 1.0)
    assert measured(q, k, v)[1].shape == (2, 4, 20)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("", "torch's fused attention"),
        ("entropy off by 0.3 at 130 tokens", "in blocks (entropy off by 0.3 at 130 tokens)"),
    ],
)
def test_doctor_says_which_route_a_card_takes(fault: str, said: str) -> None:
    assert cuda_route(f"a warning\n{json.dumps({'faults': {'cuda:0': fault}})}\n".rstrip()).found.endswith(said)


def test_doctor_says_where_no_route_could_be_found_out() -> None:
    assert "could not" in cuda_route(None).found
