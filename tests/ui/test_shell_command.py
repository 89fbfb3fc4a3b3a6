"""`Y`: the command is that of the pane, survives a shell's quoting, and is taken by `adtui` as it stands."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from app_driver import opened, until
from fake_engine import run_info

from adtui.cli.main import command_parser, main
from adtui.records.messages import OpenRun
from adtui.ui.explorer.panes import ACTIONS, HEADS, HEATMAP, INSIGHTS, NUMBERS, QUERY, RECEIVED
from adtui.ui.explorer.selection import Selection
from adtui.ui.explorer.shell_command import ARRAYS, shell_command

ASKED = OpenRun(7, "runs/it's one")
CHOSEN = Selection(sample=1, layer=1, head=1)


def test_what_each_pane_is_by_a_command() -> None:
    run = run_info()
    path = shlex.quote(ASKED.path)
    drawn = f"adtui map {path} --sample 1 --layer 1 --head 1"
    arrays = f"adtui extract {path} --layers 1 --output {ARRAYS}"
    expected = {ACTIONS: drawn, QUERY: drawn, HEATMAP: arrays, RECEIVED: arrays}
    expected |= {NUMBERS: f"adtui analyze {path}", INSIGHTS: f"adtui analyze {path}", HEADS: f"adtui export {path}"}
    for pane, command in expected.items():
        assert shell_command(pane, ASKED, CHOSEN, run) == command


def test_a_moment_and_the_mean_are_said() -> None:
    run = run_info()
    chosen = replace(CHOSEN, mean=True, query=5)
    assert shell_command(ACTIONS, ASKED, chosen, run).endswith(f"--sample 1 --layer 1 --moment {chosen.moment(run)}")


def test_every_option_of_the_opening_is_taken_by_the_parser() -> None:
    asked = OpenRun(
        7,
        "r",
        "cuda:1",
        samples=30,
        seed=3,
        context=40,
        heads=2,
        causal=False,
        window=2,
        histories="/h s",
        adapter="a.py",
    )
    for pane in (ACTIONS, HEATMAP, NUMBERS, HEADS):
        _, name, *rest = shlex.split(shell_command(pane, asked, CHOSEN, run_info()))
        args = command_parser(name).parse_args(rest)
        for option in ("device", "samples", "seed", "context", "heads", "causal", "window", "histories", "adapter"):
            assert getattr(args, option) == getattr(asked, option)


def test_a_later_sample_is_asked_for() -> None:
    command = shell_command(HEATMAP, ASKED, Selection(sample=25), run_info())
    assert command.endswith("--samples 26")
    assert "--samples" not in shell_command(NUMBERS, ASKED, Selection(sample=25), run_info())
    assert shell_command(HEATMAP, replace(ASKED, samples=40), Selection(sample=25), run_info()).endswith("--samples 40")


@pytest.mark.parametrize("pane", [ACTIONS, HEATMAP])
def test_the_command_runs(
    pane: int, adcw_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    link = tmp_path / "a run; here"
    link.symlink_to(adcw_run)
    monkeypatch.chdir(tmp_path)
    asked = OpenRun(0, link.name, samples=2)
    assert main(shlex.split(shell_command(pane, asked, CHOSEN, run_info()))[1:]) == 0
    out = capsys.readouterr().out
    assert (tmp_path / ARRAYS).exists() if pane == HEATMAP else "\nsample 1: " in out and "L1 H1" in out


async def test_shift_y_copies_it() -> None:
    async with opened() as (app, _engine, pilot):
        await pilot.press("j", "2", "Y")
        await until(pilot, lambda: app.clipboard)
        assert app.clipboard == f"adtui extract runs/latest --layers 1 --output {ARRAYS}"
