"""`adtui compare`: the same tasks and draws for all, what cannot be compared is said, whole rows survive Ctrl+C."""

from __future__ import annotations

import csv
import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest
from checkpoints import make_run, reference, save_checkpoint, settings

from adtui.cli.main import main
from adtui.engine import comparison
from adtui.engine.compared_runs import candidates, chosen
from adtui.files.provenance import read_provenance
from adtui.records.comparison import Comparison
from adtui.records.errors import ConfigError, RunError

FEW = ("--episodes", "3", "--streams", "1", "--device", "cpu")
SMALL = comparison.Asked(device="cpu", episodes=3, streams=1, claims=False)


def _silent(what: str, done: int, total: int) -> None:
    del what, done, total


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two that differ, a copy of the first, three that are measured elsewhere or nowhere, and no run."""
    root = tmp_path_factory.mktemp("runs")
    make_run(root / "a", "pre", n_transit=12)
    make_run(root / "b", "pre", n_transit=20, seed=5)
    shutil.copytree(root / "a", root / "c")
    weights = reference("pre", n_transit=12).state_dict()
    others: dict[str, dict[str, Any]] = {"longer": {"horizon": 25}, "resplit": {"env_split_seed": 7}}
    for name, other in (others | {"unknown": {"env": "maze"}}).items():
        save_checkpoint(root / name / "ckpt-7.pt", weights, settings(2, 12) | other)
    (root / "notes").mkdir()
    return root


@pytest.fixture(scope="module")
def found(runs: Path) -> Comparison:
    listed = candidates([str(runs / name) for name in ("a", "b", "c", "longer", "resplit", "unknown", "notes")])
    return comparison.compare(
        [comparison.measure(one, number, SMALL, _silent) for number, one in enumerate(listed, 1)], SMALL
    )


def test_a_copy_differs_by_nothing_and_means_add_up(found: Comparison) -> None:
    a, b, c = found.rows[:3]
    assert found.reference == 1
    assert a.change is None
    assert c.change is not None
    assert (c.change.mean, c.change.low, c.change.high) == (0.0, 0.0, 0.0)
    assert a.learned
    assert b.learned
    assert b.change
    assert b.first_change
    assert b.change.mean == pytest.approx(b.learned.last.mean - a.learned.last.mean)
    assert b.first_change.mean == pytest.approx(b.learned.first.mean - a.learned.first.mean)
    assert b.change.low <= b.change.mean <= b.change.high
    assert a.learned.last.mean == pytest.approx(a.learned.gain.mean + a.learned.first.mean)
    assert len(a.learned.episodes) == 3
    assert len(a.learned.tasks) == 8


def test_what_cannot_be_compared_says_why(found: Comparison) -> None:
    longer, resplit, unknown, notes = found.rows[3:]
    assert longer.learned
    assert longer.change is None
    assert longer.why == ("not compared on return: another world",)
    assert resplit.why == ("not compared on return: other tasks are held out",)
    assert unknown.learned is None
    assert unknown.why[0].startswith("no return: env: expected darkroom")
    assert "expected checkpoints named ckpt-<step>.pt, found an empty directory" in notes.why[0]


def test_only_settings_that_differ_are_named(found: Comparison) -> None:
    assert set(found.differing) == {"n_transit", "context", "parameters", "horizon", "env_split_seed", "env"}
    assert (found.rows[0].config["context"], found.rows[1].config["context"]) == (11, 19)


def test_numbers_are_those_of_evaluate(found: Comparison, runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(runs / "a"), "--json", *FEW]) == 0
    told = json.loads(capsys.readouterr().out)["curves"]["held_out"]
    learned = found.rows[0].learned
    assert learned
    assert told["optimal"] == learned.optimal
    assert told["random"] == learned.random
    assert [one["mean"] for one in told["episodes"]] == pytest.approx([one.mean for one in learned.episodes])
    assert sorted(map(int, told["by_goal"])) == list(learned.tasks)


def test_paths_and_filters(runs: Path, tmp_path: Path) -> None:
    named = [one.label for one in candidates([str(runs)])]
    assert named == ["a", "b", "c", "longer", "resplit", "unknown"]
    twice = candidates([str(runs / "a"), str(runs / "a" / "ckpt-7.pt"), str(runs / "b" / "ckpt-7.pt")])
    assert [one.label for one in twice] == ["a", "b/ckpt-7.pt"]
    assert [one.label for one in chosen(candidates([str(runs)]), "n_transit=20")] == ["b"]
    with pytest.raises(ConfigError, match="which none of a, b, c, … has"):
        chosen(candidates([str(runs)]), "n_transit=99")
    with pytest.raises(RunError, match="found nothing"):
        candidates([str(tmp_path / "nowhere")])
    shutil.copytree(runs / "a", tmp_path / "other" / "a")
    same = [one.label for one in candidates([str(runs / "a"), str(tmp_path / "other" / "a")])]
    assert len(set(same)) == 2


def test_table_json_csv_and_figure_say_the_same(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [tmp_path / name for name in ("rows.csv", "curves.png", "again.png")]
    command = ["compare", *(str(runs / name) for name in ("b", "a", "notes")), *FEW, "--samples", "3"]
    assert main([*command, "--json", "--csv", str(files[0]), "-o", str(files[1]), "--sort", "n_transit"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [row["number"] for row in told["rows"]] == [2, 1, 3]
    assert told["reference"] == 1
    assert told["rows"][0]["claims"]["contexts"].startswith("3 contexts: ")
    with files[0].open() as file:
        rows: list[dict[str, Any]] = list(csv.DictReader(file))
    assert [row["run"] for row in rows] == ["a", "b", "notes"]
    assert float(rows[0]["difference_low"]) == told["rows"][0]["change"]["low"]
    assert rows[1]["difference"] == rows[2]["last"] == ""
    assert rows[0]["digest"] == told["rows"][0]["digest"] == told["provenance"]["runs"][1]["digest"]
    assert read_provenance(files[1])["runs"] == told["provenance"]["runs"]
    assert main([*command, "-o", str(files[2]), "--no-claims", "--sort", "n_transit"]) == 0
    text = capsys.readouterr().out
    assert "3 runs" in text
    assert "● #2 a" in text
    assert "#3: notes: expected checkpoints" in text


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--sort", "lr"), "--sort: expected name, step, first"),
        (("--filter", "zebra"), "--filter: expected text of a run's name"),
        (("-o", "curves.pdf"), "--output: expected FIGURE.png, found curves.pdf"),
    ],
)
def test_a_mistake_is_one_line_and_exit_2(
    runs: Path, more: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", str(runs / "notes"), *FEW, "--no-claims", *more]) == 2
    err = capsys.readouterr().err
    assert told in err
    assert err.count("\n") == 1


def test_ctrl_c_keeps_whole_rows(
    runs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    measure = comparison.measure

    def stops(one: Any, number: int, *more: Any) -> Any:
        if number == 2:
            raise KeyboardInterrupt
        return measure(one, number, *more)

    monkeypatch.setattr(comparison, "measure", stops)
    assert main(["compare", str(runs / "a"), str(runs / "b"), *FEW, "--no-claims", "--json"]) == 130
    told = json.loads(capsys.readouterr().out)
    assert [row["label"] for row in told["rows"]] == ["a"]
    assert told["missing"] == 1
    assert math.isfinite(told["rows"][0]["learned"]["last"]["mean"])


def test_a_narrow_terminal_gets_a_block_a_run(found: Comparison) -> None:
    from rich.console import Console

    from adtui.reports.comparison import print_comparison, stacked

    console = Console(width=40, force_terminal=True, color_system=None)
    with console.capture() as printed:
        print_comparison(found, console, plot=False)
    assert "│" not in printed.get()
    blocks = list(stacked(found, 40))
    assert max(len(line.plain) for line in blocks) <= 44
    [bold] = [line for line in blocks if "n_transit 20" in line.plain]
    assert any(span.style == "bold" and bold.plain[span.start : span.end] == "n_transit 20" for span in bold.spans)
