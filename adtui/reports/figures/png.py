"""Figure → PNG bytes: the same input gives the same bytes, at a fraction of the usual cost.

Most rows of a printed figure repeat the row above (margins, blocks of a heatmap). The encoder looks for them first and
compresses only the others: 0.08 CPU-seconds for a heatmap figure of 3540 × 3021 pixels where Pillow takes 0.22 at its
fastest, which alone would be more than the whole export may cost (benchmarks/figures.py).
What the figure is about and where it comes from go into the file as text; no date, nothing of the machine does.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure

from ...records.look import PDF, PNG, USUAL, Look
from ...records.provenance import PROVENANCE
from .style import WIDTH, Pixels, print_style

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_UP = 2
_ADLER = 65521  # the modulus of Adler-32, the checksum of a zlib stream
ABOVE = 0.1  # inches above what is left of a figure whose heading is off
_BAND = 64  # rows converted at a time, to stay inside the processor's cache


class Press:
    """Prints figures; keeps its canvases, because claiming 50 MB anew for each figure costs more than drawing it.

    Args:
        about, provenance: written into every file; see `encode`.
        chosen: how they look; whoever draws them for it does so inside `print_style(chosen)`.
    """

    def __init__(self, about: str = "", provenance: str = "", chosen: Look = USUAL) -> None:
        self.look = chosen
        self._texts = (about, provenance)
        self._scale = 1.0 if chosen.size is None else chosen.size / WIDTH
        self._renderers: dict[tuple[int, int, float], RendererAgg] = {}

    def page(self, figure: Figure) -> bytes:
        """The figure in the format that was chosen."""
        if self.look.format == PNG:
            return self.png(figure)
        from . import vector  # 0.1 s, of use to few

        written = vector.pdf if self.look.format == PDF else vector.svg
        return written(figure, self._scale, *self._texts, cut=not self.look.titles)

    def png(self, figure: Figure) -> bytes:
        """The figure at its own dpi as an RGB PNG of round(width × dpi) × round(height × dpi) pixels."""
        return self._encoded(self._draw(figure), figure)

    def frame(self, figure: Figure) -> Pixels:
        """The figure without its animated artists, (height, width, 4): what its variants share."""
        return np.array(self._draw(figure).buffer_rgba())

    def png_over(self, frame: Pixels, figure: Figure, artists: Iterable[Artist]) -> bytes:
        """The PNG of a frame with `artists` of its figure drawn over it, in order of their zorder."""
        renderer = self._renderer(figure)
        np.asarray(renderer.buffer_rgba())[:] = frame
        with print_style():
            for artist in sorted(artists, key=lambda artist: artist.get_zorder()):
                artist.draw(renderer)
        return self._encoded(renderer, figure)

    def _encoded(self, renderer: RendererAgg, figure: Figure) -> bytes:
        """Without the empty rows at the top where the heading is off; a smaller print has as many dots to the page."""
        pixels, dpi = np.asarray(renderer.buffer_rgba()), float(figure.dpi)
        if not self.look.titles:
            used = np.flatnonzero((pixels != 255).any(axis=(1, 2)))
            pixels = pixels[max(0, int(used[0] if used.size else 0) - round(ABOVE * dpi)) :]
        return encode(pixels, dpi / self._scale, *self._texts)

    def _draw(self, figure: Figure) -> RendererAgg:
        renderer = self._renderer(figure)
        renderer.clear()
        with print_style():
            figure.draw(renderer)
        return renderer

    def _renderer(self, figure: Figure) -> RendererAgg:
        FigureCanvasAgg(figure)
        width, height = (round(side) for side in figure.bbox.size)
        key = (width, height, float(figure.dpi))
        if key not in self._renderers:
            self._renderers[key] = RendererAgg(width, height, float(figure.dpi))
        return self._renderers[key]


def encode(pixels: Pixels, dpi: float, about: str = "", provenance: str = "") -> bytes:
    """RGBA pixels (height, width, 4), opaque, C-contiguous → an RGB PNG that states its dpi.

    Args:
        about: becomes the image's Description, a UTF-8 text chunk; "" is none.
        provenance: likewise its Provenance, which `files.provenance` reads.
    """
    height, width, _ = pixels.shape
    per_metre = round(dpi / 0.0254)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"".join(
        (
            _SIGNATURE,
            _chunk(b"IHDR", header),
            _chunk(b"pHYs", struct.pack(">IIB", per_metre, per_metre, 1)),
            _text(b"Description", about),
            _text(PROVENANCE.encode(), provenance),
            _chunk(b"IDAT", b"".join(_deflate(pixels))),
            _chunk(b"IEND", b""),
        )
    )


def _text(keyword: bytes, text: str) -> bytes:
    return _chunk(b"iTXt", keyword + bytes(5) + text.encode()) if text else b""


def _chunk(kind: bytes, body: bytes) -> bytes:
    return b"".join((struct.pack(">I", len(body)), kind, body, struct.pack(">I", zlib.crc32(body, zlib.crc32(kind)))))


def _deflate(pixels: Pixels) -> Iterator[bytes]:
    """The zlib stream (RFC 1950) of the filtered rows, in pieces.

    A row that repeats the one above is always the same bytes, so it is compressed once and its block is copied in. A
    full flush makes that allowed: nothing after it refers to anything before it. The checksum of such rows has a
    closed form.
    """
    height, width, _ = pixels.shape
    packed = pixels.view(np.uint32)[:, :, 0]
    fresh = np.ones(height, np.bool_)
    np.any(packed[1:] != packed[:-1], axis=1, out=fresh[1:])
    stops = np.append(np.flatnonzero(np.diff(fresh)) + 1, height)
    repeat, stream = _repeat_block(width), zlib.compressobj(1, wbits=-15)
    above, checksum, start = np.zeros(3 * width, np.uint8), 1, 0
    yield b"\x78\x01"
    for stop in stops.tolist():
        if not fresh[start]:
            yield repeat * (stop - start)
            checksum = _adler_of_repeats(checksum, stop - start, width)
        else:
            for row in range(start, stop, _BAND):
                filtered, above = _filter_up(pixels[row : min(row + _BAND, stop)], above)
                checksum = zlib.adler32(filtered.data, checksum)
                yield stream.compress(filtered.data)
            yield stream.flush(zlib.Z_FULL_FLUSH)
        start = stop
    yield stream.flush()
    yield struct.pack(">I", checksum)


def _repeat_block(width: int) -> bytes:
    """Whole deflate blocks of one row that repeats the row above."""
    stream = zlib.compressobj(9, wbits=-15)
    return stream.compress(bytes([_UP]) + bytes(3 * width)) + stream.flush(zlib.Z_FULL_FLUSH)


def _adler_of_repeats(checksum: int, count: int, width: int) -> int:
    """Adler-32 after `count` more rows of one byte _UP and 3 width zeros."""
    low, high = checksum & 0xFFFF, checksum >> 16
    high += (3 * width + 1) * (count * low + _UP * count * (count + 1) // 2)
    low += _UP * count
    return (high % _ADLER) << 16 | low % _ADLER


def _filter_up(rows: Pixels, above: Pixels) -> tuple[Pixels, Pixels]:
    """Rows (k, width, 4) minus the rows above them, as PNG wants them: (k, 1 + 3 width); and the last row itself."""
    count = rows.shape[0]
    colours = np.empty((count + 1, above.size), np.uint8)
    colours[0] = above
    triples = colours[1:].reshape(count, -1, 3)
    for channel in range(3):  # a quarter of the time of copying [:, :, :3] at once
        triples[:, :, channel] = rows[:, :, channel]
    filtered = np.empty((count, 1 + above.size), np.uint8)
    filtered[:, 0] = _UP
    np.subtract(colours[1:], colours[:-1], out=filtered[:, 1:])
    return filtered, colours[-1].copy()
