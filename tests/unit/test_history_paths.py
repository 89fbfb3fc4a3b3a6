"""Histories are found near the run; a config leads nowhere else, and the user's own word goes before it."""

from __future__ import annotations

import os
import random
import shlex
from pathlib import Path
from typing import Any

import pytest
from checkpoints import samples_of, settings, write_histories

from adtui.histories.paths import find_histories, given_histories
from adtui.histories.samples import SampleSet
from adtui.records.errors import AdtuiError, ConfigError, HistoryError
from adtui.records.run_settings import RunSettings
from adtui.worlds.settings import run_settings, split_of

NAME = "history_darkroom_PPO_alg-seed42.hdf5"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run directory project/runs/AD; the current directory is in no project."""
    run = tmp_path / "project" / "runs" / "AD"
    run.mkdir(parents=True)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return run


def wanted(traj_dir: str | Path = "./datasets", **more: Any) -> RunSettings:
    return run_settings({"alg": "PPO", "alg_seed": 42, "traj_dir": str(traj_dir), **more})


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    return path


def standing(*states: Any) -> Any:
    import numpy as np

    return np.zeros((len(states[-1]), 5), np.float32)


def load(run: Path, **more: Any) -> SampleSet:
    return samples_of(settings(**more), run, 19, 1, 0, policy=standing)


# -- where a config may lead -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("traj_dir", "place"),
    [
        ("./datasets", "project/runs/AD/datasets"),
        ("./datasets", "project/datasets"),
        ("./datasets", "datasets"),
        ("./datasets", "here/datasets"),
        ("elsewhere", "project/datasets"),
        ("stored/deep", "project/stored/deep"),
        ("stored", "here/stored"),
        ("../../stored", "project/stored"),
        ("{root}/project/stored", "project/stored"),
        ("{root}/project/runs/../stored", "project/stored"),
        ("{root}/here", "here"),
    ],
)
def test_places_within_the_project(run: Path, tmp_path: Path, traj_dir: str, place: str) -> None:
    path = touch(tmp_path / place / NAME)
    found, notes = find_histories(wanted(traj_dir.format(root=tmp_path)), run)
    assert found is not None
    assert os.path.realpath(found) == str(path)
    assert notes == ()


@pytest.mark.parametrize(
    "traj_dir",
    [
        "{root}/other",
        "../../../other",
        "datasets/../../other",
        "{root}/project/../other",
        "{root}/project/link",
        "link",
    ],
)
def test_places_outside_the_project_are_not_read(run: Path, tmp_path: Path, traj_dir: str) -> None:
    write_histories(tmp_path / "other" / NAME)
    (tmp_path / "project" / "link").symlink_to(tmp_path / "other")
    traj_dir = traj_dir.format(root=tmp_path)
    assert find_histories(wanted(traj_dir), run)[0] is None
    found = load(run, traj_dir=traj_dir)
    assert "rollouts" in found.source
    if not traj_dir.startswith((".", "datasets")):  # those lead to other places within the project, too
        remedy = next(note for note in found.notes if "outside its project" in note).split("--histories ")[1]
        assert "test histories" in samples_of(settings(), run, 19, 1, 0, histories=shlex.split(remedy)[0]).source
    with pytest.raises(HistoryError, match="--histories"):
        samples_of(settings(traj_dir=traj_dir), run, 19, 1, 0, window=0)


@pytest.mark.parametrize("link", ["datasets", f"datasets/{NAME}"])
def test_links_that_leave_the_project_are_not_followed(run: Path, tmp_path: Path, link: str) -> None:
    path = touch(tmp_path / "other" / NAME)
    (tmp_path / "project" / link).parent.mkdir(exist_ok=True)
    (tmp_path / "project" / link).symlink_to(path if link.endswith("hdf5") else path.parent)
    found, notes = find_histories(wanted(), run)
    assert found is None
    assert "outside its project" in notes[0]


def test_links_within_the_project_are_followed(run: Path, tmp_path: Path) -> None:
    touch(tmp_path / "project" / "big" / NAME)
    (tmp_path / "project" / "datasets").symlink_to("big")
    assert find_histories(wanted(), run)[0] == tmp_path / "project" / "datasets" / NAME


@pytest.mark.parametrize("place", ["project-other", "here-other", "project/runs-other/../../stored"])
def test_a_neighbour_is_no_part_of_the_project(run: Path, tmp_path: Path, place: str) -> None:
    touch(tmp_path / place.replace("runs-other/../../", "../") / NAME)
    found, notes = find_histories(wanted(tmp_path / place), run)
    assert found is None
    assert "outside its project" in notes[0]


def test_the_project_is_the_directory_that_holds_runs(run: Path, tmp_path: Path) -> None:
    for deep in ("project/runs/AD", "project/runs/group/AD", "project/runs/a/b/AD"):
        (tmp_path / deep).mkdir(parents=True, exist_ok=True)
        path = touch(tmp_path / "project" / "stored" / NAME)
        assert find_histories(wanted(path.parent), tmp_path / deep) == (path, ())
    loose = tmp_path / "a" / "b" / "AD"
    loose.mkdir(parents=True)
    touch(tmp_path / "a" / "stored" / NAME)
    assert find_histories(wanted(tmp_path / "a" / "stored"), loose)[0] is None


def test_what_is_outside_is_not_even_looked_at(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []

    def isfile(path: object) -> bool:
        looked.append(str(path))
        return False

    monkeypatch.setattr(os.path, "isfile", isfile)
    notes = find_histories(wanted("/net/evil; rm -rf ~"), run)[1]
    assert looked
    assert not [path for path in looked if path.startswith("/net")]
    assert notes[0].endswith("--histories '/net/evil; rm -rf ~'")


def test_the_whole_file_system_is_no_project(tmp_path: Path, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path / "other" / NAME)
    monkeypatch.chdir("/")
    assert find_histories(wanted(tmp_path / "other"), run)[0] is None


def test_a_removed_current_directory(run: Path, tmp_path: Path) -> None:
    os.rmdir(tmp_path / "here")
    path = touch(tmp_path / "project" / "datasets" / NAME)
    assert find_histories(wanted(), run) == (path, ())


@pytest.mark.parametrize(
    "traj_dir", ["\0", "a\0b", "x" * 5000, "/".join(["x"] * 5000), "~nobody/x", "\ud800", "\x1b[2J"]
)
def test_a_traj_dir_that_is_no_path(run: Path, traj_dir: str) -> None:
    found, notes = find_histories(wanted(traj_dir), run)
    assert found is None
    assert "\x1b" not in "".join(notes)


@pytest.mark.parametrize("key", ["env", "alg", "alg_seed"])
@pytest.mark.parametrize(
    "value",
    ["../x", "a/b", "/etc/x", "a\\b", "..", "a\0b", "a\nb", "\x1b[2J", "x" * 73, "é" * 40, "\ud800", "x" * 10**6],
)
def test_names_that_make_no_file_name_are_refused(run: Path, key: str, value: str) -> None:
    with pytest.raises(ConfigError) as caught:
        find_histories(wanted(**{key: value}), run)
    message = str(caught.value)
    assert f"settings, {key}: expected a plain name" in message
    assert "--histories" in message
    assert len(message) < 300
    assert message.isprintable()


def test_a_seed_of_thousands_of_digits(run: Path) -> None:
    for number in (10**5000, -(10**5000)):
        with pytest.raises(ConfigError, match="alg_seed"):
            load(run, alg_seed=number)


def test_names_of_the_longest_kind_fit_a_file_system(run: Path) -> None:
    longest = wanted(env="é" * 36, alg="x" * 72, alg_seed="y" * 72)
    path = touch(run / "datasets" / longest.file_name)
    assert find_histories(longest, run)[0] == path


# -- where the user says -----------------------------------------------------------------------------------------------
def test_the_users_word_goes_before_the_config(run: Path, tmp_path: Path) -> None:
    write_histories(tmp_path / "project" / "datasets" / NAME, streams=1)
    write_histories(tmp_path / "far" / NAME, streams=2)
    write_histories(tmp_path / "far" / "mine.hdf5", streams=3)
    (tmp_path / "link.hdf5").symlink_to(tmp_path / "far" / "mine.hdf5")
    for path, width in ((None, 1), ("far", 2), ("far/mine.hdf5", 3), ("link.hdf5", 3)):
        given = tmp_path / path if path else None
        for window in (None, 0):
            found = samples_of(settings(), run, 19, 99, 0, histories=given, window=window)
            assert window == 0 or len(found.samples) == 8 * width
    assert NAME in samples_of({}, run, 19, 1, 0, histories=str(tmp_path / "far" / NAME)).source
    bad = settings(env="darkroom", alg="a/b", traj_dir="/etc")
    assert NAME in samples_of(bad, run, 19, 1, 0, histories=tmp_path / "far" / NAME).source


def test_without_alg_a_directory_must_hold_one_file(run: Path, tmp_path: Path) -> None:
    nameless = settings()
    del nameless["alg"]
    assert "--histories PATH" in complaint(nameless, run, None)
    write_histories(tmp_path / "far" / "mine.hdf5")
    assert "mine.hdf5" in samples_of(nameless, run, 19, 1, 0, histories=tmp_path / "far").source
    touch(tmp_path / "far" / "other.h5")
    assert "found mine.hdf5, other.h5" in complaint(nameless, run, tmp_path / "far")


def complaint(config: dict[str, Any], run: Path, path: Path | str | None) -> str:
    with pytest.raises(AdtuiError) as caught:
        samples_of(config, run, 19, 1, 0, histories=path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_wrong_path_is_said(run: Path, tmp_path: Path) -> None:
    assert "found nothing" in complaint(settings(), run, tmp_path / "none")
    assert "no HDF5 file" in complaint(settings(), run, tmp_path)
    touch(tmp_path / "far" / "other.hdf5")
    assert f"{NAME} in it, found other.hdf5" in complaint(settings(), run, tmp_path / "far")
    os.mkfifo(tmp_path / "pipe.hdf5")
    assert "another kind of file" in complaint(settings(), run, tmp_path / "pipe.hdf5")  # reading it would never end
    for odd in ("", "a\0b", "x" * 5000):
        assert "--histories" in complaint(settings(), run, odd)
    assert given_histories(touch(tmp_path / "any.name"), wanted(alg=None)) == tmp_path / "any.name"


# -- the users' split --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("env", "grid", "total"),
    [
        ("darkroom", 9, 81),
        ("darkroom", 5, 25),
        ("darkroom", 13, 169),
        ("darkroompermuted", 9, 120),
        ("darkkeytodoor", 9, 6561),
        ("darkkeytodoor", 4, 256),
    ],
)
@pytest.mark.parametrize("ratio", [0.0, 0.5, 0.9, 1.0])
def test_the_split_is_the_users_own(env: str, grid: int, total: int, ratio: float) -> None:
    order = list(range(total))
    random.seed(7)
    random.shuffle(order)
    found = run_settings({"env": env, "grid_size": grid, "env_split_seed": 7, "train_env_ratio": ratio})
    assert split_of(found).test == tuple(order[round(total * ratio) :])


def test_the_goals_of_seed_0() -> None:
    assert split_of(run_settings({})).test == (38, 51, 62, 65, 33, 5, 53, 49)  # printed by the users' training code
