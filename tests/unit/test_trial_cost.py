"""What a cell costs: computed bytes are the bytes that are there, and times have an interval."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from small_runs import MAKERS

from adtui.compression.acting import BYTES_EACH, KEPT, OnlinePolicy
from adtui.compression.choice import parse
from adtui.compression.footprint import cache_bytes, held
from adtui.files.checkpoint import load_checkpoint
from adtui.models.loading import load_model
from adtui.models.model import Model
from adtui.records.trial_cost import Spread, size_words
from adtui.statistics.medians import spread
from adtui.worlds.darkroom import DarkRoom
from adtui.worlds.rollouts import rollout


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Model]:
    root = tmp_path_factory.mktemp("cost")
    made = {name: make(root / name, **more) for name, (make, more) in MAKERS.items()}
    return {name: load_model(load_checkpoint(next(run.glob("*.pt"))), device="cpu") for name, run in made.items()}


class Weighing:
    """A recorder that weighs the keys and values it is shown."""

    wants = "keys"
    block_rows = 128

    def __init__(self) -> None:
        self.bytes = 0

    def heads(self, layer: int, q: Any, k: Any, v: Any, out_weight: Any) -> None:
        del layer, q, out_weight
        self.bytes += sum(part[:1].numel() * part.element_size() for part in (k, v))

    def sums(self, *_: Any) -> None: ...

    def compressed(self, *_: Any) -> None: ...


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("n", [2, 6])
def test_keys_and_values_weigh_what_is_computed(models: dict[str, Model], name: str, n: int) -> None:
    model, scale = models[name], Weighing()
    cells = np.zeros((1, n, 2), np.int64)
    model.policy(cells, cells[..., 0], np.zeros((1, n), np.float32), cells, cells[:, 0], scale)  # type: ignore[arg-type]
    assert cache_bytes(model, n) == scale.bytes


@pytest.mark.parametrize("label", ["recent:3", "newest+rewarded:5", "medoids:3"])
def test_an_agents_memory_weighs_what_is_computed(models: dict[str, Model], label: str) -> None:
    """Its arrays have a place for the newest transition besides; what was in a longer context is not in them."""
    model, world, rooms = models["encoder"], DarkRoom(), np.array([3, 41])
    choice = parse(label)
    policy = OnlinePolicy(model, choice, "reindexed", 11, world.horizon, np.random.default_rng(0))
    rollout(policy, world, rooms, 2, 11)
    assert policy._kept is not None
    arrays = [getattr(policy._kept, name) for name in KEPT]
    assert all(array.base is None or array.base.nbytes == array.nbytes for array in arrays)
    own = held(model, choice, 11, "online").state
    assert sum(array.nbytes for array in arrays) == len(rooms) * (own + BYTES_EACH)
    assert held(model, choice, 11, "full").state == 11 * BYTES_EACH


def test_the_median_of_few_has_no_interval_and_that_of_six_their_range() -> None:
    assert spread([3.0, 1.0, 2.0, 5.0, 4.0]).median == 3
    assert math.isnan(spread([3.0, 1.0, 2.0, 5.0, 4.0]).low)
    assert spread([6.0, 3.0, 1.0, 2.0, 5.0, 4.0]) == Spread(3.5, 1.0, 6.0)
    assert spread(list(range(11))) == Spread(5.0, 1.0, 9.0)  # 2 P(Bin(11, ½) ≤ 1) = 24/2048; ≤ 2: 134/2048 > 5 %


def test_the_interval_holds_the_median_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    hits = [
        (found := spread(row)).low <= math.log(2) <= found.high for row in rng.exponential(size=(2000, 11)).tolist()
    ]
    assert 0.975 < np.mean(hits) <= 1  # 1 − 24/2048 = 0.988


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 B"), (999, "999 B"), (1040, "1.04 kB"), (10_400, "10.4 kB"), (999_600, "1.00 MB"), (163_840, "164 kB")],
)
def test_sizes_have_three_digits(count: int, words: str) -> None:
    assert size_words(count) == words
