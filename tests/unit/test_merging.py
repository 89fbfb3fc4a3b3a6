"""What stands for several: as many copies would get the attention that one with ln m on its scores gets."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from small_runs import MAKERS
from test_compress import contexts, one
from test_shortened import batch

from adtui.compression.acting import KEPT, OnlinePolicy, bytes_each
from adtui.compression.choice import choose, merge, parse
from adtui.compression.footprint import held
from adtui.compression.shortened import check_needs, shortened_logits
from adtui.compression.strategies import STRATEGIES
from adtui.compression.strategies.base import PER_CONTEXT, Contexts, Merging
from adtui.files.checkpoint import load_checkpoint
from adtui.models.edit import Edit
from adtui.models.loading import load_model
from adtui.models.model import Model
from adtui.records.errors import ConfigError, ModelError
from adtui.worlds.darkroom import DarkRoom
from adtui.worlds.rollouts import rollout

ABLE = ("encoder", "llama", "gpt2", "gpt2 blocks", "dpt", "ad-eps", "flow")
UNABLE = ("rad", "marked", "compressed AD")
MERGING = [strategy.NAME for strategy in STRATEGIES if isinstance(strategy, Merging)]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Model]:
    root = tmp_path_factory.mktemp("merging")
    found = {}
    for name in (*ABLE, *UNABLE):
        make, more = MAKERS[name]
        checkpoint = load_checkpoint(next(make(root / name, **more).glob("*.pt")))
        found[name] = load_model(checkpoint, causal=False if name in ABLE else None)
    return found


def copied(parts: Contexts, times: list[int]) -> Contexts:
    """Each transition so many times, one copy after the other."""
    names = ("states", "actions", "rewards", "next_states", "episode")
    return replace(parts, **{name: np.repeat(getattr(parts, name), times, axis=1) for name in names})


@pytest.mark.parametrize("name", ABLE)
def test_one_that_stands_for_its_copies_gets_what_they_get(models: dict[str, Model], name: str) -> None:
    """Of a model that sees everything and knows no positions: every token then sees the same, in all layers."""
    model, few, times = models[name], batch(4, 2), [1, 3, 2, 1]
    many = copied(few, times)

    def nowhere(n: int) -> torch.Tensor:
        layout = model.network.layout(n)
        return torch.zeros(2, layout.n_tokens - model.network.takes_query_action, dtype=torch.int64)

    expected = model.policy(*many.inputs, edit=Edit(positions=nowhere(7)))
    owner = model.network.layout(4).transition[: nowhere(4).shape[1]]
    each = torch.as_tensor(np.array([*times, 1])[owner], dtype=torch.float32).expand(2, -1)
    found = model.policy(*few.inputs, edit=Edit(positions=nowhere(4), stand_for=each))
    np.testing.assert_allclose(found, expected, atol=1e-6, rtol=1e-6)
    alone = model.policy(*few.inputs, edit=Edit(positions=nowhere(4)))
    assert np.abs(alone - expected).max() > 1e-5, "and without that they get less"


@pytest.mark.parametrize("name", ABLE)
def test_what_stands_for_itself_alone_changes_nothing(models: dict[str, Model], name: str) -> None:
    plain, kept = batch(6, 2), np.ones((2, 6), np.bool_)
    kept[1, 2:4] = False
    counted = replace(plain, stands_for=np.ones((2, 6), np.float32))
    np.testing.assert_allclose(
        shortened_logits(models[name], counted, kept, "spread"),
        shortened_logits(models[name], plain, kept, "spread"),
        atol=2e-6,
    )


@pytest.mark.parametrize("causal", [True, False])
def test_a_mask_still_hides_what_it_hid(models: dict[str, Model], causal: bool) -> None:
    """However many the last token stands for, those before it do not see it under a causal mask."""
    decoder, tokens = models["encoder"].network.decoder, torch.randn(1, 5, models["encoder"].d_model)
    counts = torch.tensor([[1.0, 1, 1, 1, 50]])
    seen, plain = (decoder(tokens, causal=causal, edit=edit)[:, :4] for edit in (Edit(stand_for=counts), None))
    assert torch.allclose(seen, plain, atol=1e-6) == causal


@pytest.mark.parametrize("name", UNABLE)
def test_models_whose_tokens_cannot_be_counted_are_refused(models: dict[str, Model], name: str) -> None:
    with pytest.raises(ModelError, match="merge nothing"):
        check_needs(models[name], parse("distinct:4"))
    check_needs(models[name], parse("retrieval:4"))


# -- what each merges --------------------------------------------------------------------------------------------------
def stand_for(text: str, whole: Contexts) -> dict[int, float]:
    """Which transitions of the first context stay, and how many each stands for."""
    picked = parse(text)
    kept = choose(picked, whole, np.random.default_rng(0))
    found = merge(picked, whole, kept)
    assert found is not None
    return {int(at): float(found[0, at]) for at in np.flatnonzero(kept[0])}


def test_equal_transitions_become_their_newest() -> None:
    here = np.array([0, 1, 0, 2, 1, 0, 3, 3])
    cells, rewards = np.stack([here, here], axis=1)[None], np.array([[0, 1, 0, 0, 1, 1, 0, 0]], np.float32)
    whole = replace(contexts(8, B=1), states=cells, next_states=cells, actions=here[None], rewards=rewards)
    assert stand_for("distinct:8", whole) == {2: 2, 3: 1, 4: 2, 5: 1, 7: 2}  # 5 is rewarded, 0 and 2 are not
    assert stand_for("distinct:3", whole) == {4: 2, 5: 1, 7: 2}
    assert stand_for("distinct:3:newest=0", whole) == {4: 2, 5: 1, 7: 2}
    assert stand_for("distinct:1:newest=0", whole) == {5: 1}
    before = replace(whole, stands_for=np.array([[4, 1, 1, 1, 1, 1, 1, 1]], np.float32))
    assert stand_for("distinct:8", before)[2] == 5


def test_medoids_stand_for_their_clusters() -> None:
    points = [0.0, 0.1, 0.2, 9.9, 10.0, 10.1, 20.0, 20.0]
    whole = one(8, embeddings=[[x, 0.0] for x in points])
    assert stand_for("merged-medoids:3", whole) == {1: 3, 4: 3, 7: 2}
    heavy = replace(whole, stands_for=np.array([[9, 1, 1, 1, 1, 1, 1, 1]], np.float32))
    assert stand_for("merged-medoids:3", heavy) == {0: 11, 4: 3, 7: 2}, "the middle is where most stand"


def test_an_episode_is_its_newest_reward_as_often_as_it_was_paid() -> None:
    episode, rewards = [0, 0, 0, 0, 1, 1, 2, 2, 3, 3], [0, 1, 1, 0, 0, 0, 1, 0, 1, 0]
    whole = one(10, episode=episode, rewards=rewards)
    assert stand_for("episode-summaries:10", whole) == {2: 2, 5: 1, 6: 1, 8: 1, 9: 1}
    assert stand_for("episode-summaries:3", whole) == {6: 1, 8: 1, 9: 1}
    again = replace(whole, stands_for=np.array([[1, 1, 5, 1, 1, 1, 3, 1, 1, 1]], np.float32))
    assert stand_for("episode-summaries:10", again) == {2: 6, 5: 1, 6: 3, 8: 1, 9: 1}


def test_retrieval_takes_what_began_where_the_query_stands() -> None:
    states = np.array([[[4, 4], [0, 0], [4, 5], [4, 4], [8, 8], [3, 4], [1, 1]]])
    whole = replace(one(7, rewards=[1, 0, 0, 0, 0, 1, 0]), states=states, query_states=np.array([[4, 4]]))
    for budget, expected in ((1, [6]), (2, [0, 6]), (3, [0, 5, 6]), (5, [0, 3, 4, 5, 6]), (6, [0, 2, 3, 4, 5, 6])):
        assert (
            np.flatnonzero(choose(parse(f"retrieval:{budget}"), whole, np.random.default_rng(0))[0]).tolist()
            == expected
        )
    assert np.flatnonzero(choose(parse("retrieval:3:newest=0"), whole, np.random.default_rng(0))[0]).tolist() == [
        0,
        3,
        5,
    ]


@pytest.mark.parametrize("name", MERGING)
@pytest.mark.parametrize("n", [0, 1, 9])
def test_all_stand_for_no_more_than_there_were(name: str, n: int) -> None:
    whole = contexts(n, needs=frozenset(PER_CONTEXT))
    for budget in (0, 1, 4, 20):
        picked = parse(f"{name}:{budget}")
        kept = choose(picked, whole, np.random.default_rng(0))
        found = merge(picked, whole, kept)
        assert found is not None
        assert ((found > 0) == kept).all()
        assert (found.sum(axis=1) <= n).all()


def test_a_strategy_that_counts_wrongly_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    picked, whole = parse("distinct:2"), contexts(5)
    kept = choose(picked, whole, np.random.default_rng(0))
    monkeypatch.setattr(picked.strategy, "merged", lambda *_: np.where(kept, 100, 0).astype(np.float32))
    with pytest.raises(ConfigError, match="distinct: expected what stays to stand for something"):
        merge(picked, whole, kept)


# -- an agent that forgets ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", MERGING)
def test_an_agent_holds_counts_too_and_together_they_are_a_full_context_at_most(
    models: dict[str, Model], name: str
) -> None:
    model, world, rooms, choice = models["encoder"], DarkRoom(), np.array([3, 41]), parse(f"{name}:4")
    policy = OnlinePolicy(model, choice, "spread", 11, world.horizon, np.random.default_rng(0))
    rollout(policy, world, rooms, 2, 11)
    mine: Any = policy._kept
    held_for = [mine.stands_for[row, : policy._counts[row]] for row in range(2)]
    assert all(0 < counts.sum() <= 11 * 1.0001 and (counts > 0).all() for counts in held_for)
    own = held(model, choice, 11, "online").state
    arrays = [getattr(mine, field) for field in (*KEPT, "stands_for")]
    assert own == 4 * bytes_each(choice)
    assert sum(array.nbytes for array in arrays) <= len(rooms) * (own + bytes_each(choice))
