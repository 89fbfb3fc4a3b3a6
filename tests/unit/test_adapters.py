"""Adapters: a model of the user's own code shows the attention, and bears the knock-outs, of the same model opened as a
family."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from checkpoints import make_run
from references import contexts, gpt2, llama, marked, rad

from adtui.attention.ablations import Where, contents
from adtui.attention.capture import capture, query_row
from adtui.attention.knock_outs import ablations, knock_out, mute
from adtui.circuits.means import head_means
from adtui.compression.shortened import with_evidence
from adtui.compression.strategies.base import QUERY_ROW, RECEIVED, VALUES, WINDOW, Contexts
from adtui.files.checkpoint import load_checkpoint
from adtui.models.ablation import Ablation
from adtui.models.edit import Edit
from adtui.models.loading import load_model
from adtui.models.model import Model
from adtui.records.ablation import MASK, MEAN, NOISING, RESAMPLED
from adtui.records.sample import Sample
from adtui.records.steps import at_one_go

ADAPTERS = Path(__file__).parents[1] / "adapters"
#: Name → (what makes a run, with which options, transitions of a context).
FAMILIES: dict[str, tuple[Any, dict[str, Any], int]] = {
    "encoder": (make_run, {}, 10),
    "marked": (marked.make_run, {}, 10),
    "llama": (llama.make_run, {}, 10),
    "gpt2": (gpt2.make_run, {}, 8),
    "rad": (rad.make_run, {}, 15),  # the oldest become latents
}


close = partial(np.testing.assert_allclose, rtol=0, atol=1e-5)


class Pair(NamedTuple):
    """One checkpoint, opened as its family and through an adapter, and a context."""

    own: Model
    adapted: Model
    sample: Sample
    kind: str


@pytest.fixture(scope="module", params=FAMILIES)
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    name = request.param
    make, more, n = FAMILIES[name]
    checkpoint = load_checkpoint(next(make(tmp_path_factory.mktemp(name), **more).glob("*.pt")))
    adapted = load_model(checkpoint, device="cpu", adapter=ADAPTERS / f"{name}_adapter.py")
    kind = "sdpa" if name in ("encoder", "marked") else "softmax"
    return Pair(load_model(checkpoint, device="cpu"), adapted, sample(n), kind)


def sample(n: int, seed: int = 1) -> Sample:
    walk, time = contexts(n, seed), np.arange(n + 1)
    rewards = walk.rewards.astype(np.float32)
    return Sample("walk", walk.states, walk.actions, rewards, walk.next_states, walk.query_state, time // 4, time % 4)


def test_sizes_and_tokens_are_the_familys(pair: Pair) -> None:
    own, adapted = pair.own, pair.adapted
    for name in ("n_layer", "n_head", "d_model", "n_actions", "causal"):
        assert getattr(own, name) == getattr(adapted, name), name
    first, second = own.layout(pair.sample), adapted.layout(pair.sample)
    assert first.kind.tolist() == second.kind.tolist()
    assert first.transition.tolist() == second.transition.tolist()
    assert first.read == second.read


def test_attention_is_the_familys(pair: Pair) -> None:
    own, adapted = capture(pair.own, pair.sample), capture(pair.adapted, pair.sample)
    for layer in range(pair.own.n_layer):
        found = adapted.heads.matrices(layer)
        close(found, own.heads.matrices(layer))
        close(found.sum(-1), 1)
        assert not np.triu(found, 1).any()
    for name in ("query_row", "row_entropy", "received", "value_norm", "logits"):
        expected = getattr(own.attention, name)
        np.testing.assert_allclose(getattr(adapted.attention, name), expected, rtol=1e-5, atol=1e-5, err_msg=name)
    assert own.attention.even is None
    assert adapted.attention.even is None
    cheap = query_row(pair.adapted, pair.sample)
    close(cheap.query_row, own.attention.query_row)


@pytest.mark.parametrize("where", [None, (1, None), (0, 1)], ids=str)
def test_knock_outs_are_the_familys(pair: Pair, where: Where) -> None:
    chosen = pair.own.layout(pair.sample).visible[[1, -1]]
    own, adapted = (knock_out(one, pair.sample, chosen, where=where, controls=6) for one in pair[:2])
    assert own.kl > 0
    assert adapted.kl == pytest.approx(own.kl, abs=1e-5)
    assert adapted.action_after == own.action_after
    close(adapted.control_kl, own.control_kl)


@pytest.mark.parametrize("where", [None, (1, None), (0, 1)], ids=str)
@pytest.mark.parametrize("way", [MEAN, RESAMPLED])
def test_other_ablations_are_the_familys(pair: Pair, way: str, where: Where) -> None:
    if not pair.adapted.network.can_ablate(way, None if where is None else where[0]):
        assert (pair.kind, way) == ("softmax", RESAMPLED)  # its keys are not seen
        assert where is not None
        return
    named = [pair.own.layout(pair.sample).visible[:2]]
    how: dict[str, Any] = {"way": way, "where": where, "directions": (NOISING,), "controls": 3, "seed": 0, "index": 0}
    own, adapted = (at_one_go(ablations(one, pair.sample, named, **how))[NOISING][0] for one in pair[:2])
    assert adapted.kl == pytest.approx(own.kl, abs=1e-5)
    close(adapted.control_kl, own.control_kl)


def test_a_muted_head_is_the_familys(pair: Pair) -> None:
    own, adapted = (mute(one, pair.sample, 1, 0) for one in pair[:2])
    assert adapted.kl == pytest.approx(own.kl, abs=1e-5)
    close(adapted.control_kl, own.control_kl)


def batch_of(n: int) -> Contexts:
    """Two contexts."""
    both = [sample(n, seed) for seed in (1, 2)]

    def column(name: str) -> Any:
        return np.stack([getattr(one, name) for one in both])

    states, actions, rewards, after = map(column, ("states", "actions", "rewards", "next_states"))
    return Contexts(states, actions, rewards, after, column("query_state"), column("episode")[:, :-1])


def test_sets_of_heads_at_their_mean_are_the_familys(pair: Pair) -> None:
    several = batch_of(pair.sample.n_context)
    kept = np.array([[[True, False], [True, True]], [[False, True], [False, False]], [[True, True], [True, True]]])
    found = []
    for model in pair[:2]:
        means = head_means(model, several)
        found.append(model.policy(*several.inputs, edit=Edit(ablated=Ablation(means, kept))))
    assert found[0].shape == (6, 5)
    np.testing.assert_allclose(found[1], found[0], rtol=0, atol=1e-4)
    plain = pair.adapted.policy(*several.inputs)
    np.testing.assert_allclose(found[1][4:], plain, rtol=0, atol=1e-5)


def test_what_strategies_look_at_is_the_familys(pair: Pair) -> None:
    several, needs = batch_of(pair.sample.n_context), (QUERY_ROW, RECEIVED, WINDOW, VALUES)
    own, adapted = (with_evidence(one, several, needs) for one in pair[:2])
    for name in needs:
        np.testing.assert_allclose(getattr(adapted, name), getattr(own, name), rtol=1e-5, atol=1e-5, err_msg=name)


def test_a_compressors_rounds_are_the_familys(pair: Pair) -> None:
    own, adapted = capture(pair.own, pair.sample).rounds, capture(pair.adapted, pair.sample).rounds
    assert len(own) == len(adapted)
    for first, second in zip(own, adapted, strict=True):
        close(second.own, first.own)
        close(second.cross, first.cross)
        assert first.layout.kind.tolist() == second.layout.kind.tolist()
        assert first.layout.transition.tolist() == second.layout.transition.tolist()
    told = [model.compressor([pair.sample]) for model in pair[:2]]
    if told[0] is None:
        assert told[1] is None
        assert not own
    else:
        assert told[1] is not None
        assert (told[0].n_layer, told[0].n_head, told[0].n_latents) == (
            told[1].n_layer,
            told[1].n_head,
            told[1].n_latents,
        )
        assert len(own) > 1
        assert "not shown" not in " ".join(pair.adapted.notes)


def test_what_was_intercepted_is_listed(pair: Pair) -> None:
    notes = " | ".join(pair.adapted.notes)
    assert "layers 0 to 1: 2 heads each, seen by" in notes
    assert ("scaled_dot_product_attention" in notes) == (pair.kind == "sdpa")
    assert "no layer looks at later tokens, as measured" in notes


def test_keys_of_a_softmax_are_not_seen(pair: Pair) -> None:
    """What a capture for ablations keeps of it are values only."""
    seen = contents(pair.adapted, pair.sample, MEAN)
    own = contents(pair.own, pair.sample, MEAN)
    for layer in seen:
        torch.testing.assert_close(seen[layer][1], own[layer][1], rtol=0, atol=1e-4)
    assert pair.adapted.network.can_ablate(MASK, 0)
