"""What a terminal with pictures shows, in pixels: kitty's protocol and sixels decoded from what is written to it.

Written from the protocols' texts, and nothing of it from adtui; PNG is read by Pillow.
"""

from __future__ import annotations

import base64
import io
import re

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_TOKEN = re.compile(
    r"\x1b_G([^\x1b]*)\x1b\\|\x1bP([^\x1b]*)\x1b\\|\x1b\[([<=>?0-9;]*)\$?([@-~])|\x1b.|[^\x1b]+", re.DOTALL
)
NOTHING = -1
Pixels = NDArray[np.int64]


class PictureTerminal:
    """Takes what is written, whole sequences at a time.

    Attributes:
        images: kitty's, by id: (H, W, 4) RGBA.
        placed: (image, placement) → (x, y, left, top, width, height, z), pixels.
        cells: (H, W, 3), sixels as they are in the cells; NOTHING where none.
    """

    def __init__(self, columns: int, lines: int, cell: tuple[int, int]) -> None:
        self.cell = cell
        self.images: dict[int, Pixels] = {}
        self.placed: dict[tuple[int, int], tuple[int, ...]] = {}
        self.cells: Pixels = np.full((lines * cell[1], columns * cell[0], 3), NOTHING)
        self.commands: list[dict[str, str]] = []
        self._x = self._y = 0
        self._sending: tuple[dict[str, str], str] | None = None

    def feed(self, text: str) -> None:
        for found in _TOKEN.finditer(text):
            if found[1] is not None:
                self._kitty(found[1])
            elif found[2] is not None:
                self._sixel(found[2])
            elif found[4] is not None:
                self._control(found[3], found[4])
            elif not found[0].startswith("\x1b"):
                self._text(found[0])

    def shown(self) -> Pixels:
        """(H, W, 3), all pictures as they lie over each other; NOTHING where there is none."""
        canvas = self.cells.copy()
        for (image, _), (x, y, left, top, width, height, _) in sorted(self.placed.items(), key=lambda item: item[1][6]):
            part = self.images[image][top : top + height, left : left + width]
            under = canvas[y : y + part.shape[0], x : x + part.shape[1]]
            seen = part[..., 3] > 0
            under[seen] = part[..., :3][seen]
        return canvas

    def _control(self, numbers: str, end: str) -> None:
        if end == "H":
            row, _, column = numbers.partition(";")
            self._y, self._x = int(row or 1) - 1, int(column or 1) - 1
        elif end == "C":
            self._x += int(numbers or 1)

    def _text(self, text: str) -> None:
        wide, high = self.cell
        for character in text:
            if character.isprintable() or character > "\x7f":
                self.cells[self._y * high : (self._y + 1) * high, self._x * wide : (self._x + 1) * wide] = NOTHING
                self._x += 1

    def _kitty(self, sequence: str) -> None:
        control, _, payload = sequence.partition(";")
        given = dict(part.split("=") for part in control.split(","))
        if self._sending is not None:
            first, so_far = self._sending
            given, payload = {**first, "m": given["m"]}, so_far + payload
        self._sending = (given, payload) if given.get("m") == "1" else None
        if self._sending is not None:
            return
        self.commands.append(given)
        assert given.get("q") == "2" or given["a"] == "q", "the terminal would answer into the input"
        image = int(given["i"])
        if given["a"] == "t":
            assert given["f"] == "100"
            self._take_away(image)
            data = Image.open(io.BytesIO(base64.b64decode(payload, validate=True)))
            self.images[image] = np.asarray(data.convert("RGBA"), dtype=np.int64)
        elif given["a"] == "p":
            self._place(image, given)
        elif given["a"] == "d":
            self._take_away(image)
            if given["d"].isupper():
                self.images.pop(image, None)

    def _place(self, image: int, given: dict[str, str]) -> None:
        def number(name: str, usual: int = 0) -> int:
            return int(given.get(name, usual))

        height, width = self.images[image].shape[:2]
        x, y = self._x * self.cell[0] + number("X"), self._y * self.cell[1] + number("Y")
        assert number("X") < self.cell[0]
        assert number("Y") < self.cell[1]
        assert given["C"] == "1", "the cursor would move"
        part = (number("x"), number("y"), number("w", width), number("h", height))
        self.placed[image, number("p")] = (x, y, *part, number("z"))

    def _take_away(self, image: int) -> None:
        self.placed = {key: place for key, place in self.placed.items() if key[0] != image}

    def _sixel(self, sequence: str) -> None:
        pixels = sixel_pixels(sequence)
        y, x = self._y * self.cell[1], self._x * self.cell[0]
        under = self.cells[y : y + pixels.shape[0], x : x + pixels.shape[1]]
        assert under.shape == pixels.shape, "it would scroll the screen"
        drawn = pixels[..., 0] != NOTHING
        under[drawn] = pixels[drawn]


def sixel_pixels(sequence: str) -> Pixels:
    """(H, W, 3) in per cent of what stands between the sequence's introducer and its end; NOTHING where not drawn."""
    head = re.match(r'[0-9;]*q"1;1;([0-9]+);([0-9]+)', sequence)
    assert head is not None
    width, height = int(head[1]), int(head[2])
    found = np.full((height, width, 3), NOTHING)
    colors: dict[int, tuple[int, ...]] = {}
    x, y, color = 0, 0, 0
    for define, select, count, sign, move in re.findall(
        r"#([0-9]+;2;[0-9;]+)|#([0-9]+)|(?:!([0-9]+))?([?-~])|([$-])", sequence[head.end() :]
    ):
        if define:
            number, _, *parts = map(int, define.split(";"))
            colors[number] = tuple(parts)
        elif select:
            color = int(select)
        elif move:
            x, y = 0, y + (6 if move == "-" else 0)
        else:
            times, bits = int(count or 1), ord(sign) - 63
            assert x + times <= width
            for bit in range(6):
                if bits >> bit & 1:
                    assert y + bit < height
                    found[y + bit, x : x + times] = colors[color]
            x += times
    return found
