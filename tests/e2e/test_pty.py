"""The real program on a pseudo-terminal, with its real engine."""

from __future__ import annotations

import base64
import importlib
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from checkpoints import make_run
from terminal import ALTERNATE, MOUSE, Terminal, assert_restored

ADTUI = [sys.executable, "-m", "adtui"]
UP, DOWN, RIGHT, LEFT, ESCAPE, SHIFT_TAB = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D", "\x1b", "\x1b[Z"
OSC_52 = re.compile(rb"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07")
Start = Callable[..., Terminal]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts adtui on a terminal and ends it after the test."""
    terminals: list[Terminal] = []

    def run(*arguments: str | Path, **options: object) -> Terminal:
        command = [*ADTUI, *map(str, arguments)]
        terminals.append(Terminal(command, tmp_path, **options))  # type: ignore[arg-type]
        return terminals[-1]

    yield run
    for terminal in terminals:
        terminal.close()


def opened(terminal: Terminal) -> Terminal:
    """Wait until the run is open and analysed."""
    terminal.wait("1 heads · L")
    terminal.wait(lambda: re.search(r"\d+ found|no evidence", terminal.text))
    terminal.send("KKKKHHHH")  # it opens at the head that it finds most telling
    terminal.wait("1 heads · L0H0")
    terminal.wait("rank ")
    return terminal


@pytest.fixture
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of the users' run, of a tiny one of ours elsewhere, with the histories beside it: a test may add to it."""
    at_hand = (Path(__file__).resolve().parents[3] / "shared" / "fixtures").is_dir()
    run: Path = request.getfixturevalue("adcw_run" if at_hand else "tiny")
    shutil.copytree(run.parents[1], tmp_path / "copy")
    return tmp_path / "copy" / "runs" / run.name


@pytest.mark.slow
def test_every_key_in_the_real_program(start: Start, path: Path, tmp_path: Path) -> None:
    app = opened(start(path.parent / "latest", "--samples", "2"))  # there is no such link: it is the newest
    for key, seen in [
        ("j", "1 heads · L1H0"),
        ("k", "1 heads · L0H0"),
        ("l", "1 heads · L0H1"),
        ("h", "1 heads · L0H0"),
        (DOWN, "1 heads · L1H0"),
        (RIGHT, "1 heads · L1H1"),
        (UP, "1 heads · L0H1"),
        (LEFT, "1 heads · L0H0"),
        ("n", "s1 of "),
        ("p", "s0 of "),
        ("\t", "↓→ cursor"),
        ("J", "2 heatmap · L1H0"),
        ("L", "2 heatmap · L1H1"),
        ("K", "2 heatmap · L0H1"),
        ("H", "2 heatmap · L0H0"),
        (SHIFT_TAB, "→ layer/head"),
        ("m", "2 heatmap · L0 mean"),
        ("m", "2 heatmap · L0H0"),
        ("/", "Go to"),
        ("l1h1\r", "2 heatmap · L1H1 · s0 of"),
        ("?", "WHERE YOU ARE"),
    ]:
        app.send(key)
        app.wait(seen)
    app.send(ESCAPE)
    app.gone("WHERE YOU ARE")
    for key, row in [("[", r"q\d+"), ("]", "query"), ("{", r"q\d+"), ("}", "query")]:
        app.send(key)
        app.wait(partial(lambda row: re.search(rf"3 query · {row} → history", app.text), row))
    app.send("s")
    app.told("colour scale: square root")
    palette(app)
    app.send("C")
    app.wait("1 strategies")
    app.send(ESCAPE)
    app.gone("1 strategies")
    app.send("x")
    app.told("knock-out")
    full_size(app)
    cursor(app)
    copy(app)
    export(app, tmp_path)
    reload(app, path)
    app.send("q")
    assert app.exit_code() == 0
    assert_restored(app)


def palette(app: Terminal) -> None:
    """It dims nothing, else the whole screen would be sent again: most cells keep their colours."""
    before = cells(app)
    app.send("\x10")
    app.wait("what would you like to do?")
    app.send("zoom")
    app.wait("zoom the heatmap")
    same = sum(now == then for now, then in zip(cells(app), before, strict=True))
    assert same > len(before) / 3, same  # dimmed, hardly any would be
    app.send(ESCAPE)
    app.gone("zoom the heatmap")


def cells(app: Terminal) -> list[object]:
    """The characters of the screen with their colours."""
    return [app.screen.buffer[row][column] for row in range(app.screen.lines) for column in range(app.screen.columns)]


def reload(app: Terminal, run: Path) -> None:
    """`r` opens the run anew, at its newest checkpoint."""
    (path,) = run.glob("ckpt-*.pt")
    newer = torch.load(path, weights_only=False) | {"step": 99999}
    torch.save(newer, path.with_name("new"))
    path.with_name("new").rename(run / "ckpt-99999.pt")
    app.send("r")
    app.wait(lambda: "step 99999" in app.text and "is there" not in app.text)
    app.wait(lambda: re.search(r"\d+ found|no evidence", app.text))


def full_size(app: Terminal) -> None:
    """Enter and Esc, on every pane."""
    for pane, name in enumerate(("heads", "heatmap", "query", "received", "numbers", "insights"), start=1):
        other = "2 heatmap" if pane == 1 else "1 heads"
        app.send(f"{pane}i" if name == "insights" else f"{pane}\r")
        if name == "insights":  # Enter unfolds one; from the ablations behind them it goes to full size
            app.wait(lambda: re.search(r"ablations \d+/", app.text))
            app.send("\r")
        app.wait(partial(lambda other, title: other not in app.text and title in app.text, other, f"{pane} {name}"))
        app.send(ESCAPE)
        app.wait(other)


def cursor(app: Terminal) -> None:
    """The arrows in the heatmap change the read-out."""
    app.send("2")
    app.wait("↓→ cursor")
    app.wait(lambda: read_out(app))
    before = read_out(app)
    app.send("kkh")
    app.wait(lambda: read_out(app) not in ("", before))


def read_out(app: Terminal) -> str:
    """The line about the weight under the cursor."""
    return next((line for line in app.screen.display if "query ep" in line), "")


def copy(app: Terminal) -> None:
    """`y` writes a table to the terminal's clipboard."""
    app.send("5y")
    app.told("copied statistics of")
    encoded = OSC_52.findall(app.raw)[-1]
    assert base64.b64decode(encoded).decode().startswith("layer\thead\tstatistic\tplain\tweighted\n")


def export(app: Terminal, directory: Path) -> None:
    """`e` and `E` write figures below the working directory."""
    figures = directory / "figs" / "attention"
    app.send("e")
    app.told("wrote 1 figure")
    first = set(figures.rglob("*.png"))
    assert first
    app.send("E")
    app.told(r"wrote \d\d+ figures")
    assert set(figures.rglob("*.png")) > first


FAMILIES = {
    "encoder": ("", "encoder"),
    "marked": ("marked", "encoder with compressed context"),
    "llama": ("llama", "llama"),
    "dynamics": ("llama", "llama · dynamics"),
    "gpt2": ("gpt2", "gpt2"),
    "rad": ("rad", "rad · window of 24 tokens"),
    "gpt2 blocks": ("gpt2_blocks", "gpt2 blocks"),
    "compressed AD": ("compressed_ad", "compressed AD"),
    "flow": ("flow", "flow"),
    "ad-eps": ("ad_eps", "ad-eps"),
    "dpt": ("dpt", "dpt · query first"),
}
#: What a family's public code calls its files, which hold weights alone.
BARE: dict[str, Any] = {"ad-eps": {"bare": True}, "dpt": {"bare": "darkroom_heldout_embd16_head4_H15_d10_seed1.pt"}}
OPTIONS = {"ad-eps": ("--heads", "2")}


def family_run(name: str, directory: Path) -> Path:
    """A run, or the file itself where public code writes it bare."""
    if name == "encoder":
        return make_run(directory, "post", n_transit=12)
    special: dict[str, dict[str, Any]] = {"dynamics": {"dynamics": True}, "compressed AD": {"n_transit": 8}}
    make = importlib.import_module(f"references.{FAMILIES[name][0]}").make_run
    special |= BARE
    run: Path = make(directory, **({"n_transit": 16} | special.get(name, {})))
    return next(run.iterdir()) if name in BARE else run


@pytest.mark.slow
def test_every_family_opens_and_is_walked_through(start: Start, tmp_path: Path) -> None:
    """One program, one run after the other: from the list at the start, then from the list that `R` brings back."""
    runs = {
        name: family_run(name, tmp_path / "runs" / f"run{n}") for n, name in enumerate(FAMILIES) if name not in BARE
    }
    app = start("runs", "--samples", "2", size=(160, 44))
    for name, run in runs.items():
        app.wait(f"{len(runs)} runs in ")
        app.send(f"/{run.name}\r")
        app.wait(f"{run.name} · step")
        walk(opened(app), name)
        app.send("R")
    app.wait(lambda: all(FAMILIES[name][1].partition(" of ")[0] in app.text for name in runs))  # the list's column
    app.send("q")
    assert app.exit_code() == 0
    assert_restored(app)


@pytest.mark.parametrize("name", BARE)
def test_a_bare_file_opens_and_is_walked_through(start: Start, tmp_path: Path, name: str) -> None:
    app = start(family_run(name, tmp_path / "runs" / name), "--samples", "2", *OPTIONS.get(name, ()), size=(160, 44))
    walk(opened(app), name)
    app.send("q")
    assert app.exit_code() == 0
    assert_restored(app)


def walk(app: Terminal, name: str) -> None:
    """Its heads and samples, its tokens, its compressor or why there is none, a figure."""
    app.wait(FAMILIES[name][1])
    last = "L1H0" if name == "dpt" else "L1H1"  # which has one head
    for key, seen in [("j", "1 heads · L1H0"), ("l", f"1 heads · {last}"), ("m", "L1 mean"), ("n", "s1 of 2")]:
        app.send(key)
        app.wait(seen)
    app.send("m")
    app.wait(f"1 heads · {last}")
    app.send("t")
    if name in ("ad-eps", "gpt2", "rad", "dynamics", "flow"):
        app.wait("tokens · s1 of 2")
        app.send("t")
        app.wait("transitions · s1 of 2")
    else:
        app.told("every transition is one token")
    app.send("9")
    if name in ("rad", "compressed AD"):
        app.wait("9 compressor · round 0 of")
        app.send("c")
        if name == "rad":  # the other needs one round only
            app.wait("9 compressor · round 1 of")
        app.send("jl")
        app.wait("latent 1 → key")
        app.send("8")
        app.wait("8 latents")
    else:
        app.told("this model has no compressor")
    for key in "1234567[]{}":
        app.send(key)
    if name == "flow":
        app.wait("prior pass")
        app.send("c")
        app.wait("flow step 1/3")
    app.send("e")
    app.told("wrote 1 figure")
    app.send("1p")
    app.wait("s0 of 2")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_restores_the_terminal(start: Start, tiny: Path, number: signal.Signals) -> None:
    """One comes after the run is open, the others before; tests/faults throws each at every moment."""
    app = start(tiny)
    app.wait("q quit")
    if number == signal.SIGTERM:
        opened(app)
    app.signal(number)
    assert app.exit_code() == 128 + number
    assert_restored(app)


def test_no_mouse_leaves_the_mouse_alone_and_ctrl_c_quits(start: Start, tiny: Path) -> None:
    app = opened(start(tiny, "--no-mouse"))
    assert MOUSE not in app.modes
    app.send("2jL/s2 l1h0\r")  # keys that arrive in one packet act in their order
    app.wait("2 heatmap · L1H0 · s2 of ")
    app.send("\x03")
    assert app.exit_code() == 0
    assert_restored(app)


def test_a_dropped_line_leaves_no_process(start: Start, tiny: Path) -> None:
    app = opened(start(tiny))
    app.hang_up()
    app.wait(lambda: not app.processes())


def test_the_engine_leaves_when_the_app_is_killed(start: Start, tiny: Path) -> None:
    app = opened(start(tiny))
    app.signal(signal.SIGKILL)
    app.wait(lambda: not app.processes())


def test_a_killed_engine_is_told_and_restarted(start: Start, tiny: Path) -> None:
    app = opened(start(tiny))
    (engine,) = [line for line in app.processes() if "adtui.engine" in line]
    os.kill(int(engine.split()[0]), signal.SIGKILL)
    app.wait("probably out of memory")
    app.send("r")
    app.gone("probably out of memory")
    app.send("j")
    app.wait("2 heatmap · L1H0 · s0 of")  # a picture that the one before had not been asked for
    app.send("q")
    assert app.exit_code() == 0, app.text
    assert_restored(app)


def test_escape_stops_a_long_opening(start: Start, tmp_path: Path) -> None:
    run = importlib.import_module("references.llama").make_run(tmp_path / "runs" / "long", n_transit=600)
    app = start(run, "--samples", "1000")
    app.wait("rollouts")
    app.send(ESCAPE)
    app.wait("opening stopped: r tries again")
    app.send("r")
    app.wait("rollouts")
    app.send("q")
    assert app.exit_code() == 0
    assert_restored(app)


def test_quit_before_the_engine_is_ready(start: Start, tiny: Path) -> None:
    app = start(tiny)
    app.wait("q quit")
    app.send("q")
    assert app.exit_code() == 0
    assert_restored(app)


def test_a_garbage_checkpoint_is_one_line_and_exit_code_2(start: Start, tmp_path: Path) -> None:
    bad = tmp_path / "runs" / "bad" / "ckpt-10.pt"
    bad.parent.mkdir(parents=True)
    bad.write_bytes(b"garbage" * 100)
    app = start(bad.parent)
    assert app.exit_code() == 2
    assert_restored(app)
    assert "adtui: " in app.text
    assert "expected" in app.text


def test_a_missing_path_never_touches_the_screen(start: Start) -> None:
    app = start("no/such/run")
    assert app.exit_code() == 2
    assert ALTERNATE not in app.modes
    assert "no/such/run: expected a run directory" in app.text


def test_a_dumb_terminal_gets_one_clear_line(start: Start, tiny: Path) -> None:
    app = start(tiny, environment={"TERM": "dumb"})
    assert app.exit_code() == 2
    assert ALTERNATE not in app.modes
    assert "TERM: expected a terminal with cursor control" in app.text


@pytest.mark.parametrize("size", [(120, 40), (100, 34), (60, 16)])
def test_the_c_locale_gets_ascii(start: Start, tiny: Path, size: tuple[int, int]) -> None:
    app = start(tiny, environment={"LANG": "C", "LC_CTYPE": None}, size=size)
    app.wait("1 heads")
    for pane in "654321":
        app.send(pane)
        app.wait(partial(lambda pane: re.search(rf"\+- {pane} \w+", app.text), pane))
    app.send("?")
    app.wait("WHERE YOU ARE")
    app.send(ESCAPE)
    app.gone("WHERE YOU ARE")
    assert app.text.isascii()
    assert app.raw.isascii()
    app.send("q")
    assert app.exit_code() == 0


@pytest.mark.parametrize(
    ("environment", "arguments", "sent"),
    [
        ({"COLORTERM": "truecolor"}, (), {"millions"}),
        ({"COLORTERM": "truecolor"}, ("--slow-link",), {"256"}),
        ({"TERM": "xterm-16color"}, (), {"16"}),
    ],
    ids=["millions", "slow link", "16"],
)
def test_only_colours_of_the_terminal_are_sent_and_nothing_at_rest(
    start: Start, tiny: Path, environment: dict[str, str], arguments: tuple[str, ...], sent: set[str]
) -> None:
    app = opened(start(tiny, *arguments, environment=environment))
    app.send("l2")
    app.wait("2 heatmap · L0H1")
    app.wait("↓→ cursor")
    assert colours(app.raw) == sent
    app.wait(lambda: app.quiet(1.0))  # once it does nothing it sends nothing: no clock, blinking cursor, animation
    app.send("q")
    assert app.exit_code() == 0
    assert_restored(app)


def colours(raw: bytes) -> set[str]:
    """The kinds of colours in what was sent: "millions", "256", "16"."""
    found = set()
    for sequence in re.findall(rb"\x1b\[([0-9;]+)m", raw):
        numbers = list(map(int, sequence.split(b";")))
        while numbers:
            code = numbers.pop(0)
            if code in (38, 48):
                found.add("256" if numbers[0] == 5 else "millions")
                numbers = numbers[2 if numbers[0] == 5 else 4 :]
            elif 30 <= code % 60 <= 37 or 40 <= code % 60 <= 47:  # 30–37, 40–47, and 90–97, 100–107
                found.add("16")
    return found


@pytest.mark.parametrize("size", [("20", "6"), ("200", "60")])
def test_the_size_is_the_terminals_whatever_the_environment_says_and_may_change(
    start: Start, tiny: Path, size: tuple[str, str]
) -> None:
    app = start(tiny, environment=dict(zip(("COLUMNS", "LINES"), size, strict=True)), size=(100, 30))
    app.wait(lambda: app.screen.display[-1].strip() and "q quit" in app.text)
    assert "too small" not in app.text
    for columns, lines, seen in [(80, 24, " 1 heads  2 heatmap "), (39, 9, "too small"), (120, 40, "6 insights")]:
        app.resize(columns, lines)
        app.wait(seen)
    app.send("q")
    assert app.exit_code() == 0
    assert_restored(app)
