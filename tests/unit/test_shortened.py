"""Interventions and shortened contexts: what is left out has no influence, and what stays is where it is said to be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from references import contexts as walk
from small_runs import MAKERS

from adtui.attention.capture import capture
from adtui.compression.shortened import shortened_logits, spread, with_evidence
from adtui.compression.strategies.base import PER_CONTEXT, WINDOW_QUERIES, Contexts
from adtui.files.checkpoint import load_checkpoint
from adtui.models.edit import Edit
from adtui.models.loading import load_model
from adtui.models.model import Model
from adtui.records.errors import ModelError
from adtui.records.sample import Sample

N = 9


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Model]:
    root = tmp_path_factory.mktemp("shortened")
    made = {name: make(root / name, **more) for name, (make, more) in MAKERS.items()}
    return {name: load_model(load_checkpoint(next(run.glob("*.pt")))) for name, run in made.items()}


def batch(n: int = N, count: int = 4) -> Contexts:
    parts = [walk(n, seed) for seed in range(count)]
    columns = [np.stack(column) for column in list(zip(*parts, strict=True))[:5]]
    states, actions, rewards, next_states, queries = columns
    episode = np.tile(np.arange(n) // 4, (count, 1))
    return Contexts(states, actions, rewards.astype(np.float32), next_states, queries, episode)


def plain(model: Model, contexts: Contexts, edit: Edit | None = None) -> np.ndarray:
    return model.policy(
        contexts.states, contexts.actions, contexts.rewards, contexts.next_states, contexts.query_states, edit=edit
    )


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("positions", ["reindexed", "spread", "kept"])
def test_keeping_everything_changes_nothing(models: dict[str, Model], name: str, positions: Any) -> None:
    contexts = batch()
    everything = np.ones((4, N), np.bool_)
    if positions != "reindexed" and not models[name].network.keeps_positions:
        with pytest.raises(ModelError, match="reindexed"):
            shortened_logits(models[name], contexts, everything, positions)
        return
    found = shortened_logits(models[name], contexts, everything, positions)
    np.testing.assert_allclose(found, plain(models[name], contexts), atol=2e-6)


@pytest.mark.parametrize("name", MAKERS)
def test_reindexed_is_the_shorter_context_itself(models: dict[str, Model], name: str) -> None:
    contexts = batch()
    kept = np.array([[True] * N, [False] * N, [True, False, True] * 3, [False, True, True, True, False] + [False] * 4])
    found = shortened_logits(models[name], contexts, kept)
    for row, mask in enumerate(kept):
        expected = models[name].policy(
            contexts.states[row : row + 1, mask],
            contexts.actions[row : row + 1, mask],
            contexts.rewards[row : row + 1, mask],
            contexts.next_states[row : row + 1, mask],
            contexts.query_states[[row]],
        )
        np.testing.assert_allclose(found[row], expected[0], atol=2e-6)


@pytest.mark.parametrize("name", ["encoder", "llama", "gpt2", "dpt", "ad-eps", "flow"])
def test_spread_ones_stand_evenly_over_the_span(models: dict[str, Model], name: str) -> None:
    """Of nine transitions the first, fourth and seventh lie as three are spread: where they were."""
    model, contexts = models[name], batch()
    kept = np.isin(np.arange(N), [0, 3, 6])[None].repeat(4, 0)
    own = shortened_logits(model, contexts, kept, "kept")
    np.testing.assert_array_equal(shortened_logits(model, contexts, kept, "spread"), own)
    newest = np.arange(N)[None].repeat(4, 0) >= 6
    three = shortened_logits(model, contexts.last(3), np.ones((4, 3), np.bool_), "spread", span=N)
    np.testing.assert_array_equal(shortened_logits(model, contexts, newest, "spread"), three)
    assert not np.array_equal(three, shortened_logits(model, contexts, newest, "kept"))


@pytest.mark.parametrize("count", [1, 2, 5, 7, 9])
def test_no_two_are_spread_to_one_place(count: int) -> None:
    for span in range(count, 40):
        places = spread(2, count, span)
        assert places[:, 0].tolist() == [0, 0]
        assert (np.diff(places) >= 1).all()
        assert places.max() < span


@pytest.mark.parametrize("name", ["encoder", "llama", "llama dynamics", "gpt2"])
def test_leaving_out_with_kept_positions_is_hiding(models: dict[str, Model], name: str) -> None:
    """In a causal model nothing sees a token that is not there: two routes to the same logits."""
    model, contexts = models[name], batch()
    kept = np.random.default_rng(0).random((4, N)) < 0.6
    layout = model.network.layout(N)
    tokens = layout.transition[: layout.n_tokens - model.network.takes_query_action]
    hidden = ~np.concatenate([kept, np.ones((4, 1), np.bool_)], axis=1)[:, tokens]
    left_out = shortened_logits(model, contexts, kept, "kept")
    np.testing.assert_allclose(left_out, plain(model, contexts, Edit(hidden=torch.as_tensor(hidden))), atol=5e-6)
    assert np.abs(left_out - plain(model, contexts)).max() > 1e-4
    if not kept.all(axis=1).all():
        assert np.abs(left_out - shortened_logits(model, contexts, kept, "reindexed")).max() > 1e-5


@pytest.mark.parametrize("name", MAKERS)
def test_a_hidden_token_has_no_influence(models: dict[str, Model], name: str) -> None:
    model, contexts = models[name], batch()
    layout = model.network.layout(N)
    last = int(layout.visible[-1])
    n_tokens = layout.n_tokens - model.network.takes_query_action
    hidden = torch.as_tensor(np.tile(layout.transition[:n_tokens] == last, (4, 1)))
    if name in ("DPT", "dpt"):
        return  # the action is read at the last transition itself
    before = plain(model, contexts, Edit(hidden=hidden))
    contexts.rewards[:, last] += 1
    contexts.states[:, last] = 8 - contexts.states[:, last]
    np.testing.assert_allclose(plain(model, contexts, Edit(hidden=hidden)), before, atol=2e-6)
    assert np.abs(plain(model, contexts) - before).max() > 1e-4


def test_hiding_from_one_head_is_less_than_hiding_from_all(models: dict[str, Model]) -> None:
    model, contexts = models["encoder"], batch()
    hidden = torch.zeros(4, N + 1, dtype=torch.bool)
    hidden[:, 3:6] = True
    full = plain(model, contexts)
    one = plain(model, contexts, Edit(hidden=hidden, where=(1, 0)))
    every = plain(model, contexts, Edit(hidden=hidden))
    assert 1e-5 < np.abs(one - full).max() < np.abs(every - full).max()


def test_a_muted_head_writes_nothing(models: dict[str, Model]) -> None:
    """The same as an output projection without that head's columns."""
    model, contexts = models["encoder"], batch()
    muted = plain(model, contexts, Edit(muted=frozenset({(1, 1)})))
    network: Any = model.network
    projection = network.decoder.blocks[1].attention.out
    width = model.d_model // model.n_head
    saved = projection.weight.clone()
    with torch.no_grad():
        projection.weight[:, width : 2 * width] = 0
    np.testing.assert_allclose(plain(model, contexts), muted, atol=2e-6)
    with torch.no_grad():
        projection.weight.copy_(saved)
    assert np.abs(plain(model, contexts) - muted).max() > 1e-4


@pytest.mark.parametrize("name", ["encoder", "llama", "gpt2", "marked", "rad"])
def test_evidence_is_what_a_capture_of_each_context_gives(models: dict[str, Model], name: str) -> None:
    model, contexts = models[name], batch()
    found = with_evidence(model, contexts, PER_CONTEXT)
    for row in range(contexts.count):
        sample = Sample(
            "walk",
            contexts.states[row],
            contexts.actions[row],
            contexts.rewards[row],
            contexts.next_states[row],
            contexts.query_states[row],
            np.zeros(N + 1, np.int64),
            np.arange(N + 1),
        )
        captured = capture(model, sample)
        layout, attention = captured.heads.layout, captured.attention
        seen = layout.visible
        for values, weights in [
            (found.query_row, attention.query_row.mean((0, 1))),
            (found.received, attention.received.mean((0, 1))),
            (found.values, (attention.query_row * attention.value_norm).mean((0, 1))),
        ]:
            assert values is not None
            np.testing.assert_allclose(values[row, seen], layout.by_transition(weights)[:-1], atol=1e-5)
            assert (np.delete(values[row], seen) == 0).all()
        matrices = np.stack([captured.heads.matrices(layer) for layer in range(model.n_layer)])
        recent = matrices[:, :, max(0, layout.read + 1 - WINDOW_QUERIES) : layout.read + 1].sum((0, 1, 2))
        window = layout.by_transition(recent / (model.n_layer * model.n_head * WINDOW_QUERIES))[:-1]
        assert found.window is not None
        np.testing.assert_allclose(found.window[row, seen], window, atol=1e-5)
    assert found.embeddings is not None
    assert found.embeddings.shape == (4, N, model.d_model)
    nothing = with_evidence(model, contexts, [])
    assert nothing.query_row is None


def test_an_empty_context_has_evidence_of_nothing(models: dict[str, Model]) -> None:
    for model in models.values():
        found = with_evidence(model, batch(0), PER_CONTEXT)
        assert found.query_row is not None
        assert found.query_row.shape == (4, 0)
        assert shortened_logits(model, batch(0), np.zeros((4, 0), np.bool_)).shape == (4, 5)
