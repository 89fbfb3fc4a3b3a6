"""Linear probes: what is planted is found, what the inputs tell is not, and labels are exchanged as said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from planted import seeking_run
from small_runs import MAKERS

from adtui.files.checkpoint import load_checkpoint
from adtui.files.runs import find_run
from adtui.models.loading import load_model
from adtui.models.model import Model
from adtui.models.residual import at_query
from adtui.probes import runner
from adtui.probes.lived import Lived, Plan, live, tasks_of
from adtui.probes.options import Options
from adtui.probes.reading import Labelings, dealt, decided, orders, probe
from adtui.probes.runner import Opened, prepare
from adtui.probes.targets import GOAL, REWARD, STEP, Target, targets_of
from adtui.records.arrays import Doubles, Floats, Ints
from adtui.records.probe import Probed
from adtui.worlds.darkroom import DarkRoom
from adtui.worlds.registry import make_world
from adtui.worlds.rollouts import random_policy
from adtui.worlds.world import World

G, K, N = 40, 2, 25


def lived(world: World, tasks: int = G, rooms: int = K, n: int = N, stride: int = 1) -> Lived:
    plan = Plan(world, np.arange(tasks), rooms, n, stride, 0)
    found = [*live(random_policy, plan)][-1]
    assert isinstance(found, Lived)
    return found


@pytest.fixture(scope="module")
def walked() -> Lived:
    """Random walks in small rooms, so that many find a reward."""
    return lived(DarkRoom(size=7))


@pytest.fixture(scope="module")
def seeking(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    return prepare(seeking_run(tmp_path_factory.mktemp("seeking")), Options(device="cpu", samples=40))


# -- contexts and labels -----------------------------------------------------------------------------------------------
def test_a_room_gives_a_context_of_every_whole_episode_after_the_first_full_one(walked: Lived) -> None:
    G_, K_, E = walked.shape
    assert (G_, K_, E) == (G, K, 6)
    assert np.array_equal(walked.moments // 20, np.broadcast_to(np.arange(2, 8), walked.shape))
    steps = walked.moments % 20
    assert set(np.unique(steps)) == set(range(20))
    contexts = walked.contexts
    assert contexts.count == G * K * E
    room, e = 13, 4
    t = int(walked.moments.reshape(-1, E)[room, e])
    np.testing.assert_array_equal(contexts.states[room * E + e], walked.past.states[room, t - N : t])
    np.testing.assert_array_equal(contexts.query_states[room * E + e], walked.past.states[room, t])
    assert walked.task[room * E + e] == room // K


def test_models_that_read_batches_get_whole_ones() -> None:
    found = lived(DarkRoom(size=7), tasks=15, rooms=1, n=29, stride=15)
    assert (found.moments % 15 == 29 % 15).all()
    assert found.shape[2] >= 3


def test_a_reward_is_found_where_the_context_holds_one(walked: Lived) -> None:
    held = (walked.contexts.rewards > 0).any(axis=1)
    assert 0.1 < held.mean() < 0.9
    np.testing.assert_array_equal(np.take_along_axis(walked.found, walked.moments, 2).reshape(-1), held)


def test_true_labels_are_the_contexts_own_and_exchanged_ones_another_tasks_at_the_same_moments(walked: Lived) -> None:
    targets = {one.name: one for one in targets_of(walked)[0]}
    assert set(targets) == {REWARD, GOAL, STEP}
    same, turned = np.arange(G), np.roll(np.arange(G), 1)
    held = (walked.contexts.rewards > 0).any(axis=1)
    np.testing.assert_array_equal(targets[REWARD].labels(same)[:, 0], np.where(held, 1, -1))
    swapped = targets[REWARD].labels(turned)[:, 0].reshape(walked.shape)
    g, k, e = 7, 1, 3
    t = int(walked.moments[g, k, e])
    other = walked.past.rewards.reshape(G, K, -1)[g - 1, k, t - N : t]
    assert swapped[g, k, e] == (1 if other.any() else -1)

    goal = targets[GOAL]
    np.testing.assert_array_equal(goal.rows, np.flatnonzero(held))
    rewarded = np.argmax(walked.contexts.rewards > 0, axis=1)
    reached = walked.contexts.next_states[np.arange(walked.contexts.count), rewarded]
    np.testing.assert_array_equal(goal.labels(same), reached[goal.rows])
    task = walked.task[goal.rows]
    np.testing.assert_array_equal(goal.labels(turned), np.stack([((task - 1) % G) // 7, ((task - 1) % G) % 7], axis=1))

    np.testing.assert_array_equal(targets[STEP].labels(same)[:, 0], walked.moments.reshape(-1) % 20)
    np.testing.assert_array_equal(
        targets[STEP].labels(turned).reshape(walked.shape), np.roll(walked.moments, 1, axis=0) % 20
    )


def test_what_a_world_lacks_is_said() -> None:
    _, lacking = targets_of(lived(make_world("darkkeytodoor", 5, 20, 0), tasks=20, rooms=1))
    assert lacking[GOAL] == "the tasks of this world have no one rewarded cell"
    short = lived(DarkRoom(size=7), tasks=20, rooms=1)
    nothing = replace(short, past=replace(short.past, rewards=np.zeros_like(short.past.rewards)))
    targets, lacking = targets_of(nothing)
    assert [one.name for one in targets] == [STEP]
    assert lacking[REWARD] == "contexts of 0 tasks hold a reward, 15 are needed"
    assert lacking[GOAL] == "contexts of 0 tasks hold a reward, 15 are needed"


def test_tasks_are_all_there_are_or_drawn_and_in_equally_many_rooms() -> None:
    world = DarkRoom()
    assert tasks_of(world, 170, 0)[1] == 2
    tasks, rooms = tasks_of(world, 30, 0)
    assert (len(np.unique(tasks)), rooms) == (30, 1)
    assert not np.array_equal(tasks, tasks_of(world, 30, 1)[0])


# -- probes ------------------------------------------------------------------------------------------------------------
def planted(walked: Lived, label: Floats, width: int = 60) -> tuple[Target, Floats, Ints]:
    """A label for all contexts, and a stream of three layers: the cell alone, the label linearly, noise."""
    rng = np.random.default_rng(0)
    B = walked.contexts.count
    cells = np.eye(49, dtype=np.float32)[(walked.contexts.query_states * [7, 1]).sum(axis=1)]
    embedding = cells @ rng.normal(size=(49, width)).astype(np.float32)
    stream = np.stack([embedding] * 3) + np.concatenate(
        [np.zeros((1, B, width)), rng.normal(size=(2, B, width))]
    ).astype(np.float32)
    stream[1] += np.outer(label, rng.normal(size=width))
    target = targets_of(walked)[0][0]
    values = label.reshape(walked.shape)
    mine = replace(target, labels=lambda order: values[order].reshape(-1, 1).astype(np.float32))
    return mine, stream, walked.task


def readings(walked: Lived, label: Doubles) -> Probed:
    target, stream, task = planted(walked, label.astype(np.float32))
    return decided([probe(target, stream, task, 0, lambda: None, shuffles=99)])[0]


@pytest.mark.parametrize("per_task", [True, False])
def test_a_planted_signal_is_confirmed_where_it_is_and_nowhere_else(walked: Lived, per_task: bool) -> None:
    rng = np.random.default_rng(1)
    label = rng.normal(size=G)[walked.task] if per_task else rng.normal(size=walked.contexts.count)
    found = readings(walked, label)
    assert found.readings[1].verdict == "confirmed"
    assert found.readings[1].score > 0.5
    assert found.readings[1].gain.low > 0.3
    assert found.readings[1].p_shuffled == 0.01
    assert found.readings[0].verdict == ""
    assert found.readings[2].verdict.startswith("no evidence")
    assert found.readings[2].score < 0.05


def test_what_the_querys_cell_tells_is_no_finding(walked: Lived) -> None:
    """All layers hold the cell, so that each tells the label; none tells more of it than the cell does."""
    rng = np.random.default_rng(2)
    cells = walked.contexts.query_states
    found = readings(walked, cells[:, 0] + cells[:, 1] + 0.5 * rng.normal(size=len(cells)))
    assert found.inputs > 0.8
    assert found.readings[0].score > 0.5
    assert found.readings[2].p_shuffled == 0.01
    assert found.readings[2].verdict == "no evidence: no more than the inputs tell"


def test_what_the_age_tells_is_no_finding(walked: Lived) -> None:
    """A label that is the later the likelier, and a stream that holds the age: exchanged labels score as high."""
    rng = np.random.default_rng(3)
    age = (walked.moments // 20).reshape(-1).astype(np.float32)
    target, stream, task = planted(walked, age + rng.normal(size=len(age)).astype(np.float32))
    stream[1] = rng.normal(size=stream[1].shape)
    stream[1, :, 0] = age
    found = decided([probe(target, stream, task, 0, lambda: None, shuffles=99)])[0].readings[1]
    assert found.score > 0.5
    assert found.shuffled == pytest.approx(found.score, abs=0.1)
    assert found.verdict != "confirmed"


def test_no_task_is_in_two_folds_and_no_fold_is_empty() -> None:
    folds = dealt(17, 0)
    assert sorted(np.bincount(folds)) == [3, 3, 3, 4, 4]
    np.testing.assert_array_equal(folds, dealt(17, 0))


def test_every_task_counts_alike() -> None:
    """Errors 0 on a task of nine contexts and 1 on one of one make a score of a half."""
    tasks = np.array([0] * 9 + [1])
    values = np.array([[1.0]] * 9 + [[1.0]], dtype=np.float32)
    errors = Labelings(values, 1, np.arange(10) % 3, tasks)._by_task(np.array([[0.0]] * 9 + [[1.0]], np.float32))
    np.testing.assert_array_equal(errors, [[0.0], [1.0]])


def test_the_first_order_is_the_true_one() -> None:
    found = orders(9, 0, shuffles=5)
    assert np.array_equal(found[0], np.arange(9))
    assert all(sorted(one) == list(range(9)) for one in found)
    assert len(found) == 6


# -- models ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", MAKERS)
def test_the_last_residual_is_what_the_action_is_read_off(name: str, tmp_path: Path) -> None:
    make, options = MAKERS[name]
    model = load_model(load_checkpoint(find_run(make(tmp_path / "run", **options)).latest), device="cpu")
    n = min(model.n_context_usual, 12)
    rng = np.random.default_rng(0)
    parts = context(rng, model, n)
    stream = at_query(model, *parts)
    assert stream.shape == (model.n_layer + 1, 3, model.d_model)
    last = torch.as_tensor(stream[-1])
    with torch.inference_mode():
        norm = model.network.decoder.final_norm
        logits = model.network.pred_action(last if norm is None else norm(last)).numpy()  # type: ignore[operator]
        wanted = model.network(*model._tensors(*parts)).numpy()
    np.testing.assert_allclose(logits, wanted, atol=1e-4)
    others = at_query(model, *context(rng, model, n)[:4], parts[4])
    assert not np.allclose(stream[1], others[1], atol=1e-4)
    # The embedding holds nothing of the context, but where the newest transition stands there.
    assert (
        np.allclose(stream[0], others[0], atol=1e-6)
        == (runner._token(model, n) == "the query")
        == (name not in ("DPT", "dpt"))
    )


def context(rng: np.random.Generator, model: Model, n: int) -> tuple[Ints, Ints, Floats, Ints, Ints]:
    return (
        rng.integers(model.grid_size, size=(3, n, 2)),
        rng.integers(model.n_actions, size=(3, n)),
        rng.integers(2, size=(3, n)).astype(np.float32),
        rng.integers(model.grid_size, size=(3, n, 2)),
        rng.integers(model.grid_size, size=(3, 2)),
    )


def test_the_model_that_goes_back_to_its_reward_holds_the_goal(seeking: Opened) -> None:
    lived = runner.rolled_out(seeking)
    report = runner.probed(seeking, lived)
    found = {one.target: one for one in report.probes}
    assert found[REWARD].readings[1].verdict == "confirmed"
    assert found[REWARD].readings[1].score > 0.9
    assert found[REWARD].readings[1].gain.mean <= found[REWARD].readings[1].score  # the baselines tell nothing
    assert found[GOAL].readings[1].verdict == "confirmed"
    assert not any(one.verdict == "confirmed" for one in found[STEP].readings)  # it has no clock
    assert len(report.about["tasks"]) == 40
    assert report.to_json()["schema"] == "adtui.probe/1"
