"""The columns of a file by their usual names and shapes, however a collector spells them.

Other names (`observations`), a state more than steps, no next states at all, and cells told by their numbers or as a 1
among zeros. Nothing is read here that is not asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .forms import CELL, whole_numbers
from .hdf5 import Column, HDF5File

STATES, NEXT_STATES = "states", "next_states"
_NAMES = {
    STATES: (STATES, "observations", "obs", "state", "observation"),
    NEXT_STATES: (NEXT_STATES, "next_observations", "next_obs", "next_state", "next_observation"),
    "actions": ("actions", "action"),
    "rewards": ("rewards", "reward"),
}
Place = tuple[slice | int, ...]
Array = np.ndarray[Any, Any]


@dataclass(frozen=True, kw_only=True)
class Shifted(Column):
    """`steps` rows of a column from row `first` on; beyond its end, the last row again."""

    inner: Column
    first: int = 0
    steps: int

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.steps, *self.inner.shape[1:])

    def read(self, place: Place) -> Array:
        assert isinstance(place[0], slice), "rows are read as a slice"
        start, stop, _ = place[0].indices(self.steps)
        end = self.inner.shape[0]
        found = self.inner.read((slice(start + self.first, min(stop + self.first, end)), *place[1:]))
        beyond = stop + self.first - end
        return found if beyond <= 0 or start >= stop else np.concatenate([found, found[-1:]])


@dataclass(frozen=True, kw_only=True)
class CellNumbers(Column):
    """Cells, row by row of the grid, told by their numbers, or by a single 1 in the place of it or of each coordinate.

    Attributes:
        ones: numbers that a file has of a cell: 0 its number without an axis, 1 with one; more: zeros and ones.
    """

    inner: Column
    size: int
    ones: int

    @property
    def shape(self) -> tuple[int, ...]:
        return (*(self.inner.shape[:-1] if self.ones else self.inner.shape), CELL)

    def read(self, place: Place) -> Array:
        found = self.inner.read(place)
        if self.ones == 2 * self.size:
            halves = found.reshape(*found.shape[:-1], CELL, self.size)
            return Column(self.at, halves, folded=True).unfolded(halves)
        if self.ones > 1:
            found = Column(self.at, found, folded=True).unfolded(found)
        elif self.ones:
            found = found[..., 0]
        numbers = whole_numbers(self, found, "numbers of cells", self.size**2)
        return np.stack(np.divmod(numbers, self.size), axis=-1)


class Spelled:
    """A file whose groups have the usual columns.

    Args:
        size: of the grid; None where states are vectors, which are taken as they are.

    Attributes:
        told: what users should know of how the file is read.
    """

    def __init__(self, file: HDF5File, size: int | None) -> None:
        self._file, self._size = file, size
        self.told: dict[str, None] = {}
        self._found: dict[tuple[str, str], Column] = {}

    def close(self) -> None:
        self._file.close()

    def names(self) -> list[str]:
        """The groups."""
        return self._file.names()

    def has(self, group: str, name: str) -> bool:
        """Whether a group has a column of this very name."""
        return self._file.has(group, name)

    def column(self, group: str, name: str) -> Column:
        """A column by its usual name; HistoryError where there is none."""
        if self._size is None or name not in (STATES, NEXT_STATES):
            return self._plain(group, name)
        if name == STATES or self._file.has(group, self._own(group, name)):
            column, steps = self._cells(group, name), self._steps(group)
            whole = column.shape[:1] != (steps + 1,)
            return column if whole else Shifted(column.at, column.data, inner=column, steps=steps)
        states, steps = self._cells(group, STATES), self._steps(group)
        if states.shape[:1] not in ((steps,), (steps + 1,)):
            return self._plain(group, name)
        self._tell(f"{self._file.path.name} has no next_states: the state of the step after is taken for each")
        return Shifted(states.at, states.data, inner=states, first=1, steps=steps)

    def _own(self, group: str, name: str) -> str:
        """What the file calls a column."""
        return next((one for one in _NAMES.get(name, ()) if self._file.has(group, one)), name)

    def _plain(self, group: str, name: str) -> Column:
        """A column as the file has it, looked up once."""
        if (group, name) not in self._found:
            self._found[group, name] = self._file.column(group, self._own(group, name))
        return self._found[group, name]

    def _steps(self, group: str) -> int:
        """As many as there are rewards; 0 where these are none of steps, which is told where they are read."""
        return next(iter(self._plain(group, "rewards").shape), 0)

    def _cells(self, group: str, name: str) -> Column:
        """The column as cells, if it is one of their numbers, as the other one of states then is, too."""
        assert self._size is not None, "states are cells"
        column = self._plain(group, name)
        other = STATES if name == NEXT_STATES else NEXT_STATES
        rest, own = self._plain(group, "rewards").shape[1:], column.shape[1:]
        alone = rest[:-1] if rest[-1:] == (1,) else rest  # rewards with a last axis of their own
        if self._file.has(group, self._own(group, other)) and self._plain(group, other).shape[1:] != own:
            return column
        if own in (rest, alone):
            ones = 0
        elif own[:-1] in (rest, alone) and own[-1:] != (CELL,) and own[-1] in (1, self._size**2, CELL * self._size):
            ones = own[-1]
        else:
            return column
        size = self._size
        if ones != CELL * size:
            name = self._file.path.name
            self._tell(f"states of {name} are numbers of cells, row by row: {size + 2} is taken for (1,2)")
        return CellNumbers(column.at, column.data, inner=column, size=size, ones=ones)

    def _tell(self, line: str) -> None:
        self.told[line] = None
