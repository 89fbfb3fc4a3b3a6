"""Laws of capture: what is kept agrees with the whole matrices, and with the model's own logits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from adtui.attention import capture as attention
from adtui.attention import views
from adtui.attention.capture import capture
from adtui.models.decoder import DecoderShape
from adtui.models.families.encoder import Encoder
from adtui.models.model import Model
from adtui.records.place import Frame, Place
from adtui.records.sample import Sample

SIZES = [(1, True), (2, True), (17, True), (40, True), (17, False)]


def tiny_model(causal: bool = True, pre_norm: bool = True) -> Model:
    torch.manual_seed(3)
    network = Encoder(DecoderShape(16, 3, 2, 32, pre_norm), n_transit=48, grid_size=5, n_actions=5, causal=causal)
    for p in network.parameters():
        torch.nn.init.normal_(p, std=0.4)
    return Model("encoder", network.eval().requires_grad_(False), torch.device("cpu"))


def random_sample(n: int, seed: int = 0) -> Sample:
    rng = np.random.default_rng(seed)
    return Sample(
        label="random",
        states=rng.integers(0, 5, (n, 2)),
        actions=rng.integers(0, 5, n),
        rewards=rng.integers(0, 2, n).astype(np.float32),
        next_states=rng.integers(0, 5, (n, 2)),
        query_state=rng.integers(0, 5, 2),
        episode=np.arange(n + 1) // 8,
        step=np.arange(n + 1) % 8,
    )


def full_attention(model: Model, sample: Sample) -> tuple[np.ndarray, np.ndarray]:
    """(L, H, N, N) attention and (A,) logits of one sample."""
    captured = capture(model, sample)
    matrices = np.stack([captured.heads.matrices(layer) for layer in range(model.n_layer)])
    return matrices, captured.attention.logits


@pytest.mark.parametrize(("n", "causal"), SIZES)
def test_captured_logits_equal_plain_logits(n: int, causal: bool) -> None:
    model, sample = tiny_model(causal), random_sample(n)
    np.testing.assert_allclose(capture(model, sample).attention.logits, model.logits([sample])[0], atol=1e-5)


@pytest.mark.parametrize(("n", "causal"), SIZES)
def test_rows_sum_to_one_and_the_future_gets_nothing(n: int, causal: bool) -> None:
    matrices, _ = full_attention(tiny_model(causal), random_sample(n))
    np.testing.assert_allclose(matrices.sum(-1), 1, atol=1e-5)
    if causal:
        assert not np.triu(matrices, 1).any()


@pytest.mark.parametrize(("n", "causal"), SIZES)
def test_what_is_kept_agrees_with_the_whole_matrices(n: int, causal: bool) -> None:
    model, sample = tiny_model(causal), random_sample(n)
    matrices, _ = full_attention(model, sample)
    kept = capture(model, sample).attention
    N = n + 1
    np.testing.assert_allclose(kept.query_row, matrices[..., -1, :], atol=1e-6)
    entropy = -(matrices * np.log(np.where(matrices > 0, matrices, 1))).sum(-1)
    np.testing.assert_allclose(kept.row_entropy, entropy, atol=1e-5)
    seen_by = np.arange(N, 0, -1) if causal else np.full(N, N)
    np.testing.assert_allclose(kept.received, matrices.sum(-2) / seen_by, atol=1e-5)


def test_one_block_or_many_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    model, sample = tiny_model(), random_sample(40)
    whole = capture(model, sample)
    monkeypatch.setattr(attention, "BLOCK_ROWS", 7)
    parts = capture(model, sample)
    for name in ("query_row", "row_entropy", "received", "value_norm", "logits"):
        np.testing.assert_allclose(getattr(parts.attention, name), getattr(whole.attention, name), atol=1e-5)


def test_out_of_memory_is_met_with_smaller_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    model, sample = tiny_model(), random_sample(40)
    sizes: list[int] = []
    sums = attention._Collect.sums

    def scarce(self: attention._Collect, layer: int, received: torch.Tensor, entropy: torch.Tensor) -> None:
        sizes.append(self.block_rows)
        if self.block_rows > 32:
            raise torch.OutOfMemoryError("simulated")
        sums(self, layer, received, entropy)

    monkeypatch.setattr(attention._Collect, "sums", scarce)
    captured = capture(model, sample)
    np.testing.assert_allclose(captured.attention.logits, model.logits([sample])[0], atol=1e-5)
    assert sizes[0] > sizes[-1] == 32
    assert captured.heads.block_rows == 32, "what is asked for later must fit too"


def test_value_norm_is_the_norm_of_what_a_key_writes() -> None:
    """With all weight on key j, a head adds exactly v_j W_O: its norm is value_norm."""
    model, sample = tiny_model(), random_sample(6)
    kept = capture(model, sample).attention
    network: Any = model.network
    block = network.decoder.blocks[0]
    parts = (sample.states, sample.actions, sample.rewards, sample.next_states)
    context = network.embed_transitions(*(torch.as_tensor(part)[None] for part in parts))
    query = network.embed_query(torch.as_tensor(sample.query_state))
    x = torch.cat([context, query[None, None]], 1)
    x = block.norm1(x + network.pos_embedding[:, :7])
    v = block.attention.qkv(x)[0, :, 32:]  # (N, d), heads side by side
    for h in range(2):
        only = torch.zeros_like(v)
        only[:, h * 8 : (h + 1) * 8] = v[:, h * 8 : (h + 1) * 8]
        written = block.attention.out(only) - block.attention.out.bias
        np.testing.assert_allclose(kept.value_norm[0, h], written.norm(dim=-1).numpy(), rtol=1e-4)


def test_the_mean_over_heads_is_the_mean() -> None:
    model, sample = tiny_model(), random_sample(20)
    captured = capture(model, sample)
    picture = views.view(captured, Place(0, 1, None, -1), Frame(99, 99))
    assert picture.exact
    mean = captured.heads.matrices(1).mean(0)
    np.testing.assert_allclose(np.nan_to_num(picture.pooled), mean, atol=1e-6)
    np.testing.assert_allclose(picture.query_row, mean[-1], atol=1e-6)


def test_a_cells_rank_counts_the_larger_ones() -> None:
    model, sample = tiny_model(), random_sample(20)
    captured = capture(model, sample)
    row = captured.heads.matrices(2)[1, 11]
    ranks = [views.cell(captured, Place(0, 2, 1, 11), k).rank for k in range(12)]
    assert [int(k) for k in np.argsort(ranks)] == [int(k) for k in np.argsort(-row[:12])]
    assert views.cell(captured, Place(0, 2, 1, 11), 3).visible == 12
