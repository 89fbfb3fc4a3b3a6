"""The reference models hold the laws of their families, on the variants that no golden file covers too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from references import Context, Expected, ad_eps, contexts, gpt2, llama, marked, rad

from adtui.worlds.world import move


def _expected(module: Any, run: Path, context: Context) -> Expected:
    """The reference's answer for a whole context."""
    found: Expected = module.expected(run, *context)
    return found


VARIANTS: dict[str, tuple[Any, dict[str, Any], int]] = {  # module, sizes, tokens for 15 transitions
    "llama": (llama, {}, 16),
    "llama dynamics": (llama, {"dynamics": True}, 17),
    "DPT": (llama, {"model": "DPT"}, 16),
    "DPT dynamics": (llama, {"model": "DPT", "dynamics": True}, 17),
    "gpt2": (gpt2, {}, 46),
    "ad-eps": (ad_eps, {}, 46),
    "rad": (rad, {}, 4 + 6 + 1),  # 45 tokens: 21 compressed, then 18, and 6 remain
    "rad stopped": (rad, {"max_compressions": 1}, 4 + 18 + 1),
    "rad without rounds": (rad, {"max_compressions": 0}, 21 + 1),
    "marked": (marked, {"compress_interval": 8}, 15 + 3 + 1),
    "marked, first batch": (marked, {"compress_interval": 16}, 15 + 1 + 1),
    "marked, switched off": (marked, {"use_compressed_context": False}, 16),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_attention_is_causal_and_not_trivial(variant: str, tmp_path: Path) -> None:
    module, sizes, tokens = VARIANTS[variant]
    run = module.make_run(tmp_path / "run", d_model=24, n_layer=3, n_head=2, n_transit=20, seed=3, **sizes)
    found = _expected(module, run, contexts(15, 1))
    assert found.attention.shape == (3, 2, tokens, tokens)
    assert found.logits.shape == (5,)
    np.testing.assert_allclose(found.attention.sum(-1), 1, atol=1e-12)
    assert not np.triu(found.attention, 1).any()
    uniform = np.tril(np.ones((tokens, tokens))) / np.arange(1, tokens + 1)[:, None]
    assert (np.abs(found.attention - uniform).max(axis=(-2, -1)) > 0.05).all()


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_transition_that_is_seen_moves_the_logits(variant: str, tmp_path: Path) -> None:
    module, sizes, _ = VARIANTS[variant]
    run = module.make_run(tmp_path / "run", **sizes)
    context = contexts(15, 1)
    logits = _expected(module, run, context).logits
    dropped = 8 if variant == "rad without rounds" else 0  # only the last 7 transitions are left
    for index in range(15):
        actions = context.actions.copy()
        actions[index] = (actions[index] + 1) % 5
        moved = np.abs(_expected(module, run, context._replace(actions=actions)).logits - logits).max()
        stopped = variant == "rad stopped" and 7 <= index < 9  # neither compressed nor among the last 18 tokens
        assert (moved == 0) == (index < dropped or stopped)


@pytest.mark.parametrize("model", ["AD", "DPT"])
def test_the_query_action_is_read_only_by_the_dynamics(model: str, tmp_path: Path) -> None:
    run = llama.make_run(tmp_path / "run", model=model, dynamics=True)
    context = contexts(6, 2)
    first, second = (_expected(llama, run, context._replace(target_action=action)) for action in (0, 1))
    without = llama.expected(run, *context[:5])
    np.testing.assert_allclose(first.logits, second.logits, rtol=0, atol=1e-12)
    np.testing.assert_allclose(first.logits, without.logits, rtol=0, atol=1e-12)
    assert first.extras["reward_logits"].shape == (2,)
    assert first.extras["next_state_logits"].shape == (81,)
    assert np.abs(first.extras["reward_logits"] - second.extras["reward_logits"]).max() > 1e-3
    assert without.attention.shape[-1] == first.attention.shape[-1] - 1


def test_rounds_take_in_the_latents_of_the_one_before(tmp_path: Path) -> None:
    run = rad.make_run(tmp_path / "run", compress_n_layers=3)
    found = _expected(rad, run, contexts(15, 1))
    assert [patterns["cross"].shape for patterns in found.extras["rounds"]] == [(3, 2, 4, 21), (3, 2, 4, 4 + 18)]
    assert [patterns["self"].shape for patterns in found.extras["rounds"]] == [(3, 2, 4, 4)] * 2
    assert found.extras["state_logits"].shape == (3, 5)
    np.testing.assert_array_equal(found.extras["state_logits"][-1], found.logits)


def test_marks_need_positions_and_at_most_two_batches(tmp_path: Path) -> None:
    run = marked.make_run(tmp_path / "run", n_transit=20, compress_interval=9)
    with pytest.raises(ValueError, match="21 tokens"):
        _expected(marked, run, contexts(17))
    with pytest.raises(ValueError, match="two batches"):
        _expected(marked, run, contexts(18))


@pytest.mark.parametrize("module", [llama, gpt2, rad, marked])
def test_no_context_is_a_context(module: Any, tmp_path: Path) -> None:
    found = _expected(module, module.make_run(tmp_path / "run"), contexts(0))
    assert np.isfinite(found.logits).all()


@pytest.mark.parametrize("seed", range(4))
def test_contexts_are_walks_with_rewards(seed: int) -> None:
    context = contexts(50, seed)
    inside = np.arange(50) % 20 != 19
    reached = move(context.states, context.actions)
    np.testing.assert_array_equal(context.next_states[inside], reached[inside])
    np.testing.assert_array_equal(context.next_states[~inside], [[4, 4]] * 2)
    np.testing.assert_array_equal(context.states[1:], context.next_states[:-1])
    np.testing.assert_array_equal(context.query_state, context.next_states[-1])
    assert 2 <= context.rewards.sum() < 40
