"""Training with compression in the loop: every target is learnt from exactly what a rollout would show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from adtui.compression.choice import choose, parse
from adtui.compression.strategies.base import Contexts
from adtui.files.settings import load_settings
from adtui.training.run import train
from adtui.training.settings import TrainSettings
from adtui.training.steps import Training, make_network
from adtui.training.targets import QUERIES, compressed_targets
from adtui.training.windows import draw_windows
from adtui.worlds.agents import Explorer, run_source
from adtui.worlds.darkroom import DarkRoom

TINY = load_settings(Path(__file__).parents[2] / "configs/tiny.yaml", TrainSettings)
HORIZON, N = 20, 24


def tiny(**changes: Any) -> TrainSettings:
    return TrainSettings.model_validate(TINY.model_dump() | {"n_transit": N} | changes)


def windows() -> Any:
    histories = run_source(Explorer(), DarkRoom(horizon=HORIZON), np.array([3, 40]), 4, np.random.default_rng(0))
    return draw_windows(histories, 4, N, 0.5, np.random.default_rng(0))


@pytest.mark.parametrize("text", ["recent:5", "newest+rewarded:6", "uniform:4", "sink-recent:7:sinks=2", "recent:23"])
def test_each_target_is_what_the_network_says_of_the_kept_context(text: str) -> None:
    network, drawn, choice = make_network(tiny()).eval(), windows(), parse(text)
    with torch.inference_mode():
        found = compressed_targets(network, drawn, choice, HORIZON, np.random.default_rng(1), torch.device("cpu"))
        K = choice.budget
        assert K is not None
        assert found.steps[: K + 1].tolist() == list(range(K + 1))
        assert len(set(found.steps.tolist())) == len(found.steps) == min(N, K + 1 + QUERIES)
        parts = (drawn.states, drawn.actions, drawn.rewards, drawn.next_states)
        for place, t in enumerate(found.steps.tolist()):
            episode = (drawn.starts[:, None] + np.arange(t)) // HORIZON
            contexts = Contexts(
                drawn.states[:, :t],
                drawn.actions[:, :t],
                drawn.rewards[:, :t],
                drawn.next_states[:, :t],
                drawn.states[:, t],
                episode,
            )
            kept = choose(choice, contexts, np.random.default_rng(0))
            for row in range(4):
                left = [torch.from_numpy(part[row, :t][kept[row]][None]) for part in parts]
                alone = network(*left, torch.from_numpy(drawn.states[row, t][None]))
                torch.testing.assert_close(found.logits[row, place], alone[0], atol=1e-5, rtol=1e-5)
    np.testing.assert_array_equal(found.probabilities.numpy(), drawn.probabilities[:, found.steps])


def test_windows_know_where_they_begin() -> None:
    drawn = windows()
    centre = (drawn.starts % HORIZON == 0).nonzero()[0]
    assert len(centre)
    assert (drawn.states[centre, 0] == 4).all()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("recent", "a strategy and its budget"),
        ("nonsense:4", "a strategy and its budget"),
        ("none", "a budget from 1 to 23"),
        ("recent:24", "a budget from 1 to 23"),
        ("recent:0", "a budget from 1 to 23"),
        ("top-attention:5", "needs nothing of the model"),
        ("threshold:5", "needs nothing of the model"),
    ],
)
def test_what_cannot_be_trained_on(text: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        tiny(compress=text)


def test_the_run_says_how_it_was_trained(tmp_path: Path) -> None:
    settings = tiny(compress="newest+rewarded:5", log_dir=str(tmp_path / "run"), train_timesteps=4, eval_interval=2)
    training = train(settings)
    assert training.best is not None
    assert settings.stored()["compress"] == "newest+rewarded:5"
    assert tiny(compress="recent:5", log_dir=None).run_dir.name == "AD-darkroom-recent-5-seed0"
    assert tiny(grid_size=10, log_dir=None).run_dir.name == "AD-darkroom-10x10-seed0"
    again = Training(settings)
    for _ in range(4):
        again.advance()
    for name, weight in again.network.state_dict().items():
        assert torch.equal(weight, training.network.state_dict()[name]), name
