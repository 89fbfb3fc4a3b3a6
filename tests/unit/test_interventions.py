"""Knock-outs: what they hide is hidden, controls are random draws, and both are measured from the same pass."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from references import contexts
from small_runs import MAKERS

from adtui.attention.knock_outs import knock_out, knock_outs, mute
from adtui.compression.shortened import shortened_logits
from adtui.compression.strategies.base import Contexts
from adtui.files.checkpoint import load_checkpoint
from adtui.models.edit import Edit
from adtui.models.loading import load_model
from adtui.models.model import Model
from adtui.records.errors import ModelError
from adtui.records.sample import Sample
from adtui.records.steps import at_one_go
from adtui.statistics.divergence import divergence

N = 10


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Model]:
    root = tmp_path_factory.mktemp("knock")
    runs = {name: make(root / name, **more) for name, (make, more) in MAKERS.items()}
    return {name: load_model(load_checkpoint(next(run.glob("*.pt")))) for name, run in runs.items()}


def sample(n: int = N, seed: int = 1) -> Sample:
    walk, time = contexts(n, seed), np.arange(n + 1)
    rewards = walk.rewards.astype(np.float32)
    return Sample("walk", walk.states, walk.actions, rewards, walk.next_states, walk.query_state, time // 4, time % 4)


def acted_by(model: Model, one: Sample) -> np.ndarray:
    """(A,) what the action is chosen by: the logits, or in a flow the logarithm of what it integrates to."""
    integrated = model.integrated(one)
    return np.asarray(model.logits([one])[0] if integrated is None else np.log(integrated))


@pytest.mark.parametrize("name", MAKERS)
def test_what_a_model_would_do_at_a_state_owes_nothing_to_what_came_after(models: dict[str, Model], name: str) -> None:
    model, whole = models[name], sample()
    for index in (0, 4, N):
        cut = whole.until(index)
        assert (cut.n_context, len(cut.episode)) == (index, index + 1)
        np.testing.assert_array_equal(cut.query_state, whole.states[index] if index < N else whole.query_state)
        parts = cut.states[None], cut.actions[None], cut.rewards[None], cut.next_states[None], cut.query_state[None]
        wide = model.policy(*parts).astype(np.float64)[0]
        found = model.chances(cut)
        assert found.sum() == pytest.approx(1, abs=1e-12)
        np.testing.assert_allclose(found, np.exp(wide) / np.exp(wide).sum(), atol=1e-9)
    result = knock_out(model, whole, [int(model.layout(whole).visible[0])], controls=2)
    np.testing.assert_allclose(result.chances[0], model.chances(whole), atol=1e-6)
    assert divergence(np.log(result.chances[0]), np.log(result.chances[1])) == pytest.approx(result.kl, abs=1e-9)


@pytest.mark.parametrize("name", MAKERS)
def test_controls_are_random_draws_and_the_same_seed_gives_the_same(models: dict[str, Model], name: str) -> None:
    model = models[name]
    seen = model.layout(sample()).visible
    found = knock_out(model, sample(), seen[-2:], controls=5, seed=3)
    assert found.transitions == tuple(seen[-2:].tolist())
    assert found.kl > 0
    assert found.control_kl.shape == ((5,) if len(seen) > 2 else (0,))
    again = knock_out(model, sample(), seen[-2:], controls=5, seed=3)
    np.testing.assert_array_equal(found.control_kl, again.control_kl)
    assert found.action_before == int(acted_by(model, sample()).argmax())


@pytest.mark.parametrize("name", ["encoder", "llama", "llama dynamics", "gpt2"])
def test_hiding_is_leaving_out_with_kept_positions(models: dict[str, Model], name: str) -> None:
    model, one = models[name], sample()
    found = knock_out(model, one, [2, 5], controls=0)
    kept = np.ones((1, N), np.bool_)
    kept[0, [2, 5]] = False
    whole = Contexts(
        one.states[None],
        one.actions[None],
        one.rewards[None],
        one.next_states[None],
        one.query_state[None],
        one.episode[None, :-1],
    )
    without = shortened_logits(model, whole, kept, "kept")
    pair = np.concatenate([model.logits([one]), without])
    assert found.kl == pytest.approx(float(divergence(pair[0], pair)[1]), rel=1e-3, abs=1e-9)
    assert found.action_after == int(without[0].argmax())


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("where", [None, (0, 1), (1, 0), (1, None)])
def test_what_variants_share_changes_no_number(
    models: dict[str, Model], name: str, where: tuple[int, int | None] | None
) -> None:
    """A batch of one context, of which layers below the knock-out run once, against every variant in full."""
    model, one = models[name], sample()
    n_tokens = model.layout(one).n_tokens - model.network.takes_query_action
    hidden = torch.zeros(5, n_tokens, dtype=torch.bool)
    for row in range(1, 5):
        hidden[row, [row % n_tokens, (3 * row) % n_tokens]] = True
    parts = (one.states, one.actions, one.rewards, one.next_states, one.query_state)
    shared = model.policy(*(np.asarray(part)[None] for part in parts), edit=Edit(hidden, where))  # type: ignore[misc, arg-type]
    repeated = (np.repeat(np.asarray(part)[None], 5, axis=0) for part in parts)
    in_full = model.policy(*repeated, edit=Edit(hidden, where))  # type: ignore[misc, arg-type]
    np.testing.assert_allclose(shared, in_full, atol=1e-6, rtol=1e-5)
    np.testing.assert_allclose(shared[0], acted_by(model, one), atol=1e-5, rtol=1e-5)


def test_sets_of_one_size_share_their_controls_whatever_they_hold(models: dict[str, Model]) -> None:
    steps = knock_outs(models["encoder"], sample(), [[0, 1], [7, 8], [1, 0], [4]], controls=6, seed=2)
    found = list(at_one_go(steps))
    np.testing.assert_array_equal(found[0].control_kl, found[1].control_kl)
    assert found[0].kl == found[2].kl != found[1].kl
    assert found[3].control_kl.shape == (6,)
    by_itself = knock_out(models["encoder"], sample(), [7, 8], controls=6, seed=2)
    assert by_itself.kl == pytest.approx(found[1].kl, abs=1e-6)
    np.testing.assert_allclose(by_itself.control_kl, found[1].control_kl, atol=1e-6)


def test_from_one_head_it_matters_less_than_from_all(models: dict[str, Model]) -> None:
    model = models["encoder"]
    one = knock_out(model, sample(), [7, 8, 9], where=(1, 0), controls=4)
    every = knock_out(model, sample(), [7, 8, 9], controls=4)
    assert 0 < one.kl < every.kl
    assert one.where == (1, 0)


def test_everything_can_be_hidden_but_then_there_is_no_control(models: dict[str, Model]) -> None:
    found = knock_out(models["encoder"], sample(), range(N))
    assert found.control_kl.shape == (0,)
    assert np.isnan(found.excess)


def test_more_variants_than_fit_in_one_pass(models: dict[str, Model]) -> None:
    many = knock_out(models["encoder"], sample(), [4], controls=150, seed=0)
    few = knock_out(models["encoder"], sample(), [4], controls=20, seed=0)
    np.testing.assert_allclose(many.control_kl[:20], few.control_kl, atol=1e-6)
    assert many.control_kl.shape == (150,)


@pytest.mark.parametrize("wrong", [[], [N], [-1], [3, 99]])
def test_what_cannot_be_hidden(models: dict[str, Model], wrong: list[int]) -> None:
    with pytest.raises(ModelError, match="context transitions that the model sees"):
        knock_out(models["encoder"], sample(), wrong)


def test_a_transition_that_became_latents_cannot_be_hidden(models: dict[str, Model]) -> None:
    with pytest.raises(ModelError, match="context transitions that the model sees"):
        knock_out(models["rad"], sample(15), [0])


def test_muting_a_head_is_compared_with_its_layers_other_heads(models: dict[str, Model]) -> None:
    model = models["encoder"]
    first, second = mute(model, sample(), 1, 0), mute(model, sample(), 1, 1)
    assert first.kl == pytest.approx(float(second.control_kl[0]))
    assert first.control_kl.shape == (model.n_head - 1,)


def test_divergence_of_equal_logits_is_nothing() -> None:
    logits = np.array([[1.0, 2.0, 3.0], [11.0, 12.0, 13.0], [3.0, 2.0, 1.0]], np.float32)
    found = divergence(logits[0], logits)
    assert found[0] == 0
    assert found[1] == pytest.approx(0, abs=1e-9)
    assert found[2] > 0.5
