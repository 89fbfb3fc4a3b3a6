"""A model that answers what it has been asked before from memory.

In trials many rooms share a goal, and a model that has learned its task does the same again and again: of the contexts
of a sweep most have been seen before, the shorter the more. What the model says of a context depends on nothing beside
it in the batch, so each is computed once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

import numpy as np
import torch

from ..models.alike import ALIKE
from ..models.attend import Recorder
from ..models.beginnings import Beginnings
from ..models.edit import Edit
from ..models.families.encoder import Encoder
from ..models.model import Array, Model
from ..records.arrays import Floats
from ..worlds.returns import ROOMS_AT_ONCE

MOST = 1 << 17
"""Answers that are kept, some 130 bytes each. When there are as many, all are forgotten."""

TOKENS_AT_ONCE = 4096


@dataclass(frozen=True)
class Remembering(Model):
    """The same model; `policy` computes each context once, and no context beside itself.

    Attributes:
        answers: digest of a context → its logits (A,).
        beginnings: what is kept of contexts that begin alike; None where contexts are computed each for itself.
    """

    answers: dict[bytes, Floats] = field(default_factory=dict, repr=False, compare=False)
    beginnings: Beginnings | None = field(default=None, repr=False, compare=False)

    def policy(
        self,
        states: Array,
        actions: Array,
        rewards: Array,
        next_states: Array,
        query_states: Array,
        recorder: Recorder | None = None,
        query_actions: Array | None = None,
        edit: Edit | None = None,
    ) -> Floats:
        asked = (states, actions, rewards, next_states, query_states)
        if len(query_states) < ALIKE or recorder is not None or query_actions is not None or not _stands(edit):
            return super().policy(*asked, recorder, query_actions, edit)
        told, each = _told(asked, edit)
        marks = [blake2b(row, digest_size=16).digest() for row in told]
        first = dict(zip(reversed(marks), reversed(range(len(marks))), strict=True))  # of equal rows the first
        if len(self.answers) + len(first) > MOST:
            self.answers.clear()
        fresh = [row for mark, row in first.items() if mark not in self.answers]
        if fresh:
            rows = np.resize(np.sort(fresh), max(len(fresh), ALIKE))
            for part in np.array_split(rows, -(-len(rows) // _at_once(actions.shape[1]))):
                mine = [told[row] for row in part]
                found = self._computed([one[part] for one in asked], _of_rows(edit, part), mine, each)
                self.answers.update(zip((marks[row] for row in part), found, strict=True))
        return np.stack([self.answers[mark] for mark in marks])

    def _computed(self, asked: Sequence[Array], edit: Edit | None, told: Sequence[bytes], each: int) -> Floats:
        """(B, A) logits; what is told of the contexts is as `_told` gives it."""
        states, actions, rewards, next_states, query_states = asked
        network, kept = self.network, self.beginnings
        if kept is None or not isinstance(network, Encoder) or not kept.takes(len(told), actions.shape[1] + 1):
            return super().policy(states, actions, rewards, next_states, query_states, edit=edit)
        with torch.inference_mode():
            tokens = network.tokens(*self._tensors(states, actions, rewards, next_states, query_states), edit)
            logits = network.pred_action(kept.hidden(tokens, told, each))
        return np.asarray(logits.float().cpu().numpy(), dtype=np.float32)


def remembering(model: Model) -> Model:
    """The model with a memory of its own; itself where its layers are code of the user's, which may do anything."""
    network = model.network
    if not network.own_layers or isinstance(model, Remembering):
        return model
    plain = type(network) is Encoder and network.causal  # its kin have other tokens
    beginnings = Beginnings(network.decoder) if plain else None
    return Remembering(model.family, network, model.device, model.notes, {}, beginnings)


def _at_once(n: int) -> int:
    """Contexts of n transitions that are computed at once: what they take stays in a CPU's caches."""
    return max(ROOMS_AT_ONCE, TOKENS_AT_ONCE // (n + 1))


def _stands(edit: Edit | None) -> bool:
    """Whether nothing is edited but where tokens stand."""
    return edit is None or edit == Edit(positions=edit.positions)


def _of_rows(edit: Edit | None, rows: Array) -> Edit | None:
    return None if edit is None or edit.positions is None else Edit(positions=edit.positions[rows])


def _told(asked: Sequence[Array], edit: Edit | None) -> tuple[list[bytes], int]:
    """All that is told of each context, transition by transition, then of its query; and the bytes of a transition."""
    *each, query = asked
    parts, rest = [_bytes(part, 2) for part in each], [_bytes(query, 1)]
    if edit is not None and edit.positions is not None:
        places = edit.positions.cpu().numpy()
        if places.shape[1] == each[1].shape[1] + 1:
            parts.append(_bytes(places[:, :-1], 2))
            places = places[:, -1:]
        rest.append(_bytes(places, 1))
    rows = np.concatenate(parts, axis=2)
    joined = np.hstack([rows.reshape(len(rows), math.prod(rows.shape[1:])), *rest])
    return [row.tobytes() for row in joined], rows.shape[2]


def _bytes(part: Array, axes: int) -> Array:
    """(B, n, …) or (B, …) numbers → (B, n, bytes) or (B, bytes)."""
    plain = np.ascontiguousarray(part.reshape(*part.shape[:axes], math.prod(part.shape[axes:])))
    return plain.view(np.uint8)
