"""Figure → PDF or SVG bytes: curves and letters as such, a matrix as a picture of its cells.

The same input gives the same bytes.

matplotlib writes a page as large as the figure's layout. A page of another size is the same layout scaled as a whole.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_pdf import Op, PdfFile, RendererPdf
from matplotlib.backends.backend_svg import RendererSVG
from matplotlib.figure import Figure

from ...records.provenance import PROVENANCE
from .png import ABOVE
from .style import DPI, print_style

POINTS = 72.0
"""Per inch, in both formats."""
_SALT = "adtui"  # names inside an SVG are hashes; a salt of its own for each file would make no two files alike
_SIZE = re.compile(r'(<svg [^>]*?)width="[^"]*" height="[^"]*" viewBox="[^"]*"')


def pdf(figure: Figure, scale: float, about: str = "", provenance: str = "", *, cut: bool = False) -> bytes:
    """One page, its fonts embedded.

    Args:
        scale: size of the page over that of the figure.
        about: becomes the document's Subject; "" is none.
        provenance: likewise its Provenance, which `files.provenance` reads.
        cut: leave away what is empty at the top.
    """
    buffer = io.BytesIO()
    with _in_points(figure) as (width, height), mpl.rc_context({"pdf.fonttype": 42}):
        top = _top(figure) if cut else height
        file = PdfFile(buffer, metadata={"Creator": "adtui", "CreationDate": None, "Subject": about or None})
        if provenance:
            file.infoDict[PROVENANCE] = provenance
        file.newPage(width * scale, top * scale)
        file.output(scale, 0, 0, scale, 0, 0, Op.concat_matrix)
        file.width, file.height = width, height  # lines are cut to it, before they are scaled
        renderer = RendererPdf(file, DPI, height, width)
        figure.draw(renderer)
        renderer.finalize()
        file.finalize()
        written = buffer.getvalue()
        file.close()
    return written


def svg(figure: Figure, scale: float, about: str = "", provenance: str = "", *, cut: bool = False) -> bytes:
    """The same as an SVG, its letters as outlines: it looks the same where the font is not there."""
    buffer = io.StringIO()
    dublin_core: dict[str, Any] = {"Creator": "adtui", "Date": None, "Description": about or None}
    with _in_points(figure) as (width, height), mpl.rc_context({"svg.hashsalt": _SALT}):
        top = _top(figure) if cut else height
        metadata = {**dublin_core, "Source": provenance or None}
        renderer = RendererSVG(width * POINTS, height * POINTS, buffer, image_dpi=DPI, metadata=metadata)
        figure.draw(renderer)
        renderer.finalize()
    across, up, above = (f"{POINTS * side:g}" for side in (width, top, height - top))
    page = " ".join(f'{name}="{POINTS * scale * side:g}pt"' for name, side in (("width", width), ("height", top)))
    whole, found = _SIZE.subn(rf'\g<1>{page} viewBox="0 {above} {across} {up}"', buffer.getvalue(), count=1)
    if not found:
        raise RuntimeError("matplotlib writes the head of an SVG in another way")
    return whole.encode()


@contextmanager
def _in_points(figure: Figure) -> Iterator[tuple[float, float]]:
    """The figure with a dot per point, whole: artists that a page draws by itself are drawn with the rest."""
    animated = list(figure.findobj(lambda artist: bool(artist.get_animated())))
    dpi = figure.dpi
    for artist in animated:
        artist.set_animated(False)
    figure.dpi = POINTS
    try:
        with print_style():
            width, height = (float(side) for side in figure.get_size_inches())
            yield width, height
    finally:
        figure.dpi = dpi
        for artist in animated:
            artist.set_animated(True)


def _top(figure: Figure) -> float:
    """Inches from the bottom to where its topmost artist ends, and a little more."""
    return min(float(figure.get_size_inches()[1]), float(figure.get_tightbbox().y1) + ABOVE)
