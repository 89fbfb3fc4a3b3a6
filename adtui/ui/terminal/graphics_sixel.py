"""Pictures in sixels: bands of six lines of pixels, each colour of a band by itself, runs counted.

A sixel picture is a part of what the cells show: a cell that is written again loses it, so that it is sent after the
cells. Colours are given in per cent, the format's finest: at most 1.3 of 255 beside those of the cells. Reference: DEC
VT330/340 Programmer Reference Manual, volume 2, chapter 14.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ...records.colours import RGB
from ..renderables.graphic import Box, Graphic, color_of, grown

BAND = 6
_ZERO = 63
"""The sign of a column of six pixels none of which is drawn; the uppermost adds 1, the lowest 32."""


class SixelWriter:
    """The sequences for one picture with its ring; each method gives what to write."""

    def draw(self, graphic: Graphic, origin: tuple[int, int], parts: Sequence[Box]) -> str:
        """Show these cells of the picture, whose corner is at the cell `origin`."""
        return "".join(_put(graphic, origin, part, None) for part in parts)

    def ring(
        self, graphic: Graphic, origin: tuple[int, int], parts: Sequence[Box], old: Box | None, new: Box | None
    ) -> str:
        """Draw the cells again that the ring leaves, and those that it enters, where they are to be seen."""
        places = [graphic.frame.covered(grown(box)) for box in (old, new) if box is not None]
        if len(places) == 2 and _size(joint := _joint(*places)) <= _size(places[0]) + _size(places[1]):
            places = [joint]  # neighbours: their colours are told once
        seen = [place for place in places if any(_inside(place, part) for part in parts)]
        return "".join(_put(graphic, origin, place, new) for place in seen)

    def clear(self) -> str:
        """Nothing: the cells that are written instead are enough."""
        return ""

    farewell = clear


def _put(graphic: Graphic, origin: tuple[int, int], part: Box, ring: Box | None) -> str:
    box = graphic.cut(part)
    if not (box[2] and box[3]):
        return ""
    place = f"\x1b[{origin[1] + part[1] + 1};{origin[0] + part[0] + 1}H"
    return place + sixels(graphic.pixels(box, ring), graphic.colors)


def sixels(codes: NDArray[np.uint8], colors: NDArray[np.uint8]) -> str:
    """(H, W) codes -> the sequence that draws them; pixels beyond them in the last band stay as they are."""
    height, width = codes.shape
    registers = {code: number for number, code in enumerate(np.unique(codes).tolist())}
    defined = "".join(f"#{number};2;{per_cent(color_of(colors, code))}" for code, number in registers.items())
    known: dict[bytes, str] = {}
    bands = []
    for top in range(0, height, BAND):
        band = codes[top : top + BAND]
        key = band.tobytes()
        if key not in known:
            known[key] = "$".join(_band(band, registers))
        bands.append(known[key])
    return f'\x1bP0;1;0q"1;1;{width};{height}{defined}{"-".join(bands)}\x1b\\'


def per_cent(color: RGB) -> str:
    """As sixels tell colours."""
    return ";".join(str(round(part * 100 / 255)) for part in color)


def _band(band: NDArray[np.uint8], registers: dict[int, int]) -> Iterator[str]:
    """Up to six lines of pixels, a text for every colour."""
    changed = np.flatnonzero((band[:, 1:] != band[:, :-1]).any(axis=0)) + 1
    starts = np.concatenate([[0], changed])
    counts = np.diff(np.concatenate([starts, [band.shape[1]]])).tolist()
    columns = band[:, starts]
    bits = (1 << np.arange(len(band)))[:, None]
    for code in np.unique(columns).tolist():
        values = ((columns == code) * bits).sum(axis=0).tolist()
        yield f"#{registers[code]}{_runs(values, counts)}"


def _runs(values: list[int], counts: list[int]) -> str:
    """Values, each so many pixels wide, as signs with their counts; nothing for the blank ones at the end."""
    out, last, length = [], values[0], 0
    for value, count in zip(values, counts, strict=True):
        if value == last:
            length += count
            continue
        out.append(_run(last, length))
        last, length = value, count
    if last:
        out.append(_run(last, length))
    return "".join(out)


def _run(value: int, length: int) -> str:
    sign = chr(_ZERO + value)
    return f"!{length}{sign}" if length > 3 else sign * length


def _size(box: Box) -> int:
    return box[2] * box[3]


def _joint(one: Box, other: Box) -> Box:
    x, y = min(one[0], other[0]), min(one[1], other[1])
    right, bottom = max(one[0] + one[2], other[0] + other[2]), max(one[1] + one[3], other[1] + other[3])
    return x, y, right - x, bottom - y


def _inside(box: Box, other: Box) -> bool:
    return _joint(box, other) == other
