"""Contexts that were rolled out once: found again as they were, and only where all that decides them is the same."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoints import make_run
from checkpoints import settings as config
from policies import goal_seeker

from adtui.engine import opening
from adtui.histories import kept as module
from adtui.histories import rolled_out as rolled_out_module
from adtui.histories.kept import MOST, Kept
from adtui.histories.rolled_out import FIRST_ROOMS, ROOMS, rolled_out
from adtui.records.messages import OpenRun
from adtui.records.run_settings import RunSettings
from adtui.records.sample import Sample
from adtui.worlds.settings import run_settings
from adtui.worlds.world import FloatArray, IntArray

N, COUNT = 30, 2 * ROOMS - 3


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunSettings:
    """Settings of a Dark Room, and a cache of this test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return run_settings(config(), None, name="test", sizes={})


class Counted:
    """A policy that counts how often it was asked."""

    calls = 0

    def __call__(
        self, states: IntArray, actions: IntArray, rewards: FloatArray, next_states: IntArray, query_states: IntArray
    ) -> FloatArray:
        self.calls += 1
        return goal_seeker(states, actions, rewards, next_states, query_states)


def blocks(settings: RunSettings, kept: Kept | None, count: int = COUNT) -> tuple[list[tuple[Sample, ...]], int]:
    """The blocks of contexts, and how often the policy was asked for them."""
    policy = Counted()
    return [found for found in rolled_out(policy, settings, N, count, 0, kept=kept) if found], policy.calls


def same(one: list[tuple[Sample, ...]], other: list[tuple[Sample, ...]]) -> bool:
    return repr(one) == repr(other) and all(
        np.array_equal(getattr(a, name), getattr(b, name)) and getattr(a, name).dtype == getattr(b, name).dtype
        for first, second in zip(one, other, strict=True)
        for a, b in zip(first, second, strict=True)
        for name in ("states", "actions", "rewards", "next_states", "query_state", "episode", "step")
    )


def test_kept_contexts_are_those_that_were_rolled_out(told: RunSettings) -> None:
    fresh, asked = blocks(told, None)
    kept = Kept.under({})
    assert kept is not None
    assert same(blocks(told, kept)[0], fresh)
    again, calls = blocks(told, kept)
    assert same(again, fresh)
    assert calls == 0
    (kept.directory / "1.json").unlink()
    again, calls = blocks(told, kept)
    assert same(again, fresh)  # phases are counted on through the block that was kept
    assert calls == asked // 3
    fewer, calls = blocks(told, kept, 4)
    assert same(fewer, [fresh[0][:4]])
    assert calls == 0
    assert same(blocks(told, kept, 2 * ROOMS)[0][:1], fresh[:1])


@pytest.mark.parametrize(
    "damage", [b"", b"[", b'["t"]', b'["t", 1, 2, 3, 4, 5, 6, 7, 8, 9]', b"[" * 100_000, b"\xff\x00"]
)
def test_a_damaged_file_is_rolled_out_again(told: RunSettings, damage: bytes) -> None:
    kept = Kept.under({})
    assert kept is not None
    fresh, _ = blocks(told, kept, 3)
    (kept.directory / "0.json").write_bytes(damage)
    again, calls = blocks(told, kept, 3)
    assert same(again, fresh)
    assert calls
    assert blocks(told, kept, 3)[1] == 0


def test_contexts_of_another_length_are_not_taken(told: RunSettings) -> None:
    kept = Kept.under({})
    assert kept is not None
    blocks(told, kept, 3)
    assert kept.block(0, 3, N) is not None
    assert kept.block(0, 3, N - 1) is None


def test_other_code_or_another_mark_finds_nothing(told: RunSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    one = Kept.under({"seed": 0})
    assert one == Kept.under({"seed": 0})
    assert one != Kept.under({"seed": 1})
    monkeypatch.setattr(module, "code", lambda: "changed")
    assert one != Kept.under({"seed": 0})


def test_so_many_are_kept_and_no_more(told: RunSettings) -> None:
    sample = blocks(told, None, 1)[0][0]
    kept = None
    for seed in range(MOST + 3):
        kept = Kept.under({"seed": seed})
        assert kept is not None
        kept.keep(0, sample)
        os.utime(kept.directory, (seed, seed))
    assert kept is not None
    assert len(list(kept.directory.parent.iterdir())) == MOST
    assert kept.block(0, 1, N) is not None
    oldest = Kept.under({"seed": 0})
    assert oldest is not None
    assert oldest.block(0, 1, N) is None


def test_a_cache_that_cannot_be_written_is_done_without(told: RunSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", os.devnull)
    kept = Kept.under({})
    assert same(blocks(told, kept, 2)[0], blocks(told, None, 2)[0])


def test_a_run_that_is_opened_again_is_not_rolled_out_again(
    told: RunSettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run = make_run(tmp_path / "run")
    first = opening.open_session(run, first=True, keep=True)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("rolled out")

    monkeypatch.setattr(rolled_out_module, "rolling", refuse)
    again = opening.open_asked(OpenRun(1, str(run)), lambda _done, _total: None, True)
    assert same([again.samples], [first.samples[:FIRST_ROOMS]])
    assert not [more for more in again.grow(FIRST_ROOMS) if more is not None]
    assert [len(more.samples) for more in again.grow(len(first.samples)) if more is not None] == [5, 9]
    assert same([again.samples], [first.samples])
    assert again.info.source == first.info.source
    others: list[dict[str, Any]] = [{"seed": 1}, {"context": 12}, {"causal": False}, {"keep": False}]
    for options in others:
        with pytest.raises(AssertionError, match="rolled out"):
            opening.open_session(run, first=True, **{"keep": True, **options})
    make_run(run, n_layer=1)
    with pytest.raises(AssertionError, match="rolled out"):
        opening.open_session(run, first=True, keep=True)
