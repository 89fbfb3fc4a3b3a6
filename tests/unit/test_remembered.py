"""A model that remembers says what it would say, and computes no context twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_runs import MAKERS

from adtui.compression import remembered
from adtui.compression.remembered import remembering
from adtui.compression.shortened import shortened_logits
from adtui.compression.strategies.base import Contexts
from adtui.compression.trials.alone import made_up
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


def test_code_of_the_users_is_asked_every_time(made: dict[str, Model]) -> None:
    model = made["encoder"]
    model.network.own_layers = False
    try:
        assert remembering(model) is model
    finally:
        model.network.own_layers = True
