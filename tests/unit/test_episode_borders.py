"""Where episodes of histories end is what the file shows, whatever horizon the run claims; and what differs is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from checkpoints import settings
from lived import Ends, borders, every, lived

from adtui.histories.file import HistoryFile
from adtui.histories.forms import Cells, Vectors
from adtui.histories.goals import with_groups
from adtui.histories.samples import SampleSet, load_samples
from adtui.records.errors import HistoryError
from adtui.records.run_settings import HISTORIES, RunSettings
from adtui.records.sample import Sample
from adtui.worlds.settings import run_settings

TASKS = (38, 51, 62, 65, 33, 5, 53, 49)
"""The test goals of Dark Room; of the other worlds any."""
IRREGULAR = frozenset(np.cumsum(np.random.default_rng(3).integers(3, 20, 80)).tolist())


def irregular(step: int) -> bool:
    return step in IRREGULAR


def never(step: int) -> bool:
    del step
    return False


def histories(root: Path, ends: Ends, *, env: str = "darkroom", **options: Any) -> Path:
    return lived(root / "datasets" / f"history_{env}_PPO_alg-seed42.hdf5", ends, TASKS, env=env, **options)


def opened(root: Path, *, env: str = "darkroom", n: int = 79, **config: Any) -> tuple[RunSettings, SampleSet]:
    """What a run says of itself once its histories have been seen, and its samples."""
    told = with_groups(run_settings(settings(env=env, **config)), root)
    return told, load_samples(told, root, n, 8, 0)


def check(sample: Sample, ends: Ends) -> None:
    """Its episodes are those that were lived through."""
    last = int(sample.label.rsplit(" ", 1)[1])
    first = last - sample.n_context
    wanted = borders(ends, first, last)
    assert (sample.episode_starts[1:] + first).tolist() == wanted
    assert sample.episode[0] == len(borders(ends, 0, first))
    assert (sample.step[sample.episode_starts[1:]] == 0).all()


def said(found: SampleSet, *words: str) -> list[str]:
    return [note for note in found.notes if all(word in note for word in words)]


# -- episodes of one length --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("online", [False, True])
@pytest.mark.parametrize("env", ["darkroom", "darkkeytodoor", "darkroompermuted"])
@pytest.mark.parametrize(("claimed", "real"), [(20, 10), (20, 30), (10, 20), (20, 7)])
def test_resets_tell_the_horizon(tmp_path: Path, env: str, online: bool, claimed: int, real: int) -> None:
    histories(tmp_path, every(real), env=env, online=online)
    told, found = opened(tmp_path, env=env, horizon=claimed)
    assert (told.horizon, told.sources["horizon"]) == (real, HISTORIES)
    assert told.groups is None
    for sample in found.samples:
        check(sample, every(real))
    assert len(said(found, f"have {real} steps by the resets", f"config says {claimed}")) == 1


@pytest.mark.parametrize("online", [False, True])
@pytest.mark.parametrize("anywhere", [False, True])
@pytest.mark.parametrize("streams", [1, 2])
def test_the_runs_own_horizon_is_no_news(tmp_path: Path, online: bool, anywhere: bool, streams: int) -> None:
    histories(tmp_path, every(20), online=online, anywhere=anywhere, streams=streams)
    told, found = opened(tmp_path)
    assert (told.horizon, told.overruled) == (20, {})
    assert not said(found, "episodes")
    for sample in found.samples:
        check(sample, every(20))


@pytest.mark.parametrize("streams", [1, 2])
@pytest.mark.parametrize(("claimed", "real"), [(20, 10), (20, 30), (10, 20)])
def test_episodes_may_begin_anywhere(tmp_path: Path, streams: int, claimed: int, real: int) -> None:
    histories(tmp_path, every(real), streams=streams, anywhere=True, length=400)
    told, found = opened(tmp_path, horizon=claimed)
    assert told.horizon == real
    for sample in found.samples:
        check(sample, every(real))


def test_a_reader_that_was_told_nothing_follows_the_file_too(tmp_path: Path) -> None:
    histories(tmp_path, every(30))
    found = load_samples(run_settings(settings()), tmp_path, 79, 8, 0)
    for sample in found.samples:
        check(sample, every(30))
    assert len(said(found, "have 30 steps", "settings say 20")) == 1


def test_a_horizon_that_changes_on_the_way(tmp_path: Path) -> None:
    """The file's beginning tells one length, a piece of later history another."""

    def ends(step: int) -> bool:
        return every(20)(step) if step < 2400 else (step - 2399) % 30 == 0

    path = histories(tmp_path, ends, length=2700, streams=1)
    with HistoryFile(path, Cells(9, 5), horizon=20) as file:
        early, late = file.read(38, 0, 100, 180), file.read(38, 0, 2500, 2600)
        assert early.step.tolist() == [step % 20 for step in range(100, 180)]
        begun = borders(ends, 0, 2600)
        assert set((np.flatnonzero(late.step == 0) + 2500).tolist()) <= set(begun)
        assert late.step.max() >= 20
        assert any("states leap" in note for note in file.notes)


# -- episodes of several lengths, or of none ---------------------------------------------------------------------------
@pytest.mark.parametrize("env", ["darkroom", "darkroompermuted"])
def test_of_several_lengths_no_border_is_made_up(tmp_path: Path, env: str) -> None:
    histories(tmp_path, irregular, env=env, length=400)
    told, found = opened(tmp_path, env=env)
    assert told.horizon == 20
    assert told.groups is None
    seen = lived_through = 0
    for sample in found.samples:
        last = int(sample.label.rsplit(" ", 1)[1])
        wanted = borders(irregular, last - 79, last)
        shown = (sample.episode_starts[1:] + last - 79).tolist()
        assert set(shown) <= set(wanted)
        seen, lived_through = seen + len(shown), lived_through + len(wanted)
    assert seen > lived_through / 2
    assert len(said(found, "states leap", "settings say 20", "is not seen")) == 1


@pytest.mark.parametrize("claimed", [20, 10])
def test_marks_of_another_shape_are_told_and_the_states_count(tmp_path: Path, claimed: int) -> None:
    path = histories(tmp_path, every(20), dones="dones")
    with h5py.File(path, "r+") as file:
        for group in file.values():
            marks = group["dones"][...]
            del group["dones"]
            group["dones"] = marks.T
    told, found = opened(tmp_path, horizon=claimed)
    assert told.horizon == 20
    assert len(said(found, "dones of history_darkroom", "say nothing of episodes", "shape (2, 200), not (200, 2)")) == 1
    for sample in found.samples:
        check(sample, every(20))


@pytest.mark.parametrize("name", ["dones", "terminals", "timeouts"])
@pytest.mark.parametrize("claimed", [20, 10])
def test_marks_count_under_any_of_their_names(tmp_path: Path, name: str, claimed: int) -> None:
    histories(tmp_path, irregular, length=400, dones=name)
    _, found = opened(tmp_path, horizon=claimed)
    for sample in found.samples:
        check(sample, irregular)
    assert len(said(found, "by its dones")) == (claimed == 10)  # episodes may end before the horizon, not after it


def test_two_sets_of_marks_count_together(tmp_path: Path) -> None:
    path = histories(tmp_path, every(20), dones="timeouts")
    with h5py.File(path, "r+") as file:
        for group in file.values():
            early = group["timeouts"][()] & (np.arange(200) >= 100)[:, None]
            group["terminals"] = group["timeouts"][()] & ~early
            group["timeouts"][...] = early
    for sample in opened(tmp_path)[1].samples:
        check(sample, every(20))


def test_marks_that_leave_out_what_the_states_show(tmp_path: Path) -> None:
    """`dones` that only say where a goal ended an episode, not where time did."""
    path = histories(tmp_path, every(20), dones="dones")
    with h5py.File(path, "r+") as file:
        for group in file.values():
            group["dones"][20:60] = False
    told, found = opened(tmp_path, n=59)
    assert told.horizon == 20
    assert len(said(found, "leave out ends")) == 1
    starts = {int(s.label.rsplit(" ", 1)[1]) - 59 + int(start) for s in found.samples for start in s.episode_starts[1:]}
    assert starts & {40, 60}
    assert not any(start % 20 for start in starts)


def test_marks_that_the_states_speak_against_are_followed_and_told(tmp_path: Path) -> None:
    path = histories(tmp_path, every(20), dones="dones")
    with h5py.File(path, "r+") as file:
        for group in file.values():
            group["dones"][...] = np.tile([every(7)(step) for step in range(200)], (2, 1)).T
    told, found = opened(tmp_path)
    assert told.horizon == 20
    assert len(said(found, "end episodes where its states go on")) == 1
    for sample in found.samples:
        check(sample, every(7))


def test_without_any_end_a_history_is_one_episode(tmp_path: Path) -> None:
    histories(tmp_path, never)
    _, found = opened(tmp_path)
    for sample in found.samples:
        assert not sample.episode.any()
    assert len(said(found, "a history counts as one", "settings say 20")) == 1


def test_marks_in_another_file_are_not_followed(tmp_path: Path) -> None:
    path = histories(tmp_path, every(20))
    with h5py.File(path, "r+") as file:
        for group in file.values():
            group["terminals"] = h5py.ExternalLink("other.hdf5", "/dones")
    with pytest.raises(HistoryError, match=r"a link to other\.hdf5"):
        opened(tmp_path)


# -- where the states cannot tell --------------------------------------------------------------------------------------
@pytest.mark.parametrize("marked", [False, True])
def test_bandits_show_nothing_but_their_marks(tmp_path: Path, marked: bool) -> None:
    options: dict[str, Any] = {"env": "bandit_bernoulli", "num_actions": 5}
    path = tmp_path / "datasets" / "history_bandit_bernoulli_PPO_alg-seed42.hdf5"
    lived(path, every(30), range(20), env="bandit_bernoulli", dones="dones" if marked else "")
    told, found = opened(tmp_path, **options)
    for sample in found.samples:
        check(sample, every(30 if marked else 20))
    assert told.horizon == (30 if marked else 20)
    assert len(said(found, "assumed from the run's settings")) == (not marked)


@pytest.mark.parametrize("online", [False, True])
def test_vectors_show_it_where_their_states_do_not_join(tmp_path: Path, online: bool) -> None:
    path, rng = tmp_path / "vectors.hdf5", np.random.default_rng(0)
    with h5py.File(path, "w") as file:
        states = rng.standard_normal((120, 2, 4)).astype(np.float32)
        following = np.concatenate([states[1:], states[:1]])
        if online:
            following[29::30] += 1
        for name, values in {"states": states, "next_states": following}.items():
            file[f"0/{name}"] = values
        file["0/actions"], file["0/rewards"] = np.zeros((120, 2, 3)), np.zeros((120, 2))
    with HistoryFile(path, Vectors(4, 3), horizon=20) as file_:
        found = file_.read(0, 1, 10, 110)
        assert found.step.tolist() == [step % (30 if online else 20) for step in range(10, 110)]
        assert [("assumed" in note, "have 30 steps" in note) for note in file_.notes] == [(not online, online)]


# -- actions that do not always do the same ----------------------------------------------------------------------------
def test_a_slip_is_no_reset(tmp_path: Path) -> None:
    """Steps to a cell beside that the action does not lead to, be it the start: none of them ends an episode."""
    path, rng = histories(tmp_path, every(20), length=600, streams=1), np.random.default_rng(1)
    with h5py.File(path, "r+") as file:
        for group in file.values():
            slipped = rng.random((600, 1)) < 0.05
            group["actions"][...] = np.where(slipped, rng.integers(5, size=(600, 1)), group["actions"][()])
    _, found = opened(tmp_path)
    assert not said(found, "episodes")
    for sample in found.samples:
        check(sample, every(20))


def test_an_action_that_comes_late_in_a_history(tmp_path: Path) -> None:
    """What the file's beginning does not show of it is not asked of it."""
    path = histories(tmp_path, irregular, length=2300, streams=1)
    with h5py.File(path, "r+") as file:
        actions = file["38/actions"][()]
        stays = actions == 4
        early = stays & (np.arange(2300) < 2100)[:, None]
        file["38/states"][...] = file["38/next_states"][...] = 4  # it stays where it is, whatever it does
        file["38/actions"][...] = np.where(early, 0, actions)
    with HistoryFile(path, Cells(9, 5), horizon=20) as opened_file:
        assert opened_file.read(38, 0, 2150, 2290).step.tolist() == [step % 20 for step in range(2150, 2290)]
