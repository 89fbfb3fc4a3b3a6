"""`adtui map` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from checkpoints import make_run
from PIL import Image

from adtui.cli.main import main


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("runs") / "tiny", "pre", n_transit=12)


def few(run: Path, *more: str) -> list[str]:
    return ["map", str(run), "--samples", "1", "--device", "cpu", *more]


def test_text_is_about_what_was_asked(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(few(run, "--layer", "1", "--head", "0", "--moment", "5")) == 0
    out = capsys.readouterr().out
    assert "L1 H0 · moment 5 of 11" in out
    assert "@ query, G at" in out
    assert "stay 0." in out


def test_json_holds_the_whole_row(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(few(run, "--json")) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == "adtui.map/1"
    mass = sum(value for row in found["mass"] for value in row if value is not None)
    assert mass + found["query"]["attention"] + found["other_tokens"] == pytest.approx(1, abs=1e-6)
    assert sum(one["attention"] for one in found["transitions"]) == pytest.approx(mass, abs=1e-6)
    assert sum(found["actions"]) == pytest.approx(1)
    assert len(found["transitions"]) == found["moment"] == found["recorded"] == 11


def test_the_model_plays_on_and_the_files_are_the_same_twice(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = []
    for name in ("one", "two"):
        for ending in (".png", ".gif"):
            path = tmp_path / f"{name}{ending}"
            assert main(few(run, "--play", "2", "--output", str(path))) == 0
            files.append(path)
    assert "moment 13 of 13" in capsys.readouterr().out
    assert files[0].read_bytes() == files[2].read_bytes()
    assert files[1].read_bytes() == files[3].read_bytes()
    with Image.open(files[1]) as film:
        assert film.n_frames == 14  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--layer", "7"), "L7: expected L0H0 to L1H1"),
        (("--sample", "3"), "sample 3: expected a sample from 0 to 0"),
        (("--output", "map.pdf"), "--output: expected FILE.png or FILE.gif, found map.pdf"),
    ],
)
def test_a_mistake_is_one_line_and_exit_2(
    run: Path, more: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(few(run, *more)) == 2
    err = capsys.readouterr().err
    assert told in err
    assert err.count("\n") == 1
