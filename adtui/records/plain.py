"""What stands in ASCII for every other sign that adtui writes: one table, for the screen, for reports and for errors.

Each sign has a stand-in of one cell, as wide as itself: pictures, axes, bars, columns and whatever Textual has laid out
already keep their places (`to_ascii_cells`). Some have a longer spelling besides, for running text (`to_ascii`).
"""

from __future__ import annotations

import codecs
import unicodedata

_CELLS: dict[str, str] = {
    # text
    "·": "|", "…": "~", "–": "-", "—": "-", "−": "-", "×": "x", "±": "+", "≤": "<", "√": "V", "‖": "|", "•": ".",
    "Δ": "d", "’": "'", "“": '"', "”": '"', "₀": "0", "²": "2", "₁": "1",
    # arrows; the grid is drawn as a matrix, so that up and down are those of the screen
    "→": ">", "←": "<", "↑": "^", "↓": "v", "⇧": "S",
    # marks
    "●": "*", "○": "o", "✔": "+", "✘": "x", "★": "*", "▲": "^", "▼": "v", "■": "#", "▶": ">", "◂": ">", "◆": "@",
    # frames and lines
    "─": "-", "━": "=", "│": "|", "╵": "|", "┌": "+", "┐": "+", "└": "+", "┘": "+", "├": "+", "┤": "+", "┬": "+",
    "┴": "+", "┼": "+", "⠤": "-", "╷": "|", "╴": "-", "╶": "-",
    # blocks: by how much of the cell they fill
    "▁": "_", "▂": ".", "▃": "-", "▄": ":", "▅": "=", "▆": "+", "▇": "*", "█": "#", "▀": "'",
    "▏": "-", "▎": "-", "▍": "-", "▌": "-", "▋": "#", "▊": "#", "▉": "#", "░": ".", "▒": "+", "▓": "#",
}  # fmt: skip
_SPELLED: dict[str, str] = {
    "…": "...", "±": "+-", "≤": "<=", "√": "sqrt ", "→": "->", "←": "<-", "↑": "up", "↓": "down", "⇧": "S-",
}  # fmt: skip
STAND_INS: dict[str, tuple[str, str]] = {sign: (cell, _SPELLED.get(sign, cell)) for sign, cell in _CELLS.items()}
"""Sign → (of one cell, spelled)."""
SPELLING = "adtui.spelled"
"""Name of the error handler for streams that lack a sign; see `codecs.register_error`."""

_IN_CELLS = str.maketrans({sign: cell for sign, (cell, _) in STAND_INS.items()})
_IN_WORDS = str.maketrans({sign: spelled for sign, (_, spelled) in STAND_INS.items()})


def to_ascii(text: str, *, unless: bool = False) -> str:
    """The same in ASCII, as people would type it: accents are dropped, what has no counterpart is a question mark.

    Args:
        unless: leave it as it is; where it is known whether the terminal shows UTF-8.
    """
    if unless or text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text.translate(_IN_WORDS))
    bare = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
    return bare.encode("ascii", "replace").decode("ascii")


def to_ascii_cells(text: str, *, unless: bool = False) -> str:
    """The same with every sign of the table replaced in its place; what is not in it stays.

    Args:
        unless: see `to_ascii`.
    """
    return text if unless else text.translate(_IN_CELLS)


def _spell(error: UnicodeError) -> tuple[str | bytes, int]:
    """One sign that a stream cannot encode. Bytes of a path that were no text go out as they came in."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    sign = error.object[error.start]
    if "\udc80" <= sign <= "\udcff":
        return bytes([ord(sign) - 0xDC00]), error.start + 1
    return to_ascii(sign), error.start + 1


codecs.register_error(SPELLING, _spell)
