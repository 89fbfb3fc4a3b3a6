"""Family `compressed AD`: the blocks of `gpt2 blocks` behind a compressor that reads transition tokens.

A context that fits into the positions beside the query is seen whole. Of a longer one the oldest transitions become m
latents in one round, so many that latents, what is left and the query fill the positions. Tokens: latents (plus their
type's embedding), the transitions left, the query. Latents see every token; the others see all latents and are causal
among themselves.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ...records.errors import CheckpointError
from ...records.layout import LATENT, NONE, QUERY, TRANSITION, Layout
from ..attend import Recorder
from ..compressor import Compressor
from ..decoder import DecoderShape
from ..edit import Edit
from ..network import BuildOptions
from ..weights import check
from . import gpt2_blocks, rad
from .encoder import Encoder

NAME = "compressed AD"
BACKBONE = "ad_transformer."
UNUSED = (*gpt2_blocks.UNUSED, r"reconstruction_decoder\..*")  # the latter serves pre-training only
ASSUMED = (
    "latents attend to the recent tokens too, as in the first code of this family; a newer one hides those from them, "
    "and the file does not tell which"
)


class CompressedAD(Encoder):
    """The family's network.

    Args:
        n_transit: the positions, in tokens.
    """

    def __init__(
        self,
        shape: DecoderShape,
        n_transit: int,
        grid_size: int,
        n_actions: int,
        causal: bool = True,
        *,
        compressor: Compressor,
    ) -> None:
        super().__init__(shape, n_transit, grid_size, n_actions, causal)
        self.compression_transformer = compressor
        self.latent_type_embedding = nn.Parameter(torch.empty(1, 1, shape.d_model))
        self.variant = f"window of {n_transit} tokens · {compressor.n_latents} latents"

    @property
    def compressor(self) -> Compressor:
        return self.compression_transformer

    @property
    def n_beside(self) -> int:
        """How many transitions stay beside the latents and the query."""
        return self.n_transit - 1 - self.compressor.n_latents

    @property
    def n_context_max(self) -> int:
        return int(self.compressor.context_pos_embedding.shape[1]) + self.n_beside

    @property
    def n_context_usual(self) -> int:
        """Twice the window, so that there is something to compress."""
        return min(self.n_context_max, 2 * self.n_transit)

    @property
    def keeps_positions(self) -> bool:
        return False

    def taken(self, n: int) -> int:
        """How many of n transitions go through the compressor."""
        return 0 if n < self.n_transit else n - self.n_beside

    def layout(self, n: int) -> Layout:
        taken = self.taken(n)
        latents = [(LATENT, [NONE] * self.compressor.n_latents)] if taken else []
        return Layout.of([*latents, (TRANSITION, range(taken, n)), (QUERY, n)], n)

    def round_layouts(self, n: int) -> tuple[Layout, ...]:
        taken = self.taken(n)
        return (Layout.of([(TRANSITION, range(taken))], n),) if taken else ()

    def mask(self, n: int) -> Tensor | None:
        if not self.causal or not self.taken(n):
            return None
        shown = torch.ones(self.n_transit, self.n_transit, dtype=torch.bool, device=self.pos_embedding.device).tril()
        shown[: self.compressor.n_latents] = True
        return shown

    def forward(
        self,
        states: Tensor,
        actions: Tensor,
        rewards: Tensor,
        next_states: Tensor,
        query_states: Tensor,
        recorder: Recorder | None = None,
        query_actions: Tensor | None = None,
        edit: Edit | None = None,
    ) -> Tensor:
        del query_actions
        n = actions.shape[1]
        taken = self.taken(n)
        x = self.embed(states, actions, rewards, next_states, query_states)
        if taken:
            latents = self.compressor(x[:, :taken], 0, recorder) + self.latent_type_embedding
            x = torch.cat([latents, x[:, taken:]], dim=1)
        x = x + self.pos_embedding[:, : x.shape[1]]
        hidden = self.decoder(x, causal=self.causal, mask=self.mask(n), recorder=recorder, edit=edit, read=-1)
        out: Tensor = self.pred_action(hidden)
        return out


def recognise(weights: Mapping[str, Tensor]) -> bool:
    """Whether the keys are this family's."""
    return gpt2_blocks.is_backbone(weights, BACKBONE)


def build(weights: Mapping[str, Tensor], choices: BuildOptions, path: str) -> CompressedAD:
    """Make the network from shapes and load the weights; see `encoder.build`."""
    shape, n_transit, side, n_actions = gpt2_blocks.sizes(weights, choices, path, BACKBONE)
    own = rad.compressor_sizes(weights, shape.d_model, choices, path)
    n_latents, n_long = own.n_latents, own.n_long
    wanted = gpt2_blocks.file_shapes(shape, n_transit, side**2, n_actions, BACKBONE)
    wanted |= rad.file_shapes(own)
    check(wanted, weights, path, family=NAME, unused=UNUSED)
    if n_latents >= n_transit - 1 or n_long <= n_latents:  # the first round takes one transition more than it makes
        raise CheckpointError(
            path,
            expected=f"room for {n_latents} latents, a transition and the query, and {n_latents + 1} in the compressor",
            found=f"{n_transit} positions and {n_long} of the compressor",
            action="check that the file's weights are of one model",
        )
    with torch.random.fork_rng(devices=[]):
        network = CompressedAD(shape, n_transit, side, n_actions, choices.causal, compressor=Compressor(*own))
    gpt2_blocks.load(network, weights, BACKBONE)
    network.notes = ((ASSUMED,) if choices.causal else ()) + rad.assumed_heads(own, choices)
    return network
