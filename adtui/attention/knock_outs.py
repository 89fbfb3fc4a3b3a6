"""Knock-outs: what the model's action owes to some transitions or to one head, beside random controls.

Hiding keeps every position: the hidden tokens are still there, but nothing else can attend to them. All variants of one
question go through the model as one batch.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

import numpy as np

from ..models.edit import Edit
from ..models.model import Model
from ..records.ablation import MASK, NOISING, RESAMPLED
from ..records.arrays import Floats, Ints
from ..records.errors import ModelError
from ..records.insight import KnockOut
from ..records.sample import Sample
from ..records.steps import at_one_go
from ..statistics.distributions import distribution
from ..worlds.draws import Use, generator
from .ablations import Where, ablate, stand_ins
from .ablations import logits as logits_of

CONTROLS = 32
"""Random controls of one knock-out."""
NO_ACTION = -1
"""Where actions are numbers, none is the likeliest."""


def knock_out(
    model: Model,
    sample: Sample,
    transitions: Sequence[int] | Ints,
    *,
    where: Where = None,
    controls: int = CONTROLS,
    seed: int = 0,
    index: int = 0,
) -> KnockOut:
    """Hide context transitions and see what becomes of the action at the query: `knock_outs` of one set, at one go."""
    steps = knock_outs(model, sample, [transitions], where=where, controls=controls, seed=seed, index=index)
    (found,) = at_one_go(steps)
    return found


def knock_outs(
    model: Model,
    sample: Sample,
    named: Sequence[Sequence[int] | Ints],
    *,
    where: Where = None,
    controls: int = CONTROLS,
    seed: int = 0,
    index: int = 0,
) -> Generator[None, None, list[KnockOut]]:
    """Hide sets of context transitions, one set at a time: `ablations` by mask, noising only."""
    draws = {"controls": controls, "seed": seed, "index": index}
    found = yield from ablations(model, sample, named, where=where, way=MASK, directions=(NOISING,), **draws)
    return found[NOISING]


def ablations(
    model: Model,
    sample: Sample,
    named: Sequence[Sequence[int] | Ints],
    *,
    where: Where,
    way: str,
    directions: Sequence[str],
    controls: int,
    seed: int,
    index: int,
) -> Generator[None, None, dict[str, list[KnockOut]]]:
    """Ablate sets of context transitions, one set at a time, and see what becomes of the action at the query.

    A control is a set of the same size, drawn from all transitions that the model sees, whatever the set in question
    holds. So a set that was itself drawn at random is one of R + 1 equal draws, which `randomisation` rests on; draws
    from the others only would share nothing with it but much with each other. Sets of one size have the same controls,
    and what occurs twice is computed once.

    Args:
        named: sets of indices of context transitions, each with tokens of its own.
        where: ablate them for this head only, (layer, head), or for this layer, (layer, None).
        way: how, see `ablations`.
        directions: "noising" ablates a set, "denoising" all that the model sees but the set, controls likewise.
        controls: how many draws for each size; 0 for a set of all there is.
        seed, index: of the draws; the index tells samples apart, see `draws`. They also differ between sizes and
            places, and are the same for every way and direction.

    Yields:
        After every forward pass.

    Returns:
        For each direction, one for each set.

    Raises:
        ModelError: nothing to ablate, or a transition that the model does not see (one that became latents).
    """
    layout = model.layout(sample)
    visible = layout.visible
    chosen = [_checked(sample, one, visible) for one in named]
    others = {size: _draws(visible, size, controls, (seed, index), where) for size in {len(one) for one in chosen}}
    variants = {one.tobytes(): one for one in [*chosen, *(draw for draws in others.values() for draw in draws)]}
    rows = {key: row for row, key in enumerate(variants, 1)}
    ablated = np.zeros((1 + len(directions) * len(variants), sample.n_context), np.bool_)
    for at, direction in enumerate(directions):
        for key, one in variants.items():
            row = rows[key] + at * len(variants)
            ablated[row, one if direction == NOISING else np.setdiff1d(visible, one)] = True
    order = stand_ins(layout, seed, index) if way == RESAMPLED else None
    logits = yield from ablate(model, sample, ablated, way, where, order)
    found: dict[str, list[KnockOut]] = {direction: [] for direction in directions}
    for at, direction in enumerate(directions):
        for one in chosen:
            mine = np.array([rows[each.tobytes()] for each in (one, *others[len(one)])]) + at * len(variants)
            found[direction].append(_result(model, sample, logits[[0, *mine]], one, where))
    return found


def _checked(sample: Sample, transitions: Sequence[int] | Ints, visible: Ints) -> Ints:
    """The set in order; raises ModelError where it is empty, or holds what the model does not see."""
    chosen = np.unique(np.asarray(transitions, dtype=np.int64))
    if len(chosen) and np.isin(chosen, visible).all():
        return chosen
    shown = f"{visible[0]} to {visible[-1]}" if len(visible) else "none"
    raise ModelError(
        f"knock-out of {sample.label}",
        expected=f"context transitions that the model sees ({shown})",
        found="none" if not len(chosen) else f"{chosen[~np.isin(chosen, visible)][0]}",
        action="choose among those",
    )


def _draws(visible: Ints, size: int, count: int, seed: tuple[int, int], where: Where) -> list[Ints]:
    """Random sets of a size, from a stream of their own for each sample, size and place."""
    if size == len(visible):
        return []
    layer, head = (None, None) if where is None else where
    place = (0 if layer is None else layer + 1, 0 if head is None else head + 1)
    rng = generator(seed[0], Use.CONTROLS, seed[1], size, *place)
    return [np.sort(rng.choice(visible, size, replace=False)) for _ in range(count)]


def mute(model: Model, sample: Sample, layer: int, head: int) -> KnockOut:
    """Replace one head's output by 0; the controls are the other heads of its layer, one at a time."""
    others = [other for other in range(model.n_head) if other != head]
    variants = [frozenset(), frozenset({(layer, head)}), *(frozenset({(layer, other)}) for other in others)]
    logits = np.concatenate([logits_of(model, sample, Edit(muted=muted)) for muted in variants])
    return _result(model, sample, logits, np.zeros(0, np.int64), (layer, head), muted=True)


def _result(model: Model, sample: Sample, outputs: Floats, chosen: Ints, where: Where, muted: bool = False) -> KnockOut:
    """From outputs (2 + R, K): untouched, the knock-out, its controls."""
    said = distribution(model.head, sample)
    kl, change = said.divergence(outputs[0], outputs), said.change(outputs)
    actions = said.likeliest(outputs)
    actions = np.full(len(outputs), NO_ACTION) if actions is None else actions
    return KnockOut(
        transitions=tuple(chosen.tolist()),
        where=where,
        kl=float(kl[1]),
        changed=bool(actions[1] != actions[0]),
        control_kl=kl[2:],
        control_changed=actions[2:] != actions[0],
        action_before=int(actions[0]),
        action_after=int(actions[1]),
        muted=muted,
        logit=float(change[1]),
        control_logit=change[2:],
        chances=said.told(outputs[:2]),
        head=model.head,
    )
