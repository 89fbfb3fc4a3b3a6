"""The measured route against the explicit matrix in float64: outputs, entropies and sums, whatever the scores."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from adtui.models.attend import SAFE, measured, row_weights, value_norms


def explicit(q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Output, received and entropy from the whole matrix in float64."""
    q, k, v = q.double(), k.double(), v.double()
    scores = (q @ k.transpose(-2, -1) * q.shape[-1] ** -0.5).masked_fill(~mask, float("-inf"))
    p = scores.softmax(-1)
    return p @ v, p.sum(-2), torch.special.entr(p).sum(-1)


def heads(n: int, width: int, spread: float, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """q, k, v (1, 3, n, width); scores are of the order of spread²."""
    generator = torch.Generator().manual_seed(seed)
    q, k, v = (torch.randn(1, 3, n, width, generator=generator) for _ in range(3))
    return q * spread, k * spread, v


def check(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, causal: bool, limit: int = 128) -> None:
    n = q.shape[2]
    shown = torch.ones(n, n, dtype=torch.bool)
    shown = shown.tril() if causal and mask is None else shown if mask is None else mask
    out, received, entropy = measured(q, k, v, mask=mask, causal=causal, limit=limit)
    out64, received64, entropy64 = explicit(q, k, v, shown)
    # float32 scores of size s are off by about s ulps, and so is every weight; nothing else is lost.
    size = float((q.norm(dim=-1).max() * k.norm(dim=-1).max()) * q.shape[-1] ** -0.5)
    tolerance = 1e-5 + 4e-7 * size
    torch.testing.assert_close(out.double(), out64, rtol=tolerance, atol=tolerance)
    torch.testing.assert_close(received, received64, rtol=tolerance, atol=1e-6)
    torch.testing.assert_close(entropy, entropy64, rtol=tolerance, atol=1e-6)
    assert (entropy >= 0).all()


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("width", [8, 16, 32, 64])
@pytest.mark.parametrize("n", [1, 2, 127, 128, 129, 300])
def test_sums_equal_those_of_the_whole_matrix(n: int, width: int, causal: bool) -> None:
    check(*heads(n, width, 1.0), None, causal)


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("spread", [0.0, 0.01, 2.0, 4.0, 10.0, 100.0])
def test_sharp_and_flat_rows_keep_their_digits(spread: float, causal: bool) -> None:
    check(*heads(200, 16, spread), None, causal)


@pytest.mark.parametrize("offset", [30.0, -300.0, 3000.0])
def test_a_score_that_all_keys_share_changes_nothing(offset: float) -> None:
    """A common offset of the scores cancels in the weights, and in the entropy only where its size is taken care of."""
    q, k, v = heads(150, 16, 1.0)
    q, k = q.clone(), k.clone()
    q[..., 0], k[..., 0] = 4.0, offset
    check(q, k, v, None, True)


@pytest.mark.parametrize("limit", [16, 17, 64])
def test_blocks_of_any_size_agree(limit: int) -> None:
    check(*heads(150, 8, 1.0), None, True, limit)


@pytest.mark.parametrize("spread", [1.0, 20.0])
def test_a_mask_is_obeyed(spread: float) -> None:
    n = 140
    mask = torch.rand(n, n, generator=torch.Generator().manual_seed(5)) < 0.3
    check(*heads(n, 16, spread), mask | torch.eye(n, dtype=torch.bool), True)


def test_a_row_that_looks_at_one_key_has_entropy_near_zero_but_not_below() -> None:
    _, k, v = heads(160, 16, 1.0)
    k = k / k.norm(dim=-1, keepdim=True) * 4
    q = k * 8  # every token looks at itself most
    assert SAFE / 2 < float((q * k).sum(-1).max()) * 16**-0.5 < SAFE
    check(q, k, v, None, True)
    _, _, entropy = measured(q * 50, k, v)
    assert 0 <= entropy.min() <= entropy.max() < 1e-3


def test_float64_is_computed_in_float64() -> None:
    q, k, v = (part.double() for part in heads(130, 16, 1.0))
    found = measured(q, k, v)
    for one, expected in zip(found, explicit(q, k, v, torch.ones(130, 130).tril().bool()), strict=True):
        torch.testing.assert_close(one, expected, rtol=1e-12, atol=1e-12)


def test_batches_are_independent() -> None:
    first, second = heads(50, 8, 1.0, seed=1), heads(50, 8, 9.0, seed=2)
    together = measured(*(torch.cat(pair) for pair in zip(first, second, strict=True)))
    for whole, *parts in zip(together, measured(*first), measured(*second), strict=True):
        torch.testing.assert_close(whole, torch.cat(parts), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("causal", [True, False])
def test_one_row_alone_is_that_row(causal: bool) -> None:
    q, k, _ = heads(40, 8, 1.0)
    scores = q @ k.transpose(-2, -1) * 8**-0.5
    if causal:
        scores = scores.masked_fill(torch.ones(40, 40).triu(1).bool(), float("-inf"))
    row = row_weights(q[:, :, 11:12], k, 11, causal)
    torch.testing.assert_close(row, scores.softmax(-1)[:, :, 11, : row.shape[-1]])
    torch.testing.assert_close(row, row_weights(q, k, 11, causal))


def test_norms_of_values_keep_their_digits_where_the_projection_nearly_loses_them() -> None:
    _, _, v = heads(30, 8, 1.0)
    weight = torch.randn(24, 24, generator=torch.Generator().manual_seed(3)) * torch.logspace(0, -5, 24)
    parts = [v[:, h].double() @ weight[:, h * 8 : h * 8 + 8].double().T for h in range(3)]
    expected = torch.stack([part.norm(dim=-1) for part in parts], 1)
    torch.testing.assert_close(value_norms(v, weight).double(), expected, rtol=1e-5, atol=0)
