"""Mean ablation against the same done by torch's own hooks, in every family, and what sets of heads share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from references import contexts
from small_runs import MAKERS
from torch import Tensor, nn

from adtui.circuits.means import head_means
from adtui.compression.strategies.base import Contexts
from adtui.files.checkpoint import load_checkpoint
from adtui.models.ablation import Ablation
from adtui.models.edit import Edit
from adtui.models.loading import load_model
from adtui.models.model import Model

#: A flow's policy is of several passes: a circuit is not defined for it.
ONE_PASS = [name for name in MAKERS if name != "flow"]
N, COUNT = 9, 5


@pytest.fixture(scope="module", params=ONE_PASS)
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Model:
    make, more = MAKERS[request.param]
    run = make(tmp_path_factory.mktemp("ablated"), **more)
    return load_model(load_checkpoint(next(run.glob("*.pt"))), device="cpu")


def batch(count: int = COUNT, n: int = N) -> Contexts:
    walks = [contexts(n, seed) for seed in range(count)]
    return Contexts(
        np.stack([walk.states for walk in walks]),
        np.stack([walk.actions for walk in walks]),
        np.stack([walk.rewards for walk in walks]).astype(np.float32),
        np.stack([walk.next_states for walk in walks]),
        np.stack([walk.query_state for walk in walks]),
        np.zeros((count, n), np.int64),
    )


def logits(model: Model, edit: Edit | None = None, some: Contexts | None = None) -> NDArray[np.float32]:
    one = some or batch()
    return model.policy(one.states, one.actions, one.rewards, one.next_states, one.query_states, edit=edit)


@contextmanager
def hooked(model: Model, change: Callable[[int, Tensor], Tensor | None]) -> Iterator[None]:
    """`change(layer, heads' outputs (B, N, d))` before every output projection."""

    def hook(layer: int) -> Any:
        def before(module: nn.Module, given: tuple[Tensor]) -> tuple[Tensor] | None:
            del module
            changed = change(layer, given[0])
            return None if changed is None else (changed,)

        return before

    blocks: Any = model.network.decoder.blocks
    handles = [block.attention.out.register_forward_pre_hook(hook(layer)) for layer, block in enumerate(blocks)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def reference(model: Model, kept: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Logits with the heads that are not kept (L, H) at their mean over the batch, by hooks alone."""
    seen: dict[int, Tensor] = {}
    width = model.d_model // model.n_head

    def remember(layer: int, y: Tensor) -> None:
        seen[layer] = y.mean(dim=0)

    def replace(layer: int, y: Tensor) -> Tensor:
        y = y.clone()
        for head in np.flatnonzero(~kept[layer]):
            part = slice(head * width, (head + 1) * width)
            y[:, :, part] = seen[layer][:, part]
        return y

    with hooked(model, remember):
        logits(model)
    with hooked(model, replace):
        return logits(model)


def every_set(model: Model) -> NDArray[np.bool_]:
    count = model.n_layer * model.n_head
    bits = np.arange(1 << count)[:, None] >> np.arange(count)
    return (bits & 1).astype(np.bool_).reshape(-1, model.n_layer, model.n_head)


def test_all_heads_kept_is_the_model_itself(model: Model) -> None:
    kept = np.ones((1, model.n_layer, model.n_head), np.bool_)
    np.testing.assert_array_equal(
        logits(model, Edit(ablated=Ablation(head_means(model, batch()), kept))), logits(model)
    )


def test_no_head_kept_and_one_head_kept_are_what_hooks_make_of_them(model: Model) -> None:
    means = head_means(model, batch())
    none = np.zeros((model.n_layer, model.n_head), np.bool_)
    one = none.copy()
    one[-1, 0] = True
    for kept in (none, one):
        found = logits(model, Edit(ablated=Ablation(means, kept[None])))
        np.testing.assert_allclose(found, reference(model, kept), atol=1e-5, rtol=1e-5)
    assert np.abs(reference(model, none) - logits(model)).max() > 1e-3


def test_sets_that_share_layers_give_what_each_gives_alone(model: Model) -> None:
    means, sets = head_means(model, batch()), every_set(model)
    sets = sets[np.random.default_rng(0).permutation(len(sets))[:12]]
    sets = np.concatenate([sets, sets[3:4]])  # in no order, and one twice
    together = logits(model, Edit(ablated=Ablation(means, sets))).reshape(len(sets), COUNT, -1)
    alone = np.stack([logits(model, Edit(ablated=Ablation(means, kept[None]))) for kept in sets])
    np.testing.assert_allclose(together, alone, atol=1e-5, rtol=1e-5)
    assert len({row.tobytes() for row in alone}) > len(sets) // 2


def test_a_context_without_transitions_has_means_too(model: Model) -> None:
    empty = batch(n=0)
    kept = np.zeros((1, model.n_layer, model.n_head), np.bool_)
    found = logits(model, Edit(ablated=Ablation(head_means(model, empty), kept)), empty)
    assert np.isfinite(found).all()


def test_a_layer_runs_once_for_each_choice_below_it() -> None:
    """Of all 16 sets of two layers with two heads, layer 1 sees 4 inputs and gives 16 outputs."""
    bits = np.arange(16)[:, None] >> np.arange(4)
    ablation = Ablation(torch.zeros(2, 2, 3, 4), (bits & 1).astype(np.bool_).reshape(16, 2, 2))
    assert [(ablation.branch(layer).rows, len(ablation.branch(layer).parents)) for layer in (0, 1)] == [(1, 4), (4, 16)]
