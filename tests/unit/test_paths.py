"""Path patching: nothing patched is the clean run, everything the corrupted one, and a planted head is the one edge."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from checkpoints import make_run, save_checkpoint
from planted import LOUD, planted_run, planted_samples, seeking_run
from small_runs import MAKERS
from torch import Tensor

from adtui.circuits.contexts import of_samples
from adtui.compression.strategies.base import Contexts
from adtui.files.checkpoint import load_checkpoint
from adtui.files.runs import find_run
from adtui.models.decoder import Block
from adtui.models.frozen import Frozen
from adtui.models.loading import load_model
from adtui.models.model import Model
from adtui.probes import runner
from adtui.probes.lived import Lived, Plan, live
from adtui.probes.options import Options
from adtui.probes.patching import Patched, _one_head_each, _read_as, patch, without_rewards
from adtui.probes.tracing import chosen, graph_of, signs
from adtui.records.errors import ModelError
from adtui.records.interval import Interval
from adtui.records.probe import BY, PathGraph, ProbeReport, Route
from adtui.records.probe import Path as Traced
from adtui.reports.paths import lines_of
from adtui.worlds.darkroom import DarkRoom
from adtui.worlds.rollouts import random_policy


def opened(run: Path) -> Model:
    return load_model(load_checkpoint(find_run(run).latest), device="cpu")


def contexts_of(model: Model, count: int = 4, n: int = 12, *, rewards: float = 0.3) -> Contexts:
    rng = np.random.default_rng(0)
    n = min(model.n_context_usual, n)
    return Contexts(
        rng.integers(model.grid_size, size=(count, n, 2)),
        rng.integers(model.n_actions, size=(count, n)),
        (rng.random((count, n)) < rewards).astype(np.float32),
        rng.integers(model.grid_size, size=(count, n, 2)),
        rng.integers(model.grid_size, size=(count, 2)),
        np.zeros((count, n), np.int64),
    )


def patched(model: Model, contexts: Contexts) -> Patched:
    found = [*patch(model, contexts)][-1]
    assert isinstance(found, Patched)
    return found


# -- laws --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", MAKERS)
def test_in_every_family_paths_start_from_the_models_own_logits_and_without_rewards_change_nothing(
    name: str, tmp_path: Path
) -> None:
    make, options = MAKERS[name]
    model = opened(make(tmp_path / "run", **options))
    contexts = contexts_of(model)
    found = patched(model, contexts)
    own = model.policy(*contexts.inputs, recorder=None) if not model.network.integrates else None
    if own is not None:
        np.testing.assert_allclose(found.clean, own, atol=1e-4)
    assert np.abs(found.corrupted - found.clean).max() > 1e-3
    heads = [*product(range(model.n_layer), range(model.n_head))]
    later = [(one, two, by) for one in heads for two in heads for by in BY if two[0] > one[0]]
    assert set(found.paths) == {Route(head) for head in heads} | {Route(*one) for one in later}
    assert max(np.abs(logits - found.clean).max() for logits in found.paths.values()) > 1e-4

    nothing = patched(model, contexts_of(model, rewards=0))
    for logits in (nothing.corrupted, *nothing.paths.values()):
        np.testing.assert_allclose(logits, nothing.clean, atol=1e-4)


@pytest.mark.parametrize("norm", ["pre", "post"])
@torch.inference_mode()
def test_all_heads_that_read_everything_as_corrupted_give_the_corrupted_run(norm: str, tmp_path: Path) -> None:
    model = opened(make_run(tmp_path / "run", norm, n_layer=1))
    contexts = contexts_of(model)
    frozen = Frozen(model, contexts.n)
    clean_inputs, other_inputs, rewarded = without_rewards(model, contexts)
    clean, corrupted = frozen.run(clean_inputs), frozen.run(other_inputs)
    read = slice(frozen.read, frozen.read + 1)
    for where, expected in ((torch.ones_like(rewarded), corrupted), (torch.zeros_like(rewarded), clean)):
        changed = _read_as(frozen, clean.layers[0], corrupted.layers[0], where)
        logits = frozen.logits(clean, 0, changed[None, :, :, read])[0]
        torch.testing.assert_close(logits, expected.logits, atol=1e-5, rtol=1e-4)
    # In a single layer only the rewarded tokens differ between the runs: they are all that there is to patch.
    changed = _read_as(frozen, clean.layers[0], corrupted.layers[0], rewarded)
    logits = frozen.logits(clean, 0, changed[None, :, :, read])[0]
    torch.testing.assert_close(logits, corrupted.logits, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("norm", ["pre", "post"])
def test_every_path_is_what_a_pass_written_out_gives(norm: str, tmp_path: Path) -> None:
    model = opened(make_run(tmp_path / "run", norm, n_layer=3))
    contexts = contexts_of(model, count=2)
    found = patched(model, contexts)
    for route in (Route((1, 0)), *(Route((0, 1), (2, 0), by) for by in BY), Route((1, 1), (2, 1), "K")):
        for row in range(2):
            expected = plainly(model, contexts.part(slice(row, row + 1)), route)
            np.testing.assert_allclose(found.paths[route][row], expected, atol=1e-4, err_msg=str(route))


@torch.inference_mode()
def plainly(model: Model, context: Contexts, route: Route) -> np.ndarray:
    """One path in one context, head by head with a mask and a softmax, every token in every layer."""
    network = model.network
    d = model.d_model // model.n_head

    def tokens(rewards: np.ndarray) -> Tensor:
        states, actions, _, next_states, query = context.inputs
        parts = model._tensors(states, actions, rewards, next_states, query)
        return (network.embed(*parts) + network.pos_embedding[:, : context.n + 1])[0]  # type: ignore[operator,index,no-any-return]

    def attend(block: Block, xs: tuple[Tensor, Tensor, Tensor], head: int, seen: Tensor | None = None) -> Tensor:
        """Output of one head whose queries, keys and values are made of three inputs; `seen`: keys and values there."""
        parts = []
        for number, x in enumerate(xs):
            y = block.norm1(x) if block.pre_norm else x
            rows = slice(number * model.d_model + head * d, number * model.d_model + (head + 1) * d)
            parts.append(y @ block.attention.qkv.weight[rows].T + block.attention.qkv.bias[rows])
        q, k, v = parts
        if seen is not None:
            other = attend_parts(block, seen, head)
            k, v = (torch.where(rewarded[:, None], new, old) for new, old in zip(other, (k, v), strict=True))
        scores = (q @ k.T / d**0.5).masked_fill(torch.ones(len(q), len(q)).triu(1).bool(), -torch.inf)
        found: Tensor = scores.softmax(-1) @ v
        return found

    def attend_parts(block: Block, x: Tensor, head: int) -> list[Tensor]:
        y = block.norm1(x) if block.pre_norm else x
        starts = [number * model.d_model + head * d for number in (1, 2)]
        return [y @ block.attention.qkv.weight[at : at + d].T + block.attention.qkv.bias[at : at + d] for at in starts]

    def step(block: Block, x: Tensor, outputs: list[Tensor]) -> Tensor:
        written = torch.cat(outputs, dim=1) @ block.attention.out.weight.T + block.attention.out.bias
        if block.pre_norm:
            x = x + written
            return x + block.transform(block.norm2(x))
        x = block.norm1(x + written)
        return block.norm2(x + block.transform(x))  # type: ignore[no-any-return]

    blocks: list[Block] = list(network.decoder.blocks)  # type: ignore[arg-type]
    rewards = context.rewards
    rewarded = torch.tensor(np.append(rewards[0] > 0, False))
    runs: list[list[tuple[Tensor, list[Tensor]]]] = []
    for x in (tokens(rewards), tokens(np.zeros_like(rewards))):
        layers = []
        for block in blocks:
            outputs = [attend(block, (x, x, x), head) for head in range(model.n_head)]
            layers.append((x, outputs))
            x = step(block, x, outputs)
        runs.append(layers)
    clean, corrupted = runs
    first, later = route.head, route.later
    x = clean[first[0]][0]
    for number in range(first[0], model.n_layer):
        own, outputs = clean[number][0], list(clean[number][1])
        if number == first[0]:
            outputs[first[1]] = attend(blocks[number], (own, own, own), first[1], corrupted[number][0])
        if later is not None and number == later[0]:
            inputs = tuple(x if by == route.by else own for by in BY)
            changed = attend(blocks[number], (inputs[0], inputs[1], inputs[2]), later[1])
            outputs[later[1]] = changed
            x = own  # from here on nothing but the later head's output is changed
        x = step(blocks[number], x, outputs)
    final = x[-1] if network.decoder.final_norm is None else network.decoder.final_norm(x[-1])
    return np.asarray(network.pred_action(final).numpy())  # type: ignore[operator]


def test_one_head_each_changes_one_head_each() -> None:
    old, new = torch.zeros(2, 3, 1, 4), torch.ones(2, 3, 1, 4)
    found = _one_head_each(old, new)
    assert found.shape == (3, 2, 3, 1, 4)
    assert torch.equal(found[:, 0, :, 0, 0], torch.eye(3))


# -- what is planted ---------------------------------------------------------------------------------------------------
def test_the_planted_head_is_the_only_edge(tmp_path: Path) -> None:
    model = opened(planted_run(tmp_path / "run"))
    contexts = of_samples(planted_samples(16))
    graph = graph_of(patched(model, contexts), np.arange(16))
    assert [one.route for one in graph.confirmed] == [Route((0, 1))]
    assert graph.confirmed[0].share.mean == pytest.approx(1, abs=0.05)


def test_the_model_that_goes_back_to_its_reward_does_so_by_one_head(tmp_path: Path) -> None:
    prepared = runner.prepare(seeking_run(tmp_path / "run"), Options(device="cpu", samples=40))
    lived = runner.rolled_out(prepared)
    graph = runner.traced(prepared, lived, ProbeReport({}, (), {})).graph
    assert graph is not None
    assert [one.route for one in graph.confirmed] == [Route((0, 1))]
    assert graph.confirmed[0].share.mean == pytest.approx(1, abs=0.01)
    document = graph.to_json()
    assert document["nodes"] == ["rewards", "L0H1", "logits"]
    assert [(one["from"], one["to"]) for one in document["edges"]] == [("rewards", "L0H1"), ("L0H1", "logits")]
    assert lines_of(graph)[1].startswith("└─ L0H1 → logits  100.0 % [")


def relayed_run(directory: Path) -> Path:
    """The model that goes back to its reward, with a head of the second layer between, L1H0: it copies what L0H1 wrote
    at its own token, and the actions are read off the copy alone."""
    checkpoint = load_checkpoint(find_run(seeking_run(directory)).latest)
    weights = {name: weight.clone() for name, weight in checkpoint.weights.items()}
    at, width, mark, written, copied = "transformer_encoder.layers.1.self_attn.", 16, 6, 8, 11
    spread = LOUD * (2 / width - (2 / width) ** 2) ** 0.5  # what the norm divides by, and what it takes away
    middle = LOUD * 2 / width / spread
    weights[f"{at}in_proj_bias"][0] = 12.0
    weights[f"{at}in_proj_weight"][width, mark] = 1.0
    weights[f"{at}in_proj_weight"][2 * width : 2 * width + 3, written : written + 3] = torch.eye(3)
    weights[f"{at}in_proj_bias"][2 * width : 2 * width + 3] = middle
    weights[f"{at}out_proj.weight"][copied : copied + 3, :3] = spread * torch.eye(3)
    read = weights["pred_action.weight"]
    read[:, copied : copied + 3], read[:, written : written + 3] = read[:, written : written + 3].clone(), 0
    save_checkpoint(directory / "ckpt-1.pt", weights, dict(checkpoint.config))
    return directory


def test_a_head_that_passes_rewards_on_is_found_with_the_head_that_takes_them_by_its_values(tmp_path: Path) -> None:
    prepared = runner.prepare(relayed_run(tmp_path / "run"), Options(device="cpu", samples=30))
    graph = runner.traced(prepared, runner.rolled_out(prepared), ProbeReport({}, (), {})).graph
    assert graph is not None
    assert [one.route for one in graph.confirmed] == [Route((0, 1), (1, 0), "V")]
    assert graph.confirmed[0].share.mean == pytest.approx(1, abs=0.05)
    assert [one["from"] for one in graph.to_json()["edges"]] == ["rewards", "L0H1", "L1H0"]


def test_a_model_with_start_values_has_no_edge(tmp_path: Path) -> None:
    from calibration.null_models import untrained

    prepared = runner.prepare(untrained(tmp_path / "run", 0), Options(device="cpu", samples=20))
    graph = runner.traced(prepared, runner.rolled_out(prepared), ProbeReport({}, (), {})).graph
    assert graph is not None
    assert not graph.confirmed
    assert not graph.lacking


def test_contexts_are_of_as_many_tasks_as_there_are_and_hold_a_reward_that_is_seen() -> None:
    lived = [*live(random_policy, Plan(DarkRoom(size=5), np.arange(25), 2, 25, 1, 0))][-1]
    assert isinstance(lived, Lived)
    visible = np.arange(20, 25)
    rows = chosen(lived, visible)
    seen = np.asarray((lived.contexts.rewards[:, visible] > 0).any(axis=1))
    assert seen[rows].all()
    assert len(set(rows.tolist())) == len(rows) <= 96
    counts = np.bincount(lived.task[rows], minlength=25)
    possible = np.bincount(lived.task[seen], minlength=25)
    fewer = counts < counts.max() - 1
    np.testing.assert_array_equal(counts[fewer], possible[fewer])  # only where there are no more


# -- the test ----------------------------------------------------------------------------------------------------------
def test_p_is_the_share_of_all_assignments_of_signs() -> None:
    change = np.random.default_rng(0).normal(0.4, 1, size=9)
    sums = np.array([np.dot(one, change) for one in product((1, -1), repeat=9)])
    expected = 2 * (sums >= change.sum() - 1e-9).mean()
    assert signs(change) == pytest.approx(expected, abs=0.01)
    assert signs(-change) == pytest.approx(expected, abs=0.01)
    assert signs(np.ones(9)) == pytest.approx(2 / 512, rel=0.01)


def test_chance_is_confirmed_no_more_often_than_nominal() -> None:
    """Logits that move as often the way that they go without rewards as the other, and far enough to matter."""
    rng = np.random.default_rng(1)
    clean = np.tile(np.array([1.0, 0, 0, 0, 0], np.float32), (40, 1))
    corrupted = clean + np.array([-1, 0.25, 0.25, 0.25, 0.25], np.float32)
    hits = 0
    for _ in range(100):
        moved = rng.standard_t(3, size=(40, 1)) * np.array([-1, 0.25, 0.25, 0.25, 0.25])
        found = Patched(clean, corrupted, {Route((0, 0)): (clean + moved).astype(np.float32)})
        hits += bool(graph_of(found, np.arange(40)).confirmed)
    assert hits <= 100 * 0.05 + 3 * (100 * 0.05 * 0.95) ** 0.5


def test_contexts_of_a_task_are_one_observation() -> None:
    clean = np.zeros((20, 3), np.float32)
    other = np.array([[-1.0, 0, 0]], np.float32).repeat(20, 0)
    graph = graph_of(Patched(clean, other, {Route((0, 0)): other}), np.arange(20) // 5)
    assert (graph.tasks, graph.contexts) == (4, 20)
    assert graph.paths[0].p == pytest.approx(2 / 16, rel=0.01)
    assert graph.paths[0].share == Interval(1, 1, 1)


def test_a_read_out_that_is_not_known_is_refused_in_a_line(tmp_path: Path) -> None:
    model = opened(make_run(tmp_path / "run"))
    del model.network.pred_action
    with pytest.raises(ModelError, match="--no-paths"):
        Frozen(model, 5)


def test_it_is_refused_before_anything_is_computed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = opened(make_run(tmp_path / "run"))
    del model.network.pred_action
    monkeypatch.setattr(runner, "load_model", lambda *_, **__: model)
    with pytest.raises(ModelError, match="--no-paths"):
        runner.prepare(tmp_path / "run", Options(device="cpu"))
    runner.prepare(tmp_path / "run", Options(device="cpu", paths=False))


# -- the tree ----------------------------------------------------------------------------------------------------------
def test_the_tree_is_indented_by_head_and_later_head() -> None:
    def path(route: Route, share: float, verdict: str = "confirmed") -> Traced:
        return Traced(route, 0.1, Interval(share, share - 0.1, share + 0.1), 1e-5, verdict)

    graph = PathGraph(
        20, 10, 1.5, 0.5,
        (
            path(Route((0, 0)), 0.02, "no evidence: not beyond chance"), path(Route((0, 1)), 0.5),
            path(Route((0, 0), (1, 1), "K"), 0.3), path(Route((0, 1), (1, 0), "V"), 0.2),
            path(Route((0, 1), (1, 1), "Q"), 0.1),
        ),
    )  # fmt: skip
    assert lines_of(graph)[:6] == [
        "rewarded transitions",
        "├─ L0H1 → logits  50.0 % [40.0, 60.0] of the way, KL 0.1, p < 0.0001",
        "│  ├─ V of L1H0 → logits  20.0 % [10.0, 30.0] of the way, KL 0.1, p < 0.0001",
        "│  └─ Q of L1H1 → logits  10.0 % [0.0, 20.0] of the way, KL 0.1, p < 0.0001",
        "└─ L0H0 → logits  itself: no evidence",
        "   └─ K of L1H1 → logits  30.0 % [20.0, 40.0] of the way, KL 0.1, p < 0.0001",
    ]
    assert graph.to_json()["edges"] == [
        {"from": "rewards", "to": "L0H0", "by": ""}, {"from": "rewards", "to": "L0H1", "by": ""},
        {"from": "L0H0", "to": "L1H1", "by": "K"}, {"from": "L0H1", "to": "L1H0", "by": "V"},
        {"from": "L0H1", "to": "L1H1", "by": "Q"},
        {"from": "L0H1", "to": "logits", "by": ""}, {"from": "L1H0", "to": "logits", "by": ""},
        {"from": "L1H1", "to": "logits", "by": ""},
    ]  # fmt: skip


def test_without_enough_rewards_no_path_is_followed_and_it_is_said() -> None:
    graph = PathGraph(3, 2, float("nan"), float("nan"), (), "contexts of 2 tasks hold a reward, 8 are needed")
    assert lines_of(graph) == ["Paths not followed: contexts of 2 tasks hold a reward, 8 are needed."]
    assert graph.to_json()["nodes"] == []
