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

from ..models.alike import ALIKE
from ..models.attend import Recorder
from ..models.edit import Edit
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
    """

    answers: dict[bytes, Floats] = field(default_factory=dict, repr=False, compare=False)

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
        marks = [blake2b(row.tobytes(), digest_size=16).digest() for row in _told(asked, edit)]
        first = dict(zip(reversed(marks), reversed(range(len(marks))), strict=True))  # of equal rows the first
        if len(self.answers) + len(first) > MOST:
            self.answers.clear()
        fresh = [row for mark, row in first.items() if mark not in self.answers]
        if fresh:
            rows = np.resize(np.sort(fresh), max(len(fresh), ALIKE))
            for part in np.array_split(rows, -(-len(rows) // _at_once(actions.shape[1]))):
                mine = [one[part] for one in asked]
                found = super().policy(mine[0], mine[1], mine[2], mine[3], mine[4], edit=_of_rows(edit, part))
                self.answers.update(zip((marks[row] for row in part), found, strict=True))
        return np.stack([self.answers[mark] for mark in marks])


def remembering(model: Model) -> Model:
    """The model with a memory of its own; itself where its layers are code of the user's, which may do anything."""
    network = model.network
    if not network.own_layers or isinstance(model, Remembering):
        return model
    return Remembering(model.family, network, model.device, model.notes)


def _at_once(n: int) -> int:
    """Contexts of n transitions that are computed at once: what they take stays in a CPU's caches."""
    return max(ROOMS_AT_ONCE, TOKENS_AT_ONCE // (n + 1))


def _stands(edit: Edit | None) -> bool:
    """Whether nothing is edited but where tokens stand."""
    return edit is None or edit == Edit(positions=edit.positions)


def _of_rows(edit: Edit | None, rows: Array) -> Edit | None:
    return None if edit is None or edit.positions is None else Edit(positions=edit.positions[rows])


def _told(asked: Sequence[Array], edit: Edit | None) -> Array:
    """(B, bytes) all that is told of each context."""
    parts = [_bytes(part) for part in asked]
    if edit is not None and edit.positions is not None:
        parts.append(_bytes(edit.positions.cpu().numpy()))
    return np.hstack(parts)


def _bytes(part: Array) -> Array:
    """(B, …) numbers → (B, bytes)."""
    return np.ascontiguousarray(part.reshape(len(part), math.prod(part.shape[1:]))).view(np.uint8)
