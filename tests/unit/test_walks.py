"""Moments of a walk: what is seen there, what the model does, and what edits change."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from checkpoints import make_run, write_histories
from references import compressed_ad
from small_runs import MAKERS

from adtui.attention.capture import query_row
from adtui.engine.opening import open_session
from adtui.engine.session import Session
from adtui.histories.walk import Walk
from adtui.records.errors import EngineError
from adtui.records.map_messages import GetMoment
from adtui.records.moment import Edits, Moment
from adtui.worlds.key_to_door import KeyToDoor
from adtui.worlds.registry import make_world


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """Rollouts in Dark Room, 19 transitions a context."""
    return open_session(make_run(tmp_path_factory.mktemp("runs") / "tiny", "pre"), samples=2, device="cpu")


def at(session: Session, number: int, **more: object) -> Moment:
    return session.walks.moment(GetMoment(1, 0, 1, 1, number, **more))  # type: ignore[arg-type]


@pytest.mark.parametrize("family", MAKERS)
def test_cells_query_and_other_tokens_hold_the_whole_row(family: str, tmp_path: Path) -> None:
    make, options = MAKERS[family]
    opened = open_session(make(tmp_path / "runs" / "one", **options), samples=1, device="cpu")
    n = opened.samples[0].n_context
    for number in {0, 1, n // 2, n}:
        for head in (None, 0):
            moment = opened.walks.moment(GetMoment(1, 0, 0, head, number))
            assert moment.context.n_context == number
            assert float(moment.weights.sum()) + moment.own + moment.other == pytest.approx(1, abs=1e-6)
            for began in (False, True):
                total = np.nansum(moment.mass(began=began).astype(np.float64))
                assert total == pytest.approx(float(moment.weights.sum()), abs=1e-6)


def test_the_last_moment_is_the_samples_own_query_row(session: Session) -> None:
    moment, sample = at(session, 99), session.samples[0]
    expected = query_row(session.model, sample).query_row[1, 1]
    np.testing.assert_array_equal(moment.weights, expected[:-1])
    np.testing.assert_allclose(moment.chances.full, session.model.chances(sample))
    assert moment.number == moment.length == moment.recorded == sample.n_context
    assert moment.chances.without is None
    assert moment.divergence == 0


def test_episodes_are_parts_of_the_mass(session: Session) -> None:
    moment = at(session, 15)
    parts = [np.nan_to_num(moment.mass(episode=e)) for e in set(moment.context.episode[:-1].tolist())]
    np.testing.assert_allclose(sum(parts), np.nan_to_num(moment.mass()), atol=1e-7)


def test_the_model_acts_as_it_says_and_the_world_answers(session: Session) -> None:
    world, task = make_world("darkroom", 9), session.samples[0].task
    assert task is not None
    moment = at(session, 99)
    for version in range(1, 26):
        before, moment = moment, at(session, moment.number, act=True, version=version)
        action = int(moment.context.actions[-1])
        assert before.chances.full[action] > 0
        reached = world.move(np.array([task]), before.context.query_state[None], np.array([action]))[0]
        np.testing.assert_array_equal(moment.context.next_states[-1], reached)
        assert moment.context.rewards[-1] == float(tuple(reached.tolist()) == world.goal(task))
        ended = int(before.context.step[-1]) == world.horizon - 1
        assert int(moment.context.step[-1]) == (0 if ended else int(before.context.step[-1]) + 1)
        np.testing.assert_array_equal(moment.context.query_state, world.start if ended else reached)
    assert moment.number == moment.length == session.samples[0].n_context + 25
    assert moment.context.n_context == session.samples[0].n_context, "older transitions make room"
    assert moment.recorded == session.samples[0].n_context
    again = at(session, 99)  # version 0: as the sample is
    assert again.length == session.samples[0].n_context


def test_the_same_moment_draws_the_same_action(session: Session) -> None:
    first = at(session, 99, act=True, version=1)
    at(session, 99)
    assert at(session, 99, act=True, version=2).context.actions[-1] == first.context.actions[-1]


def test_acting_earlier_forgets_what_came_after(session: Session) -> None:
    moment = at(session, 7, act=True, version=1)
    assert (moment.number, moment.length, moment.recorded) == (8, 8, 7)
    np.testing.assert_array_equal(moment.context.actions[:7], session.samples[0].actions[:7])
    assert at(session, 99).length == session.samples[0].n_context


def test_edits_are_what_the_model_sees_and_their_size_is_told(session: Session) -> None:
    plain = at(session, 12)
    edited = at(session, 12, edits=Edits(frozenset({3}), frozenset({5})))
    assert edited.walked.tolist() == [i for i in range(12) if i != 3]
    assert edited.context.rewards[4] == 1 - plain.context.rewards[5]
    np.testing.assert_allclose(edited.chances.full, plain.chances.full)
    assert edited.chances.without is not None
    full, without = edited.chances.full, edited.chances.without
    assert edited.divergence == pytest.approx(float((full * np.log(full / without)).sum()), rel=1e-9)
    assert edited.divergence > 0
    later = at(session, 2, edits=Edits(frozenset({3})))
    assert later.chances.without is None, "an edit of what is not seen yet changes nothing"
    turned = Edits().turn(4).turn(4).hide(1).hide(1)
    assert not turned


def test_another_head_costs_no_pass(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    one = at(session, 13)
    monkeypatch.setattr("adtui.engine.walks.query_row", None)
    other = session.walks.moment(GetMoment(1, 0, 0, None, 13))
    assert not np.array_equal(one.weights, other.weights)


def test_what_is_not_there_is_said(session: Session) -> None:
    with pytest.raises(EngineError, match="sample 9"):
        session.walks.moment(GetMoment(1, 9, 0, 0, 0))
    with pytest.raises(EngineError, match="L5H0"):
        session.walks.moment(GetMoment(1, 0, 5, 0, 0))


def test_stored_histories_can_be_played_on_where_their_task_is_known(tmp_path: Path) -> None:
    write_histories(tmp_path / "datasets" / "history_darkroom_PPO_alg-seed42.hdf5", range(81), length=60)
    opened = open_session(make_run(tmp_path / "runs" / "one", "post"), samples=1, device="cpu")
    assert at(opened, 99).still == ""
    unknown = Walk.of(opened.samples[0], None)
    assert "not known" in unknown.still(3)


def test_what_is_paid_in_other_sums_is_not_held_against_the_world_s_best(tmp_path: Path) -> None:
    path = write_histories(tmp_path / "datasets" / "history_darkroom_PPO_alg-seed42.hdf5", range(81), length=200)
    run = make_run(tmp_path / "runs" / "one", "post")
    plain = at(open_session(run, samples=1, device="cpu"), 99)
    with h5py.File(path, "r+") as file:
        for group in file.values():
            group["rewards"][...] -= 1
    costs = at(open_session(run, samples=1, device="cpu"), 99)
    assert plain.best is not None
    assert costs.best is None
    assert "where the world pays 1 and 0" in costs.still


def test_what_an_episode_had_paid_before_is_not_guessed(session: Session) -> None:
    walk = Walk.of(session.samples[0], KeyToDoor("darkkeytodoor", 9, 50))
    first = int(walk.whole.step[0])
    begun = walk.still(0)
    assert bool(begun) == (first > 0)
    starts = walk.whole.episode_starts
    assert walk.still(int(starts[-1])) == "", "an episode that begins in the context is known"


def test_batches_stay_whole_where_a_model_reads_batches(tmp_path: Path) -> None:
    opened = open_session(compressed_ad.make_run(tmp_path / "runs" / "one", n_transit=8), samples=1, device="cpu")
    moment = opened.walks.moment(GetMoment(1, 0, 0, 0, 99, act=True, version=1))
    assert int(moment.walked[0]) % opened.model.stride == 0
