"""Samples are independent, reproducible, and cut out of the histories exactly as the users' data set does."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from checkpoints import samples_of, settings, write_histories
from numpy.typing import NDArray
from policies import goal_seeker

from adtui.histories.inputs import inputs_npz
from adtui.histories.samples import SampleSet
from adtui.records.errors import ConfigError, HistoryError
from adtui.records.sample import PHASES, Sample, phase_of
from adtui.worlds.registry import make_world
from adtui.worlds.rollouts import random_policy
from adtui.worlds.world import NUM_ACTIONS

NAME = "history_darkroom_PPO_alg-seed42.hdf5"
TEST_GOALS = [38, 51, 62, 65, 33, 5, 53, 49]  # random.seed(0); random.shuffle(list(range(81))); the last 8


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("histories")
    write_histories(root / "datasets" / NAME, TEST_GOALS, length=60, streams=2)
    (root / "runs" / "AD").mkdir(parents=True)
    return root / "runs" / "AD"


@pytest.fixture
def lonely(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run directory from which no histories are in sight."""
    run = tmp_path / "a" / "b" / "c" / "d" / "e"
    run.mkdir(parents=True)
    monkeypatch.chdir(run)
    return run


def towards_x(
    states: NDArray[Any], actions: NDArray[Any], rewards: NDArray[Any], next_states: NDArray[Any], query: NDArray[Any]
) -> NDArray[np.float32]:
    return np.tile(np.array([9, 0, 0, 0, 0], np.float32), (len(query), 1))


def load(run_dir: Path, count: int = 3, n: int = 19, seed: int = 0, **more: Any) -> SampleSet:
    return samples_of(settings(), run_dir, n, count, seed, **more)


def arrays(sample: Sample) -> list[list[Any]]:
    fields = ("states", "actions", "rewards", "next_states", "query_state", "episode", "step")
    return [getattr(sample, name).tolist() for name in fields]


def check_shapes(sample: Sample, n: int) -> None:
    shapes = {"states": (n, 2), "actions": (n,), "rewards": (n,), "next_states": (n, 2), "query_state": (2,)}
    for name, shape in {**shapes, "episode": (n + 1,), "step": (n + 1,)}.items():
        assert getattr(sample, name).shape == shape
        assert getattr(sample, name).dtype == (np.float32 if name == "rewards" else np.int64)


# -- stored histories --------------------------------------------------------------------------------------------------
def test_samples_are_independent_test_histories(run_dir: Path) -> None:
    found = load(run_dir, count=16)
    assert found.notes == ()
    assert NAME in found.source
    assert len({sample.history for sample in found.samples}) == 16
    assert [len({s.goal for s in part}) for part in (found.samples[:8], found.samples[8:])] == [8, 8]
    goals = {goal[0] * 9 + goal[1] for sample in found.samples if (goal := sample.goal)}
    assert goals == set(TEST_GOALS)


def test_more_samples_than_histories_are_not_made_up(run_dir: Path) -> None:
    found = load(run_dir, count=99)
    assert len(found.samples) == 16
    assert "16 independent" in found.notes[0]


@pytest.mark.parametrize("n", [1, 7, 19, 59])
def test_a_sample_is_a_consistent_piece_of_history(run_dir: Path, n: int) -> None:
    for sample in load(run_dir, n=n).samples:
        check_shapes(sample, n)
        following = np.concatenate([sample.states[1:], sample.query_state[None]])
        assert (sample.next_states == following).all()  # stored: the reset state at an episode's end
        assert (np.diff(sample.episode) == (sample.step[1:] == 0)).all()
        assert (sample.states[sample.step[:-1] == 0] == 4).all()
        assert sample.step.max() < 20
        assert f"step {sample.episode[-1] * 20 + sample.step[-1]}" in sample.label


def test_the_seed_decides_and_nothing_global_changes(run_dir: Path) -> None:
    random.seed(5)
    np.random.seed(5)
    before = random.getstate(), np.random.get_state(legacy=False)["state"]["key"].tolist()
    first, again, other = load(run_dir), load(run_dir), load(run_dir, seed=1)
    assert (random.getstate(), np.random.get_state(legacy=False)["state"]["key"].tolist()) == before
    assert [arrays(s) for s in first.samples] == [arrays(s) for s in again.samples]
    assert [s.label for s in first.samples] != [s.label for s in other.samples]


@pytest.mark.parametrize("seed", [0, 7])
def test_a_sample_does_not_depend_on_how_many_are_asked_for(run_dir: Path, seed: int) -> None:
    many = [arrays(sample) for sample in load(run_dir, count=16, seed=seed).samples]
    for count in (1, 5, 8, 9):
        assert [arrays(sample) for sample in load(run_dir, count=count, seed=seed).samples] == many[:count]


def test_neighbouring_seeds_share_no_moments(tmp_path: Path) -> None:
    """Sample 1 of seed 0 is not sample 0 of seed 1, neither in stored histories nor in rollouts."""
    write_histories(tmp_path / "datasets" / NAME, TEST_GOALS, length=600, streams=1)
    steps = [[s.label.split()[-1] for s in load(tmp_path, count=8, seed=seed).samples] for seed in (0, 1)]
    assert sum(a == b for a, b in zip(steps[0][1:], steps[1], strict=False)) <= 1


def test_window_counts_as_the_users_do(run_dir: Path) -> None:
    per_history = 60 - 20 + 1
    with h5py.File(run_dir.parents[1] / "datasets" / NAME) as file:
        states = file[str(TEST_GOALS[1])]["states"][:, 0]
    found = load(run_dir, count=2, window=per_history + 3)
    assert (found.samples[0].states == states[3:22]).all()
    assert (found.samples[1].query_state == states[23]).all()
    assert "not independent" in found.notes[-1]


def test_a_shorter_context_is_the_end_of_the_window(run_dir: Path) -> None:
    whole, short = load(run_dir, window=5).samples[0], load(run_dir, n=4, window=5).samples[0]
    assert (short.states == whole.states[-4:]).all()
    assert (short.query_state == whole.query_state).all()
    assert (short.episode == whole.episode[-5:]).all()


def test_dones_overrule_the_horizon(tmp_path: Path) -> None:
    path = write_histories(tmp_path / "datasets" / NAME, TEST_GOALS, length=30, streams=1)
    with h5py.File(path, "r+") as file:
        for goal in TEST_GOALS:
            file[str(goal)]["dones"] = (np.arange(30) % 7 == 6)[:, None]
    sample = load(tmp_path, n=29).samples[0]
    assert sample.step.tolist() == [t % 7 for t in range(30)]
    assert sample.episode.tolist() == [t // 7 for t in range(30)]


def test_single_stream_files_without_a_stream_axis_open(tmp_path: Path) -> None:
    path = write_histories(tmp_path / "datasets" / NAME, TEST_GOALS, length=30, streams=1)
    with h5py.File(path, "r+") as file:
        for group in file.values():
            for name in list(group):
                values = group[name][:, 0]
                del group[name]
                group[name] = values
    check_shapes(load(tmp_path).samples[0], 19)


def test_goals_that_were_trained_on_are_said_to_be(tmp_path: Path) -> None:
    write_histories(tmp_path / "datasets" / NAME, [0, 1], length=30)
    assert "trained on" in load(tmp_path).notes[0]


def test_config_yaml_fills_in_what_the_checkpoint_lacks(tmp_path: Path) -> None:
    write_histories(tmp_path / "stored" / NAME, TEST_GOALS)
    (tmp_path / "config.yaml").write_text("alg: PPO\nalg_seed: 42\ntraj_dir: stored\n")
    assert NAME in samples_of({}, tmp_path, 19, 1, 0).source


def test_a_stride_places_where_contexts_begin(run_dir: Path, lonely: Path) -> None:
    for stride in (1, 7, 20, 1000):
        for place in (run_dir, lonely):
            found = load(place, count=16, n=19, policy=towards_x, stride=stride)
            starts = [int(s.label.rsplit(" ", 1)[1]) - 19 for s in found.samples]
            assert {start % stride for start in starts} == {0}
            assert len(set(starts)) > 1 or stride == 1000
    everywhere = [load(run_dir, count=1, seed=seed, stride=10).samples[0].label.split()[-1] for seed in range(60)]
    assert set(everywhere) == {"19", "29", "39", "49", "59"}  # the last step that a history of 60 has is 59


def test_goals_of_unequal_length_and_width(tmp_path: Path) -> None:
    path = tmp_path / "datasets" / NAME
    write_histories(path, TEST_GOALS, length=60, streams=1)
    for goal, length, streams in ((38, 15, 2), (51, 30, 3)):
        write_histories(tmp_path / "other.hdf5", [goal], length=length, streams=streams)
        with h5py.File(path, "r+") as file, h5py.File(tmp_path / "other.hdf5") as other:
            del file[str(goal)]
            other.copy(str(goal), file)
    found = load(tmp_path, count=99)
    labels = [sample.label.rsplit(" ", 2)[0] for sample in found.samples]
    assert len(set(labels)) == len({sample.history for sample in found.samples}) == 6 + 3
    assert labels[7:] == ["goal (5,6) stream 1", "goal (5,6) stream 2"]
    assert found.notes == (
        "1 goals with histories of at most 19 steps are left out",
        f"9 independent test histories in {NAME}, 99 samples asked for",
    )
    with pytest.raises(HistoryError, match="15 steps in every history, as --window counts them, found 30 for goal 51"):
        samples_of(settings(n_transit=10), tmp_path, 9, 1, 0, window=6)
    assert "--context 59 or less" in complaint(tmp_path, n=60)


# -- other tasks, and what a DPT model should predict ------------------------------------------------------------------
def tasks_of(root: Path, env: str, tasks: list[int]) -> Path:
    """A file of the histories of another environment's tasks; what happens in them does not matter here."""
    path = write_histories(root / "datasets" / NAME.replace("darkroom", env), range(len(tasks)))
    with h5py.File(path, "r+") as file:
        for i, task in reversed(list(enumerate(sorted(tasks)))):
            file.move(str(i), f"x{task}")
        for name in list(file):
            file.move(name, name[1:])
    return path


@pytest.mark.parametrize(
    ("env", "total"), [("darkroompermuted", 120), ("darkkeytodoor", 9**4), ("dark_key_to_door", 200)]
)
def test_the_held_out_tasks_of_other_environments(tmp_path: Path, env: str, total: int) -> None:
    order = list(range(total))
    random.seed(3)
    random.shuffle(order)
    held_out = order[round(total * 0.9) :]
    tasks_of(tmp_path, env, [*held_out[:5], *order[:5]])
    config = settings(env=env, env_split_seed=3)
    found = samples_of(config, tmp_path, 19, 99, 0)
    world = make_world(env, 9)
    assert {sample.task for sample in found.samples} == set(held_out[:5])
    # What the file's groups hold is not looked at, so that only their numbers are named.
    assert all(sample.label.startswith(f"task {sample.task} stream") for sample in found.samples)
    first = [samples_of(config, tmp_path, 19, 1, 0, window=i * 41).samples[0].task for i in range(5)]
    assert first == held_out[:5]  # in the order of the shuffle, as the users' data set has them
    rolled = samples_of(config | {"alg": "other"}, tmp_path, 19, 4, 0, policy=towards_x)  # in that world
    assert {sample.task for sample in rolled.samples} <= set(held_out)
    assert all(tuple(sample.states[sample.step[:-1] == 0][0]) == world.start for sample in rolled.samples)


def test_an_unknown_environment_and_an_absurd_grid_have_no_known_split(tmp_path: Path) -> None:
    for env, grid in (("maze", 9), ("darkkeytodoor", 1000)):
        tasks_of(tmp_path, env, [0, 1])
        found = samples_of(settings(env=env, grid_size=grid), tmp_path, 19, 9, 0)
        assert "split" in found.notes[0]
        assert {sample.task for sample in found.samples} == {0, 1}
        assert {sample.goal for sample in found.samples} == {None} or env != "maze"


def annotate(path: Path, stored: Any) -> Path:
    """Add optimal_actions, made by `stored` from the (T, streams) actions; differ from what was taken everywhere."""
    with h5py.File(path, "r+") as file:
        for group in file.values():
            group["optimal_actions"] = stored((group["actions"][()] + 2) % 5)
    return path


def turned(sample: Sample) -> int:
    """Another action than the one taken, as `annotate` stores it."""
    assert isinstance(sample.target_action, int)
    return (sample.target_action + 2) % 5


@pytest.mark.parametrize("stored", [np.transpose, np.array], ids=["streams first", "time first"])
def test_a_dpt_model_should_predict_the_best_action(tmp_path: Path, stored: Any) -> None:
    annotate(write_histories(tmp_path / "datasets" / NAME, TEST_GOALS, length=60, streams=2), stored)
    taken = load(tmp_path, count=16).samples
    best = samples_of(settings(model="DPT"), tmp_path, 19, 16, 0)
    assert [s.target_action for s in best.samples] == [turned(s) for s in taken]
    assert [arrays(s) for s in best.samples] == [arrays(s) for s in taken]
    assert best.notes == ()


def test_square_optimal_actions_are_streams_first(tmp_path: Path) -> None:
    annotate(write_histories(tmp_path / "datasets" / NAME, [38], length=21, streams=21), np.transpose)
    taken = load(tmp_path, count=21, n=20).samples
    best = samples_of(settings(model="DPT"), tmp_path, 20, 21, 0).samples
    assert [s.target_action for s in best] == [turned(s) for s in taken]


def test_without_optimal_actions_the_target_of_a_dpt_model_is_unknown(run_dir: Path) -> None:
    for window in (None, 3):
        found = samples_of(settings(model="DPT"), run_dir, 19, 3, 0, window=window)
        assert {sample.target_action for sample in found.samples} == {None}
        assert f"no optimal_actions in {NAME}" in found.notes[-1]


@pytest.mark.parametrize(
    ("stored", "found"),
    [
        (lambda old: old[1:], "shape (2, 60) or (60, 2), found shape (59, 2)"),
        (lambda old: old.T + 5, "actions from 0 to 4"),
        (lambda old: old.T + 0.5, "whole numbers"),
    ],
)
def test_damaged_optimal_actions(tmp_path: Path, stored: Any, found: str) -> None:
    annotate(write_histories(tmp_path / "datasets" / NAME, TEST_GOALS, length=60, streams=2), stored)
    with pytest.raises(HistoryError) as caught:
        samples_of(settings(model="DPT"), tmp_path, 19, 1, 0)
    assert found in str(caught.value)
    load(tmp_path)  # an AD model does not need them


# -- rollouts ----------------------------------------------------------------------------------------------------------
def test_without_histories_the_model_acts_on_held_out_goals(lonely: Path) -> None:
    found = load(lonely, count=10, n=30, policy=towards_x)
    assert "rollouts on held-out goals" in found.source
    assert NAME in found.notes[0]
    assert len({sample.history for sample in found.samples}) == 10
    assert len({sample.goal for sample in found.samples}) == 8
    for sample in found.samples:
        check_shapes(sample, 30)
        assert sample.goal is not None
        assert sample.goal[0] * 9 + sample.goal[1] in TEST_GOALS
        assert (sample.actions == 0).mean() > 0.9
        assert (sample.next_states[sample.step[:-1] == 19, 0] == 8).all()  # the cell reached, not the reset state
        assert (sample.states[sample.step[:-1] == 0] == 4).all()


def test_rollouts_are_reproducible(lonely: Path) -> None:
    first, again = (load(lonely, policy=towards_x).samples for _ in range(2))
    assert [arrays(s) for s in first] == [arrays(s) for s in again]


@pytest.mark.parametrize("count", [1, 5, 8, 9, 10, 18])
def test_a_rollout_does_not_depend_on_how_many_are_asked_for(lonely: Path, count: int) -> None:
    """Also where the policy's logits depend on the number of rooms, as rounding does."""

    def rounding(*context: NDArray[Any]) -> NDArray[np.float32]:
        logits = goal_seeker(*context)
        return logits + 0.5 * np.arange(NUM_ACTIONS, dtype=np.float32) * (len(logits) % 7)

    many, found = (load(lonely, count=number, n=30, policy=rounding) for number in (40, count))
    assert [arrays(s) for s in found.samples] == [arrays(s) for s in many.samples[:count]]
    assert [s.label for s in found.samples] == [s.label for s in many.samples[:count]]


def test_neighbouring_seeds_act_apart(lonely: Path) -> None:
    first, second = (load(lonely, count=12, n=60, seed=seed, policy=random_policy).samples for seed in (0, 1))
    for shift in range(6):
        same = [(a.actions == b.actions).mean() for a, b in zip(first[shift:], second, strict=False)]
        assert np.mean(same) < 0.35  # by chance 0.2


def test_every_phase_is_among_the_rollouts(lonely: Path) -> None:
    found = load(lonely, count=18, n=30, policy=goal_seeker)
    counts = Counter(phase_of(sample) for sample in found.samples)
    assert min(counts[phase] for phase in PHASES) >= 4


def test_rollouts_without_end_are_refused(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="--histories"):
        samples_of(settings(alg=None, horizon=685_230), tmp_path, 19, 1, 0, policy=towards_x)


# -- faults ------------------------------------------------------------------------------------------------------------
def complaint(run_dir: Path, kind: type[Exception] = HistoryError, **more: Any) -> str:
    with pytest.raises(kind) as caught:
        load(run_dir, **more)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_no_histories_and_no_model(lonely: Path) -> None:
    assert NAME in complaint(lonely)
    assert "--window" in complaint(lonely, window=0, policy=towards_x)


def test_too_short_and_out_of_range(run_dir: Path) -> None:
    assert "--context 59 or less" in complaint(run_dir, n=60)
    assert f"0 to {41 * 8 - 1}" in complaint(run_dir, window=41 * 8)
    assert "at least 1" in complaint(run_dir, ConfigError, count=0)


@pytest.mark.parametrize("raw", [b"", b"not HDF5" * 100])
def test_unreadable_hdf5(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "datasets" / NAME
    path.parent.mkdir()
    path.write_bytes(raw)
    assert str(path) in complaint(tmp_path)


def test_truncated_hdf5(tmp_path: Path) -> None:
    path = write_histories(tmp_path / "datasets" / NAME, TEST_GOALS)
    path.write_bytes(path.read_bytes()[:3000])
    assert str(path) in complaint(tmp_path)


def _drop(file: h5py.File) -> None:
    for group in file.values():
        del group["rewards"]


def _replace(name: str, values: Any) -> Any:
    def change(file: h5py.File) -> None:
        for group in file.values():
            old = group[name][()]
            del group[name]
            group[name] = values(old)

    return change


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (_drop, "a data set rewards"),
        (_replace("states", lambda old: old[:, :, 0]), "shape (60, 2, 2), found shape (60, 2)"),
        (_replace("actions", lambda old: old[:, :, None, None]), "shape (steps, streams)"),
        (_replace("actions", lambda old: np.repeat(old[:, :, None], 3, axis=2)), "shape (steps, streams)"),
        (_replace("rewards", lambda old: old[:5]), "shape (5, 2)"),
        (_replace("states", lambda old: old + 7), "cells from 0 to 8"),
        (_replace("next_states", lambda old: old - 5), "cells from 0 to 8"),
        (_replace("actions", lambda old: old + 3), "actions from 0 to 4"),
        (_replace("states", lambda old: old + 0.5), "whole numbers"),
        (_replace("states", lambda old: old * 1e300), "whole numbers"),
        (_replace("rewards", lambda old: old * np.nan), "finite numbers"),
        (_replace("actions", lambda old: np.full(old.shape, b"x")), "found values of type"),
    ],
)
def test_damaged_content(tmp_path: Path, change: Any, found: str) -> None:
    path = write_histories(tmp_path / "datasets" / NAME, TEST_GOALS)
    with h5py.File(path, "r+") as file:
        change(file)
    message = complaint(tmp_path)
    assert found in message
    assert str(path) in message


def test_a_file_without_goals(tmp_path: Path) -> None:
    path = tmp_path / "datasets" / NAME
    path.parent.mkdir()
    with h5py.File(path, "w") as file:
        file.create_group("train")
    assert "one group per goal" in complaint(tmp_path)


def test_bad_config_yaml_beside_the_checkpoint(run_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("a: [1, 2")
    message = complaint(tmp_path, ConfigError)
    assert "config.yaml" in message
    assert "the checkpoint has its own settings" in message


# -- inputs ------------------------------------------------------------------------------------------------------------
@pytest.fixture
def batch(run_dir: Path) -> dict[str, NDArray[Any]]:
    samples = load(run_dir, window=0).samples
    names = {"in_states": "states", "in_rewards": "rewards", "in_next_states": "next_states"}
    inputs: dict[str, NDArray[Any]] = {
        key: np.stack([getattr(s, name) for s in samples]).astype(np.float32) for key, name in names.items()
    }
    inputs["in_actions"] = np.eye(5, dtype=np.int64)[np.stack([s.actions for s in samples])]
    inputs["in_query_states"] = np.stack([s.query_state for s in samples]).astype(np.float32)
    inputs["in_target_actions"] = np.array([s.target_action for s in samples])
    return inputs


def test_inputs_give_the_same_samples(run_dir: Path, tmp_path: Path, batch: dict[str, Any]) -> None:
    np.savez(tmp_path / "x.npz", **batch)
    originals = load(run_dir, window=0).samples
    for sample, original in zip(inputs_npz(tmp_path / "x.npz"), originals, strict=True):
        check_shapes(sample, 19)
        assert (sample.states == original.states).all()
        assert (sample.actions == original.actions).all()
        assert sample.target_action == original.target_action
        assert (sample.step[-1], sample.goal) == (original.step[-1], None)


def test_overlapping_contexts_are_one_history(run_dir: Path, tmp_path: Path, batch: dict[str, Any]) -> None:
    count = len(batch["in_rewards"])
    assert count > 1
    np.savez(tmp_path / "windows.npz", **batch)
    assert {sample.history for sample in inputs_npz(tmp_path / "windows.npz")} == {0}
    for name in ("in_states", "in_next_states"):
        batch[name] = batch[name].copy()
        batch[name][-1, 5] = 7  # the last one no longer repeats the one before
    np.savez(tmp_path / "other.npz", **batch)
    assert [sample.history for sample in inputs_npz(tmp_path / "other.npz")] == [0] * (count - 1) + [1]


def test_inputs_with_action_indices_and_bare_names(tmp_path: Path, batch: dict[str, Any]) -> None:
    batch["in_actions"] = batch["in_actions"].argmax(axis=2)
    del batch["in_target_actions"]
    np.savez(tmp_path / "x.npz", **{name.removeprefix("in_"): values for name, values in batch.items()})
    sample = inputs_npz(tmp_path / "x.npz")[0]
    assert (sample.actions == batch["in_actions"][0]).all()
    assert sample.target_action is None


@pytest.mark.parametrize(
    ("name", "change", "found"),
    [
        ("in_states", None, "an array in_states"),
        ("in_states", lambda v: v[:, 1:], "in_states of shape"),
        ("in_states", lambda v: v - 9, "whole numbers from 0"),
        ("in_states", lambda v: v * np.nan, "finite numbers"),
        ("in_actions", lambda v: v * 2, "a single 1 per step"),
        ("in_actions", lambda v: v[0, 0], "in_actions (B,n)"),
        ("in_query_states", lambda v: v[:1], "in_query_states of shape"),
        ("in_target_actions", lambda v: v[:1], "in_target_actions of shape"),
        ("in_rewards", lambda v: v.astype(object), "an .npz file of inputs"),
    ],
)
def test_bad_inputs(tmp_path: Path, batch: dict[str, Any], name: str, change: Any, found: str) -> None:
    if change is None:
        del batch[name]
    else:
        batch[name] = change(batch[name])
    path = tmp_path / "x.npz"
    np.savez(path, **batch)
    with pytest.raises(HistoryError) as caught:
        inputs_npz(path)
    assert found in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("raw", [None, b"", b"garbage", b"PK\x03\x04"])
def test_inputs_of_another_kind(tmp_path: Path, raw: bytes | None) -> None:
    path = tmp_path / "x.npz"
    if raw is not None:
        path.write_bytes(raw)
    with pytest.raises(HistoryError, match=r"an \.npz file of inputs"):
        inputs_npz(path)
