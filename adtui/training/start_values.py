"""Start values of an encoder that is going to be trained: geometry from the first step.

A query state enters as one of 81 unrelated embedding rows, a transition's states as raw coordinates. From random rows
the network must discover that the two are the same plane; it often learns the training goals by heart instead, and
then fails on held-out goals with the same training loss. So both start as smooth functions of the coordinates.
Only start values: every weight is trained, and no cell is treated differently because it is a goal.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ..models.families.encoder import Encoder

#: Spatial frequencies, in half-periods per room, of the cosines in the query embedding.
FREQUENCIES = (1, 2, 4)
LINEAR_SCALE, COSINE_SCALE, NOISE_SCALE = 0.5, 0.35, 0.1


def initialise(network: Encoder, seed: int) -> None:
    """Draw all start values of `network` anew from `seed`."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.Linear):
                _fan_in_uniform(module, generator)
        for name, weight in network.named_parameters():
            if name.endswith("qkv.weight"):
                bound = math.sqrt(6 / (weight.shape[0] + weight.shape[1]))
                weight.uniform_(-bound, bound, generator=generator)
            elif name.endswith(("qkv.bias", "attention.out.bias")):
                weight.zero_()
        network.pos_embedding.normal_(std=0.02, generator=generator)
        _start_transitions(network.embed_context, network.grid_size, generator)
        network.embed_query_state.weight.copy_(_query_table(network, generator))


def _fan_in_uniform(layer: nn.Linear, generator: torch.Generator) -> None:
    bound = 1 / math.sqrt(layer.in_features)
    layer.weight.uniform_(-bound, bound, generator=generator)
    layer.bias.uniform_(-bound, bound, generator=generator)


def _spread(size: int) -> tuple[float, float]:
    """Mean and standard deviation of a coordinate that is uniform over 0..size-1; 1 where it is always 0."""
    if size == 1:
        return 0.0, 1.0
    return (size - 1) / 2, math.sqrt((size * size - 1) / 12)


def _start_transitions(layer: nn.Linear, size: int, generator: torch.Generator) -> None:
    """As if the four coordinates came in centred and scaled, although the layer reads them raw."""
    mean, deviation = _spread(size)
    coordinates = [0, 1, layer.in_features - 2, layer.in_features - 1]
    layer.weight.normal_(std=LINEAR_SCALE, generator=generator)
    layer.weight[:, coordinates] /= deviation
    layer.bias.copy_(-mean * layer.weight[:, coordinates].sum(dim=1))


def _query_table(network: Encoder, generator: torch.Generator) -> Tensor:
    """(cells, d): random projections of the coordinates and of a few cosines of them, and a little noise."""
    size, width = network.grid_size, network.embed_query_state.embedding_dim
    cells = torch.arange(size * size)
    place = torch.stack([cells // size, cells % size], dim=1).float()  # (cells, 2)
    mean, deviation = _spread(size)

    def projected(features: Tensor, scale: float) -> Tensor:
        return features @ (scale * torch.randn(2, width, generator=generator))

    table = projected((place - mean) / deviation, LINEAR_SCALE)
    for frequency in FREQUENCIES:
        table = table + projected(torch.cos(math.pi * frequency * (place + 0.5) / size), COSINE_SCALE)
    return table + NOISE_SCALE * torch.randn(table.shape, generator=generator)
