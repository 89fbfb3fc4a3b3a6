"""Knock-outs: what the model's action owes to some transitions or to one head, beside random controls.

Hiding keeps every position: the hidden tokens are still there, but nothing else can attend to them. All variants of one
question go through the model as one batch.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

import numpy as np
import torch

from ..models.decoder import Edit
from ..models.model import Array, Model
from ..records.arrays import Doubles, Floats, Ints
from ..records.errors import ModelError
from ..records.insight import KnockOut
from ..records.sample import Sample
from ..worlds.draws import Use, generator

CONTROLS = 32
"""Random controls of one knock-out."""
_TOKENS = 2048
"""Tokens in one forward pass, at least one variant's: bounds its time, so that others can be answered in between."""
_PAIRS = 1 << 26
"""Query-key pairs in one forward pass, each a byte of mask for every variant: bounds its memory."""


def knock_out(
    model: Model,
    sample: Sample,
    transitions: Sequence[int] | Ints,
    *,
    where: tuple[int, int | None] | None = None,
    controls: int = CONTROLS,
    seed: int = 0,
    index: int = 0,
) -> KnockOut:
    """Hide context transitions and see what becomes of the action at the query: `knock_out_steps` at one go."""
    steps = knock_out_steps(model, sample, transitions, where=where, controls=controls, seed=seed, index=index)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found: KnockOut = end.value
            return found


def knock_out_steps(
    model: Model,
    sample: Sample,
    transitions: Sequence[int] | Ints,
    *,
    where: tuple[int, int | None] | None = None,
    controls: int = CONTROLS,
    seed: int = 0,
    index: int = 0,
) -> Generator[None, None, KnockOut]:
    """Hide context transitions and see what becomes of the action at the query; yields after every forward pass.

    Args:
        transitions: indices of context transitions, each with tokens of its own.
        where: hide them from this head only, (layer, head), or from this layer, (layer, None).
        controls: how many draws of as many other transitions; 0 where there are not enough others.
        seed, index: of the draws; the index tells samples apart, see `draws`.

    Raises:
        ModelError: nothing to hide, or a transition that the model does not see (one that became latents).
    """
    layout = model.layout(sample)
    chosen = np.unique(np.asarray(transitions, dtype=np.int64))
    visible = layout.visible
    if not len(chosen) or not np.isin(chosen, visible).all():
        shown = f"{visible[0]} to {visible[-1]}" if len(visible) else "none"
        raise ModelError(
            f"knock-out of {sample.label}",
            expected=f"context transitions that the model sees ({shown})",
            found="none" if not len(chosen) else f"{chosen[~np.isin(chosen, visible)][0]}",
            action="choose among those",
        )
    others = np.setdiff1d(visible, chosen)
    rng = generator(seed, Use.CONTROLS, index)
    draws = controls if len(others) >= len(chosen) else 0
    sets = [chosen, *(rng.choice(others, len(chosen), replace=False) for _ in range(draws))]
    owner = layout.transition[: layout.n_tokens - model.network.takes_query_action]
    hidden = np.stack([np.zeros(len(owner), np.bool_), *(np.isin(owner, one) for one in sets)])
    rows = max(1, min(_TOKENS // len(owner), _PAIRS // len(owner) ** 2))
    parts = []
    for first in range(0, len(hidden), rows):
        some = hidden[first : first + rows]
        parts.append(_variants(model, sample, len(some), Edit(torch.as_tensor(some, device=model.device), where)))
        yield
    return _result(np.concatenate(parts), chosen, where)


def mute(model: Model, sample: Sample, layer: int, head: int) -> KnockOut:
    """Replace one head's output by 0; the controls are the other heads of its layer, one at a time."""
    others = [other for other in range(model.n_head) if other != head]
    variants = [frozenset(), frozenset({(layer, head)}), *(frozenset({(layer, other)}) for other in others)]
    logits = np.concatenate([_variants(model, sample, 1, Edit(muted=muted)) for muted in variants])
    return _result(logits, np.zeros(0, np.int64), (layer, head), muted=True)


def _variants(model: Model, sample: Sample, count: int, edit: Edit) -> Floats:
    """(count, A) logits of the same sample under the rows of an edit."""

    def repeated(values: Array) -> Array:
        return np.repeat(np.asarray(values)[None], count, axis=0)

    return model.policy(
        repeated(sample.states),
        repeated(sample.actions),
        repeated(sample.rewards),
        repeated(sample.next_states),
        repeated(sample.query_state),
        edit=edit,
    )


def _result(logits: Floats, chosen: Ints, where: tuple[int, int | None] | None, muted: bool = False) -> KnockOut:
    """From logits (2 + R, A): untouched, the knock-out, its controls."""
    divergence = kl_from_first(logits)
    actions = logits.argmax(axis=1)
    return KnockOut(
        transitions=tuple(chosen.tolist()),
        where=where,
        kl=float(divergence[1]),
        changed=bool(actions[1] != actions[0]),
        control_kl=divergence[2:],
        control_changed=actions[2:] != actions[0],
        action_before=int(actions[0]),
        action_after=int(actions[1]),
        muted=muted,
    )


def kl_from_first(logits: Floats) -> Doubles:
    """(V, A) logits → (V,) KL(p₀ ‖ p_v) in nats, never below 0."""
    wide = logits.astype(np.float64)
    log_p = wide - np.logaddexp.reduce(wide, axis=1, keepdims=True)
    divergence: Doubles = (np.exp(log_p[0]) * (log_p[0] - log_p)).sum(axis=1)
    return np.maximum(divergence, 0.0)
