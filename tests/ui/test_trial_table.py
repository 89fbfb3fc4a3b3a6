"""The table of a sweep: names are whole at every width."""

from __future__ import annotations

import io

import pytest
from lab_data import last_of, report, trial
from rich.console import Console

from adtui.compression.trials.plan import FULL
from adtui.records.trial_messages import RunSweep
from adtui.reports.trials import print_report

LABELS = ("newest+rewarded:10", "observation-window:20", "sink-recent:20:sinks=4", "random:20", "recent:20")


def printed(width: int) -> str:
    request = RunSweep(1, "runs/latest", ("recent",), (10, 20), directory="d")
    out = io.StringIO()
    print_report(
        report(request, [trial(label, last_of(label)) for label in (FULL, *LABELS)]), Console(file=out, width=width)
    )
    return out.getvalue()


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 180, 250])
def test_every_cell_can_be_told_apart(width: int) -> None:
    text = printed(width)
    for label in LABELS:
        assert label in text
    assert "…" not in text


def test_a_narrow_terminal_gets_blocks_that_say_the_same() -> None:
    wide, narrow = printed(250), printed(80)
    assert "│" in wide or "┃" in wide
    assert "│" not in narrow
    table = narrow.partition("agree: the same")[0]
    assert all(len(line) <= 80 for line in table.splitlines())
    for value in ("95%", "0.012", "without rewards", "P(>full) 0.40"):
        assert value in table
