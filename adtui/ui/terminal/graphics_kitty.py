"""Pictures by kitty's graphics protocol: sent once, then placed, cell by cell exact, over what the cells show.

They are placed by their corner, not by Unicode placeholders: these cost four bytes a cell and more, as much as half
blocks do, and terminals that answer as kitty does may not know them. What a dialog covers is left out.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence

import numpy as np

from ..renderables.colors import CURSOR_RGB
from ..renderables.graphic import RING, Box, Graphic, color_of, grown
from .png import indexed_png

_CHUNK = 4096
"""Bytes of base64 in one sequence at most, as the protocol asks."""


class KittyWriter:
    """The sequences for one picture and one ring in the terminal; each method gives what to write."""

    def __init__(self) -> None:
        self.picture_id = 1 + 2 * (os.getpid() % (1 << 30))
        self.ring_id = self.picture_id + 1
        self._sent: Graphic | None = None
        self._ring: tuple[int, int] | None = None
        self._ringed = False

    def draw(self, graphic: Graphic, origin: tuple[int, int], parts: Sequence[Box]) -> str:
        """Show these cells of the picture, whose corner is at the cell `origin`, and nothing else of it."""
        if graphic is self._sent:
            out = [_delete(self.picture_id, data=False)]
        else:
            out, self._sent = [_transmit(self.picture_id, picture_png(graphic))], graphic
        for number, part in enumerate(parts, 1):
            x, y, width, height = graphic.cut(part)
            if width and height:
                out.append(_at(origin[0] + part[0], origin[1] + part[1]))
                out.append(_command(f"a=p,i={self.picture_id},p={number},x={x},y={y},w={width},h={height},C=1,q=2"))
        if self._ringed:
            out.append(self._no_ring())
        return "".join(out)

    def ring(
        self, graphic: Graphic, origin: tuple[int, int], parts: Sequence[Box], old: Box | None, new: Box | None
    ) -> str:
        """Put the ring around a weight's pixels, or take it away."""
        del parts, old
        if new is None:
            return self._no_ring()
        self._ringed = True
        out, wide, high = [], graphic.frame.cols_per_cell, graphic.frame.rows_per_cell
        if new[2:] != self._ring:
            self._ring = new[2:]
            out.append(_transmit(self.ring_id, ring_png(*new[2:])))
        x, y = origin[0] * wide + new[0] - RING, origin[1] * high + new[1] - RING
        out.append(_at(x // wide, y // high))
        out.append(_command(f"a=p,i={self.ring_id},p=1,X={x % wide},Y={y % high},z=1,C=1,q=2"))
        return "".join(out)

    def _no_ring(self) -> str:
        self._ringed = False
        return _delete(self.ring_id, data=False)

    def clear(self) -> str:
        """Take both away, and what the terminal keeps of them."""
        self._sent, self._ring, self._ringed = None, None, False
        return _delete(self.picture_id, data=True) + _delete(self.ring_id, data=True)

    farewell = clear


def picture_png(graphic: Graphic) -> bytes:
    """The whole picture, with no more colours than it has."""
    (width, height), frame = graphic.size, graphic.frame
    rows = graphic.pixels((0, 0, width, height))[:: frame.zoom_y]
    codes, indices = np.unique(rows, return_inverse=True)
    indices = indices.reshape(rows.shape).astype(np.uint8)
    colors = [color_of(graphic.colors, code) for code in codes.tolist()]
    return indexed_png([row.tobytes() for row in indices], width, colors, frame.zoom_y)


def ring_png(width: int, height: int) -> bytes:
    """A ring around a weight of so many pixels, clear inside."""
    _, _, wide, high = grown((0, 0, width, height))
    rows = [bytes([1]) * wide] * RING
    middle = bytes([1]) * RING + bytes(width) + bytes([1]) * RING
    return indexed_png([*rows, *[middle] * (high - 2 * RING), *rows], wide, [CURSOR_RGB, CURSOR_RGB], clear=[0])


def _transmit(image: int, data: bytes) -> str:
    text = base64.b64encode(data).decode()
    pieces = [text[start : start + _CHUNK] for start in range(0, len(text), _CHUNK)]
    out = []
    for number, piece in enumerate(pieces):
        more = int(number < len(pieces) - 1)
        head = f"a=t,f=100,i={image},q=2,m={more}" if number == 0 else f"m={more},q=2"
        out.append(_command(head, piece))
    return "".join(out)


def _command(control: str, payload: str = "") -> str:
    return f"\x1b_G{control}{';' if payload else ''}{payload}\x1b\\"


def _delete(image: int, data: bool) -> str:
    return _command(f"a=d,d={'I' if data else 'i'},i={image},q=2")


def _at(x: int, y: int) -> str:
    return f"\x1b[{y + 1};{x + 1}H"
