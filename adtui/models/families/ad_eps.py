"""Family `ad-eps`: AD-eps (Zisman et al. 2023, arXiv 2312.12275), over separate tokens with sinusoidal positions.

Tokens: s0, a0, r0, s1, a1, r1, …, then the query state, embedded in a width of their own, where their positions are
added; `emb2hid` brings them to the blocks' width. No norm follows the last block. Action logits are read at every state
token. At acting time its code has an action and a reward of zero after the query; no state token sees them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ...records.run_settings import Customs
from ..attend import Recorder
from ..decoder import DecoderShape
from ..edit import Edit
from ..network import BuildOptions
from ..weights import Shapes, both, check, check_heads, dims, grid_side, layer_count, truth, whole, wrong
from .gpt2 import GPT2, PER_TRANSITION

NAME = "ad-eps"
HEADS_ADVICE = "say the one it was trained with: --heads (4, unless changed)"
WHOSE = "AD-eps' code"
PREFIX = "blocks."
POSITIONS = "pos_emb.pos_emb"
DARK_ROOM = "DarkRoom-v0"
TRAIN_GOALS, HORIZON = 5, 20
"""What its code has where nobody says otherwise: goals to train on, and steps of an episode in DARK_ROOM."""
RENAMES = (
    (".attention.in_proj_weight", ".attention.qkv.weight"),
    (".attention.in_proj_bias", ".attention.qkv.bias"),
    (".attention.out_proj.", ".attention.out."),
    (".mlp.0.", ".expand."),
    (".mlp.2.", ".contract."),
)
"""A block's weights: in files → in our modules, which have `decoder.` before them."""
OUTER = {"state_emb.": "embed_state.", "action_emb.": "embed_action.", "reward_emb.": "embed_reward."}


class ADEps(GPT2):
    """The family's network.

    Args:
        width: of the tokens before `emb2hid`.
    """

    position_tables = ("sinusoids",)

    def __init__(
        self, shape: DecoderShape, n_positions: int, grid_size: int, n_actions: int, causal: bool = True, *, width: int
    ) -> None:
        super().__init__(shape, n_positions, grid_size, n_actions, causal)
        del self.positions  # sinusoids: stored, but not learned
        self.register_buffer("sinusoids", torch.zeros(n_positions, width))
        self.embed_state = nn.Embedding(grid_size * grid_size, width)
        self.embed_action = nn.Embedding(n_actions, width)
        self.embed_reward = nn.Linear(1, width)
        self.emb2hid = nn.Linear(width, shape.d_model)
        self.variant = "pre-norm" if shape.pre_norm else "post-norm"

    sinusoids: Tensor

    def embeddings(self, states: Tensor, actions: Tensor, rewards: Tensor, next_states: Tensor) -> Tensor:
        del next_states
        B, n = actions.shape
        tokens: Tensor = self.emb2hid(self.embed_transitions(states, actions, rewards))
        return tokens.view(B, n, PER_TRANSITION, tokens.shape[-1]).sum(dim=2)

    def decode(self, x: Tensor, recorder: Recorder | None, edit: Edit | None, read: int | None) -> Tensor:
        ordered = torch.arange(x.shape[1], device=x.device)
        x = self.emb2hid(x + self.sinusoids[ordered if edit is None or edit.positions is None else edit.positions])
        out: Tensor = self.decoder(x, causal=self.causal, recorder=recorder, edit=edit, read=read)
        return out


def recognise(weights: Mapping[str, Tensor]) -> bool:
    """Whether the keys are this family's."""
    own = {"emb2hid.weight", "state_emb.weight", "action_head.weight", f"{PREFIX}0.attention.in_proj_weight"}
    return own <= weights.keys()


def build(weights: Mapping[str, Tensor], choices: BuildOptions, path: str) -> ADEps:
    """Make the network from shapes and load the weights; see `encoder.build`."""
    _, n_positions, width = dims(weights, POSITIONS, 3, path)
    d_model = dims(weights, "emb2hid.weight", 2, path)[0]
    side = grid_side(weights, "state_emb.weight", path)
    n_actions = dims(weights, "action_head.weight", 2, path)[0]
    d_ff = dims(weights, f"{PREFIX}0.mlp.0.weight", 2, path)[0]
    n_layer = layer_count(weights, PREFIX, path)
    check_heads(path, d_model, choices.n_head)
    pre_norm = truth(choices.config.get("pre_norm", choices.config.get("norm_first"))) is not False
    shape = DecoderShape(d_model, n_layer, choices.n_head, d_ff, pre_norm, final_norm=False)
    wanted = _file_shapes(shape, n_positions, width, side**2, n_actions)
    check(wanted, weights, path, family=NAME, unused=(r"blocks\.\d+\.causal_mask",))
    _check_masks(weights, path)
    with torch.random.fork_rng(devices=[]):
        network = ADEps(shape, n_positions, side, n_actions, choices.causal, width=width)
    places = network.state_dict().keys()
    named = {_from_file(name): tensor.float() for name, tensor in weights.items()}
    named["sinusoids"] = named["sinusoids"][0]
    network.load_state_dict({name: tensor for name, tensor in named.items() if name in places}, assign=True)
    network.customs, network.notes = _customs(choices.config, side**2), _notes(choices.config, side)
    return network


def _file_shapes(shape: DecoderShape, n_positions: int, width: int, cells: int, n_actions: int) -> Shapes:
    """Names and shapes of a file of these sizes."""
    d, ff = shape.d_model, shape.d_ff
    sizes: Shapes = {POSITIONS: (1, n_positions, width), "state_emb.weight": (cells, width)}
    for layer in range(shape.n_layer):
        at = f"{PREFIX}{layer}."
        sizes |= {f"{at}attention.in_proj_weight": (3 * d, d), f"{at}attention.in_proj_bias": (3 * d,)}
        sizes |= both(f"{at}attention.out_proj", d, d) | both(f"{at}mlp.0", ff, d) | both(f"{at}mlp.2", d, ff)
        sizes |= both(f"{at}norm1", d) | both(f"{at}norm2", d)
    sizes |= {"action_emb.weight": (n_actions, width)} | both("reward_emb", width, 1)
    return sizes | both("emb2hid", d, width) | both("action_head", n_actions, d)


def _check_masks(weights: Mapping[str, Tensor], path: str) -> None:
    """Raise CheckpointError where a stored mask is not the causal one: True where a token may not look."""
    for name, mask in weights.items():
        if name.endswith(".causal_mask"):
            n = mask.shape[0]
            causal = mask.ndim == 2 and torch.equal(mask.bool(), torch.ones(n, n, dtype=torch.bool).triu(1))
            if not causal:
                raise wrong(path, f"{name} as a causal mask, True above its diagonal", "another one")


def _from_file(name: str) -> str:
    """The name in users' files → our parameter name."""
    if name.startswith(PREFIX):
        for theirs, ours in RENAMES:
            name = name.replace(theirs, ours)
        return f"decoder.{name}"
    for theirs, ours in OUTER.items():
        if name.startswith(theirs):
            return name.replace(theirs, ours)
    return {POSITIONS: "sinusoids"}.get(name, name.replace("action_head.", "pred_action."))


def _customs(config: Mapping[str, Any], cells: int) -> Customs:
    """What its code's settings call otherwise than the users', and what it has where they say nothing."""
    named = {"env": "env_name", "env_split_seed": "eval_seed"}
    told = {ours: config[theirs] for ours, theirs in named.items() if theirs in config}
    if (goals := whole(config.get("num_train_goals"))) is not None:
        told["train_env_ratio"] = min(1.0, max(0, goals) / cells)
    ratio = TRAIN_GOALS / max(cells, TRAIN_GOALS)
    assumed: dict[str, Any] = {"env": DARK_ROOM, "env_split_seed": 42, "train_env_ratio": ratio}
    if told.get("env", DARK_ROOM) == DARK_ROOM:
        assumed["horizon"] = HORIZON
    return Customs(WHOSE, assumed, told)


def _notes(config: Mapping[str, Any], side: int) -> tuple[str, ...]:
    notes = []
    if "env_name" not in config:
        notes.append(
            f"Dark Room of {side} x {side} with the actions stay, up, right, down, left, as AD-eps' code has it:"
            " by its shapes it could be Key-to-Door as well"
        )
    if "pre_norm" not in config and "norm_first" not in config:
        notes.append("norms before each sublayer, as AD-eps' code has them: no key tells")
    return tuple(notes)
