"""Sums by torch's fused attention alone, run on the CPU: the portable route in float64 gives the same."""

from __future__ import annotations

import pytest
import torch
from test_kernel import heads

from adtui.models import stock
from adtui.models.attend import portable


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
