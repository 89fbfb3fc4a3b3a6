"""How attention is to look, on the terminal and in files: what may be chosen, by name. Nothing slow is imported."""

from __future__ import annotations

from dataclasses import dataclass

LOG, SQRT, LINEAR, ROW, CBRT = "log", "sqrt", "linear", "row", "cbrt"
SCALES = (LOG, SQRT, LINEAR, ROW)
"""Those of the terminal, in the order in which a key goes through them."""
PRINTED = (CBRT, *SCALES)
"""Those of figures: the cube root of the weight is what figures have where nothing else is asked for."""
SCALE_NAMES = {LOG: "logarithmic", SQRT: "square root", LINEAR: "linear", ROW: "row-relative", CBRT: "cube-root"}
EMBER, DUSK = "ember", "dusk"
PNG, PDF, SVG = "png", "pdf", "svg"
FORMATS = (PNG, PDF, SVG)
REVERSED = "_r"
"""Ends the name of a colour scale on which more attention is darker."""
_COLOURS = ("viridis", "cividis", "magma", "gray", EMBER, DUSK)
COLOURS = (*_COLOURS, *(f"{name}{REVERSED}" for name in _COLOURS))
"""matplotlib's, and the terminal's own two."""
SMALLEST, LARGEST = 2.0, 40.0
"""Inches that a full-width figure may be printed at."""


@dataclass(frozen=True)
class Look:
    """The usual figure, unless said otherwise.

    Attributes:
        format: one of FORMATS.
        colours: one of COLOURS.
        scale: one of PRINTED.
        top: the weight at the end of the scale, in (0, 1].
        titles: whether the heading is there: what it is of, and the run.
        size: inches that a figure of full width is printed at, None as it is drawn: 14. All of it shrinks alike, and a
            PNG keeps its pixels.
    """

    format: str = PNG
    colours: str = "viridis"
    scale: str = CBRT
    top: float = 1.0
    titles: bool = True
    size: float | None = None


USUAL = Look()
