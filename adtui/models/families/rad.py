"""Family `rad`: GPT-2 over separate tokens, with a compressor that sums up the oldest ones in latent tokens.

A context that fits into the window is seen whole. A longer one is compressed in rounds: as many of the oldest
transitions as the window holds become m latents; in later rounds these latents and the next transitions become the new
ones; until what is left fits. Tokens: latents (plus their type's embedding), the transitions left, the query state.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ...records.errors import CheckpointError
from ...records.layout import ACTION, LATENT, NONE, REWARD, STATE, Layout
from ..attend import Recorder
from ..compressor import Compressor
from ..decoder import DecoderShape
from ..edit import Edit
from ..network import BuildOptions
from ..weights import ANOTHER_VARIANT, Shapes, both, check, check_heads, dims, layer_count, positive, whole, wrong
from . import gpt2
from .gpt2 import GPT2, PER_TRANSITION

NAME = "rad"
PREFIX = "compression_transformer."
MAX_TRANSIT = 1 << 16
UNUSED = (*gpt2.UNUSED, r"reconstruction_decoder\..*")  # the latter serves pre-training only


class RAD(GPT2):
    """The rad family's network.

    Args:
        n_positions: the window, in tokens.
        n_usual: the context length to open with, in transitions; the rounds allow any.
        max_rounds: after so many rounds what does not fit is dropped instead; None is no limit.
    """

    def __init__(
        self,
        shape: DecoderShape,
        n_positions: int,
        grid_size: int,
        n_actions: int,
        causal: bool = True,
        *,
        compressor: Compressor,
        n_usual: int,
        max_rounds: int | None = None,
    ) -> None:
        super().__init__(shape, n_positions, grid_size, n_actions, causal)
        self.compression_transformer = compressor
        self.latent_type_embedding = nn.Parameter(torch.empty(1, 1, shape.d_model))
        self.n_usual, self.max_rounds = n_usual, max_rounds
        self.variant = f"window of {n_positions} tokens · {compressor.n_latents} latents"

    @property
    def n_context_max(self) -> int:
        return MAX_TRANSIT

    @property
    def n_context_usual(self) -> int:
        return self.n_usual

    @property
    def compressor(self) -> Compressor:
        return self.compression_transformer

    @property
    def n_latents(self) -> int:
        """m."""
        return self.compression_transformer.n_latents

    def schedule(self, n: int) -> tuple[list[int], int]:
        """(transitions taken into each round, transitions left for the decoder) of a context of n."""
        rounds: list[int] = []
        left = n
        while True:
            room = (self.n_positions - 1 - (self.n_latents if rounds else 0)) // PER_TRANSITION
            if left <= room:
                return rounds, left
            if self.max_rounds is not None and len(rounds) >= self.max_rounds:
                return rounds, room
            taken = min(max(1, room), left)
            rounds.append(taken)
            left -= taken

    def layout(self, n: int) -> Layout:
        rounds, left = self.schedule(n)
        return Layout.separate(n - left, n, self.n_latents if rounds else 0)

    def round_layouts(self, n: int) -> tuple[Layout, ...]:
        """For each round what the latents attend to: the latents before them, and the round's transitions."""
        rounds, first = [], 0
        for number, taken in enumerate(self.schedule(n)[0]):
            latents = [(LATENT, [NONE] * self.n_latents)] if number else []
            tokens = [(kind, t) for t in range(first, first + taken) for kind in (STATE, ACTION, REWARD)]
            rounds.append(Layout.of([*latents, *tokens], n))
            first += taken
        return tuple(rounds)

    @property
    def keeps_positions(self) -> bool:
        return False

    def hidden(
        self,
        states: Tensor,
        actions: Tensor,
        rewards: Tensor,
        query_states: Tensor,
        recorder: Recorder | None = None,
        edit: Edit | None = None,
        read: int | None = None,
    ) -> Tensor:
        rounds, left = self.schedule(actions.shape[1])
        context = self.embed_transitions(states, actions, rewards)
        latents: Tensor | None = None
        first = 0
        for number, taken in enumerate(rounds):
            piece = context[:, first : first + taken * PER_TRANSITION]
            source = piece if latents is None else torch.cat([latents, piece], dim=1)
            latents = self.compression_transformer(source, number, recorder)
            first += taken * PER_TRANSITION
        recent = context[:, context.shape[1] - left * PER_TRANSITION :]
        before = [] if latents is None else [latents + self.latent_type_embedding]
        return self.decode(torch.cat([*before, recent, self.embed_query(query_states)], dim=1), recorder, edit, read)


def recognise(weights: Mapping[str, Tensor]) -> bool:
    """Whether the keys are this family's."""
    return gpt2.is_backbone(weights) and any(name.startswith(gpt2.COMPRESSOR) for name in weights)


def build(weights: Mapping[str, Tensor], choices: BuildOptions, path: str) -> RAD:
    """Make the network from shapes and load the weights; see `encoder.build`."""
    shape, n_positions, side, n_actions = gpt2.sizes(weights, choices, path)
    config = choices.config
    own = compressor_sizes(weights, shape.d_model, choices, path)
    wanted = gpt2.file_shapes(shape, n_positions, side**2, n_actions)
    check(wanted | file_shapes(own), weights, path, family=NAME, unused=UNUSED)
    n_latents, n_long = own.n_latents, own.n_long
    longest = max(n_positions - 1, n_latents + PER_TRANSITION)  # what the compressor may have to read at once
    if n_latents >= n_positions - 1 or longest > n_long:
        raise CheckpointError(
            path,
            expected=f"a window longer than the {n_latents} latents and the query, and {longest} compressor positions",
            found=f"a window of {n_positions} tokens and {n_long} positions",
            action=ANOTHER_VARIANT,
        )
    usual = max(1, positive(config, "n_transit", path, default=n_positions, most=MAX_TRANSIT) - 1)
    told = config.get("max_compressions")
    limit = whole(told)
    if told is not None and (limit is None or limit < 0):
        raise wrong(path, "max_compressions as a number or nothing", f"{told!r:.40}")
    with torch.random.fork_rng(devices=[]):
        network = RAD(
            shape,
            n_positions,
            side,
            n_actions,
            choices.causal,
            compressor=Compressor(*own),
            n_usual=usual,
            max_rounds=limit,
        )
    gpt2.load(network, weights)
    network.notes = assumed_heads(own, choices)
    return network


class CompressorSizes(NamedTuple):
    """What `Compressor` is made with."""

    d: int
    n_layer: int
    n_head: int
    d_ff: int
    n_latents: int
    n_long: int


def compressor_sizes(weights: Mapping[str, Tensor], d: int, choices: BuildOptions, path: str) -> CompressorSizes:
    """From the shapes of its weights; its heads from the settings, else as many as the decoder has."""
    n_latents = dims(weights, f"{PREFIX}compress_queries", 3, path)[1]
    n_long = dims(weights, f"{PREFIX}context_pos_embedding", 3, path)[1]
    n_layer = layer_count(weights, f"{PREFIX}layers.", path)
    d_ff = dims(weights, f"{PREFIX}layers.0.ffn.0.weight", 2, path)[0]
    n_head = positive(choices.config, "compress_n_heads", path, default=choices.n_head)
    check_heads(path, d, n_head, "correct compress_n_heads in its config")
    return CompressorSizes(d, n_layer, n_head, d_ff, n_latents, n_long)


def assumed_heads(own: CompressorSizes, choices: BuildOptions) -> tuple[str, ...]:
    """What to say of a head count that no setting tells."""
    if choices.config.get("compress_n_heads") is not None:
        return ()
    return (f"{own.n_head} heads assumed in the compressor: the settings do not say",)


def file_shapes(own: CompressorSizes) -> Shapes:
    """Names and shapes of the compressor's weights."""
    d, n_layer, _, ff, n_latents, n_long = own
    sizes: Shapes = {
        "latent_type_embedding": (1, 1, d),
        f"{PREFIX}compress_queries": (1, n_latents, d),
        f"{PREFIX}context_pos_embedding": (1, n_long, d),
    }
    for layer in range(n_layer):
        at = f"{PREFIX}layers.{layer}."
        sizes |= {f"{at}self_attn.in_proj_weight": (3 * d, d), f"{at}self_attn.in_proj_bias": (3 * d,)}
        sizes |= both(f"{at}self_attn.out_proj", d, d)
        for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
            sizes |= both(f"{at}cross_attn.{part}", d, d)
        sizes |= both(f"{at}ffn.0", ff, d) | both(f"{at}ffn.3", d, ff)
        for norm in ("self_attn_norm", "cross_attn_norm", "ffn_norm"):
            sizes |= both(f"{at}{norm}", d)
    return sizes | both(f"{PREFIX}final_norm", d)
