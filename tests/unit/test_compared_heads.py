"""Two models head by head: who is matched with whom, which head has changed, which claims hold in one only."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from checkpoints import make_run, reference, save_checkpoint, settings
from planted import WIDTH, planted_session
from references import compressed_ad
from torch import Tensor

from adtui.cli.main import main
from adtui.engine import compared_heads
from adtui.engine.compared_heads import Seen, matched, pairs_of, seen
from adtui.engine.compared_runs import candidates
from adtui.engine.comparison import Asked
from adtui.engine.opening import open_session
from adtui.engine.session import Session
from adtui.files.checkpoint import load_checkpoint
from adtui.files.provenance import read_provenance
from adtui.insights.differences import claim_tests
from adtui.insights.evidence import Evidence
from adtui.models.loading import load_model
from adtui.records.errors import ConfigError
from adtui.statistics.assignment import assign
from adtui.statistics.divergence import jensen_shannon

HEADS, WIDE = 4, 4
"""Of each of the two layers of `run`, and numbers of each."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("runs") / "tiny", "pre", n_head=HEADS, n_transit=12)


@pytest.fixture(scope="module")
def session(run: Path) -> Session:
    return open_session(run, samples=40, device="cpu")


def changed(run: Path, change: Callable[[dict[str, Tensor]], None]) -> Any:
    """The run's model with other weights."""
    checkpoint = load_checkpoint(run / "ckpt-7.pt")
    weights = {name: tensor.clone() for name, tensor in checkpoint.weights.items()}
    change(weights)
    return load_model(replace(checkpoint, weights=weights), device="cpu")


def mute(layer: int, head: int) -> Callable[[dict[str, Tensor]], None]:
    """What the head attends to reaches nothing."""

    def change(weights: dict[str, Tensor]) -> None:
        name = f"transformer_encoder.layers.{layer}.self_attn.out_proj.weight"
        weights[name][:, head * WIDE : (head + 1) * WIDE] = 0

    return change


def permute(order: list[int]) -> Callable[[dict[str, Tensor]], None]:
    """Head i of each layer becomes what head order[i] was: the same model under other numbers."""
    columns = torch.cat([torch.arange(head * WIDE, (head + 1) * WIDE) for head in order])
    rows = torch.cat([columns + part * HEADS * WIDE for part in range(3)])

    def change(weights: dict[str, Tensor]) -> None:
        for layer in range(2):
            name = f"transformer_encoder.layers.{layer}.self_attn"
            weights[f"{name}.in_proj_weight"] = weights[f"{name}.in_proj_weight"][rows]
            weights[f"{name}.in_proj_bias"] = weights[f"{name}.in_proj_bias"][rows]
            weights[f"{name}.out_proj.weight"] = weights[f"{name}.out_proj.weight"][:, columns]

    return change


@pytest.mark.parametrize("shape", [(1, 1), (2, 2), (3, 3), (4, 4), (2, 5), (5, 2), (5, 5)])
def test_no_other_assignment_costs_less(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    for draw in range(20):
        cost = rng.integers(0, 5, shape).astype(np.float64) if draw % 2 else rng.random(shape)
        found = assign(cost)
        rows, columns = zip(*found, strict=True)
        assert len(set(rows)) == len(set(columns)) == min(shape)
        flat = cost if shape[0] <= shape[1] else cost.T
        least = min(
            sum(flat[i, j] for i, j in enumerate(order))
            for order in itertools.permutations(range(flat.shape[1]), flat.shape[0])
        )
        assert sum(cost[i, j] for i, j in found) == pytest.approx(least)


def test_divergence_is_symmetric_and_between_0_and_1() -> None:
    p, q = np.random.default_rng(0).dirichlet(np.full(6, 0.2), (2, 50))
    np.testing.assert_allclose(jensen_shannon(p, q), jensen_shannon(q, p))
    assert (jensen_shannon(p, q) > 0).all()
    assert (jensen_shannon(p, p) == 0).all()
    assert jensen_shannon(np.eye(3)[0], np.eye(3)[1]) == pytest.approx(1)
    half = jensen_shannon(np.array([1.0, 0.0]), np.array([0.5, 0.5]))  # by hand: ½ ln 4/3 + ½ (½ ln 2/3 + ½ ln 2)
    assert half == pytest.approx((0.5 * np.log(4 / 3) + 0.25 * np.log(2 / 3) + 0.25 * np.log(2)) / np.log(2))


def test_heads_under_other_numbers_are_found_again(run: Path, session: Session) -> None:
    order = [2, 0, 3, 1]
    samples = session.samples[:6]
    first, second = seen(session.model, samples), seen(changed(run, permute(order)), samples)
    by = matched(first, second, "rows")
    moved = [(old, new) for new, old in enumerate(order)]
    assert by == sorted((layer * HEADS + old, layer * HEADS + new) for layer in range(2) for old, new in moved)
    for pair in pairs_of(first, second, by, samples):
        assert pair.divergence.mean == pytest.approx(0, abs=1e-6)
        assert pair.difference.mean == pytest.approx(0, abs=1e-5)


def test_one_muted_head_is_ranked_first_in_20_of_20(tmp_path: Path, run: Path, session: Session) -> None:
    others = [make_run(tmp_path / str(seed), "pre", n_head=HEADS, n_transit=12, seed=seed) for seed in (1, 2)]
    samples = session.samples[:3]
    trials = [(one, layer, head) for one in (run, *others) for layer in range(2) for head in range(HEADS)][:20]
    whole: dict[Path, Seen] = {one: seen(changed(one, lambda _: None), samples) for one in (run, *others)}
    for one, layer, head in trials:
        muted = seen(changed(one, mute(layer, head)), samples)
        first, *rest = pairs_of(whole[one], muted, matched(whole[one], muted, "rows"), samples)
        assert first.first == (layer, head)
        assert first.difference.mean == pytest.approx(1)
        assert first.writes_second == 0
        assert rest[0].difference.mean < 0.9


def test_a_run_against_itself_shows_few_false_differences(session: Session) -> None:
    """Its contexts are halved at random: no head differs from itself, whatever is found is false."""
    samples, rng = session.samples, np.random.default_rng(0)
    stats, heads = seen(session.model, samples).stats, seen(session.model, samples[:1]).heads
    with_any = tests = false = 0
    for _ in range(40):
        order = rng.permutation(len(samples))
        halves = [
            Evidence([stats[i] for i in half], [replace(samples[i], history=int(i)) for i in half])
            for half in (order[::2], order[1::2])
        ]
        found = claim_tests(halves[0], halves[1], [(head, head) for head in heads], paired=False)
        tests += len(found)
        false += sum(one.differs for one in found)
        with_any += any(one.differs for one in found)
    assert tests > 1000
    assert false <= 0.05 * tests
    assert with_any <= 5  # of 40, of which 2 are expected at most


def test_the_same_model_on_the_same_contexts_differs_in_nothing(session: Session) -> None:
    samples = session.samples[:9]
    one = seen(session.model, samples)
    found = claim_tests(
        Evidence(one.stats, samples), Evidence(one.stats, samples), [(h, h) for h in one.heads], paired=True
    )
    assert found
    assert all(test.p == 1 and not test.differs for test in found)


def test_a_model_that_keeps_latents_is_refused_before_contexts_are_made(
    tmp_path: Path, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = compressed_ad.make_run(tmp_path / "other", n_transit=8)
    asked = Asked("cpu", None, None, None, seed=0, samples=2)
    first, second = candidates([str(run), str(other)], once=False)
    with monkeypatch.context() as patch:
        patch.setattr(compared_heads, "open_session", None)
        with pytest.raises(ConfigError, match=r"one that sees .* of .*give --context [0-9]+ or less") as refused:
            compared_heads.opened(first, second, asked, lambda *_: None)
    (most,) = map(int, re.findall("--context ([0-9]+)", str(refused.value)))
    both = compared_heads.opened(first, second, replace(asked, context=most), lambda *_: None)
    assert {sample.n_context for sample in both.first.samples} == {most}


def test_a_claim_that_holds_in_one_only_is_found(tmp_path: Path) -> None:
    session = planted_session(tmp_path / "planted", analyse=False)
    checkpoint = load_checkpoint(tmp_path / "planted" / "ckpt-1.pt")
    weights = {name: tensor.clone() for name, tensor in checkpoint.weights.items()}
    weights["transformer_encoder.layers.0.self_attn.in_proj_bias"][WIDTH] = 0  # head 1 asks for nothing any more
    other = load_model(replace(checkpoint, weights=weights), device="cpu")
    one, two = seen(session.model, session.samples), seen(other, session.samples)
    tests = claim_tests(
        Evidence(one.stats, session.samples),
        Evidence(two.stats, session.samples),
        [(head, head) for head in one.heads],
        paired=True,
    )
    only = {(test.kind, test.first, test.holds_first) for test in tests if test.in_one_only}
    assert ("reward-seeking", (0, 1), True) in only
    assert {head for _, head, _ in only} == {(0, 1)}


def test_the_command_prints_pairs_and_claims(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = save_checkpoint(
        tmp_path / "other" / "ckpt-9.pt",
        reference("pre", n_head=2, n_transit=20, n_layer=1, seed=3).state_dict(),
        settings(2, 20),
    ).parent
    command = ["compare", str(run), str(other), "--head-by-head", "--samples", "4", "--device", "cpu"]
    assert main([*command, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["schema"] == "adtui.heads/1"
    assert (len(told["pairs"]), len(told["unmatched"])) == (2, 6)
    assert [one["run"] for one in told["provenance"]["runs"]] == ["tiny", "other"]
    assert main([*command, "--own-contexts"]) == 0
    out = capsys.readouterr().out
    assert "A tiny · step 7, B other · step 9: heads matched by rows" in out
    assert "Claims of B rest on others: 4 contexts" in out
    figure = tmp_path / "heads.pdf"
    assert main([*command[:3], "--heads", *command[4:], "-o", str(figure)]) == 0  # by its other name
    assert figure.read_bytes().startswith(b"%PDF")
    assert [one["run"] for one in read_provenance(figure)["runs"]] == ["tiny", "other"]
    capsys.readouterr()
    assert main([*command, "-o", "heads.txt"]) == 2
    assert "expected FIGURE.png or FIGURE.pdf or FIGURE.svg" in capsys.readouterr().err
    assert main([*command, "--match", "index"]) == 2
    assert "--match: expected models with the same layers and heads, found 8 and 2 heads" in capsys.readouterr().err
    assert main([*command[:2], *command[3:]]) == 2
    assert "--head-by-head: expected two runs, found 1" in capsys.readouterr().err
    assert main([*command, "--csv", "x.csv"]) == 2
    assert "--head-by-head: expected no --csv beside it" in capsys.readouterr().err
