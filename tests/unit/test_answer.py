"""The answer in three lines: its words follow the tests, and "not yet" is not "no"."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from checkpoints import make_run

from adtui.compression.trials.known import BESIDE, WRITTEN, known_trials
from adtui.files.checkpoint import load_checkpoint
from adtui.insights.answer import NAMED, answer, telling_head
from adtui.insights.named_transitions import NAMES
from adtui.models.loading import load_model
from adtui.models.mark import weights_mark
from adtui.models.model import Model
from adtui.records.answer import KnownTrials
from adtui.records.insight import Insight

SEEN = Insight("recency", "model", "It is.", 9, (5, 20), 8, 2, "", n_keys=79)
MODEL = replace(SEEN, status="confirmed", knock_out=16.8, knock_out_changed=0.44, knock_out_contexts=18, knock_out_n=8)
HEAD = replace(MODEL, scope="head", layer=2, head=0, kind="reward-seeking", knock_out=12.4)


def lines(*insights: Insight, testing: bool | None = False, trials: KnownTrials | None = None) -> list[tuple[str, str]]:
    found = answer(insights, contexts=18, n_heads=16, testing=testing, trials=trials)
    return [(line.words, line.basis) for line in found]


def test_every_kind_that_names_something_has_words() -> None:
    assert sorted(NAMED) == sorted(NAMES)


def test_what_is_confirmed_is_said_with_its_size_the_strongest_first() -> None:
    rewards = replace(MODEL, kind="reward-seeking", knock_out=280.0, knock_out_changed=0.71, phase="first reward")
    uses, heads, compress = lines(MODEL, rewards, HEAD, replace(HEAD, kind="recency", knock_out=3.0))
    assert uses == (
        "rewarded transitions (first reward) ✔ ×280 (71 % of actions) · newest 19 of 79 ✔ ×17 (44 % of actions)",
        "18 contexts",
    )
    assert heads == ("L2H0 reward+recent ✔ ×12", "1 of 16 tested")
    assert compress == ("not tried", "")


def test_whether_the_action_goes_to_a_moved_reward_comes_first() -> None:
    moved = replace(MODEL, kind="reward-following", effect=0.312)
    assert lines(MODEL, moved)[0][0].startswith("goes to a moved reward ✔ (+0.31) · newest 19 of 79 ✔")
    assert "moved" not in lines(MODEL, replace(moved, status="no evidence"))[0][0]


def test_what_is_refuted_is_said_too() -> None:
    assert lines(replace(MODEL, status="refuted", knock_out=0.5))[0][0] == "newest 19 of 79 ✘ ×0.5 (44 % of actions)"


@pytest.mark.parametrize(
    ("testing", "said"),
    [
        (True, "testing … · newest 19 of 79 ●"),
        (None, "not tested by knock-outs · newest 19 of 79 ●"),
        (False, "no evidence for the model as a whole · newest 19 of 79 ●"),
    ],
)
def test_not_asked_not_yet_and_not_found_are_three_things(testing: bool | None, said: str) -> None:
    assert lines(SEEN, testing=testing)[0][0] == said


def test_tests_that_were_stopped_are_no_evidence_of_nothing() -> None:
    found = answer([SEEN, replace(HEAD, status="observed")], contexts=4, n_heads=16, stopped=True)
    assert [line.words for line in found[:2]] == [
        "tests stopped before any was decided · newest 19 of 79 ●",
        "tests stopped before any was decided",
    ]
    assert [line.words for line in answer([], contexts=4, n_heads=16, stopped=True)[:2]] == [
        "tests stopped before any was decided"
    ] * 2
    assert answer([MODEL], contexts=4, n_heads=16, stopped=True)[0] == answer([MODEL], contexts=4, n_heads=16)[0]


def test_nothing_observed_is_nothing_to_test() -> None:
    assert lines()[0] == ("nothing to test for the model as a whole", "18 contexts")
    assert lines()[1] == ("nothing to test for any head", "")


def test_a_finding_that_is_told_elsewhere_is_not_told_again() -> None:
    assert lines(replace(MODEL, same_as="sparse"))[0][0] == "nothing to test for the model as a whole"


def test_the_most_telling_head_is_that_of_the_largest_confirmed_effect() -> None:
    other = replace(HEAD, layer=1, head=3, knock_out=30.0)
    assert telling_head([MODEL, HEAD, other, replace(other, layer=0, knock_out=90.0, status="observed")]) == (1, 3)
    assert telling_head([MODEL, SEEN]) is None


# -- stored trials -----------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return load_model(load_checkpoint(next(make_run(tmp_path_factory.mktemp("answer")).glob("*.pt"))))


def report(weights: str, recommended: str | None) -> str:
    def loop(mean: float, difference: float) -> dict[str, object]:
        near = {"mean": difference, "low": difference - 0.1, "high": difference + 0.1, "n": 8}
        return {"last": {"mean": mean, "low": mean, "high": mean, "n": 8}, "difference": near}

    trial = {"cell": {"label": "recent:20"}, "histories": 128, "closed_loop": loop(9.8, -0.2)}
    verdict = {"recommended": recommended, "tested": 12}
    whole = {"about": {"weights": weights}, "baselines": {"full": loop(10, 0)}, "trials": [trial], "verdict": verdict}
    return json.dumps(whole)


def test_stored_trials_of_these_weights_are_the_third_line(tmp_path: Path, model: Model) -> None:
    figures = tmp_path / "figs"
    figures.mkdir()
    assert known_trials(tmp_path, model, figures) is None
    (tmp_path / BESIDE).write_text(report(weights_mark(model), "recent:20"))
    found = known_trials(tmp_path, model, figures)
    assert found == KnownTrials("recent:20 keeps 98.0 % of the return [97.0, 99.0] ✔", "128 histories")
    assert lines(trials=found)[2] == (found.words, found.basis)
    (figures / WRITTEN).write_text(report("of others", "recent:20"))
    assert known_trials(tmp_path, model, figures) == found
    (tmp_path / BESIDE).write_text(report("of others", "recent:20"))
    assert known_trials(tmp_path, model, figures) == KnownTrials(
        f"{tmp_path / BESIDE} is of other weights: not shown", ""
    )
    (tmp_path / BESIDE).write_text(report(weights_mark(model), None))
    none = known_trials(tmp_path, model, figures)
    words = "no shorter context passed (12 tested)"
    assert none == KnownTrials(f"{words}: recent:20 loses 0.20 [0.10, 0.30] of 10.00", "128 histories")
    for old, new in (("recent:20", "random:20"), ("-0.2", "NaN")):
        (tmp_path / BESIDE).write_text(report(weights_mark(model), None).replace(old, new))
        assert known_trials(tmp_path, model, figures) == KnownTrials(words, "128 histories")
    (tmp_path / BESIDE).write_text(report(weights_mark(model), None).replace('"tested": 12', '"tested": 0'))
    found = known_trials(tmp_path, model, figures)
    assert found is not None
    assert found.words.startswith("no evidence that a shorter context would do: recent:20 loses 0.20")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b'{"about": 1}', b"[" * 100_000])
@pytest.mark.parametrize("name", [BESIDE, f"figs/{WRITTEN}"])
def test_damaged_trials_are_said_to_be_none(tmp_path: Path, model: Model, content: bytes, name: str) -> None:
    (tmp_path / "figs").mkdir()
    (tmp_path / name).write_bytes(content)
    said = f"{tmp_path / name} cannot be read as a report: not shown"
    assert known_trials(tmp_path, model, tmp_path / "figs") == KnownTrials(said, "")
    other = BESIDE if name != BESIDE else f"figs/{WRITTEN}"
    (tmp_path / other).write_text(report(weights_mark(model), "recent:20"))
    found = known_trials(tmp_path, model, tmp_path / "figs")
    assert found is not None
    assert lines(trials=found)[2] == (f"{found.words} · {said}", "128 histories")
    assert found.words.startswith("recent:20 keeps 98.0 %")


@pytest.mark.parametrize(("old", "new"), [("9.8", "9.8"), ("-0.2", "NaN"), ('"mean": 10', '"mean": NaN')])
def test_a_recommendation_without_its_numbers_is_no_evidence_against_one(
    tmp_path: Path, model: Model, old: str, new: str
) -> None:
    label = "random:7" if old == new else "recent:20"
    (tmp_path / BESIDE).write_text(report(weights_mark(model), label).replace(old, new))
    found = known_trials(tmp_path, model, tmp_path / "figs")
    assert found == KnownTrials(f"{tmp_path / BESIDE} contradicts itself: not shown", "")
