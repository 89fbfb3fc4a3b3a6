"""Pictures in pixels: what the terminal decodes is the matrix, weight by weight, whatever covers a part of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from picture_terminal import NOTHING, PictureTerminal, Pixels

from adtui.ui.renderables.colors import CURSOR_RGB, GUIDE, LEVELS, MASKED, choose_table
from adtui.ui.renderables.graphic import RING, Box, Graphic, pixel_fit, pixel_room
from adtui.ui.renderables.heatmap import AXIS_LINES, fit, pixel_runs
from adtui.ui.renderables.pixel_heatmap import code_colors
from adtui.ui.terminal.graphics_kitty import KittyWriter
from adtui.ui.terminal.graphics_layer import GraphicsLayer, Writer, boxes
from adtui.ui.terminal.graphics_probe import KITTY
from adtui.ui.terminal.graphics_sixel import SixelWriter
from adtui.ui.terminal.shadow import Shadow

TABLE = choose_table("truecolor", utf8=True)
ORIGIN, COLUMNS, LINES = (5, 2), 60, 24
CELL = (10, 20)
Show = Callable[[np.ndarray], np.ndarray]


def in_per_cent(colors: np.ndarray) -> np.ndarray:
    """As sixels tell them."""
    found: np.ndarray = np.round(colors.astype(float) * 100 / 255).astype(int)
    return found


def as_they_are(colors: np.ndarray) -> np.ndarray:
    return colors.astype(int)


PROTOCOLS = [pytest.param(KittyWriter, as_they_are, id="kitty"), pytest.param(SixelWriter, in_per_cent, id="sixel")]


def levels(rows: int, cols: int, seed: int = 0) -> np.ndarray:
    """A causal matrix of levels, with a query row's guide."""
    found = np.random.default_rng(seed).integers(0, LEVELS, (rows, cols)).astype(np.uint8)
    found[np.arange(cols) > np.arange(rows)[:, None] + cols - rows] = MASKED
    found[max(0, rows - 2), -1] = GUIDE
    return found


def graphic(codes: np.ndarray, cell: tuple[int, int] = CELL) -> Graphic:
    frame = pixel_fit(codes.shape, 52, 20, 4, cell)
    return Graphic(codes, code_colors(TABLE), frame)


def expected(picture: Graphic) -> np.ndarray:
    """Every weight, as often as it has pixels."""
    colors = code_colors(TABLE)[picture.codes]
    found: np.ndarray = colors.repeat(picture.frame.zoom_y, axis=0).repeat(picture.frame.zoom_x, axis=1)
    return found


def shown(terminal: PictureTerminal, picture: Graphic) -> Pixels:
    """The pixels where the picture is."""
    (width, height), (wide, high) = picture.size, terminal.cell
    x, y = ORIGIN[0] * wide, ORIGIN[1] * high
    return terminal.shown()[y : y + height, x : x + width]


def whole(picture: Graphic) -> Box:
    return 0, 0, picture.frame.columns, picture.frame.lines


@pytest.mark.parametrize(("writer", "told"), PROTOCOLS)
@pytest.mark.parametrize(
    ("rows", "cols", "cell"),
    [(1, 1, CELL), (7, 7, (8, 17)), (80, 80, CELL), (33, 90, (9, 19)), (300, 300, CELL), (384, 384, (6, 13))],
)
def test_what_is_decoded_is_the_matrix(
    writer: Callable[[], Writer], told: Show, rows: int, cols: int, cell: tuple[int, int]
) -> None:
    picture = graphic(levels(rows, cols), cell)
    terminal = PictureTerminal(COLUMNS, LINES, cell)
    terminal.feed(writer().draw(picture, ORIGIN, [whole(picture)]))
    if rows <= 18 * cell[1]:
        assert picture.size == (cols * picture.frame.zoom_x, rows * picture.frame.zoom_y)
    width, height = picture.size
    np.testing.assert_array_equal(shown(terminal, picture), told(expected(picture))[:height, :width])
    outside = terminal.shown()[..., 0] != NOTHING
    assert outside.sum() == width * height


@pytest.mark.parametrize(("writer", "told"), PROTOCOLS)
def test_what_is_covered_is_left_out(writer: Callable[[], Writer], told: Show) -> None:
    picture = graphic(levels(80, 80))
    columns, lines = picture.frame.columns, picture.frame.lines
    dialog = (10, 5, 12, 6)  # in its middle
    runs = []
    for y in range(lines):
        covered = dialog[1] <= y < dialog[1] + dialog[3]
        pieces = [(0, dialog[0]), (dialog[0] + dialog[2], columns)] if covered else [(0, columns)]
        runs += [(ORIGIN[0] + start, ORIGIN[1] + y, stop - start) for start, stop in pieces]
    parts = boxes(runs, ORIGIN, picture)
    assert len(parts) == 4
    assert sum(width * height for _, _, width, height in parts) == columns * lines - dialog[2] * dialog[3]
    terminal = PictureTerminal(COLUMNS, LINES, CELL)
    terminal.feed(writer().draw(picture, ORIGIN, parts))
    wanted = told(expected(picture))
    x, y, width, height = (n * size for n, size in zip(dialog, CELL * 2, strict=True))
    wanted[y : y + height, x : x + width] = NOTHING
    np.testing.assert_array_equal(shown(terminal, picture), wanted)


@pytest.mark.parametrize(("writer", "told"), PROTOCOLS)
def test_the_ring_goes_around_its_weight_and_leaves_nothing_behind(writer: Callable[[], Writer], told: Show) -> None:
    picture, drawn = graphic(levels(80, 80)), writer()
    parts = [whole(picture)]
    terminal = PictureTerminal(COLUMNS, LINES, CELL)
    terminal.feed(drawn.draw(picture, ORIGIN, parts))
    old: Box | None = None
    for row, col in ((40, 20), (41, 20), (41, 21), (70, 3), (79, 79)):
        new = picture.frame.box(row, col)
        terminal.feed(drawn.ring(picture, ORIGIN, parts, old, new))
        np.testing.assert_array_equal(shown(terminal, picture), with_ring(told(expected(picture)), new, told))
        old = new
    terminal.feed(drawn.ring(picture, ORIGIN, parts, old, None))
    np.testing.assert_array_equal(shown(terminal, picture), told(expected(picture)))


def with_ring(pixels: np.ndarray, box: Box, told: Show) -> np.ndarray:
    x, y, width, height = box
    ringed = pixels.copy()
    ringed[max(0, y - RING) : y + height + RING, max(0, x - RING) : x + width + RING] = told(np.array(CURSOR_RGB))
    ringed[y : y + height, x : x + width] = pixels[y : y + height, x : x + width]
    return ringed


def test_kitty_takes_a_picture_away_with_what_it_keeps() -> None:
    picture, writer = graphic(levels(20, 20)), KittyWriter()
    terminal = PictureTerminal(COLUMNS, LINES, CELL)
    terminal.feed(writer.draw(picture, ORIGIN, [whole(picture)]))
    terminal.feed(writer.ring(picture, ORIGIN, [whole(picture)], None, picture.frame.box(3, 3)))
    assert len(terminal.images) == 2
    terminal.feed(writer.farewell())
    assert not terminal.images
    assert not terminal.placed


def test_after_a_farewell_everything_is_sent_anew() -> None:
    """As after Ctrl+Z, when a frame may come before the terminal's size has: what is placed has been sent."""
    picture = graphic(levels(20, 20))
    layer = GraphicsLayer(KITTY, CELL)
    layer.graphic, layer.weight, layer.origin = picture, (3, 3), lambda: ORIGIN
    shadow = Shadow(COLUMNS, LINES)
    pictured = [(ORIGIN[0], ORIGIN[1] + y, picture.frame.columns) for y in range(picture.frame.lines)]
    shadow.picture_runs = lambda: pictured  # type: ignore[method-assign]
    terminal = PictureTerminal(COLUMNS, LINES, CELL)
    terminal.feed(layer.after(shadow))
    before = shown(terminal, picture)
    terminal.feed(layer.farewell())
    assert not terminal.images
    layer.weight = (5, 5)
    terminal.feed(layer.after(shadow))
    layer.weight = (3, 3)
    terminal.feed(layer.after(shadow))
    np.testing.assert_array_equal(shown(terminal, picture), before)


def test_a_picture_of_80_tokens_takes_no_more_bytes_than_half_blocks() -> None:
    """Of the same matrix, that the half blocks show whole: what is sent of them by Textual's way and by ours alike."""
    from rich.color import ColorSystem

    codes = levels(80, 80)
    codes[codes == GUIDE] = MASKED
    frame = fit(codes.shape, 84, 40 + AXIS_LINES, 4, 2)
    lines = [(4, y, pixel_runs(codes[2 * y], codes[2 * y + 1], frame.zoom_x, TABLE)) for y in range(40)]
    halves = len(Shadow(90, 44).update(lines, ColorSystem.TRUECOLOR).encode())
    picture = Graphic(codes, code_colors(TABLE), pixel_fit(codes.shape, 84, 40 + AXIS_LINES, 4, CELL))
    assert picture.size == (800, 800)
    sent = KittyWriter().draw(picture, ORIGIN, [whole(picture)])
    assert len(sent.encode()) <= halves


def test_a_pane_wants_no_more_weights_than_pixels_and_has_a_limit() -> None:
    assert pixel_room(24, 12, 4, (8, 16)) == (160, 160)
    assert pixel_room(400, 200, 4, (8, 16)) == (384, 384)
    assert pixel_room(1, 1, 4, (8, 16)) == (1, 1)
