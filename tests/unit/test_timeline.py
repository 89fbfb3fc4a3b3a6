"""A timeline: a planted emergence is found, what is kept is taken up, what is damaged costs its own entry alone."""

from __future__ import annotations

import json
import shutil
from collections import deque
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from checkpoints import save_checkpoint, settings
from hypothesis import given
from hypothesis import strategies as st
from planted import SEEKING, seeking_run
from torch import Tensor

from adtui.files.checkpoint import load_checkpoint
from adtui.records.errors import ConfigError
from adtui.records.timeline import REWARD, Effects, Point
from adtui.timeline.emergence import coarse_to_fine, emergences, spread
from adtui.timeline.opening import Opened, prepare
from adtui.timeline.options import Options
from adtui.timeline.runner import Timelines

STEPS, PLANTED = tuple(range(0, 90, 10)), 50
SMALL = Options(device="cpu", contexts=18, returns=0)


@pytest.fixture(scope="module")
def growing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights that go over, at step PLANTED, from those of a model whose every query is nought to those of one that
    seeks rewards."""
    root = tmp_path_factory.mktemp("growing")
    after = load_checkpoint(seeking_run(root / "end") / "ckpt-1.pt").weights
    before = {name: _without_queries(name, tensor) for name, tensor in after.items()}
    for step in STEPS:
        share = 1 / (1 + np.exp(-(step - PLANTED) / 1.5))
        weights = {name: torch.lerp(before[name], after[name], share) for name in after}
        config = settings(2, SEEKING, train_env_ratio=0.7)
        save_checkpoint(root / "run" / f"ckpt-{step}.pt", weights, config)
    return root / "run"


def _without_queries(name: str, tensor: Tensor) -> Tensor:
    if "self_attn.in_proj" not in name:
        return tensor
    changed = tensor.clone()
    changed[: len(tensor) // 3] = 0
    return changed


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def few(growing: Path, tmp_path: Path) -> Path:
    """Three of the checkpoints, to write beside."""
    for step in (40, 60, 80):
        (tmp_path / "few").mkdir(exist_ok=True)
        shutil.copy2(growing / f"ckpt-{step}.pt", tmp_path / "few")
    return tmp_path / "few"


def measured(path: Path, options: Options = SMALL) -> Timelines:
    timelines = Timelines(prepare(path, options))
    deque(timelines.run(), maxlen=0)
    return timelines


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the checkpoints whose models are opened to be measured."""
    opened: list[str] = []

    def load(self: Opened, path: Path) -> object:
        opened.append(path.name)
        return original(self, path)

    original = Opened.load
    monkeypatch.setattr(Opened, "load", load)
    return opened


# -- what is found -----------------------------------------------------------------------------------------------------
def test_a_planted_emergence_is_found_within_one_checkpoint(growing: Path) -> None:
    found = measured(growing).timeline()
    [one] = [one for one in found.emergences if one.kind == REWARD]
    assert (one.layer, one.head) == (0, 1)
    assert abs(one.step - PLANTED) <= 10
    assert one.after is not None
    assert PLANTED - 20 <= one.after < one.step
    assert [point.step for point in found.points] == list(STEPS)
    assert found.missing == ()


def test_the_return_is_measured_where_it_was_asked_for_in_the_same_rooms(few: Path, counted: list[str]) -> None:
    found = measured(few, replace(SMALL, returns=2)).timeline()
    early, between, late = (point.returns for point in found.points)
    assert between is None
    assert early is not None
    assert late is not None
    assert late.last.mean > early.last.mean
    assert found.optimal is not None
    assert late.last.mean <= found.optimal
    assert sorted(counted) == sorted(["ckpt-40.pt", "ckpt-60.pt", "ckpt-80.pt", "ckpt-40.pt", "ckpt-80.pt"])


def test_json_has_every_point_and_no_nan(few: Path) -> None:
    document = measured(few).timeline().to_json()
    assert document["schema"] == "adtui.timeline/1"
    assert [point["step"] for point in document["points"]] == [40, 60, 80]
    assert json.loads(json.dumps(document, allow_nan=False)) == document


# -- what is kept ------------------------------------------------------------------------------------------------------
def test_nothing_is_measured_twice_and_the_numbers_are_the_same(few: Path, counted: list[str]) -> None:
    first = measured(few).timeline().to_json()
    assert len(counted) == 3
    assert measured(few).timeline().to_json() == first
    assert len(counted) == 3
    (few / "ckpt-60.pt").touch()  # another time, the same digest
    measured(few)
    assert len(counted) == 3
    measured(few, replace(SMALL, fresh=True))
    assert len(counted) == 6


def test_a_rewritten_file_and_a_damaged_entry_cost_their_own_alone(
    few: Path, growing: Path, cache: Path, counted: list[str]
) -> None:
    measured(few)
    counted.clear()
    shutil.copy(growing / "ckpt-0.pt", few / "ckpt-40.pt")
    [entry] = cache.glob("adtui/timeline/*/*/ckpt-60.pt.json")
    entry.write_text(entry.read_text()[:100])
    found = measured(few).timeline()
    assert sorted(counted) == ["ckpt-40.pt", "ckpt-60.pt"]
    assert any("ckpt-60.pt.json cannot be read as a report: measured again" in note for note in found.about["notes"])
    counted.clear()
    measured(few)
    assert counted == []


@pytest.mark.parametrize("change", ["heads", "kind"])
def test_an_entry_of_another_model_is_not_believed(few: Path, cache: Path, counted: list[str], change: str) -> None:
    measured(few)
    counted.clear()
    [entry] = cache.glob("adtui/timeline/*/*/ckpt-60.pt.json")
    document = json.loads(entry.read_text())
    effects = document["point"]["effects"]
    if change == "heads":
        effects[REWARD]["mean"] = [[1.0]]
    else:
        del effects[REWARD]
    entry.write_text(json.dumps(document))
    found = measured(few).timeline()
    assert counted == ["ckpt-60.pt"]
    assert any("another model's numbers" in note for note in found.about["notes"])


def test_the_contexts_stay_while_training_goes_on_and_change_when_it_has_doubled(few: Path, growing: Path) -> None:
    assert measured(few).opened.about["reference"] == "ckpt-80.pt"
    shutil.copy2(growing / "ckpt-80.pt", few / "ckpt-100.pt")
    again = measured(few)
    assert again.opened.about["reference"] == "ckpt-80.pt"
    assert again.timeline().points[-1].step == 100
    shutil.copy2(growing / "ckpt-80.pt", few / "ckpt-160.pt")
    assert prepare(few, SMALL).about["reference"] == "ckpt-160.pt"
    assert prepare(few, replace(SMALL, reference=60)).about["reference"] == "ckpt-60.pt"
    with pytest.raises(ConfigError, match="--reference"):
        prepare(few, replace(SMALL, reference=61))


def test_without_a_place_to_keep_things_all_is_measured_and_that_is_said(
    few: Path, cache: Path, counted: list[str]
) -> None:
    cache.write_text("a file, where the directory should be")
    found = measured(few).timeline()
    assert len(found.points) == 3
    assert any("not kept for the next call" in note for note in found.about["notes"])


def test_a_checkpoint_that_cannot_be_opened_is_left_out_and_said(few: Path) -> None:
    content = (few / "ckpt-60.pt").read_bytes()
    (few / "ckpt-60.pt").write_bytes(content[:100])
    (few / "ckpt-90.pt").write_bytes(content[: len(content) // 2])  # the newest, half written
    found = measured(few).timeline()
    assert [point.step for point in found.points] == [40, 80]
    assert [words.partition(":")[0] for words in found.missing] == ["ckpt-90.pt", "ckpt-60.pt"]


def test_whoever_stops_early_has_what_was_measured(few: Path, counted: list[str]) -> None:
    timelines = Timelines(prepare(few, SMALL))
    steps = timelines.run()
    next(point for point in steps if point is not None)
    steps.close()
    found = timelines.timeline()
    assert [point.step for point in found.points] == [80]
    assert found.missing == ("2 of 3 checkpoints are not measured yet",)
    counted.clear()
    measured(few)
    assert sorted(counted) == ["ckpt-40.pt", "ckpt-60.pt"]


# -- emergence ---------------------------------------------------------------------------------------------------------
def points(holds: list[bool], lacks: list[bool]) -> list[Point]:
    """One head and claim."""
    one = np.ones((1, 1))
    return [
        Point(10 * t, f"ckpt-{10 * t}.pt",
              {REWARD: Effects(one, one, one, np.full((1, 1), 9), np.full((1, 1), on), np.full((1, 1), off))})
        for t, (on, off) in enumerate(zip(holds, lacks, strict=True))
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("holds", "lacks", "step", "after"),
    [
        ("..xxx", "-....", 20, 0),  # undecided at 10
        ("x.xxx", "-----", 20, 10),  # held once before; what lacks later does not count
        ("xxxxx", ".....", 0, None),
        ("....x", ".....", 40, None),
        ("xxxx.", ".....", None, None),
    ],
)
def test_a_claim_emerges_where_it_begins_to_hold_for_good(
    holds: str, lacks: str, step: int | None, after: int | None
) -> None:
    found = emergences(points([one == "x" for one in holds], [one == "-" for one in lacks]))
    if step is None:
        assert found == ()
        return
    [one] = found
    assert (one.step, one.after, one.first) == (step, after, holds[0] == holds[1] == "x")
    assert (one.held, one.of) == (holds.count("x"), len(holds))


@given(st.integers(0, 60))
def test_every_checkpoint_is_taken_once_the_last_first(count: int) -> None:
    order = coarse_to_fine(count)
    assert sorted(order) == list(range(count))
    assert order[:1] == [count - 1][:count]


@given(st.integers(1, 60), st.integers(1, 40))
def test_some_checkpoints_are_spread_over_all(count: int, some: int) -> None:
    chosen = sorted(spread(count, some))
    assert len(chosen) == min(count, some)
    assert chosen[-1] == count - 1
    assert spread(count, 0) == frozenset()
    if len(chosen) > 2:
        gaps = np.diff(chosen)
        assert gaps.max() - gaps.min() <= 1
