"""Family `encoder` with compressed context: batches of transitions between marks.

Tokens: `<c> previous batch </c> <c> present batch query`; each mark is a learnt vector, and every token also gets the
embedding of its type (transition, opening mark, closing mark). A batch is `compress_interval` steps of the source's
training; the first batch of a history has none before it. Where the settings say `use_compressed_context: false`, the
model runs without marks: transitions with their type, then the query without one.

An older version has the marks' vectors but no types: it adds them to the first and last transition of a marked stretch
in training only, and acts without them; it is opened as it acts.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ...records.layout import CLOSE, NONE, OPEN, QUERY, TRANSITION, Layout
from ..decoder import DecoderShape
from ..network import BuildOptions
from ..weights import Shapes, check, positive, truth
from . import encoder
from .encoder import Encoder

NAME = "encoder with compressed context"
INTERVAL = 80
"""Steps of a batch where the settings do not say, as in the users' code."""
OLDER = (("embed_compress_start", "embed_compress_end"), ("compress_start_embed", "compress_end_embed"))


class MarkedEncoder(Encoder):
    """An encoder over marked batches.

    Args:
        interval: transitions of a whole batch.
        marked: whether there are marks at all.
    """

    def __init__(
        self,
        shape: DecoderShape,
        n_transit: int,
        grid_size: int,
        n_actions: int,
        causal: bool = True,
        *,
        interval: int,
        marked: bool,
    ) -> None:
        super().__init__(shape, n_transit, grid_size, n_actions, causal)
        d = shape.d_model
        self.interval, self.marked = interval, marked
        self.token_type_embedding = nn.Embedding(3, d)
        self.compress_start_token = nn.Parameter(torch.zeros(1, 1, d))
        self.compress_end_token = nn.Parameter(torch.zeros(1, 1, d))
        self.variant += f" · batches of {interval}" if marked else " · without marks"
        self.stride = interval if marked else 1

    @property
    def n_context_max(self) -> int:
        if not self.marked:
            return self.n_transit - 1
        one, two = min(self.interval - 1, self.n_transit - 2), min(2 * self.interval - 1, self.n_transit - 4)
        return two if two >= self.interval else one

    @property
    def keeps_positions(self) -> bool:
        return not self.marked

    def layout(self, n: int) -> Layout:
        if not self.marked:
            return Layout.plain(n)
        done = self.interval if n >= self.interval else 0
        before = [(OPEN, NONE), (TRANSITION, range(done)), (CLOSE, NONE)] if done else []
        return Layout.of([*before, (OPEN, NONE), (TRANSITION, range(done, n)), (QUERY, n)], n)

    def embed(self, states: Tensor, actions: Tensor, rewards: Tensor, next_states: Tensor, query: Tensor) -> Tensor:
        kinds = self.token_type_embedding.weight
        context = self.embed_transitions(states, actions, rewards, next_states) + kinds[0]
        last = self.embed_query(query).unsqueeze(1)
        if not self.marked:
            return torch.cat([context, last], dim=1)
        B, n = actions.shape
        opening = (self.compress_start_token + kinds[1]).expand(B, 1, -1)
        closing = (self.compress_end_token + kinds[2]).expand(B, 1, -1)
        done = self.interval if n >= self.interval else 0
        before = [opening, context[:, :done], closing] if done else []
        return torch.cat([*before, opening, context[:, done:], last + kinds[0]], dim=1)


def recognise(weights: Mapping[str, Tensor]) -> bool:
    """Whether the keys are this family's."""
    needed = {"pos_embedding", "embed_context.weight", "transformer_encoder.layers.0.self_attn.in_proj_weight"}
    return needed <= weights.keys() and any(name.startswith(encoder.MARKS) for name in weights)


def build(weights: Mapping[str, Tensor], choices: BuildOptions, path: str) -> Encoder:
    """Make the network from shapes and load the weights; see `encoder.build`."""
    shape, n_transit, side, n_actions = encoder.sizes(weights, choices, path)
    d = shape.d_model
    wanted = encoder.file_shapes(shape, n_transit, side**2, n_actions)
    for start, end in OLDER:
        if start in weights:
            check(wanted | {start: (1, 1, d), end: (1, 1, d)}, weights, path, family=NAME, unused=encoder.BUFFERS)
            with torch.random.fork_rng(devices=[]):
                older = Encoder(shape, n_transit, side, n_actions, choices.causal)
            encoder.load(older, weights)
            older.variant += " · marks in training only"
            older.notes = ("an older kind of compressed context: marks are used in training only, not here",)
            return older
    unused = (*encoder.BUFFERS, r"pred_token_type\.(weight|bias)")
    check(wanted | own_shapes(d), weights, path, family=NAME, unused=unused)
    marked = truth(choices.config.get("use_compressed_context")) is not False
    interval = positive(choices.config, "compress_interval", path, default=INTERVAL)
    with torch.random.fork_rng(devices=[]):
        network = MarkedEncoder(shape, n_transit, side, n_actions, choices.causal, interval=interval, marked=marked)
    encoder.load(network, weights)
    if marked and choices.config.get("compress_interval") is None:
        network.notes = (f"batches of {interval} steps assumed: the settings have no compress_interval",)
    return network


def own_shapes(d: int) -> Shapes:
    """Names and shapes that the family has beside the encoder's."""
    marks: Shapes = {"compress_start_token": (1, 1, d), "compress_end_token": (1, 1, d)}
    return marks | {"token_type_embedding.weight": (3, d)}
