"""Source histories: they improve, they have the users' layout, and a file appears whole or not at all."""

from __future__ import annotations

import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from adtui.files.atomic import point_symlink, replacing
from adtui.files.settings import load_settings
from adtui.histories.collect import collect
from adtui.histories.collect_settings import CollectSettings
from adtui.histories.training import read_histories
from adtui.records.errors import ConfigError
from adtui.worlds.agents import Demonstrator, Explorer, QLearning, Source, run_source, sample_actions
from adtui.worlds.darkroom import DarkRoom
from adtui.worlds.world import move, toward

ROOM = DarkRoom()


@pytest.mark.parametrize(
    ("source", "episodes", "final"), [(Explorer(), 16, 15.5), (Demonstrator(), 26, 15.5), (QLearning(), 90, 10.0)]
)
def test_mean_return_climbs_from_near_random(source: Source, episodes: int, final: float) -> None:
    goals = np.tile(np.arange(0, 81, 2), 8)
    histories = run_source(source, ROOM, goals, episodes, np.random.default_rng(0))
    mean = histories.returns().mean(axis=0)
    thirds = [part.mean() for part in np.array_split(mean, 3)]
    assert mean[0] < 1.2
    assert thirds[0] < thirds[1] < thirds[2]
    assert mean[-1] > final


def test_history_steps_follow_the_room_and_sources_give_probabilities() -> None:
    histories = run_source(Explorer(), ROOM, np.array([3, 40, 77]), 4, np.random.default_rng(1))
    np.testing.assert_array_equal(move(histories.states, histories.actions), histories.next_states)
    inside = np.arange(1, 80) % 20 != 0
    np.testing.assert_array_equal(histories.states[:, 1:][:, inside], histories.next_states[:, :-1][:, inside])
    assert (histories.states[:, ::20] == 4).all()
    np.testing.assert_allclose(histories.probabilities.sum(axis=-1), 1, atol=1e-6)


def test_explorer_without_noise_goes_straight_to_a_known_goal() -> None:
    source = Explorer(noise_start=(0.0, 0.0), noise_episodes=(1, 1))
    histories = run_source(source, ROOM, np.arange(81), 8, np.random.default_rng(0))
    returns = histories.returns()
    found = returns.cumsum(axis=1) > 0
    best = ROOM.optimal_returns(np.arange(81))
    later = found[:, :-1]
    np.testing.assert_array_equal(returns[:, 1:][later], np.broadcast_to(best[:, None], later.shape)[later])


def test_toward_shares_probability_over_shortest_moves() -> None:
    states = np.array([[4, 4], [4, 4], [2, 2]])
    targets = np.array([[6, 1], [4, 8], [2, 2]])
    np.testing.assert_allclose(toward(states, targets), [[0.5, 0, 0, 0.5, 0], [0.0, 0, 1, 0, 0], [0.0, 0, 0, 0, 1]])


def test_sampled_actions_have_their_probabilities() -> None:
    row = np.array([0.5, 0.0, 0.2, 0.3, 0.0], dtype=np.float32)
    uniform = np.random.default_rng(0).random(20_000, dtype=np.float32)
    drawn = sample_actions(np.tile(row, (20_000, 1)), uniform)
    np.testing.assert_allclose(np.bincount(drawn, minlength=5) / 20_000, row, atol=0.02)


def test_file_has_the_users_layout(tmp_path: Path) -> None:
    settings = CollectSettings(n_stream=2, episodes=3, goals=[5, 80], traj_dir=str(tmp_path))
    seen: list[tuple[int, int]] = []
    path = collect(settings, lambda done, total: seen.append((done, total)))
    assert path == tmp_path / "history_darkroom_explorer_alg-seed42.hdf5"
    assert seen[-1] == (12, 12)
    with h5py.File(path) as file:
        assert sorted(file) == ["5", "80"]
        for name, group in file.items():
            assert {key: (data.shape, data.dtype.name) for key, data in group.items()} == {
                "states": ((60, 2, 2), "int32"),
                "next_states": ((60, 2, 2), "int32"),
                "actions": ((60, 2), "int32"),
                "rewards": ((60, 2), "int32"),
                "dones": ((60, 2), "bool"),
            }
            ends = np.flatnonzero(group["dones"][:, 0])
            assert ends.tolist() == [19, 39, 59]
            assert (group["next_states"][:][ends] == 4).all()
            reached = move(group["states"][:].astype(int), group["actions"][:])
            np.testing.assert_array_equal((reached == ROOM.goal(int(name))).all(-1), group["rewards"][:])


def test_collection_depends_on_the_seed_alone(tmp_path: Path) -> None:
    actions = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        settings = CollectSettings(
            alg="q-learning", n_stream=2, episodes=2, goals=[7], alg_seed=seed, traj_dir=str(tmp_path / name)
        )
        with h5py.File(collect(settings)) as file:
            actions.append(file["7"]["actions"][:])
    np.testing.assert_array_equal(actions[0], actions[1])
    assert (actions[0] != actions[2]).any()


def test_interrupted_collection_leaves_nothing(tmp_path: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        collect(CollectSettings(n_stream=1, episodes=2, traj_dir=str(tmp_path)), interrupt)
    assert list(tmp_path.iterdir()) == []


def test_replacing_keeps_the_old_file_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def write(text: str, fail: bool) -> None:
        with replacing(path) as temporary:
            temporary.write_text(text)
            assert path.read_text() == "old"
            if fail:
                raise RuntimeError

    with pytest.raises(RuntimeError):
        write("half", fail=True)
    assert path.read_text() == "old"
    write("new", fail=False)
    assert path.read_text() == "new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_symlink_is_replaced(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        point_symlink(tmp_path / "latest", name)
    assert (tmp_path / "latest").resolve().name == "second"


def test_ppo_without_its_package_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "stable_baselines3", None)
    settings = CollectSettings(alg="PPO", n_stream=1, episodes=1, traj_dir=str(tmp_path))
    with pytest.raises(ConfigError, match=r"pip install adtui\[ppo\]"):
        collect(settings)
    assert list(tmp_path.iterdir()) == []


def test_goals_outside_the_room_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"0\.\.80"):
        load_settings({"goals": [3, 81]}, CollectSettings)


def test_collected_histories_can_be_read_for_training(tmp_path: Path) -> None:
    path = collect(CollectSettings(n_stream=3, episodes=2, goals=[5, 80], traj_dir=str(tmp_path)))
    histories = read_histories(path, ROOM, [80], streams=2)
    assert histories.states.shape == (2, 40, 2)
    assert histories.tasks.tolist() == [80, 80]
    rooms = ROOM.rooms(histories.tasks)
    for step in range(20):
        states, rewards, _ = rooms.step(histories.actions[:, step])
        np.testing.assert_array_equal(states, histories.next_states[:, step])
        np.testing.assert_array_equal(rewards, histories.rewards[:, step])
