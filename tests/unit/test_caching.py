"""Keys and values that are held: until something is dropped it is the same pass, and then each head drops its own."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from checkpoints import make_run
from small_runs import MAKERS
from test_shortened import batch

from adtui.cli.main import main
from adtui.compression.caching import CachePolicy, budgets_of, check_cache, held_in_cache, read_through
from adtui.compression.choice import parse
from adtui.compression.held_layer import BYTES_EACH, BYTES_HEAD, padded
from adtui.compression.trials.closed_loop import returns_and_actions
from adtui.compression.trials.plan import ModelSource, Plan, fingerprint
from adtui.files.checkpoint import load_checkpoint
from adtui.models.loading import load_model
from adtui.models.model import Model
from adtui.records.errors import ConfigError, ModelError
from adtui.records.trial_cost import Held
from adtui.worlds.darkroom import DarkRoom
from adtui.worlds.rollouts import rollout

WORLD, ROOMS = DarkRoom(), np.array([3, 41])
PLAIN = ("recent:4", "newest+rewarded:4", "sink-recent:4:sinks=1", "top-attention:4", "heavy-hitters:4", "random:4")
ABLE = (*PLAIN, "key-difference:4", "layer-attention:4", "observation-window:4", "expected-attention:4:sinks=1")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Model]:
    root = tmp_path_factory.mktemp("caching")
    made = {name: make(root / name, **more) for name, (make, more) in MAKERS.items() if name != "flow"}
    made["pre-norm"] = make_run(root / "pre", "pre")
    return {name: load_model(load_checkpoint(next(run.glob("*.pt")))) for name, run in made.items()}


def policy(model: Model, label: str, n_context: int = 11) -> CachePolicy:
    choice = parse(label)
    budgets = budgets_of(model, choice, n_context, first_heads(model))
    return CachePolicy(model, choice, n_context, WORLD.horizon, np.random.default_rng(0), budgets)


def first_heads(model: Model) -> np.ndarray:
    """(L, H) the first head of each layer: what `duo` gets here."""
    found: np.ndarray = np.arange(model.n_head) == np.zeros((model.n_layer, 1))
    return found


@pytest.mark.parametrize("name", ["encoder", "pre-norm", "gpt2 blocks"])
def test_until_something_is_dropped_it_is_the_full_context(models: dict[str, Model], name: str) -> None:
    model, contexts = models[name], batch(9)
    found = read_through(policy(model, "recent:9"), contexts)
    np.testing.assert_allclose(found, model.policy(*contexts.inputs), atol=2e-6)
    shorter = read_through(policy(model, "recent:8"), contexts)
    assert np.abs(shorter - found).max() > 1e-5


def test_an_agent_reads_each_transition_once_and_stands_at_the_last_place(models: dict[str, Model]) -> None:
    """Longer than a context: the model has no places beyond it."""
    model = models["encoder"]
    agent = policy(model, "recent:4")
    past = rollout(agent, WORLD, ROOMS, 2, 11)
    assert agent.step == past.actions.shape[1] - 1
    assert past.actions.shape[1] > model.n_context_max


@pytest.mark.parametrize("label", ABLE)
@pytest.mark.parametrize("shared", ["", ":shared=ada", ":shared=pyramid:beta=2", ":shared=duo"])
def test_heads_hold_what_was_allotted_and_weigh_what_is_computed(
    models: dict[str, Model], label: str, shared: str
) -> None:
    model, agent = models["encoder"], policy(models["encoder"], label + shared)
    rollout(agent, WORLD, ROOMS, 1, 11)
    assert sorted(agent.layers) == list(range(model.n_layer))
    for row in agent.counts:
        if "ada" in shared:
            np.testing.assert_array_equal(row.sum(axis=1), agent.budgets.sum(axis=1))
            assert row.min() >= 1
        else:
            np.testing.assert_array_equal(row, agent.budgets)
    if "duo" in shared:
        np.testing.assert_array_equal(agent.budgets, np.where(first_heads(model), 11, 4))
    else:
        assert agent.budgets.sum() == 4 * model.n_layer * model.n_head
    assert agent._before is None, "nothing else is held from one step to the next"
    computed = held_in_cache(model, agent.choice, 11, agent.budgets)
    assert agent.weighed == Held(2 * computed.state, 2 * (computed.cache or 0))
    if label in PLAIN:
        heads = model.n_layer * model.n_head
        assert computed.state == agent.budgets.sum() * BYTES_EACH + heads * BYTES_HEAD


def heads_of(rows: list[list[float]]) -> torch.Tensor:
    """(1, H, m) attention of the newest token."""
    return torch.tensor(rows)[None]


def add(agent: CachePolicy, row: torch.Tensor, reward: float = 0, episode: int = 0) -> list[list[int]]:
    """One more token, whose key is its number; which numbers each of two heads of layer 0 then holds."""
    before = agent.before(0)
    number = float(agent.step)
    new = torch.full((1, 2, 1, 2), number)
    k = new if before is None else torch.cat([before[0], new], dim=2)
    if before is not None and before[2] is not None:
        row = torch.where(torch.nn.functional.pad(before[2], (0, 1), value=True), row, 0)
    agent._newest = np.array([reward], np.float32), np.array([episode])
    agent.add(0, new, k, k.clone(), row, torch.eye(4))
    agent.step += 1
    held = padded(agent.layers[0])
    return [held.k[0, head, held.present[0, head], 0].int().tolist() for head in (0, 1)]


def test_heads_choose_by_their_own_attention(models: dict[str, Model]) -> None:
    agent = policy(models["encoder"], "top-attention:2")
    add(agent, heads_of([[1.0], [1.0]]))
    assert add(agent, heads_of([[0.5, 0.5], [0.5, 0.5]])) == [[0, 1], [0, 1]]
    assert add(agent, heads_of([[0.6, 0.1, 0.3], [0.1, 0.6, 0.3]])) == [[0, 2], [1, 2]]
    assert add(agent, heads_of([[0.1, 0.6, 0.3], [0.6, 0.3, 0.1]])) == [[2, 3], [1, 2]]


def test_what_a_key_received_is_a_mean_over_those_that_saw_it(models: dict[str, Model]) -> None:
    agent = policy(models["encoder"], "heavy-hitters:2")
    add(agent, heads_of([[1.0], [1.0]]))
    add(agent, heads_of([[0.9, 0.1], [0.9, 0.1]]))
    # means: 0 has (1 + 0.9 + 0)/3 = 0.63, and 1 has (0.1 + 0.9)/2 = 0.5: a sum or the last row alone would keep 1
    assert add(agent, heads_of([[0.0, 0.9, 0.1], [0.0, 0.9, 0.1]])) == [[0, 2], [0, 2]]


def test_rewards_and_episodes_stay_with_their_keys(models: dict[str, Model]) -> None:
    rewarded, running = policy(models["encoder"], "newest+rewarded:2"), policy(models["encoder"], "episode+rewarded:2")
    for step, reward in enumerate([0, 1, 0, 0]):
        row = heads_of([[1.0] * min(step + 1, 3)] * 2)
        held = add(rewarded, row, reward), add(running, row, reward, episode=step // 2)
    assert held == ([[1, 3], [1, 3]], [[2, 3], [2, 3]])


def test_what_a_head_cannot_follow_is_refused(models: dict[str, Model]) -> None:
    for name in ("rad", "marked", "compressed AD", "llama", "gpt2", "dpt"):
        with pytest.raises(ModelError, match="--level transition"):
            check_cache(models[name], parse("recent:4"))
    for label in ("episodes:4", "distinct:4", "retrieval:4", "medoids:4", "adaptive:4"):
        with pytest.raises(ConfigError, match="one that keeps exactly K by rewards"):
            policy(models["encoder"], label)


def test_plans_of_transitions_keep_their_mark_and_a_cache_has_its_own(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", n_transit=12)
    opening = ModelSource(str(next(run.glob("*.pt"))))
    plan = Plan(WORLD, goals=(3,), n_context=11, episodes=3, positions="kept", memory="full")
    cached = replace(plan, level="cache", memory="online")
    assert fingerprint(opening, cached) != fingerprint(opening, replace(plan, positions="reindexed", memory="online"))
    with pytest.raises(ConfigError, match="--positions: expected kept with --level cache"):
        replace(cached, positions="spread")
    with pytest.raises(ConfigError, match="--memory: expected online with --level cache"):
        replace(cached, memory="full")


def test_the_command_says_which_level_it_was(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = str(make_run(tmp_path / "run", "pre", n_transit=8))
    asked = ["compress", run, "--device", "cpu", "--jobs", "1", "--episodes", "3", "--streams", "1", "--budgets", "3"]
    asked += ["--strategies", "recent", "--level", "cache"]
    assert main([*asked, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["about"]["plan"]["level"] == "cache"
    recent = report["trials"][1]
    assert (recent["cell"]["label"], recent["cell"]["positions"]) == ("recent:3", "kept")
    assert recent["open_loop"]["kept"] == 3
    assert recent["closed_loop"]["last"] is not None


def test_a_budget_beyond_the_context_holds_a_context(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", n_transit=12)
    plan = Plan(WORLD, goals=(3,), n_context=11, episodes=3, streams=1, positions="kept", level="cache")
    model = load_model(load_checkpoint(next(run.glob("*.pt"))))
    many, all_of_it = (returns_and_actions(model, plan, parse(label))[1] for label in ("recent:999", "recent:11"))
    np.testing.assert_array_equal(many, all_of_it)
