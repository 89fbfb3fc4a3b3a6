"""DICP's AD on Meta-World in plain numpy: the llama family's transformer over transitions whose states and actions are
vectors; the action is read as numbers, or as means and logarithms of variances."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from checkpoints import save_checkpoint

from references import Array, Context, Expected, read
from references.llama import apply, block, linear, transformer

STATE, ACTION = 5, 3
VECTORS = STATE, ACTION
"""As Meta-World's 11 and 4, but smaller, and of no other quotient."""


def settings(n_head: int, n_transit: int, **more: Any) -> dict[str, Any]:
    """The part of DICP's config that a reader needs, by its names."""
    return {
        "env": "metaworld",
        "task": "reach-v2",
        "mw_seed": 0,
        "alg": "PPO",
        "alg_seed": 0,
        "horizon": 20,
        "model": "AD",
        "n_transit": n_transit,
        "tf_n_head": n_head,
        "traj_dir": "./datasets/reach-v2",
        **more,
    }


def contexts(n: int, seed: int = 0, *, state: int = STATE, action: int = ACTION, horizon: int = 20) -> Context:
    """A walk of `n` transitions: states go where actions push them, rewards are larger near a goal, as Meta-World's are
    everywhere above 0. A last step of an episode has the state after the reset, in both places, as DICP stores it."""
    rng = np.random.default_rng(seed)
    push, goal, start = rng.normal(0, 0.3, (action, state)), rng.normal(0, 1, state), rng.normal(0, 0.3, state)
    rows, here = [], start
    for step in range(n):
        act = rng.normal(0, 0.7, action)
        after = here + act @ push + rng.normal(0, 0.05, state)
        if step % horizon == horizon - 1:
            here = after = start
        rows.append((here, act, np.exp(-np.abs(after - goal).mean()), after))
        here = after
    states, actions, rewards, following = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Context(
        np.array(states, np.float32).reshape(n, state),
        np.array(actions, np.float32).reshape(n, action),
        np.array(rewards, np.float32),
        np.array(following, np.float32).reshape(n, state),
        here.astype(np.float32),
        rng.normal(0, 0.7, action).astype(np.float32),
    )


def make_run(
    directory: Path,
    *,
    d_model: int = 16,
    n_layer: int = 2,
    n_head: int = 2,
    n_transit: int = 20,
    seed: int = 0,
    n_inner: int = 24,
    learn_var: bool = True,
    dynamics: bool = False,
    learn_transition: bool = True,
    state: int = STATE,
    action: int = ACTION,
    step: int = 7,
) -> Path:
    """A run directory with one tiny checkpoint.

    Args:
        learn_var: means and variances are read, else the numbers of the action alone.
        dynamics: with an embedding of the action at the query, a head for the reward, and, with `learn_transition`, one
            for the next state.
    """
    rng = np.random.default_rng(seed)
    weights = linear(rng, "embed_context", d_model, 2 * state + action + 1)
    weights |= linear(rng, "embed_query_state", d_model, state)
    weights |= linear(rng, "pred_actions", action * (1 + learn_var), d_model)
    if dynamics:
        weights |= linear(rng, "embed_query_action", d_model, action) | linear(rng, "pred_rewards", 1, d_model)
        if learn_transition:
            weights |= linear(rng, "pred_next_states", state, d_model)
    for layer in range(n_layer):
        weights |= block(rng, f"transformer.blocks.{layer}", d_model, n_inner)
    config = settings(
        n_head,
        n_transit,
        dim_obs=state,
        dim_actions=action,
        learn_var=learn_var,
        dynamics=dynamics,
        learn_transition=learn_transition,
        tf_n_embd=d_model,
        tf_n_layer=n_layer,
        tf_n_inner=n_inner,
    )
    tensors = {key: torch.from_numpy(value.astype(np.float32)) for key, value in weights.items()}
    save_checkpoint(directory / f"ckpt-{step}.pt", tensors, config)
    return directory


def expected(
    run_or_checkpoint: Path,
    states: Array,
    actions: Array,
    rewards: Array,
    next_states: Array,
    query_state: Array,
    target_action: Array | None = None,
) -> Expected:
    """Attention, and what is read at the query state; with dynamics the token of `target_action` comes last."""
    tensors, config = read(run_or_checkpoint)
    weights = {key: value.numpy() for key, value in tensors.items()}
    transitions = np.concatenate([states, actions, np.asarray(rewards)[:, None], next_states], axis=1)
    tokens = [apply(weights, "embed_context", transitions), apply(weights, "embed_query_state", query_state)[None]]
    if config["dynamics"] and target_action is not None:
        tokens.append(apply(weights, "embed_query_action", target_action)[None])
    hidden, attention = transformer(weights, config, np.concatenate(tokens).astype(np.float64))
    return Expected(attention, apply(weights, "pred_actions", hidden[len(states)]), {})
