"""The floor plan of a world, painted with attention: a block of terminal cells for each cell of the room."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from rich.color import Color
from rich.style import Style
from rich.text import Text

from ...records.arrays import Floats, Ints
from ...records.plain import to_ascii_cells
from .colors import CURSOR_LETTER, CURSOR_RGB, MASKED, ColorTable
from .scales import to_levels
from .scroll import first_line

Cell = tuple[int, int]
UP, DOWN, LEFT, RIGHT = 1, 2, 4, 8
LINKS = " ╵╷│╴┘┐┤╶└┌├─┴┬┼"
"""The line in the middle of a cell, by the sum of the directions in which the path goes on."""
LINKS_IN_ASCII = " |||-+++-+++-+++"
AGENT, REWARDED = "@", "*"
HIGHEST, NUMBERED = 4, 7
"""Lines of a cell at most; columns from which on a cell has room for its number."""


@dataclass(frozen=True, eq=False)
class Floor:
    """What is drawn.

    Attributes:
        mass: (S, S) attention by cell, NaN where nothing counts for it; x down, y to the right.
        n_keys: transitions that share the attention; places the uniform share on the logarithmic scale.
        links: (S, S) where the path goes on from each cell, see `path`.
        agent: the query's cell.
        action: the likeliest action there, as it is written.
        landmarks: letter → cell.
        rewarded: cells in which a reward was had.
        cursor: a cell, or None.
        scale: one of `look.SCALES`.
    """

    mass: Floats
    n_keys: int
    links: Ints
    agent: Cell
    action: str = ""
    landmarks: dict[str, Cell] = field(default_factory=dict)
    rewarded: frozenset[Cell] = frozenset()
    cursor: Cell | None = None
    scale: str = "sqrt"

    @property
    def size(self) -> int:
        """S."""
        return len(self.mass)

    @property
    def top(self) -> float:
        """The largest attention of a cell; 0 where nothing counts for any."""
        return float(np.nanmax(self.mass)) if np.isfinite(self.mass).any() else 0.0


def path(states: Ints, next_states: Ints, size: int) -> Ints:
    """(S, S) the directions in which a walk leaves or enters each cell, summed; jumps and stays draw nothing."""
    links = np.zeros((size, size), np.int64)
    for (x, y), (u, v) in zip(states.tolist(), next_states.tolist(), strict=True):
        if abs(u - x) + abs(v - y) == 1:
            there, back = {(1, 0): (DOWN, UP), (-1, 0): (UP, DOWN), (0, 1): (RIGHT, LEFT), (0, -1): (LEFT, RIGHT)}[
                (u - x, v - y)
            ]
            links[x, y] |= there
            links[u, v] |= back
    return links


def block(size: int, width: int, height: int) -> tuple[int, int]:
    """(columns, lines) of one cell: as large as fits, about square on the screen; never under two by one."""
    lines = max(1, min(height // size, HIGHEST))
    columns = max(2, min(width // size, 2 * lines + 1))
    return columns, max(1, min(lines, columns // 2))


def floor_lines(floor: Floor, width: int, height: int, table: ColorTable) -> list[Text]:
    """As many lines as the plan needs, at most `height`; of a plan that does not fit, the part around the cursor."""
    wide, high = block(floor.size, width, height)
    levels = to_levels(floor.mass, floor.scale, floor.n_keys, floor.top)
    focus = floor.cursor or floor.agent
    rows, cols = max(1, height // high), max(1, width // wide)
    top, left = first_line(focus[0], rows, floor.size), first_line(focus[1], cols, floor.size)
    lines = []
    for x in range(top, min(top + rows, floor.size)):
        drawn = [_cell(floor, (x, y), levels, wide, high, table) for y in range(left, min(left + cols, floor.size))]
        lines += [Text.assemble(*(cell[line] for cell in drawn), no_wrap=True, end="") for line in range(high)]
    return lines


def _cell(floor: Floor, at: Cell, levels: NDArray[np.uint8], wide: int, high: int, table: ColorTable) -> list[Text]:
    """The lines of one cell."""
    level, link = int(levels[at]), int(floor.links[at])
    glyph, ground = table.swatch(level)
    if at == floor.cursor:
        ground, glyph = _under_cursor(table), " " if table.half_blocks else glyph
    style = ground + _ink(ground)
    middle, center = high // 2, wide // 2
    grid = [[glyph] * wide for _ in range(high)]
    for line in range(high):
        if (link & UP and line < middle) or (link & DOWN and line > middle):
            grid[line][center] = "│"
    for column in range(wide):
        if (link & LEFT and column < center) or (link & RIGHT and column > center):
            grid[middle][column] = "─"
    if link:
        grid[middle][center] = (LINKS if table.utf8 else LINKS_IN_ASCII)[link]
    if wide >= NUMBERED and high > 2 and level != MASKED:
        grid[0][: len(_number(floor.mass[at]))] = _number(floor.mass[at])
    marked = _mark(floor, at) or (CURSOR_LETTER[0] if table.mono and at == floor.cursor else "")
    if marked:
        start = max(0, center - (len(marked) - 1) // 2)
        grid[middle][start : start + len(marked)] = marked
    strong = style + Style(bold=True)
    return [
        _line("".join(grid[line]), style, strong if marked and line == middle else style, table) for line in range(high)
    ]


def _line(text: str, style: Style, marked: Style, table: ColorTable) -> Text:
    return Text(to_ascii_cells(text, unless=table.utf8), style if marked is style else marked, no_wrap=True, end="")


def _number(mass: float) -> str:
    """ ".13"; two digits tell cells apart, and three would hide the path."""
    return "1.0" if mass >= 0.995 else f"{mass:.2f}"[1:] if mass >= 0.005 else ""


def _mark(floor: Floor, at: Cell) -> str:
    """What stands in a cell: the agent and what it would do, else landmarks, else that a reward was had."""
    if at == floor.agent:
        return AGENT + floor.action
    letters = "".join(letter for letter, cell in floor.landmarks.items() if cell == at)
    return letters or (REWARDED if at in floor.rewarded else "")


def _ink(ground: Style) -> Style:
    """Black on light cells, white on dark ones; nothing where the ground is the terminal's own."""
    if ground.bgcolor is None or ground.bgcolor.triplet is None:
        return Style()
    red, green, blue = ground.bgcolor.triplet
    light = 0.299 * red + 0.587 * green + 0.114 * blue > 128
    return Style(color=Color.from_rgb(0, 0, 0) if light else Color.from_rgb(255, 255, 255))


def _under_cursor(table: ColorTable) -> Style:
    if table.name == "ascii":
        return Style(reverse=True)
    if table.mono:
        return CURSOR_LETTER[1]
    return Style(bgcolor=Color.from_rgb(*((85, 255, 255) if table.name == "16" else CURSOR_RGB)))
