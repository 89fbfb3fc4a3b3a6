"""A mask that is neither causal nor whole: latents see every token. What is told of it equals a plain computation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from references import compressed_ad, contexts

from adtui.attention import views
from adtui.attention.capture import Capture, capture
from adtui.files.checkpoint import load_checkpoint
from adtui.models.loading import load_model
from adtui.records.layout import UNITS
from adtui.records.place import Place
from adtui.records.sample import Sample
from adtui.statistics.landmarks import received_lift

LATENTS, N = 4, 30


@pytest.fixture(scope="module")
def captured(tmp_path_factory: pytest.TempPathFactory) -> Capture:
    run: Path = compressed_ad.make_run(tmp_path_factory.mktemp("mask") / "run", n_compress_tokens=LATENTS)
    model = load_model(load_checkpoint(next(run.glob("*.pt"))))
    walk, time = contexts(N, 1), np.arange(N + 1)
    rewards = walk.rewards.astype(np.float32)
    sample = Sample("walk", walk.states, walk.actions, rewards, walk.next_states, walk.query_state, time // 4, time % 4)
    return capture(model, sample)


def seen(captured: Capture) -> np.ndarray:
    """(N, N) which keys a query sees, read off the weights of all heads."""
    return np.asarray(captured.heads.matrices(0).any(axis=0))


def test_latents_see_every_token_and_the_others_what_came_before(captured: Capture) -> None:
    pairs = seen(captured)
    assert pairs[:LATENTS].all()
    np.testing.assert_array_equal(pairs[LATENTS:], np.tri(len(pairs), dtype=bool)[LATENTS:])


def test_received_and_lift_are_over_the_queries_that_see_a_key(captured: Capture) -> None:
    pairs, attention, layout = seen(captured), captured.attention, captured.heads.layout
    matrix = captured.heads.matrices(1)
    received = matrix.sum(axis=1) / pairs.sum(axis=0)
    even = (pairs / pairs.sum(axis=1, keepdims=True)).sum(axis=0) / pairs.sum(axis=0)
    np.testing.assert_allclose(attention.received[1], received, atol=1e-5)
    lift = received_lift(attention, layout, causal=True)[1]
    np.testing.assert_allclose(lift, (received / even)[:, LATENTS:-1], rtol=1e-4)


@pytest.mark.parametrize("unit", UNITS)
def test_a_weights_rank_is_among_the_keys_its_query_sees(captured: Capture, unit: str) -> None:
    pairs = seen(captured)
    for query in (0, LATENTS - 1, LATENTS, len(pairs) - 1):
        row = captured.heads.matrices(1)[0, query]
        key = int(np.where(pairs[query], row, 2).argmin())
        told = views.cell(captured, Place(0, 1, 0, query, unit), key)
        assert (told.rank, told.visible) == (pairs[query].sum(), pairs[query].sum())
