"""Whole screens, each as it was when a person last looked at it: sizes, families, colours, and all that can be opened.

`python -m pytest tests/ui/test_screens.py --update-screens` writes them anew: then look at every difference.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
from app_driver import cut, screen_text, until
from fake_engine import FakeEngine
from references import encoder, gpt2, llama, marked, rad
from screen_engine import FamilyEngine, ScreenEngine
from screen_picture import picture
from textual.pilot import Pilot
from textual.widgets import Input

from adtui.files.runs import Run, list_runs
from adtui.records.messages import OpenRun
from adtui.ui.app import AdtuiApp
from adtui.ui.renderables.colors import utf8_terminal

SNAPSHOTS = Path(__file__).with_name("snapshots")
TERMINALS = {
    "millions of colours": {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"},
    "256 colours": {"TERM": "xterm-256color", "LANG": "C.UTF-8"},
    "16 colours": {"TERM": "xterm-16color", "LANG": "C.UTF-8"},
    "NO_COLOR": {"TERM": "xterm-256color", "COLORTERM": "truecolor", "NO_COLOR": "1", "LANG": "C.UTF-8"},
    "ASCII": {"TERM": "xterm-256color", "LANG": "C"},
}
"""What a user's environment says of the terminal."""
MILLIONS, COLORS_256, COLORS_16, NO_COLOR, ASCII = TERMINALS
FAMILIES: dict[str, Callable[[Path], Path]] = {
    "encoder": lambda path: encoder.make_run(path, n_layer=3, n_head=4, n_transit=40),
    "gpt2": lambda path: gpt2.make_run(path, n_layer=3, n_head=4, n_transit=10),
    "llama": lambda path: llama.make_run(path, n_layer=3, n_head=4, n_transit=16, dynamics=True),
    "marked": lambda path: marked.make_run(path, n_layer=3, n_head=4, n_transit=24),
    "rad": lambda path: rad.make_run(path, n_layer=3, n_head=4, n_transit=20),
}
WRITTEN, NOW = 1e9, 1e9 + 2 * 86400
"""When the runs to choose from were written, and when they are looked at: seconds."""


@dataclass(frozen=True)
class Shot:
    """A screen to take.

    Attributes:
        name: of its file.
        size: columns, lines.
        terminal: one of TERMINALS.
        keys: pressed one after the other, each when all that the one before asked for is there.
        shows: what is on the screen in the end, and stays.
        family: one of FAMILIES, or "" for a run without a checkpoint.
        several: there are several runs to choose from.
        dies: the engine does, after the keys.
        beside: another run is set beside it.
        trained: it is a directory of checkpoints, not a file.
    """

    name: str
    size: tuple[int, int]
    terminal: str
    keys: tuple[str, ...] = ()
    shows: tuple[str, ...] = ()
    family: str = ""
    several: bool = False
    dies: bool = False
    beside: bool = False
    trained: bool = False

    @property
    def title(self) -> str:
        """The first line of its file."""
        keys = f", keys: {' '.join(self.keys)}" if self.keys else ""
        return f"{self.size[0]}×{self.size[1]}, {self.terminal}{keys}"


SHOTS = (
    Shot("explorer-200x60", (200, 60), MILLIONS, shows=("refuted",)),
    Shot("explorer-120x40", (120, 40), MILLIONS, ("j", "l", "2"), ("L1H1", "rank 2 of 60")),
    Shot("explorer-120x40-16-colours", (120, 40), COLORS_16),
    Shot("explorer-120x40-no-colour", (120, 40), NO_COLOR),
    Shot("explorer-120x40-ascii", (120, 40), ASCII, ("2",)),
    Shot("explorer-80x24", (80, 24), COLORS_256),
    Shot("numbers-60x20", (60, 20), MILLIONS, ("5",), ("entropy H",)),
    Shot("heatmap-40x10", (40, 10), COLORS_256, ("2",)),
    Shot("heatmap-full-size-120x40", (120, 40), COLORS_256, ("2", "enter")),
    Shot("heatmap-zoomed-80x24", (80, 24), MILLIONS, ("2", "plus"), ("q30–59",)),
    Shot("mean-80x24-16-colours", (80, 24), COLORS_16, ("m", "2"), ("L0 mean",)),
    Shot("help-80x24", (80, 24), COLORS_256, ("question_mark",), ("WHERE YOU ARE",)),
    Shot("go-to-60x20", (60, 20), COLORS_256, ("slash", "l", "7", "enter"), ("layer from 0 to 2",)),
    Shot("picker-80x24", (80, 24), COLORS_256, ("j",), ("2 days ago", "dpt"), several=True),
    Shot("training-120x40", (120, 40), MILLIONS, ("T",), ("step 1000 · 20/20",), trained=True),
    Shot("training-scrubbed-80x24", (80, 24), COLORS_256, ("T", "less_than_sign", "s"), ("18/20",), trained=True),
    Shot("training-claims-60x20-ascii", (60, 20), ASCII, ("T", "3"), ("after 250",), trained=True),
    Shot("picker-marked-60x20-ascii", (60, 20), ASCII, ("space",), ("1 marked",), several=True),
    Shot(
        "compared-runs-120x40",
        (120, 40),
        COLORS_256,
        ("space", "space", "space", "equals_sign", "o", "o", "j"),
        ("3 of 3", "first episode ▼"),
        several=True,
    ),
    Shot(
        "compared-runs-80x24-ascii",
        (80, 24),
        ASCII,
        ("space", "space", "space", "equals_sign", "l"),
        ("3 of 3",),
        several=True,
    ),
    Shot("engine-gone-80x24", (80, 24), COLORS_256, shows=("out of memory",), dies=True),
    Shot(
        "knock-out-120x40", (120, 40), COLORS_256, ("2", "slash", "k", "5", "enter", "x"), ("KL 0.031", "rank 2 of 60")
    ),
    Shot("insights-60x20-ascii", (60, 20), ASCII, ("6", "enter"), ("One checkpoint",)),
    Shot("ablations-80x24", (80, 24), COLORS_256, ("6", "i"), ("training distribution",)),
    Shot("ablations-40x10-ascii", (40, 10), ASCII, ("6", "i"), ("L0H1 rewarded: confirmed",)),
    Shot("head-table-120x40", (120, 40), COLORS_256, ("o", "o"), ("H/ln n▼",)),
    Shot("head-table-40x10-ascii", (40, 10), ASCII, ("o",), ("heads 12/12",)),
    Shot("lab-120x40", (120, 40), MILLIONS, ("C",), ("14 cells",)),
    Shot("lab-results-120x40", (120, 40), COLORS_256, ("C", "s", "2"), ("Keep newest+rewarded:10",)),
    Shot("lab-verdict-40x10-ascii", (40, 10), ASCII, ("C", "s", "5"), ("Keep",)),
    Shot("sides-120x40", (120, 40), MILLIONS, shows=("recency",), beside=True),
    Shot("sides-16-colours-120x40", (120, 40), COLORS_16, ("j", "4"), beside=True),
    Shot("sides-difference-80x24-no-colour", (80, 24), NO_COLOR, ("4",), ("+0.",), beside=True),
    Shot("sides-claims-60x20-ascii", (60, 20), ASCII, ("6",), ("in A only: recency",), beside=True),
    Shot("sides-40x10", (40, 10), COLORS_256, ("1",), ("L0H0",), beside=True),
    Shot("encoder-200x60-256-colours", (200, 60), COLORS_256, family="encoder"),
    Shot("gpt2-tokens-120x40", (120, 40), COLORS_256, ("t", "2"), ("· tokens",), "gpt2"),
    Shot("llama-tokens-80x24", (80, 24), COLORS_256, ("t", "2"), ("· tokens",), "llama"),
    Shot("marked-120x40-16-colours", (120, 40), COLORS_16, ("2",), family="marked"),
    Shot("latents-60x20", (60, 20), MILLIONS, ("8",), ("8 latents",), "rad"),
    Shot("compressor-120x40", (120, 40), MILLIONS, ("9", "c"), ("round 1/2 · L0H0",), "rad"),
)


@pytest.mark.parametrize("shot", SHOTS, ids=lambda shot: shot.name)
async def test_a_screen_is_as_it_was(
    shot: Shot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    _prepare(shot, tmp_path, monkeypatch)
    async with _started(shot) as (app, engine, pilot):
        for key in shot.keys:
            await pilot.press(key)
            await _settled(app, pilot)
        if shot.dies:
            engine.die("it was killed by signal 9: probably out of memory", "loading torch", "opening the run")
        await until(pilot, lambda: all(text in screen_text(app) for text in shot.shows))
        await _settled(app, pilot)
        assert not list(cut(app.screen))
        taken = picture(app, shot.title)
    file = SNAPSHOTS / f"{shot.name}.txt"
    if request.config.getoption("--update-screens"):
        file.write_text(taken, encoding="utf-8")
    elif differences := _differences(file, taken):
        pytest.fail(f"{differences}\n\nIf it shall be so: --update-screens", pytrace=False)


def test_every_file_is_of_a_screen() -> None:
    assert {file.name for file in SNAPSHOTS.iterdir()} == {f"{shot.name}.txt" for shot in SHOTS}


def _differences(file: Path, taken: str) -> str:
    kept = file.read_text(encoding="utf-8") if file.is_file() else ""
    lines = difflib.unified_diff(kept.splitlines(), taken.splitlines(), f"{file.name}", "now", n=0, lineterm="")
    return "\n".join(lines)


# -- the same every time -----------------------------------------------------------------------------------------------
def _prepare(shot: Shot, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The terminal's environment, and nothing on the screen that the clock changes."""
    for name in ("TERM", "COLORTERM", "NO_COLOR", "LC_ALL", "LC_CTYPE", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in TERMINALS[shot.terminal].items():
        monkeypatch.setenv(name, value)
    for name, value in {"COLOR_SYSTEM": "auto", "FILTERS": "", "DEFAULT_THEME": "textual-dark"}.items():
        monkeypatch.setattr(f"textual.constants.{name}", value)  # Textual's own variables, read when it was imported
    monkeypatch.setattr(Input, "cursor_blink", False)
    monkeypatch.setattr("adtui.ui.screens.picker.time", SimpleNamespace(time=lambda: NOW))
    monkeypatch.chdir(directory)


@asynccontextmanager
async def _started(shot: Shot) -> AsyncIterator[tuple[AdtuiApp, FakeEngine, Pilot[str]]]:
    engine = FamilyEngine(FAMILIES[shot.family](Path("runs") / shot.family)) if shot.family else ScreenEngine()
    runs = _several_runs() if shot.several else ()
    run = _trained_run() if shot.trained else None
    app = AdtuiApp(
        OpenRun(0, "runs"), run, runs=runs, engine=engine, plain=not utf8_terminal(), beside="b.pt" * shot.beside
    )
    async with app.run_test(size=shot.size, notifications=True) as pilot:
        await until(pilot, lambda: engine.starts and (shot.several or app.explorer.presenter.view is not None))
        await _settled(app, pilot)
        yield app, engine, pilot


async def _settled(app: AdtuiApp, pilot: Pilot[str]) -> None:
    """Until everything that was asked for has been answered, and is on the screen."""
    await until(pilot, lambda: not app.explorer.presenter.waiting and app.jobs.newest is None)
    await pilot.pause()


def _trained_run() -> Run:
    """A run with one checkpoint; what is in it doesn't matter here."""
    checkpoint = Path("runs") / "AD-darkroom-seed0" / "ckpt-1000.pt"
    checkpoint.parent.mkdir(parents=True)
    checkpoint.write_bytes(b"x")
    return list_runs("runs")[0]


def _several_runs() -> tuple[Run, ...]:
    """Three runs; what is in their checkpoints doesn't matter here."""
    for number, name in enumerate(("AD-darkroom-seed0", "AD-darkroom-seed1", "DPT-darkroom-seed0")):
        for step in (9000, 10000)[number == 2 :]:
            checkpoint = Path("runs") / name / f"ckpt-{step}.pt"
            checkpoint.parent.mkdir(parents=True, exist_ok=True)
            checkpoint.write_bytes(b"x")
            os.utime(checkpoint, (WRITTEN - 5000 * number, WRITTEN - 5000 * number))
    return list_runs("runs")
