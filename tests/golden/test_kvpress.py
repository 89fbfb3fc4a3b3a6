"""Of the same queries, keys and values a head keeps what kvpress keeps, where both define it (docs/trials.md)."""

from __future__ import annotations

from typing import Any

import kvpress_file
import numpy as np
import pytest
import torch
from checkpoints import make_run
from kvpress_file import HEADS, HERE, LAYERS, PRESSES, RETRIEVAL, N
from numpy.typing import NDArray

from adtui.compression.caching import CachePolicy
from adtui.compression.choice import parse
from adtui.compression.held_layer import padded
from adtui.compression.sharing import Pyramid, budgets_of_heads
from adtui.files.checkpoint import load_checkpoint
from adtui.models.loading import load_model
from adtui.models.model import Model

Arrays = dict[str, NDArray[Any]]
DIFFERENT = "expected-attention:16:shared=ada"
"""kvpress leaves the sinks out of the softmax, adtui does not: the order in a head is the same, between heads not."""


@pytest.fixture(scope="module")
def golden() -> Arrays:
    with np.load(HERE / "kvpress.npz") as file:
        return dict(file)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """Any that appends: queries, keys and values are the file's."""
    run = make_run(tmp_path_factory.mktemp("kvpress") / "run")
    return load_model(load_checkpoint(next(run.glob("*.pt"))), device="cpu")


def kept(model: Model, golden: Arrays, label: str) -> NDArray[np.bool_]:
    """(L, H, n) what heads hold that read all tokens one by one, and drop at the last."""
    choice = parse(label)
    budgets = budgets_of_heads(choice.shared, choice.limit(N), N, LAYERS, HEADS, np.array(RETRIEVAL))
    agent = CachePolicy(model, choice, N, N, np.random.default_rng(0), np.full_like(budgets, N))
    agent._newest = np.zeros(1, np.float32), np.zeros(1, np.int64)
    q, k, v = (torch.from_numpy(golden[name]) for name in "qkv")
    for step in range(N):
        agent.step = step
        if step == N - 1:
            agent.budgets = budgets
        for layer in range(LAYERS):
            mine = (q[layer, :, step : step + 1], k[layer, :, : step + 1], v[layer, :, : step + 1])
            query, keys, values = (one[None] for one in mine)
            row = torch.softmax((query @ keys.mT)[:, :, 0] * keys.shape[-1] ** -0.5, dim=-1)
            agent.before(layer)
            agent.add(layer, query, keys, values, row, torch.eye(HEADS * keys.shape[-1]))
    found = np.zeros((LAYERS, HEADS, N), np.bool_)
    for layer in range(LAYERS):
        held = padded(agent.layers[layer])
        for head in range(HEADS):
            found[layer, head, held.came[0, head, held.present[0, head]]] = True
    return found


@pytest.mark.parametrize("label", [label for label in PRESSES if label != DIFFERENT])
def test_heads_keep_what_kvpress_keeps(model: Model, golden: Arrays, label: str) -> None:
    np.testing.assert_array_equal(kept(model, golden, label), golden[f"kept/{label}"])


def test_of_expected_attention_heads_share_otherwise_but_order_their_keys_alike(model: Model, golden: Arrays) -> None:
    ours, theirs = kept(model, golden, DIFFERENT), golden[f"kept/{DIFFERENT}"]
    assert (ours.sum(axis=(1, 2)) == theirs.sum(axis=(1, 2))).all()
    assert 0 < (ours & ~theirs).sum() < 0.05 * theirs.sum()
    for mine, other in zip(ours.reshape(-1, N), theirs.reshape(-1, N), strict=True):
        assert not (mine & ~other).any() or not (other & ~mine).any()


def test_budgets_fall_as_those_of_kvpress(golden: Arrays) -> None:
    lines = {tuple(row[:4]) for row in golden["budgets"].tolist()}
    for n, K, layers, beta in lines:
        theirs = [row[4] for row in golden["budgets"].tolist() if tuple(row[:4]) == (n, K, layers, beta)]
        assert budgets_of_heads(Pyramid(beta=beta), K, n, layers, 1)[:, 0].tolist() == theirs


def test_the_file_is_what_kvpress_says(golden: Arrays) -> None:
    pytest.importorskip("kvpress", reason="kvpress is not installed: its file is enough")
    made = kvpress_file.made()
    assert made.keys() == golden.keys()
    for name, values in made.items():
        np.testing.assert_allclose(values, golden[name], atol=1e-5, err_msg=name)
