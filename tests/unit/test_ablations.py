"""Ways to ablate: laws that hold for every family and place, and each way against hooks on the plain network."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import numpy as np
import pytest
import torch
from checkpoints import make_run as make_encoder_run
from references import ad_eps, compressed_ad, contexts, dpt, flow, gpt2, gpt2_blocks, llama, marked, rad
from torch import Tensor

from adtui.attention.ablations import Where, ablate, contents, exchanged, logits, stand_ins
from adtui.attention.knock_outs import ablations
from adtui.files.checkpoint import load_checkpoint
from adtui.models.edit import Edit
from adtui.models.loading import load_model
from adtui.models.model import Model
from adtui.records.ablation import DENOISING, DIRECTIONS, MASK, MEAN, NOISING, RESAMPLED, WAYS
from adtui.records.arrays import Floats, Ints
from adtui.records.insight import KnockOut
from adtui.records.layout import FLOW_ACTION, TIME
from adtui.records.sample import Sample
from adtui.records.steps import at_one_go
from adtui.statistics.distributions import logit_changes

FAMILIES: dict[str, tuple[Callable[..., Any], dict[str, object], int]] = {
    "encoder": (make_encoder_run, {}, 10),
    "llama": (llama.make_run, {}, 10),
    "dynamics": (llama.make_run, {"dynamics": True}, 10),
    "query first": (llama.make_run, {"model": "DPT"}, 10),
    "gpt2": (gpt2.make_run, {}, 8),
    "rad": (rad.make_run, {}, 15),  # the oldest become latents
    "marked": (marked.make_run, {}, 10),
    "gpt2 blocks": (gpt2_blocks.make_run, {}, 10),
    "compressed AD": (compressed_ad.make_run, {"n_transit": 12}, 15),  # as in rad
    "ad-eps": (ad_eps.make_run, {}, 8),
    "dpt": (dpt.make_run, {}, 10),
    "flow": (flow.make_run, {}, 6),  # its policy is integrated
}
PLACES: tuple[Where, ...] = (None, (1, None), (0, 1), (1, 0))


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Model]:
    root = tmp_path_factory.mktemp("ablations")
    runs = {name: make(root / name, **more) for name, (make, more, _) in FAMILIES.items()}
    return {name: load_model(load_checkpoint(next(run.glob("*.pt")))) for name, run in runs.items()}


def sample(n: int, seed: int = 1) -> Sample:
    walk, time = contexts(n, seed), np.arange(n + 1)
    rewards = walk.rewards.astype(np.float32)
    return Sample("walk", walk.states, walk.actions, rewards, walk.next_states, walk.query_state, time // 4, time % 4)


def of(models: dict[str, Model], name: str) -> tuple[Model, Sample, Ints]:
    """Model, context, and the transitions that it sees one by one."""
    one = sample(FAMILIES[name][2])
    return models[name], one, models[name].layout(one).visible


def plain(model: Model, one: Sample) -> Floats:
    """(1, A) of the policy, all tokens being computed in every pass."""
    return logits(model, one, Edit())


def without(model: Model, one: Sample, chosen: Ints, way: str, where: Where, order: Ints | None = None) -> Floats:
    """(1, A) logits with some transitions ablated."""
    ablated = np.zeros((1, one.n_context), np.bool_)
    ablated[0, chosen] = True
    order = stand_ins(model.layout(one), 0, 0) if order is None else order
    found: Floats = at_one_go(ablate(model, one, ablated, way, where, order))
    return found


def both(model: Model, one: Sample, sets: list[Ints], way: str, where: Where = None) -> dict[str, list[KnockOut]]:
    draws = {"controls": 3, "seed": 0, "index": 0}
    found: dict[str, list[KnockOut]] = at_one_go(
        ablations(model, one, sets, where=where, way=way, directions=DIRECTIONS, **draws)
    )
    return found


# -- laws --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("name", FAMILIES)
def test_keys_and_values_in_their_own_place_change_nothing(models: dict[str, Model], name: str, where: Where) -> None:
    model, one, _ = of(models, name)
    layout = model.layout(one)
    steady = ~np.isin(layout.kind, (FLOW_ACTION, TIME))[: layout.n_tokens - model.network.takes_query_action]
    hidden = torch.as_tensor(np.stack([steady, steady]))  # a flow's own tokens differ in each of its steps
    found = logits(model, one, Edit(hidden, where, instead=contents(model, one, RESAMPLED)))
    np.testing.assert_allclose(found, np.repeat(plain(model, one), 2, axis=0), atol=1e-5)


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("name", FAMILIES)
def test_a_transition_that_stands_in_for_itself_changes_nothing(
    models: dict[str, Model], name: str, where: Where
) -> None:
    model, one, visible = of(models, name)
    found = without(model, one, visible, RESAMPLED, where, np.arange(one.n_context))
    np.testing.assert_allclose(found, plain(model, one), atol=1e-5)


@pytest.mark.parametrize("name", ["encoder", "llama", "gpt2", "marked", "gpt2 blocks", "compressed AD", "flow"])
def test_the_mean_of_one_transition_is_its_own_value(models: dict[str, Model], name: str) -> None:
    model, one = models[name], sample(1)
    for where in PLACES:
        np.testing.assert_allclose(
            without(model, one, np.zeros(1, np.int64), MEAN, where), plain(model, one), atol=1e-5
        )


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", FAMILIES)
def test_to_keep_everything_is_the_full_pass(models: dict[str, Model], name: str, way: str) -> None:
    model, one, visible = of(models, name)
    (kept,) = both(model, one, [visible], way)[DENOISING]
    assert kept.kl == pytest.approx(0, abs=1e-9)
    assert kept.logit == pytest.approx(0, abs=1e-5)
    assert not kept.changed


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", FAMILIES)
def test_to_ablate_a_set_is_to_keep_the_others(models: dict[str, Model], name: str, way: str, where: Where) -> None:
    model, one, visible = of(models, name)
    if where is not None and where[1] is not None:
        where = (where[0], min(where[1], model.n_head - 1))  # one family has a single head
    found = both(model, one, [visible[::2], visible[1::2]], way, where)
    for noised, kept in zip(found[NOISING], reversed(found[DENOISING]), strict=True):
        assert noised.kl == pytest.approx(kept.kl, rel=1e-3, abs=1e-7)
        assert noised.logit == pytest.approx(kept.logit, rel=1e-3, abs=1e-5)
    assert max(one.kl for one in found[NOISING]) > 0


@pytest.mark.parametrize("name", FAMILIES)
def test_every_transition_stands_in_once_and_none_for_itself(models: dict[str, Model], name: str) -> None:
    model, one, visible = of(models, name)
    order = stand_ins(model.layout(one), 3, 4)
    assert sorted(order.tolist()) == list(range(one.n_context))
    assert set(np.flatnonzero(order != np.arange(one.n_context)).tolist()) == (
        set(visible.tolist()) if len(visible) > 1 else set()
    )
    np.testing.assert_array_equal(order, stand_ins(model.layout(one), 3, 4))


def test_for_the_whole_model_other_transitions_stand_at_the_input(models: dict[str, Model]) -> None:
    model, one, visible = of(models, "gpt2")
    order = stand_ins(model.layout(one), 0, 0)
    np.testing.assert_allclose(
        without(model, one, visible, RESAMPLED, None), plain(model, exchanged(one, order)), atol=1e-6
    )


def test_one_head_alone_is_changed(models: dict[str, Model]) -> None:
    model, one, visible = of(models, "encoder")
    for way in WAYS:
        (head,), (layer,), (every,) = (
            both(model, one, [visible[5:]], way, where)[NOISING] for where in ((1, 0), (1, None), None)
        )
        assert len({head.kl, layer.kl, every.kl}) == 3


# -- against hooks -----------------------------------------------------------------------------------------------------
def hooked(model: Model, one: Sample, change: Callable[[int, Tensor], None]) -> Floats:
    """Logits of the plain network, the output (B, N, 3d) of each layer's fused projection being changed in place."""
    with ExitStack() as stack:
        for layer, block in enumerate(model.network.decoder.blocks):

            def hook(_module: object, _inputs: object, out: Tensor, at: int = layer) -> None:
                change(at, out)

            stack.callback(block.attention.qkv.register_forward_hook(hook).remove)  # type: ignore[union-attr]
        return plain(model, one)


def projections(model: Model, one: Sample) -> list[Tensor]:
    """Each layer's (N, 3d)."""
    seen: list[Tensor] = []
    hooked(model, one, lambda _, out: seen.append(out[0].clone()))
    return seen


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("way", [MEAN, RESAMPLED])
@pytest.mark.parametrize("name", FAMILIES)
def test_each_way_is_what_hooks_on_the_plain_network_do(
    models: dict[str, Model], name: str, way: str, where: Where
) -> None:
    model, one, visible = of(models, name)
    chosen, layout = visible[:: 2 if len(visible) > 2 else 1], model.layout(one)
    order = stand_ins(layout, 0, 0)
    d, width = model.d_model, model.d_model // model.n_head
    tokens = np.flatnonzero(np.isin(layout.transition, chosen))
    source = projections(model, one if way == MEAN else exchanged(one, order))

    def change(layer: int, out: Tensor) -> None:
        if where is not None and where[0] != layer:
            return
        heads = range(model.n_head) if where is None or where[1] is None else [where[1]]
        for token in tokens.tolist():
            alike = np.flatnonzero(np.isin(layout.transition, visible) & (layout.kind == layout.kind[token]))
            for head in heads:
                part = slice(head * width, (head + 1) * width)
                values = source[layer][:, 2 * d :][:, part]
                out[0, token, 2 * d :][part] = values[alike].mean(dim=0) if way == MEAN else values[token]
                if way == RESAMPLED:
                    out[0, token, d : 2 * d][part] = source[layer][token, d : 2 * d][part]

    if way == RESAMPLED and where is None:
        mixed = np.where(np.isin(np.arange(one.n_context), chosen), order, np.arange(one.n_context))
        expected = plain(model, exchanged(one, mixed))
    else:
        expected = hooked(model, one, change)
    np.testing.assert_allclose(without(model, one, chosen, way, where), expected, atol=1e-5)


def test_logit_differences_are_from_the_mean_of_the_others() -> None:
    found = logit_changes(np.array([[3.0, 1.0, 2.0], [4.0, 2.0, 3.0], [1.0, 1.0, 4.0], [5.0, 1.0, 2.0]], np.float32))
    np.testing.assert_allclose(found, [0.0, 0.0, 3.0, 2.0])


def test_masks_and_what_stands_instead_are_two_things(models: dict[str, Model]) -> None:
    model, one, visible = of(models, "encoder")
    ways = {way: without(model, one, visible[4:], way, (1, 0)) for way in WAYS}
    assert not np.allclose(ways[MASK], ways[MEAN], atol=1e-6)
    assert not np.allclose(ways[MEAN], ways[RESAMPLED], atol=1e-6)
