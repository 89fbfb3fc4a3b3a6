"""What the states and actions of a file are: cells of a grid and single actions, or vectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ..records.arrays import Floats, Ints, Values
from ..records.errors import OtherWorldError
from ..records.run_settings import META_WORLD, RunSettings
from .hdf5 import Column, unusable

Array = np.ndarray[Any, Any]
CELL = 2


class Form(Protocol):
    """How the columns of a file are read and checked."""

    @property
    def action_width(self) -> int | None:
        """Numbers of an action that is a vector, None for single actions."""

    @property
    def n_actions(self) -> int | None:
        """How many actions are chosen from, None where they are vectors."""

    @property
    def grid_size(self) -> int | None:
        """Cells along a side, None where states are no cells."""

    def state_width(self, states: Column) -> int:
        """Numbers that a file has of a state; HistoryError where it is no state of this form."""

    def notes(self, states: Column) -> tuple[str, ...]:
        """What users should know of how states are read."""

    def states(self, column: Column, values: Array) -> Values:
        """Values as they were read → those that the model takes; HistoryError where they are none."""

    def actions(self, column: Column, values: Array) -> Values:
        """The same of actions."""


@dataclass(frozen=True)
class Cells:
    """Cells 0 … grid_size − 1, actions 0 … n_actions − 1; whole numbers."""

    grid_size: int
    n_actions: int
    action_width: int | None = None

    def state_width(self, states: Column) -> int:
        del states
        return CELL

    def notes(self, states: Column) -> tuple[str, ...]:
        del states
        return ()

    def states(self, column: Column, values: Array) -> Ints:
        return whole_numbers(column, values, "cells", self.grid_size)

    def actions(self, column: Column, values: Array) -> Ints:
        return whole_numbers(column, values, "actions", self.n_actions)


@dataclass(frozen=True)
class Vectors:
    """States of `state_size` numbers, actions of `action_width`.

    Attributes:
        cut: a file may have more numbers of a state; the first are taken, as DICP's Meta-World code does.
    """

    state_size: int
    action_width: int | None
    cut: bool = False
    grid_size: None = None
    n_actions: None = None

    def state_width(self, states: Column) -> int:
        found = states.shape[-1] if len(states.shape) > 1 else 1
        if found != self.state_size and not (self.cut and found > self.state_size):
            least = "at least " if self.cut else ""
            raise unusable(states.at, f"states of {least}{self.state_size} numbers", f"{found}", OTHER_MODEL)
        return found

    def notes(self, states: Column) -> tuple[str, ...]:
        found = self.state_width(states)
        if found == self.state_size:
            return ()
        return (f"states are the first {self.state_size} of {found} stored numbers, as DICP's code takes them",)

    def states(self, column: Column, values: Array) -> Floats:
        return single(column, values[..., : self.state_size], "states")

    def actions(self, column: Column, values: Array) -> Floats:
        return single(column, values, "actions")


OTHER_MODEL = "use histories of the environment that the model was trained on"


def form_of(settings: RunSettings) -> Form:
    """What a run's histories hold."""
    if settings.dim_obs is not None:
        return Vectors(settings.dim_obs, settings.dim_actions, cut=settings.env == META_WORLD)
    return Cells(settings.grid_size, settings.num_actions)


def single(column: Column, values: Array, what: str) -> Floats:
    """The values in float32, which the models compute with."""
    with np.errstate(over="ignore"):  # infinite, then
        found = values.astype(np.float32)
    if not np.isfinite(found).all():
        raise unusable(column.at, f"{what} within the range of float32", "larger ones")
    return found


def whole_numbers(column: Column, values: Array, what: str, count: int) -> Ints:
    """The values as whole numbers of 0 … count − 1."""
    with np.errstate(invalid="ignore"):  # beyond int64; unequal, then
        whole = values.astype(np.int64)
    if not np.can_cast(values.dtype, np.int64) and not np.array_equal(whole, values):
        raise unusable(column.at, "whole numbers", str(values[whole != values].flat[0]))
    least, most = (int(whole.min()), int(whole.max())) if whole.size else (0, 0)
    if least < 0 or most >= count:
        from_one = "store one less if they are numbered from 1, else " if least > 0 and most == count else ""
        expected = f"{what} from 0 to {count - 1}"
        raise OtherWorldError(column.at, expected=expected, found=f"{least} to {most}", action=from_one + OTHER_MODEL)
    return whole
