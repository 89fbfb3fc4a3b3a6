"""A model that remembers says what it would say, and computes no context twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoints import make_run
from small_runs import MAKERS

from adtui.compression import remembered
from adtui.compression.choice import parse
from adtui.compression.remembered import remembering
from adtui.compression.shortened import shortened_logits
from adtui.compression.strategies.base import Contexts, Memory, Positions
from adtui.compression.trials import cell, closed_loop
from adtui.compression.trials.alone import made_up
from adtui.compression.trials.cell import run_cell
from adtui.compression.trials.closed_loop import returns_and_actions
from adtui.compression.trials.plan import FULL, WIPED, ModelSource, Plan
from adtui.files.checkpoint import load_checkpoint
from adtui.models.loading import load_model
from adtui.models.model import Model
from adtui.worlds.darkroom import DarkRoom
from adtui.worlds.rollouts import rollout


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Model]:
    """Families → models, each made when a test asks for all of them first."""
    models = {}
    for name, (make, options) in MAKERS.items():
        run: Path = make(tmp_path_factory.mktemp("remembered") / "run", **options)
        models[name] = load_model(load_checkpoint(next(run.glob("*.pt"))), device="cpu")
    return models


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many contexts the network is given, call by call."""
    counts: list[int] = []
    honest = Model.policy

    def spy(self: Model, *parts: Any, **options: Any) -> Any:
        if not isinstance(self, remembered.Remembering) or len(parts) == 5:
            counts.append(len(parts[0]))
        return honest(self, *parts, **options)

    monkeypatch.setattr(Model, "policy", spy)
    return counts


def doubled(contexts: Contexts) -> Contexts:
    """Each of them twice, in another order."""
    return Contexts.joined([contexts, contexts.part(np.arange(contexts.count)[::-1])])


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("n", [0, 1, 5, 20, 40])
def test_it_says_what_the_model_says(made: dict[str, Model], name: str, n: int) -> None:
    model = made[name]
    if n > model.n_context_max:
        pytest.skip(f"it has positions for {model.n_context_max} transitions")
    contexts, memory = doubled(made_up(model, n, 6)), remembering(model)
    expected = model.policy(*contexts.inputs)
    np.testing.assert_allclose(memory.policy(*contexts.inputs), expected, atol=1e-5)
    np.testing.assert_allclose(memory.policy(*contexts.inputs), expected, atol=1e-5)


def test_no_context_is_computed_twice(made: dict[str, Model], asked: list[int]) -> None:
    contexts, memory = made_up(made["encoder"], 4, 8), remembering(made["encoder"])
    memory.policy(*doubled(contexts.part(slice(6))).inputs)
    memory.policy(*doubled(contexts).inputs)
    assert asked == [6, 4]  # six, and the two that are new, which are filled up to four


def test_what_differs_anywhere_is_another_context(made: dict[str, Model]) -> None:
    """A cell, an action, a reward, the query, or where transitions stand: each gets an answer of its own."""
    model = made["encoder"]
    memory = remembering(model)
    assert isinstance(memory, remembered.Remembering)
    contexts = made_up(model, 4, 4)
    memory.policy(*contexts.inputs)
    for number in range(5):
        parts: list[Any] = [part.copy() for part in contexts.inputs]
        parts[number].flat[0] = (parts[number].flat[0] + 1) % 3
        before = len(memory.answers)
        memory.policy(parts[0], parts[1], parts[2], parts[3], parts[4])
        assert len(memory.answers) == before + 1
    kept = np.ones((4, 4), np.bool_)
    for span in (7, 9):
        found = shortened_logits(memory, contexts, kept, "spread", span=span)
        np.testing.assert_allclose(found, shortened_logits(model, contexts, kept, "spread", span=span), atol=1e-5)


def test_it_forgets_when_there_is_too_much(made: dict[str, Model], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "MOST", 10)
    model = made["encoder"]
    memory = remembering(model)
    assert isinstance(memory, remembered.Remembering)
    for n in (3, 4, 5):
        contexts = made_up(model, n, 7)
        np.testing.assert_allclose(memory.policy(*contexts.inputs), model.policy(*contexts.inputs), atol=1e-5)
        assert len(memory.answers) == 7


def test_rooms_are_lived_in_alike(made: dict[str, Model]) -> None:
    model = made["encoder"]
    tasks = np.repeat([3, 41], 4)
    plain, memory = (rollout(one.policy, DarkRoom(), tasks, 2, 6, seed=1) for one in (model, remembering(model)))
    assert np.array_equal(plain.actions, memory.actions)


LONGER = Plan(DarkRoom(), goals=(3, 41), n_context=23, streams=3, episodes=3, seed=4, queries=3)


@pytest.fixture(scope="module")
def longer(tmp_path_factory: pytest.TempPathFactory) -> ModelSource:
    """A model with contexts of more than a few transitions."""
    run = make_run(tmp_path_factory.mktemp("remembered") / "run", "pre", n_transit=24)
    return ModelSource(str(next(run.glob("*.pt"))), device="cpu")


@pytest.mark.parametrize("label", [FULL, WIPED, "newest+rewarded:20", "random:21", "top-attention:20"])
@pytest.mark.parametrize("positions", ["reindexed", "spread"])
def test_a_cell_is_what_it_is_without_memory(
    longer: ModelSource, label: str, positions: Positions, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = replace(LONGER, positions=positions)
    full = None if label in (FULL, WIPED) else run_cell(longer, plan, FULL, None).actions
    quick = run_cell(longer, plan, label, full)
    monkeypatch.setattr(cell, "remembering", lambda model: model)
    monkeypatch.setattr(closed_loop, "remembering", lambda model: model)
    plain = run_cell(longer, plan, label, full)
    assert quick.returns.tolist() == plain.returns.tolist()
    if quick.actions is not None and plain.actions is not None:
        assert quick.actions.tolist() == plain.actions.tolist()
    if quick.compared is not None and plain.compared is not None:
        np.testing.assert_allclose(quick.compared.pop("kl"), plain.compared.pop("kl"), atol=1e-6)
        assert quick.compared == plain.compared


@pytest.mark.parametrize("memory", ["online", "full"])
def test_a_room_draws_with_its_own_group(longer: ModelSource, memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many groups act side by side: strategies that draw, and that keep different numbers."""
    model, plan = cell.opened(longer)[0], replace(LONGER, memory=memory)
    monkeypatch.setattr(closed_loop, "ROOMS_AT_ONCE", 2)
    for choice in (parse("random:4"), parse("threshold:4")):
        found = []
        for groups in (1, 2, 4):
            monkeypatch.setattr(closed_loop, "GROUPS_AT_ONCE", groups)
            found.append(returns_and_actions(model, plan, choice)[1].tolist())
        assert found[0] == found[1] == found[2]


def test_code_of_the_users_is_asked_every_time(made: dict[str, Model]) -> None:
    model = made["encoder"]
    model.network.own_layers = False
    try:
        assert remembering(model) is model
    finally:
        model.network.own_layers = True
