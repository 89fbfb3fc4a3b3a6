"""Where the episodes of contexts out of a file end: the resets in them tell, and not the run's horizon."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from lived import Ends, borders, every, lived

from adtui.histories.inputs import inputs_npz
from adtui.histories.inputs_clock import episode_notes
from adtui.records.sample import Sample

FIRST = (3, 24, 57, 80, 101)
"""Where the contexts begin in their histories."""
N = 79


def contexts(root: Path, ends: Ends, *, n: int = N, first: Iterable[int] = FIRST, online: bool = False) -> Path:
    """Windows of histories, one of each goal."""
    tasks = (38, 51, 62, 65, 33)
    arrays: dict[str, list[np.ndarray[tuple[int, ...], np.dtype[np.int64]]]] = {}
    with h5py.File(lived(root / "h.hdf5", ends, tasks, online=online)) as file:
        for task, start in zip(tasks, first, strict=True):
            for name in ("states", "actions", "rewards", "next_states"):
                arrays.setdefault(name, []).append(file[f"{task}/{name}"][start : start + n, 0])
            arrays.setdefault("query_states", []).append(file[f"{task}/states"][start + n, 0])
    made: dict[str, Any] = {name: np.array(one) for name, one in arrays.items()}
    np.savez(root / "inputs.npz", **made)
    return root / "inputs.npz"


def read(path: Path, horizon: int) -> tuple[tuple[Sample, ...], tuple[str, ...]]:
    samples = inputs_npz(path, horizon=horizon)
    return samples, episode_notes(path.name, samples, horizon)


@pytest.mark.parametrize("online", [False, True])
@pytest.mark.parametrize(("claimed", "real"), [(20, 10), (20, 30), (10, 20), (20, 20)])
def test_resets_tell_the_horizon(tmp_path: Path, claimed: int, real: int, online: bool) -> None:
    samples, notes = read(contexts(tmp_path, every(real), online=online), claimed)
    for start, sample in zip(FIRST, samples, strict=True):
        assert (sample.episode_starts[1:] + start).tolist() == borders(every(real), start, start + N)
        assert sample.step.tolist() == [time % real for time in range(start, start + N + 1)]
    wanted = f"do not all have the {claimed} steps that the run's settings say, but {real}: what the file shows counts"
    assert [wanted in note for note in notes] == [True] * (claimed != real)


def test_of_several_lengths_no_border_is_made_up(tmp_path: Path) -> None:
    lengths = np.cumsum(np.random.default_rng(5).integers(4, 19, 30)).tolist()
    samples, notes = read(contexts(tmp_path, lengths.__contains__), 20)
    shown = 0
    for start, sample in zip(FIRST, samples, strict=True):
        found = set((sample.episode_starts[1:] + start).tolist())
        assert found <= set(borders(lengths.__contains__, start, start + N))
        shown += len(found)
    assert shown > 20
    assert [" to " in note for note in notes] == [True]


def test_one_reset_and_then_none_where_the_next_is_due(tmp_path: Path) -> None:
    first = (35, 35, 35, 35, 35)
    samples, notes = read(contexts(tmp_path, every(60), n=50, first=first), 20)
    starts = [(sample.episode_starts + 35).tolist() for sample in samples]
    assert starts.count([35, 60]) + starts.count([35]) == 5  # a reset from a cell beside the start is not seen
    assert starts.count([35, 60]) >= 3
    assert "do not all have the 20 steps" in notes[0]


def test_without_a_reset_a_context_longer_than_an_episode_is_said_to_count_as_one(tmp_path: Path) -> None:
    path = contexts(tmp_path, every(1000))
    samples, notes = read(path, 20)
    assert not any(sample.episode.any() for sample in samples)
    assert ["in 5 of the 5 contexts" in note for note in notes] == [True]
    assert read(path, 80)[1] == ()
