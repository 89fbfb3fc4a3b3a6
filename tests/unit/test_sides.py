"""Two runs side by side in the engine: the difference is that of the matrices, and what cannot be compared says so."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from checkpoints import make_run, reference, save_checkpoint, settings
from references import dpt

from adtui.engine.jobs import Engine
from adtui.files.provenance import read_provenance
from adtui.records.head_comparison import INDEX, ROWS, HeadComparison
from adtui.records.layout import TRANSITIONS
from adtui.records.messages import Cancel, Cancelled, Done, Exported, Failed, OpenRun, Progress, Reply, Request
from adtui.records.pair_view import PairView
from adtui.records.place import Frame
from adtui.records.portable import from_plain, to_plain
from adtui.records.side_messages import BesideReady, ExportPair, GetPair, MatchHeads, PairReady, SetBeside

Ask = Callable[[Request], list[Reply]]


@pytest.fixture
def ask() -> Ask:
    """Everything that the engine says to a request."""
    said: list[Reply] = []
    engine = Engine(said.append)

    def one(request: Request) -> list[Reply]:
        said.clear()
        engine.handle(request)
        while engine.jobs:
            engine.advance()
        return list(said)

    return one


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    directory = tmp_path_factory.mktemp("runs")
    return [make_run(directory / f"run{seed}", "pre", n_transit=12, seed=seed) for seed in (0, 1)]


def beside(first: Path, second: Path, number: int = 1, samples: int = 2) -> SetBeside:
    return SetBeside(number, OpenRun(0, str(first), device="cpu", samples=samples), str(second))


def compared(replies: list[Reply]) -> HeadComparison:
    return next(reply.found for reply in replies if isinstance(reply, BesideReady))


def pair(replies: list[Reply]) -> PairView:
    return next(reply.view for reply in replies if isinstance(reply, PairReady))


def failure(replies: list[Reply]) -> str:
    return next(str(reply.error) for reply in replies if isinstance(reply, Failed))


def whole(runs: list[Path], heads: tuple[tuple[int, int], tuple[int, int]]) -> list[np.ndarray]:
    """Both full matrices, from sessions of their own; the second model on the first run's context."""
    from adtui.attention.capture import capture
    from adtui.engine.opening import open_session

    first, second = (open_session(run, device="cpu", samples=2) for run in runs)
    captures = [capture(session.model, first.samples[1]) for session in (first, second)]
    n = captures[0].heads.layout.view(TRANSITIONS).n_tokens
    return [one.heads.rows(*head, 0, n, TRANSITIONS) for one, head in zip(captures, heads, strict=True)]


@pytest.mark.parametrize("size", [(64, 64), (5, 4)])
def test_the_difference_is_that_of_the_matrices(ask: Ask, runs: list[Path], size: tuple[int, int]) -> None:
    ask(beside(runs[0], runs[1]))
    heads = ((1, 0), (0, 1))
    view = pair(ask(GetPair(2, 1, *heads, -1, Frame(*size))))
    first, second = whole(runs, heads)
    apart = second - first
    assert view.difference is not None
    down, across = view.first.row_edges, view.first.col_edges
    for r, c in np.ndindex(view.difference.pooled.shape):
        block = apart[down[r] : down[r + 1], across[c] : across[c + 1]]
        columns, rows = (np.arange(int(edges[i]), int(edges[i + 1])) for edges, i in ((across, c), (down, r)))
        seen = columns[None, :] <= rows[:, None]
        if not seen.any():
            assert np.isnan(view.difference.pooled[r, c])
            continue
        sizes = np.where(seen, np.abs(block), -1)
        assert view.difference.pooled[r, c] == pytest.approx(block.flat[sizes.argmax()], abs=1e-7)
    assert abs(apart[view.difference.peak]) == pytest.approx(view.difference.top) == pytest.approx(np.abs(apart).max())
    np.testing.assert_allclose(view.rows, np.stack([first[-1], second[-1]]), atol=1e-7)


def test_a_run_beside_itself_differs_nowhere(ask: Ask, runs: list[Path]) -> None:
    found = compared(ask(beside(runs[0], runs[0])))
    assert not found.in_one_only
    assert max(one.divergence.mean for one in found.pairs) < 1e-9
    view = pair(ask(GetPair(2, 0, (0, 0), (0, 0), 3, Frame(8, 8))))
    assert view.difference is not None
    assert view.difference.top == 0
    assert (view.rows[0] == view.rows[1]).all()
    assert not view.rows[:, 4:12].any()


def test_answers_can_be_kept_in_a_recorded_session(ask: Ask, runs: list[Path]) -> None:
    replies = [*ask(beside(runs[0], runs[1])), *ask(GetPair(2, 0, (0, 0), (1, 1), -1, Frame(8, 8)))]
    for reply in (beside(runs[0], runs[1]), *replies):
        plain = json.dumps(to_plain(reply))
        assert json.dumps(to_plain(from_plain(json.loads(plain)))) == plain


def test_it_says_how_far_it_is_and_can_be_stopped(runs: list[Path]) -> None:
    said: list[Reply] = []
    engine = Engine(said.append)
    engine.handle(beside(runs[0], runs[1]))
    while not any(isinstance(reply, Progress) and reply.what.endswith("first model") for reply in said):
        engine.advance()
    engine.handle(Cancel(2, 1))
    assert Cancelled(1, "side by side") in said
    assert not engine.jobs
    engine.handle(GetPair(3, 0, (0, 0), (0, 0), -1, Frame(8, 8)))
    assert "found none; choose one with <sides.other>" in failure(said)


def test_heads_are_matched_anew_and_the_figure_says_where_it_comes_from(
    ask: Ask, runs: list[Path], tmp_path: Path
) -> None:
    replies = ask(beside(runs[0], runs[1]))
    assert (compared(replies).matched, replies[-1]) == (ROWS, Done(1, "side by side"))
    by_index = compared(ask(MatchHeads(2, INDEX)))
    assert all(one.first == one.second for one in by_index.pairs)
    assert by_index.in_one_only == tuple(sorted(by_index.in_one_only, key=lambda one: one.p))
    told = next(reply for reply in ask(ExportPair(3, 0, (1, 1), (1, 0), str(tmp_path))) if isinstance(reply, Exported))
    assert [Path(path).name for path in told.paths] == ["pair_sample0_layer1_head1_layer1_head0.png"]
    assert Path(told.directory, Path(told.paths[0]).name) == Path(told.paths[0]).resolve()
    about = read_provenance(Path(told.paths[0]))
    assert [one["run"] for one in about["runs"]] == ["run0", "run1"]
    assert about["options"]["pair"] == [[1, 1], [1, 0]]


def test_other_tokens_have_no_difference_and_say_so(ask: Ask, runs: list[Path], tmp_path: Path) -> None:
    other = dpt.make_run(tmp_path / "dpt")
    replies = ask(beside(runs[0], other))
    view = pair(ask(GetPair(2, 0, (0, 0), compared(replies).pairs[0].second, -1, Frame(8, 8))))
    assert view.difference is None
    assert "other tokens in other places" in view.why


@pytest.mark.parametrize("env", ["darkroompermuted", "darkkeytodoor"])
def test_another_world_is_one_line(ask: Ask, runs: list[Path], tmp_path: Path, env: str) -> None:
    weights = reference("pre", n_transit=12).state_dict()
    other = save_checkpoint(tmp_path / "other" / "ckpt-7.pt", weights, settings(n_transit=12, env=env))
    said = failure(ask(beside(runs[0], other)))
    assert f"found {env}" in said
    assert "\n" not in said


def test_what_does_not_open_is_one_line(ask: Ask, runs: list[Path], tmp_path: Path) -> None:
    broken = tmp_path / "broken" / "ckpt-1.pt"
    broken.parent.mkdir()
    broken.write_bytes(b"x" * 100)
    said = failure(ask(beside(runs[0], broken)))
    assert "ckpt-1.pt" in said
    flow = dataclasses.replace(beside(runs[0], runs[1]).run, flow_step=2)
    assert "expected the prior pass" in failure(ask(SetBeside(1, flow, str(runs[1]))))
