"""Moved rewards: what an edit leaves, whom it can be asked of, and a test that holds its level and has power."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from planted import planted_run, seeking_run

from adtui.attention.relocations import relocate
from adtui.engine.insight_tests import InsightTests
from adtui.engine.opening import open_session
from adtui.insights.confirmation import settle
from adtui.insights.following import CAVEAT, PLACES, Relocations, follows
from adtui.models.model import Model
from adtui.records.insight import Insight
from adtui.records.relocation import Relocation
from adtui.records.sample import Sample
from adtui.ui.renderables.insight import insight_text
from adtui.worlds.darkroom import DarkRoom
from adtui.worlds.key_to_door import KeyToDoor
from adtui.worlds.permuted import PermutedDarkRoom
from adtui.worlds.replay import is_of, replay
from adtui.worlds.world import World

HORIZON = 10
N = 30


@pytest.fixture(scope="module")
def seeker(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return open_session(seeking_run(tmp_path_factory.mktemp("seeker")), samples=1, device="cpu").model


def walk(world: World, task: int, seed: int, n: int = N) -> Sample:
    """Random steps in a room of the task; the episodes before the context's first step are left out."""
    rng = np.random.default_rng(seed)
    rooms, early = world.rooms(np.array([task])), 3
    actions, steps = rng.integers(5, size=n + early), []
    for action in actions:
        before = rooms.states[0].copy()
        after, reward, ended = rooms.step(np.array([action]))
        steps.append((before, after[0].copy(), int(reward[0])))
        if ended:
            rooms.reset()
    states, reached, rewards = (np.array(part) for part in zip(*steps, strict=True))
    time = np.arange(early, n + early + 1)
    return Sample(
        f"walk {seed}", states[early:], actions[early:], rewards[early:].astype(np.float32), reached[early:],
        rooms.states[0].copy(), time // world.horizon, time % world.horizon, history=seed, task=task,
    )  # fmt: skip


def rewarded_walks(world: World, count: int) -> list[Sample]:
    found: list[Sample] = []
    seed = 0
    while len(found) < count:
        task = int(np.random.default_rng(seed).integers(world.n_tasks))
        if (one := walk(world, task, seed)).rewards.any():
            found.append(one)
        seed += 1
    return found


@pytest.mark.parametrize("world", [DarkRoom(size=4, horizon=HORIZON), KeyToDoor(size=3, horizon=HORIZON)])
def test_a_walk_in_its_own_room_is_paid_what_it_was(world: World) -> None:
    for one in rewarded_walks(world, 10):
        assert one.task is not None
        assert is_of(world, one.task, one.next_states, one.episode, one.rewards.astype(np.int64))
        wrong = one.rewards.astype(np.int64)
        wrong[0] = 1 - wrong[0]
        wrong[1] = 1 - wrong[1]
        assert not is_of(world, one.task, one.next_states, one.episode, wrong)


def test_a_key_opens_its_door_in_the_same_episode_only() -> None:
    world = KeyToDoor(size=3, horizon=4)
    task = ((0 * 3 + 1) * 3 + 2) * 3 + 2  # key (0,1), door (2,2)
    reached = np.array([[2, 2], [0, 1], [0, 1], [2, 2], [2, 2], [0, 1], [1, 1]])
    found = replay(world, np.array([task]), reached, np.arange(8) // 4, np.array([1, 2]))
    assert found.rewards.tolist() == [[0, 1, 0, 1, 0, 1, 0]]
    assert found.targets.tolist() == [[2, 2]]
    assert np.flatnonzero(found.right[0]).tolist() == [0], "x+1 leads from (1,2) to the door"
    ended = replay(world, np.array([task]), reached[:4], np.arange(5) // 4, np.array([1, 1]))
    assert ended.targets.tolist() == [[0, 1]], "a new episode begins without the key"


@pytest.mark.parametrize("world", [DarkRoom(size=9, horizon=HORIZON), KeyToDoor(size=9, horizon=HORIZON)])
def test_places_differ_from_the_goal_and_from_each_other_and_were_reached(seeker: Model, world: World) -> None:
    found = [(one, relocate(seeker, one, world, places=2, index=i)) for i, one in enumerate(rewarded_walks(world, 12))]
    moved = [(one, edit) for one, edit in found if edit is not None]
    assert moved
    for one, edit in moved:
        assert one.task is not None
        own = replay(world, np.array([one.task]), one.next_states, one.episode, one.query_state).targets[0]
        assert not (edit.places == own).all(axis=1).any()
        assert all((one.next_states == place).all(axis=1).any() for place in edit.places)
        assert len({row.tobytes() for row in edit.right}) == 2
        assert edit.after.sum(axis=1) == pytest.approx(1)


def test_contexts_that_cannot_be_asked(seeker: Model) -> None:
    world = DarkRoom(size=9, horizon=HORIZON)
    (one,) = rewarded_walks(world, 1)
    assert one.task is not None
    asked = {"places": 1, "seed": 0, "index": 0}
    assert relocate(seeker, one, world, **asked) is not None
    unpaid = Sample(**{**vars(one), "rewards": np.zeros(N, np.float32)})
    other = Sample(**{**vars(one), "task": (one.task + 1) % 81})
    unknown = Sample(**{**vars(one), "task": None})
    assert [relocate(seeker, each, world, **asked) for each in (unpaid, other, unknown)] == [None] * 3


def relocation(toward: np.ndarray) -> Relocation:
    """One whose `toward` is this matrix (K, K): place k asks for action k."""
    K = len(toward)
    rest = 1 - toward.sum(axis=1, keepdims=True)
    return Relocation(
        np.zeros((K, 2), np.int64),
        np.eye(K, K + 1, dtype=np.bool_),
        np.full(K + 1, 1 / (K + 1)),
        np.hstack([toward, rest]),
    )


def contexts(rng: np.random.Generator, count: int, gain: float = 1.0) -> list[Relocation]:
    """Some places lie where the policy goes anyway, and edits make it bolder or shyer; the odds of the named one are
    multiplied by `gain`."""
    found = []
    for _ in range(count):
        odds = rng.lognormal(0, 0.7, (PLACES, PLACES + 1)) * rng.lognormal(0, 1, PLACES + 1)
        odds[:, :PLACES] *= gain ** np.eye(PLACES)
        bold = odds ** rng.uniform(0.5, 2.0, (PLACES, 1))
        found.append(relocation((bold / bold.sum(axis=1, keepdims=True))[:, :PLACES]))
    return found


def test_the_test_holds_its_level_and_finds_what_follows() -> None:
    rng, tasks = np.random.default_rng(0), np.arange(20) % 8
    level = [follows(contexts(rng, 20), tasks) for _ in range(200)]
    for up in (True, False):
        hits = sum(one.p <= 0.05 and one.up == up for one in level)
        assert hits <= 200 * 0.025 + 3 * np.sqrt(200 * 0.025 * 0.975)
    found = [follows(contexts(rng, 20, gain=3.0), tasks) for _ in range(40)]
    assert sum(one.p <= 0.05 and one.side == "confirmed" for one in found) >= 38


def test_a_policy_that_heeds_no_place_is_no_evidence_however_bold_an_edit_makes_it() -> None:
    same = np.array([0.4, 0.1, 0.2, 0.1, 0.2])
    rows = same ** np.array([[0.2], [1.0], [0.5], [3.0]])
    bolder_there = relocation((rows / rows.sum(axis=1, keepdims=True))[:, :4])
    for one in (relocation(np.stack([same[:4]] * 4)), bolder_there):
        found = follows([one] * 9, np.arange(9))
        assert found.p == 1.0
    assert found.moved != 0, (
        "in probability it is something, as a place that is gone to and one that makes bold may meet"
    )


def told(toward: np.ndarray) -> Insight:
    made = Relocations()
    for context in range(6):
        made.add(relocation(toward), context, context)
    return settle([made])[0]


def test_what_is_said_of_each_side() -> None:
    chance = np.full((4, 4), 0.15)
    confirmed, refuted, little = (told(chance + gain * np.eye(4)) for gain in (0.3, -0.14, 0.03))
    assert [one.status for one in (confirmed, refuted, little)] == ["confirmed", "refuted", "no evidence"]
    assert confirmed.effect == pytest.approx(0.3)
    assert "30.0 [30.0, 30.0] points more probable" in confirmed.sentence
    assert "45% when the reward is moved there, 15% when to 3 other places, 20% before" in confirmed.tested
    assert confirmed.caveat == CAVEAT
    assert (confirmed.n, confirmed.over, confirmed.count) == (6, "tasks", "6 tasks")
    assert "effect 0.3 [0.3 – 0.3] · n=6 tasks · threshold 0.05 · confirmed" in insight_text(confirmed).plain
    assert "too little to matter" in little.tested
    assert told(chance).status == "no evidence"


def test_a_model_that_goes_back_to_rewards_follows_them_and_one_that_only_reads_them_does_not(
    seeker: Model, tmp_path: Path
) -> None:
    world = DarkRoom(size=9, horizon=HORIZON)
    samples = rewarded_walks(world, 14)
    for model, status in (
        (seeker, "confirmed"),
        (open_session(planted_run(tmp_path, 0.0), samples=1, device="cpu").model, "no evidence"),
    ):
        layouts = [model.layout(one) for one in samples]
        tests = InsightTests(model, samples, layouts, {}, world=world)
        (found,) = [one for one in tests.run([]) if isinstance(one, Insight)]
        assert found.kind == "reward-following"
        assert found.status == status
        assert found.knock_out_contexts >= 6


@pytest.mark.parametrize(("world", "why"), [(None, "not known"), (PermutedDarkRoom(), "every task pays at the same")])
def test_where_it_is_not_defined_that_is_said(seeker: Model, world: World | None, why: str) -> None:
    (found,) = [one for one in InsightTests(seeker, (), (), {}, world=world).run([]) if isinstance(one, Insight)]
    assert found.status == "no evidence"
    assert f"not defined here ({why}" in found.sentence or why in found.sentence
