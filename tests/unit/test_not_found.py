"""A run without histories in a world that is not known: what was recognised is said, and where to go on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from checkpoints import settings

from adtui.histories.samples import load_samples
from adtui.records.errors import ConfigError, HistoryError
from adtui.worlds.settings import arena_of, run_settings


def refusal(root: Path, **config: Any) -> str:
    told = run_settings(settings(**config), sizes={"grid_size": 9, "num_actions": config.get("num_actions", 5)})
    with pytest.raises(HistoryError) as caught:
        load_samples(told, root, 19, 3, 0)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("alg", ["PPO", None])
def test_an_unknown_world_is_told_with_what_was_recognised(tmp_path: Path, alg: str | None) -> None:
    said = refusal(tmp_path, env="foo", alg=alg)
    found, action = said.split("found ")[1].split("; ")
    assert "its world (foo) is none" in found
    assert "of states in a 9 x 9 grid and 5 actions, was recognised" in found
    assert "darkroompermuted" in found
    for option in ("--histories PATH", "--world MODULE:FACTORY", "--adapter FILE"):
        assert option in action


def test_a_name_that_is_nearly_a_known_one(tmp_path: Path) -> None:
    assert "env: darkroompermuted may be meant" in refusal(tmp_path, env="darkroom_permuted")
    assert "may be meant" not in refusal(tmp_path, env="foo")


def test_a_known_world_with_other_actions(tmp_path: Path) -> None:
    assert "its world (darkroom) is none to roll it out in here: 5 actions there, and 4 in the model" in refusal(
        tmp_path, num_actions=4
    )


def test_a_known_world_lacks_its_histories_alone(tmp_path: Path) -> None:
    said = refusal(tmp_path)
    assert "found no such file; give --histories PATH" in said
    assert "world" not in said.replace(str(tmp_path), "")


def test_an_unknown_world_has_no_arena_but_the_users_own() -> None:
    with pytest.raises(ConfigError, match=r"found foo with 5 actions; .*evaluate --world MODULE:FACTORY"):
        arena_of(run_settings(settings(env="foo")))
