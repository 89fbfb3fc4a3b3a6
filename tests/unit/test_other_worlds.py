"""Histories of another world than the model's: cells or actions that it does not have, actions that do otherwise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from checkpoints import make_run, settings
from lived import every, lived

from adtui.engine.opening import open_session
from adtui.histories.goals import with_groups
from adtui.histories.walk import Walk
from adtui.records.errors import HistoryError
from adtui.worlds.darkroom import DarkRoom
from adtui.worlds.settings import run_settings

NAME = "history_darkroom_PPO_alg-seed42.hdf5"
CELLS, ACTIONS = ("states", "next_states"), ("actions",)


def changed(root: Path, columns: tuple[str, ...], change: Callable[[Any], Any], groups: slice = slice(None)) -> Path:
    """A run with histories of which some columns are changed in some groups."""
    path = lived(root / "datasets" / NAME, every(20), range(0, 81, 2))
    with h5py.File(path, "r+") as file:
        for name in sorted(file, key=int)[groups]:
            for column in columns:
                values = change(file[name][column][()])
                del file[name][column]
                file[name][column] = values
    return make_run(root / "runs" / "AD-darkroom-seed0")


@pytest.mark.parametrize(
    ("columns", "change", "said"),
    [
        (CELLS, lambda cells: cells + 1, "to 9; store one less if they are numbered from 1, else use histories"),
        (CELLS, lambda cells: cells - 4, "expected cells from 0 to 8, found -"),
        (CELLS, lambda cells: cells * 2, "use histories of the environment that the model was trained on"),
        (ACTIONS, lambda actions: actions + 1, "expected actions from 0 to 4, found 1 to 5; store one less if"),
    ],
)
@pytest.mark.parametrize("groups", [slice(None), slice(1)])
def test_what_the_world_does_not_have_is_refused_wherever_it_stands(
    tmp_path: Path, columns: tuple[str, ...], change: Callable[[Any], Any], said: str, groups: slice
) -> None:
    run = changed(tmp_path, columns, change, groups)
    with pytest.raises(HistoryError) as caught:
        open_session(run, samples=2)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("columns", "change", "arrows"),
    [
        (ACTIONS, lambda actions: np.array([2, 3, 0, 1, 4])[actions], "→←↓↑•"),
        (ACTIONS, lambda actions: 4 - actions, "•←→↑↓"),
        (CELLS, lambda cells: cells[..., ::-1], "→←↓↑•"),
    ],
)
def test_actions_that_do_otherwise_are_told_and_drawn_as_they_do(
    tmp_path: Path, columns: tuple[str, ...], change: Callable[[Any], Any], arrows: str
) -> None:
    run = changed(tmp_path, columns, change)
    session = open_session(run, samples=2)
    assert [sample.arrows for sample in session.info.samples] == [arrows] * 2
    assert sum("do otherwise than in darkroom: 0 " in note for note in session.info.notes) == 1
    walk = Walk.of(session.info.samples[0], DarkRoom())
    assert walk.still(walk.length) == "the actions of this history do otherwise than the world's"


def test_actions_that_do_as_the_world_s_are_no_news(tmp_path: Path) -> None:
    changed(tmp_path, CELLS, lambda cells: cells)
    found = with_groups(run_settings(settings()), tmp_path)
    assert (found.arrows, found.doubts) == (None, ())
