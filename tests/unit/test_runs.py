"""Paths lead to runs, and the latest checkpoint is the one with the largest integer step."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from adtui.files.demos import DEMOS, demo_run
from adtui.files.runs import UNKNOWN_STEP, find_run, list_runs, runs_to_choose
from adtui.records.errors import RunError


def make_run(directory: Path, *steps: int, modified: int = 1_000) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    for step in steps:
        file = directory / f"ckpt-{step}.pt"
        file.write_bytes(b"weights")
        os.utime(file, (modified, modified))
    return directory


def complaint(path: Path) -> str:
    with pytest.raises(RunError) as caught:
        find_run(path)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message or str(path.parent) in message
    return message


def test_the_latest_checkpoint_has_the_largest_integer_step(tmp_path: Path) -> None:
    run = find_run(make_run(tmp_path / "AD", 9000, 10000, 200))
    assert [step for step, _ in run.checkpoints] == [200, 9000, 10000]
    assert run.latest.name == "ckpt-10000.pt"
    assert (run.name, run.step, run.config_path) == ("AD", 10000, None)


def test_steps_of_any_length_are_compared_as_integers(tmp_path: Path) -> None:
    directory = make_run(tmp_path / "AD", 10, 9)
    for name in ("00010", "0008", "9" * 22, "1e4", "+99", "-99", "9_9", "٩٩", "1" * 9 + ".0"):
        (directory / f"ckpt-{name}.pt").write_bytes(b"weights")
    names = [path.name for _, path in find_run(directory).checkpoints]
    assert names == [f"ckpt-{step}.pt" for step in ("0008", "9", "00010", "10", "9" * 22)]
    assert find_run(directory).fingerprint()[0] == find_run(directory).newest_step() == int("9" * 22)
    assert find_run(directory / "ckpt-00010.pt").step == 10
    for name in ("1e4", "+99", "٩٩"):
        assert find_run(directory / f"ckpt-{name}.pt").step == UNKNOWN_STEP


def test_links_that_lead_nowhere_or_in_circles_are_no_checkpoints(tmp_path: Path) -> None:
    directory = make_run(tmp_path / "runs" / "AD", 5)
    (directory / "ckpt-6.pt").symlink_to("gone")
    (directory / "ckpt-7.pt").symlink_to("ckpt-7.pt")
    (directory / "ckpt-8.pt").symlink_to("../AD/ckpt-9.pt")
    (directory / "ckpt-9.pt").symlink_to("ckpt-8.pt")
    (directory / "ckpt-4.pt").symlink_to("ckpt-5.pt")
    (directory / "runs").symlink_to("..")
    (tmp_path / "runs" / "circle").symlink_to("circle")
    (tmp_path / "runs" / "up").symlink_to(".")
    assert [step for step, _ in find_run(directory).checkpoints] == [4, 5]
    assert [run.name for run in list_runs(tmp_path / "runs")] == ["AD"]
    assert "a broken link" in complaint(directory / "ckpt-7.pt")
    assert "found nothing" in complaint(tmp_path / "runs" / "circle" / "ckpt-5.pt")
    for target in ("latest", "gone", ".", "circle", "AD"):
        link = tmp_path / "runs" / "latest"
        link.symlink_to(target)
        assert find_run(link).name == "AD"
        assert find_run(tmp_path / "runs").name == "AD"
        link.unlink()


def test_what_may_not_be_looked_at_hides_no_other_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = tmp_path / "runs"
    run = find_run(make_run(runs / "good", 5))
    (runs / "good" / "ckpt-66.pt").symlink_to("../locked/ckpt-6.pt")
    make_run(runs / "locked", 6)
    stat = os.stat

    def locked(path: Any, *more: Any, **options: Any) -> os.stat_result:
        if "locked" in str(path) or "ckpt-66" in str(path):
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, *more, **options)

    monkeypatch.setattr(os, "stat", locked)
    assert [(found.name, found.step) for found in list_runs(runs)] == [("good", 5)]
    assert "Permission denied" in complaint(runs / "locked")
    monkeypatch.setattr(os, "stat", lambda *_, **__: locked("locked"))
    assert run.newest_step() == UNKNOWN_STEP  # polling outlives a file server that is away
    assert run.fingerprint() == (UNKNOWN_STEP, 0, 0)


@pytest.mark.parametrize("path", ["a\0b", "\ud800", "x" * 300, "y/" * 3000])
def test_what_cannot_be_a_path(tmp_path: Path, path: str) -> None:
    with pytest.raises(RunError) as caught:
        find_run(tmp_path / path)
    assert str(caught.value).isprintable()


def test_other_files_are_no_checkpoints(tmp_path: Path) -> None:
    directory = make_run(tmp_path / "AD", 5)
    for name in ("ckpt-9.pt.part", "ckpt-best.pt", "ckpt-7.txt", "events.tfevents"):
        (directory / name).write_bytes(b"")
    (directory / "ckpt-10.pt").mkdir()
    (directory / "config.yaml").write_text("a: 1")
    run = find_run(directory)
    assert run.step == 5
    assert run.config_path == directory / "config.yaml"


def test_a_file_of_any_name_stands_alone(tmp_path: Path) -> None:
    directory = make_run(tmp_path / "AD", 5, 6)
    (directory / "best.pt").write_bytes(b"weights")
    assert find_run(directory / "ckpt-5.pt").checkpoints == ((5, directory / "ckpt-5.pt"),)
    assert find_run(directory / "best.pt").checkpoints == ((UNKNOWN_STEP, directory / "best.pt"),)


def test_latest_follows_the_symlink_and_keeps_the_run_name(tmp_path: Path) -> None:
    make_run(tmp_path / "old", 5, modified=1)
    make_run(tmp_path / "new", 6, modified=2)
    (tmp_path / "latest").symlink_to("old")
    assert find_run(tmp_path / "latest").name == "old"


@pytest.mark.parametrize("dangling", [False, True])
def test_latest_without_a_target_is_the_newest_run(tmp_path: Path, dangling: bool) -> None:
    make_run(tmp_path / "z-old", 500, modified=1)
    make_run(tmp_path / "a-new", 6, modified=2)
    if dangling:
        (tmp_path / "latest").symlink_to("gone")
    assert find_run(tmp_path / "latest").name == "a-new"


def test_a_directory_of_runs(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    make_run(runs / "a", 1, modified=1)
    assert find_run(runs).name == "a"
    assert find_run(tmp_path).name == "a"
    make_run(runs / "b", 1, modified=2)
    (runs / "latest").symlink_to("a")
    make_run(runs / "empty")
    assert [run.name for run in list_runs(runs)] == ["b", "a"]
    assert "2: b, a" in complaint(runs)


def test_errors_say_what_was_found(tmp_path: Path) -> None:
    assert "found nothing" in complaint(tmp_path / "none")
    assert "an empty directory" in complaint(make_run(tmp_path / "empty"))
    other = make_run(tmp_path / "other")
    (other / "notes.txt").write_text("")
    assert "notes.txt" in complaint(other)
    (other / "actor.pt").write_text("")
    (other / "model.pth").write_text("")
    assert "found actor.pt, model.pth" in complaint(other)
    (tmp_path / "runs").mkdir()
    assert "found none" in complaint(tmp_path / "runs")
    assert "found none" in complaint(tmp_path / "runs" / "latest")
    (tmp_path / "link").symlink_to("gone")
    assert "broken link" in complaint(tmp_path / "link")
    os.mkfifo(tmp_path / "pipe")
    assert "a pipe" in complaint(tmp_path / "pipe")
    assert "too long" in complaint(tmp_path / ("x" * 300))


def test_polling_notices_new_and_rewritten_checkpoints(tmp_path: Path) -> None:
    directory = make_run(tmp_path / "AD", 9)
    run = find_run(directory)
    before = run.fingerprint()
    assert run.fingerprint() == before
    make_run(directory, 9, modified=2_000)
    rewritten = run.fingerprint()
    assert rewritten != before
    make_run(directory, 10)
    assert run.newest_step() == 10
    assert run.fingerprint() != rewritten
    for file in directory.iterdir():
        file.unlink()
    assert run.newest_step() == UNKNOWN_STEP
    assert run.fingerprint() == (UNKNOWN_STEP, 0, 0)


def test_a_file_given_directly_is_polled_itself(tmp_path: Path) -> None:
    directory = make_run(tmp_path / "AD", 5)
    run = find_run(directory / "ckpt-5.pt")
    before = run.fingerprint()
    make_run(directory, 6)
    assert run.fingerprint() == before


@pytest.mark.parametrize("name", DEMOS)
def test_the_bundled_runs_open(name: str) -> None:
    assert find_run(demo_run(name)).checkpoints


def lightning_run(project: Path, version: int, *, modified: int = 1_000) -> Path:
    """As Lightning's loggers and checkpoint callback lay a run out; the path of its version."""
    directory = project / "lightning_logs" / f"version_{version}"
    (directory / "checkpoints").mkdir(parents=True)
    (directory / "hparams.yaml").write_text("tf_n_head: 2\n")
    for name in ("epoch=0-step=100.ckpt", "epoch=9-step=1000.ckpt"):
        (directory / "checkpoints" / name).write_bytes(b"weights")
        os.utime(directory / "checkpoints" / name, (modified, modified))
    return directory


def test_lightnings_directories_are_runs_named_by_their_version(tmp_path: Path) -> None:
    version = lightning_run(tmp_path / "project", 3)
    for path in (tmp_path / "project", version.parent, version, version / "checkpoints"):
        run = find_run(path)
        assert (run.name, run.step, run.config_path) == ("version_3", 1000, version / "hparams.yaml")
    lightning_run(tmp_path / "project", 4, modified=2_000)
    assert [run.name for run in list_runs(version.parent)] == ["version_4", "version_3"]
    assert "2: version_4, version_3; name one" in complaint(tmp_path / "project")


def test_runs_that_keep_their_checkpoints_in_a_directory_are_listed(tmp_path: Path) -> None:
    make_run(tmp_path / "runs" / "A" / "checkpoints", 5, modified=2_000)
    make_run(tmp_path / "runs" / "B", 7)
    assert [(run.name, run.step) for run in list_runs(tmp_path / "runs")] == [("A", 5), ("B", 7)]


@pytest.mark.parametrize("inner", ["ckpts", "checkpoint", "models", "weights", "saved_models"])
def test_a_directory_of_checkpoints_alone_is_called_by_the_one_above(tmp_path: Path, inner: str) -> None:
    make_run(tmp_path / "mine" / inner, 3, 20)
    assert (find_run(tmp_path / "mine").name, find_run(tmp_path / "mine").step) == ("mine", 20)
    assert find_run(tmp_path / "mine" / inner).name == "mine"


def test_runs_further_down_are_found_or_named(tmp_path: Path) -> None:
    """As Hydra has them, by date and time."""
    make_run(tmp_path / "2026-01-01" / "10-00-00", 3)
    make_run(tmp_path / ".trash" / "a" / "b", 9)
    assert find_run(tmp_path).step == 3
    make_run(tmp_path / "2026-01-02" / "11-00-00", 4)
    told = complaint(tmp_path)
    assert "found 2: " in told
    assert "2026-01-01/10-00-00" in told
    assert "2026-01-02/11-00-00" in told


def test_runs_of_one_name_are_told_apart_and_all_of_them_offered(tmp_path: Path) -> None:
    for project in ("a", "b"):
        make_run(tmp_path / project / "runs" / "AD", 5)
    assert sorted(run.name for run in runs_to_choose(tmp_path)) == ["a/runs/AD", "b/runs/AD"]
    assert "found 2: b/runs/AD, a/runs/AD; name one" in complaint(tmp_path)
    links = tmp_path / "links"
    links.mkdir()
    for project in ("a", "b"):
        (links / project).symlink_to(tmp_path / project / "runs" / "AD")
    assert sorted(run.name for run in list_runs(links)) == ["a", "b"]
    assert "found 2: b, a; name one" in complaint(links)
    assert [run.name for run in runs_to_choose(tmp_path / "a")] == ["AD"]
    assert runs_to_choose(tmp_path / "a" / "runs" / "AD") == ()
