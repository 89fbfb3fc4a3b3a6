"""Runs compared for the app: row by row, as `adtui compare` measures them, in a process of its own."""

from __future__ import annotations

import json
import queue
from pathlib import Path

from checkpoints import reference, save_checkpoint, settings

from adtui.engine.comparing_process import answer
from adtui.engine.trials_child import ChildComparison
from adtui.records.compare_messages import CompareRuns, RunsCompared
from adtui.records.messages import OpenRun, Progress, Reply
from adtui.records.portable import from_plain, to_plain


def test_rows_come_one_by_one(tmp_path: Path) -> None:
    paths = []
    for seed in (0, 1):
        weights = reference("pre", n_transit=6, seed=seed).state_dict()
        config = settings(n_transit=6, horizon=3, lr=0.1 * seed)
        paths.append(str(save_checkpoint(tmp_path / f"run{seed}" / "ckpt-5.pt", weights, config).parent))
    said: list[Reply] = []
    answer(CompareRuns(7, tuple(paths), OpenRun(0, "", device="cpu", samples=2)), said.append)
    found = [reply.found for reply in said if isinstance(reply, RunsCompared)]
    assert [(len(one.rows), one.missing) for one in found] == [(1, 1), (2, 0)]
    assert found[1].differing == ("lr",)
    plain = json.dumps(to_plain(found[1]))
    assert json.dumps(to_plain(from_plain(json.loads(plain)))) == plain  # in a recorded session
    assert found[1].rows[0] == found[0].rows[0]
    assert found[1].rows[1].change is not None
    assert all(reply.id == 7 for reply in said)
    assert {"1/2 rolling out", "2/2 rolling out"} <= {reply.what for reply in said if isinstance(reply, Progress)}


def test_the_process_says_why_a_run_cannot_be_read_and_ends(tmp_path: Path) -> None:
    broken = tmp_path / "broken" / "ckpt-5.pt"
    broken.parent.mkdir()
    broken.write_bytes(b"x" * 64)
    said: list[Reply] = []
    nudges: queue.SimpleQueue[None] = queue.SimpleQueue()
    child = ChildComparison(
        CompareRuns(1, (str(broken.parent),), OpenRun(0, "")), said.append, lambda: nudges.put(None)
    )
    for _ in range(100):
        nudges.get(timeout=100)
        try:
            next(child)
        except StopIteration:
            break
    [found] = [reply.found for reply in said if isinstance(reply, RunsCompared)]
    assert "expected a checkpoint" in found.rows[0].why[0] or found.rows[0].why
    assert not found.missing
