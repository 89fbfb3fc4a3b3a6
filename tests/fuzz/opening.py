"""Opens one case's file as the program does: the other files beside it are good."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from adtui.engine.opening import open_session
from adtui.files.settings import load_settings
from adtui.histories.training import read_histories
from adtui.records.errors import AdtuiError
from adtui.training.settings import TrainSettings
from adtui.training.windows import draw_windows
from adtui.worlds.darkroom import DarkRoom
from adtui.worlds.world import move

from .cases import Case
from .originals import GOALS, HISTORIES, N_TRANSIT, STREAMS, originals

Step = Callable[[], object]
Opening = Callable[[Case, Path], list[Step]]


def place(kind: str, data: bytes, root: Path) -> None:
    """A run, its histories and an inputs file under `root`, empty before; the one of `kind` holds `data`."""
    shutil.rmtree(root, ignore_errors=True)
    files = originals()
    run = root / "runs" / "fuzz"
    run.mkdir(parents=True)
    (root / "datasets").mkdir()
    good = files.bare if kind == "yaml" else files.checkpoints[0]
    (run / "ckpt-7.pt").write_bytes(data if kind == "checkpoint" else good)
    (root / "datasets" / HISTORIES).write_bytes(data if kind == "hdf5" else files.histories)
    (root / "inputs.npz").write_bytes(data if kind == "npz" else files.inputs)
    (root / "vectors.npz").write_bytes(files.vectors)
    if kind == "yaml":
        (run / "config.yaml").write_bytes(data)


def steps(case: Case, root: Path) -> list[Step]:
    """What the program does with a case's file, placed at `root`: each step opens it anew, or refuses it.

    Histories are read as samples of the app, as windows of its `--window`, and as a batch of `adtui train`.
    """
    run = root / "runs" / "fuzz"
    if case.kind == "checkpoint":
        given = (root / "inputs.npz", root / "vectors.npz")
        return [*(partial(_analyse, run, inputs=path) for path in given), lambda: _analyse(run, samples=2)]
    if case.kind == "yaml":
        return [lambda: _analyse(run, samples=2), lambda: load_settings(run / "config.yaml", TrainSettings)]
    if case.kind == "hdf5":
        path = root / "datasets" / HISTORIES
        return [lambda: _analyse(run, samples=6), lambda: _analyse(run, samples=2, window=1), lambda: _batch(path)]
    return [lambda: _analyse(run, inputs=root / "inputs.npz")]


def _analyse(run: Path, **options: object) -> None:
    """Open, capture, measure, and look at every matrix, as `adtui analyze` and `adtui extract` do."""
    session = open_session(run, device="cpu", **options)  # type: ignore[arg-type]
    session.analyse(0)
    for layer in range(session.model.n_layer):
        session.matrices(0, layer)


def _batch(path: Path) -> None:
    """Read histories and cut a batch out of them, as `adtui train` does; what gets through must be Dark Room's."""
    histories = read_histories(path, DarkRoom(), GOALS, STREAMS, least=N_TRANSIT)
    windows = draw_windows(histories, 8, N_TRANSIT, 0.25, np.random.default_rng(0))
    assert np.isin(windows.rewards, (0, 1)).all()
    np.testing.assert_array_equal(histories.next_states, move(histories.states, histories.actions))


def refusal_fault(error: AdtuiError) -> str | None:
    """What is wrong with a message that must be one clear line, or None."""
    message = str(error)
    if len(message.splitlines()) != 1:
        return "several lines"
    if not message.isprintable():
        return "unprintable characters"
    if len(message) > LONGEST:
        return f"{len(message)} characters"
    return None


LONGEST = 2500
"""Characters of a message that still is a line, the paths of a temporary directory included."""
