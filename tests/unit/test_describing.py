"""What the list of runs says of each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from checkpoints import make_run

from adtui.engine import describing
from adtui.engine.describing import describe
from adtui.files.runs import Run
from adtui.records.list_messages import Describe, Described
from adtui.ui.renderables.runs_table import COLUMNS, FAMILY, RETURN, STEP, RunRow, ordered, table


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny run at one step."""
    return make_run(tmp_path_factory.mktemp("described") / "runs" / "AD-tiny", "pre")


def stored(run: Path, **changes: Any) -> None:
    """An evaluation beside the run's checkpoint."""
    (checkpoint,) = run.glob("ckpt-*.pt")
    about = {"checkpoint": f"x/{checkpoint.name}", "step": int(checkpoint.stem.split("-")[1])}
    curves = {"held_out": {"last": {"mean": 3.5, "low": 3.0, "high": 4.0}, "optimal": 4.0}}
    (run / "evaluation.json").write_text(json.dumps(about | {"curves": curves} | changes))


def test_its_family_and_its_stored_return(run: Path) -> None:
    (run / "evaluation.json").unlink(missing_ok=True)
    assert describe(Describe(3, str(run))) == Described(3, str(run), "encoder · pre-norm · causal")
    stored(run)
    assert describe(Describe(4, str(run))) == Described(4, str(run), "encoder · pre-norm · causal", True, 3.5, 4.0)


@pytest.mark.parametrize(
    "changes",
    [{"step": 1}, {"checkpoint": "x/ckpt-1.pt"}, {"curves": {}}, {"curves": {"held_out": {"last": {"mean": "NaN"}}}}],
    ids=["of another step", "of another file", "without a curve", "without a number"],
)
def test_a_return_of_something_else_is_not_its_return(run: Path, changes: dict[str, Any]) -> None:
    stored(run, **changes)
    assert describe(Describe(1, str(run))).last is None


def test_what_does_not_open_is_said_in_its_row(tmp_path: Path, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ckpt-1.pt").write_bytes(b"garbage" * 50)
    garbage = describe(Describe(1, str(tmp_path)))
    assert not garbage.opens
    assert garbage.family.startswith("does not open: ")
    assert not describe(Describe(1, str(tmp_path / "gone"))).opens
    monkeypatch.setattr(describing, "LARGEST", 10)
    assert describe(Describe(1, str(run))).family == "0.0 GB: not looked into"


def row(name: str, step: int, last: float | None) -> RunRow:
    run = Run(name, Path(name), ((step, Path(name) / f"ckpt-{step}.pt"),))
    return RunRow(run, (step, (1000 - step) * 10**9, 1), Described(0, name, f"family of {name}", True, last, 20.0))


ROWS = (row("b", 9, 3.0), row("a", 10, None), row("c", 2, 7.0))


def test_numbers_are_sorted_as_numbers_and_rows_without_one_stay_last() -> None:
    def names(column: str, turned: bool) -> str:
        return "".join(row.run.name for row in ordered(ROWS, column, turned))

    assert [names(RETURN, turned) for turned in (False, True)] == ["cba", "bca"]
    assert [names(STEP, turned) for turned in (False, True)] == ["abc", "cba"]
    assert [names(FAMILY, turned) for turned in (False, True)] == ["abc", "cba"]


@pytest.mark.parametrize("width", range(8, 90, 3))
def test_columns_go_whole_where_it_is_narrow(width: int) -> None:
    head, *lines = table(ROWS, 2000.0, width, STEP, turned=False)
    assert len({len(head), *map(len, lines)}) == 1
    titles = head.replace(" ▼", "").split()
    assert titles[0] == "run"
    assert set(titles) <= set(COLUMNS)
    assert len(head) <= width or titles == ["run"]
    assert width < 70 or len(titles) == len(COLUMNS)
