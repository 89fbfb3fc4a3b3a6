"""A model of the same shape for longer contexts than it has positions for: to be timed, what it says means nothing."""

from __future__ import annotations

import copy
from dataclasses import replace

import torch
from torch import Tensor, nn

from .model import Model
from .network import Network


def lengthened(model: Model, n: int) -> Model | None:
    """The model with positions for n transitions, its own again and again; itself where it has them.

    None where tokens do not grow with the context, as behind a compressor, or in code that adtui does not know.
    """
    if n <= model.n_context_max:
        return model
    if not model.network.keeps_positions:
        return None
    network = copy.deepcopy(model.network)
    if network.positions_counted:
        setattr(network, network.positions_counted, network.layout(n).n_tokens + 1)
    for name in network.position_tables:
        _extend(network, name, network.layout(n).n_tokens + 1)
    return replace(model, network=network)


def _extend(network: Network, name: str, count: int) -> None:
    table = getattr(network, name)
    old: Tensor = table.weight if isinstance(table, nn.Embedding) else table
    longer = old.detach().index_select(-2, torch.arange(count, device=old.device) % old.shape[-2])
    if isinstance(table, nn.Embedding):
        setattr(network, name, nn.Embedding(count, longer.shape[-1], _weight=longer))
    else:
        setattr(network, name, nn.Parameter(longer, requires_grad=False) if isinstance(table, nn.Parameter) else longer)
