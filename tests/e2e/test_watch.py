"""The real program watches a run while training writes its checkpoints."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from checkpoints import make_run
from terminal import Terminal, assert_restored


@pytest.mark.slow
def test_checkpoints_open_as_they_come_and_a_half_written_one_is_waited_for(tmp_path: Path) -> None:
    run, made = make_run(tmp_path / "tiny", "pre", n_transit=8), tmp_path / "made"
    make_run(made, "pre", n_transit=8, step=20)
    make_run(made, "pre", n_transit=8, step=100)
    content = (made / "ckpt-20.pt").read_bytes()
    words = [sys.executable, "-m", "adtui", str(run), "--watch", "--samples", "2", "--device", "cpu"]
    app = Terminal(words, tmp_path, (120, 40))
    try:
        app.wait("tiny · step 7 ")
        app.wait("1 heads · L")
        app.send("KKHHj")
        app.wait("1 heads · L1H0")
        with (run / "ckpt-20.pt").open("wb") as file:
            file.write(content[: len(content) // 2])
            file.flush()
            app.wait("waiting for a checkpoint to be complete")
            app.wait(lambda: app.quiet(1.5))  # looked at twice and more meanwhile, and nothing sent
            assert "tiny · step 7 " in app.text
            file.write(content[len(content) // 2 :])
        app.wait("tiny · step 20 ")
        (run / "ckpt-100.pt").write_bytes((made / "ckpt-100.pt").read_bytes())
        app.wait("tiny · step 100 ")
        app.wait("1 heads · L1H0")
        app.wait(lambda: app.quiet(1.5))
        app.send(",")
        app.wait("tiny · step 20 ")
        app.send("q")
        assert app.exit_code() == 0
        assert_restored(app)
    finally:
        app.close()


def test_a_run_without_a_checkpoint_is_waited_for_and_a_wrong_path_is_not(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    app = Terminal([sys.executable, "-m", "adtui", str(tmp_path / "new"), "--watch"], tmp_path, (120, 40))
    try:
        app.wait("waiting for the first checkpoint in")
        app.send("q")
        assert app.exit_code() == 0
        assert_restored(app)
    finally:
        app.close()
    for path, options in ((tmp_path / "nothing", ["--watch"]), (tmp_path / "new", [])):
        wrong = Terminal([sys.executable, "-m", "adtui", str(path), *options], tmp_path, (120, 40))
        try:
            assert wrong.exit_code() == 2
            assert f"{path}: expected" in wrong.text.replace("\n", "")
        finally:
            wrong.close()
