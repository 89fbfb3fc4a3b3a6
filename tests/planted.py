"""A model whose weights are set by hand: one layer, three heads, and what each attends to is known.

Head 0 attends to the token before, head 1 to rewarded transitions, head 2 to all that it sees alike. Each writes the
attended actions into dimensions of its own, from which the action logits are read, so that each matters.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from checkpoints import ACTIONS, GRID, reference, save_checkpoint, settings

from adtui.engine.opening import open_session
from adtui.engine.session import Session
from adtui.records.sample import Sample

N = 79
WIDTH = N + 1
"""Of a head: one dimension for each position."""
REWARD, ACTION, WRITTEN = WIDTH, WIDTH + 1, WIDTH + 1 + ACTIONS
"""Where a token holds its reward and its action, and where the heads write, ACTIONS dimensions each."""
LOUD = 10.0
SEEKING = 31
"""Tokens of the model that seeks."""


def planted_run(directory: Path, strength: float = 1.0) -> Path:
    """A run directory with the planted model; what head 1 writes into the logits is multiplied by `strength`."""
    model = reference("pre", d_model=3 * WIDTH, n_layer=1, n_head=3, n_transit=WIDTH)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "norm" not in name or name.endswith("bias"):
                parameter.zero_()
            else:
                parameter.fill_(1.0)
        model.pos_embedding[0, :, :WIDTH] = LOUD * torch.eye(WIDTH)
        model.embed_context.weight[ACTION : ACTION + ACTIONS, 2 : 2 + ACTIONS] = 3 * torch.eye(ACTIONS)
        model.embed_context.weight[REWARD, 2 + ACTIONS] = LOUD
        attention = model.transformer_encoder.layers[0].self_attn
        q, k, v = attention.in_proj_weight.split(3 * WIDTH)
        q[:WIDTH, :WIDTH] = torch.eye(WIDTH)
        k[1:WIDTH, : WIDTH - 1] = torch.eye(WIDTH - 1)  # a key stands where the next token's query looks
        attention.in_proj_bias[WIDTH] = 8.0  # head 1 asks every token the same: is there a reward?
        k[WIDTH, REWARD] = 1.0
        for head in range(3):
            rows = slice(head * WIDTH, head * WIDTH + ACTIONS)
            v[rows, ACTION : ACTION + ACTIONS] = torch.eye(ACTIONS)
            written = WRITTEN + head * ACTIONS
            attention.out_proj.weight[written : written + ACTIONS, rows] = torch.eye(ACTIONS)
            model.pred_action.weight[:, written : written + ACTIONS] = (
                0.3 * (strength if head == 1 else 1.0) * torch.eye(ACTIONS)
            )
    save_checkpoint(directory / "ckpt-1.pt", model.state_dict(), settings(3, WIDTH))
    return directory


def seeking_run(directory: Path) -> Path:
    """A run directory with a model of two layers with two heads that goes back to where it was rewarded.

    Head 1 of layer 0 attends to rewarded transitions, or to its own token where there are none, and writes the cell
    that was reached there, and whether there was a reward. The action leads from the query's cell to that one and stays
    where that was rewarded; without a reward all actions are alike. Every other head writes nothing.
    """
    width, loud, reward, reached, own, mark, even, written = (
        8,
        0,
        1,
        2,
        4,
        6,
        7,
        8,
    )  # of a head; where a token holds what
    model = reference("pre", d_model=2 * width, n_layer=2, n_head=2, n_transit=SEEKING)
    cells = torch.tensor([[x - GRID // 2, y - GRID // 2] for x in range(GRID) for y in range(GRID)]).float()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.fill_(1.0 if "norm" in name and name.endswith("weight") else 0.0)
        model.pos_embedding[..., loud] = LOUD  # so that norms scale all tokens nearly alike
        model.embed_context.weight[reward, 2 + ACTIONS] = LOUD
        model.embed_context.weight[reached : reached + 2, 3 + ACTIONS :] = 0.1 * torch.eye(2)
        model.embed_context.bias[reached : reached + 2] = -0.1 * (GRID // 2)
        model.embed_query_state.weight[:, own : own + 2] = 0.1 * cells
        model.embed_context.weight[even] = -model.embed_context.weight[reached : reached + 2].sum(0)
        model.embed_context.bias[even] = -model.embed_context.bias[reached : reached + 2].sum()
        model.embed_query_state.weight[:, even] = -0.1 * cells.sum(1)  # the mean of a token is that of any other
        model.embed_query_state.weight[:, mark] = LOUD  # as loud as a reward, so that the norm divides both alike
        attention = model.transformer_encoder.layers[0].self_attn
        _, k, v = attention.in_proj_weight.split(2 * width)
        attention.in_proj_bias[width] = 12.0
        k[width, reward], k[width, mark] = 1.0, 0.75
        v[width : width + 2, reached : reached + 2] = torch.eye(2)
        v[width : width + 2, own : own + 2] = torch.eye(2)
        v[width + 2, reward] = 1.0
        spread = LOUD * (2 / (2 * width) - (2 / (2 * width)) ** 2) ** 0.5  # what the norm divides by
        middle = LOUD * 2 / (2 * width) / spread  # what it takes away
        attention.in_proj_bias[5 * width : 5 * width + 3] = middle * torch.tensor([2.0, 2, 1])
        attention.out_proj.weight[written : written + 3, width : width + 3] = spread * torch.eye(3)
        leads = torch.tensor([[1.0, 0], [-1, 0], [0, 1], [0, -1], [0, 0]])
        model.pred_action.weight[:, written : written + 2] = 200 * leads
        model.pred_action.weight[:, own : own + 2] = -200 * leads
        model.pred_action.weight[4, written + 2] = 1.5
    save_checkpoint(directory / "ckpt-1.pt", model.state_dict(), settings(2, SEEKING, train_env_ratio=0.7))
    return directory


def planted_samples(count: int = 8) -> tuple[Sample, ...]:
    """Independent contexts of random states and actions with four rewards each, none of them in the last transition."""
    rng = np.random.default_rng(0)
    samples = []
    for history in range(count):
        rewards = np.zeros(N, np.float32)
        rewards[rng.choice(N - 1, 4, replace=False)] = 1
        cells = rng.integers(GRID, size=(2 * N + 1, 2))
        time = np.arange(N + 1)
        actions = rng.integers(ACTIONS, size=N)
        samples.append(
            Sample(
                f"planted {history}", cells[:N], actions, rewards, cells[N : 2 * N], cells[-1], time // 20, time % 20,
                history=history,
            )
        )  # fmt: skip
    return tuple(samples)


def planted_session(directory: Path, count: int = 8, *, analyse: bool = True) -> Session:
    """The planted model with its contexts, everything analysed unless the test does that."""
    opened = open_session(planted_run(directory), samples=1)
    samples = planted_samples(count)
    info = replace(opened.info, samples=samples, layouts=tuple(opened.model.layout(sample) for sample in samples))
    session = Session(info, opened.model)
    if analyse:
        deque(session.analyse_all(), maxlen=0)
    return session
