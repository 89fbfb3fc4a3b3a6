"""The residual stream at the token at which the action is read: what each block gets, and what the last one gives."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ..records.arrays import Floats
from .model import Array, Model, as_floats
from .recorders import OnePass


def at_query(
    model: Model, states: Array, actions: Array, rewards: Array, next_states: Array, query_states: Array
) -> Floats:
    """(L + 1, B, d) residual stream of contexts of one length: the embedding with its position, then after each block.

    After a block means after its second sum, and after its second norm where norms come last; the final norm is not in
    it. Of a flow, the prior pass.

    Args:
        states, actions, rewards, next_states, query_states: see `Model.policy`.
    """
    read = model.network.layout(actions.shape[1]).read
    found: list[Tensor] = []

    def embedded(block: nn.Module, inputs: tuple[Any, ...]) -> None:
        del block
        found.append(inputs[0][:, read])

    def passed(block: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> None:
        del block, inputs
        found.append(output[:, 0] if output.shape[1] == 1 else output[:, read])  # the last block may give one token

    blocks = model.network.decoder.blocks
    hooks = [blocks[0].register_forward_pre_hook(embedded), *(block.register_forward_hook(passed) for block in blocks)]
    try:
        model.policy(states, actions, rewards, next_states, query_states, recorder=OnePass())
    finally:
        for hook in hooks:
            hook.remove()
    return as_floats(torch.stack(found))
