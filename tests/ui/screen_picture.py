"""A whole screen as text that can be read in a review: its characters, then the styles that they are drawn in.

It is what the terminal is sent: reduced to its colours, and to ASCII where it has no more.

     0│ AD-darkroom-seed0 · step 1000
     1│╭─ 1 heads · L0H0 ──╮
    styles, on #121212
    0      31×#e2e3e5/#242f38
    1-8    2×#fea62b  bold 8×#e0e0e0  11×#fea62b

After its number of cells a style is foreground/background; the background is left out where it is the one that most of
the screen has. "-" is the terminal's default, a number is an index of its palette. A space, which has no foreground, is
counted with what is before it. Cells of attention are written as levels of the colour scale, upper halves and lower
halves: 0 to v are its 32 levels, ▒ is masked, _ masked on the query row, + the cursor.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import groupby

from rich.color import Color as RichColor
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style as RichStyle
from textual._compositor import LayoutUpdate
from textual.color import Color

from adtui.ui.app import AdtuiApp
from adtui.ui.renderables.colors import CURSOR_RGB
from adtui.ui.terminal.changed_cells import SYSTEMS, lines, plain_cells
from adtui.ui.terminal.shadow import ShadowCell, cells, parts

SIGNS = "0123456789abcdefghijklmnopqrstuv▒_+"
ATTRIBUTES = {"1": "bold", "2": "dim", "3": "italic", "4": "underline", "7": "reverse", "9": "strike"}
Style = tuple[str, str, str]
"""Attributes, foreground, background; the foreground of a space is "-"."""
Drawn = tuple[str, Style]


def picture(app: AdtuiApp, title: str) -> str:
    """What is on the screen now, below its title."""
    system = SYSTEMS[app.sent_colors or app.console.color_system or "truecolor"]
    screen = [[(char, _style(char, sgr)) for char, sgr in row] for row in _sent(app, system)]
    numbered = [f"{y:2}│{''.join(char for char, _ in row)}".rstrip() for y, row in enumerate(screen)]
    ground = Counter(background for row in screen for _, (_, _, background) in row).most_common(1)[0][0]
    return "\n".join([title, *numbered, f"styles, on {ground}", *_styles(screen, _signs(app, system), ground), ""])


def _sent(app: AdtuiApp, system: ColorSystem) -> Iterator[list[ShadowCell]]:
    """The cells that `ThriftyApp` would send for the whole screen."""
    update = app.screen._compositor.render_update(full=True, screen_stack=app._background_screens)
    assert isinstance(update, LayoutUpdate)
    for _, _, segments in lines(update):
        yield cells([plain_cells(segment) for segment in segments] if app.plain else segments, system)


def _style(char: str, sgr: str) -> Style:
    codes, foreground, background = parts(sgr)
    attributes = " ".join(ATTRIBUTES[code] for code in codes.split(";") if code)
    if char == " " and not attributes.count("reverse") + attributes.count("underline"):
        return "", "-", _color(background)
    return attributes, _color(foreground), _color(background)


def _color(sgr: str) -> str:
    """ "38;2;r;g;b" → "#rrggbb", "48;5;n" → "n", one of the 16 → "0" to "15"."""
    if not sgr:
        return "-"
    code, *rest = (int(number) for number in sgr.split(";"))
    if rest[:1] == [2]:
        return "#{:02x}{:02x}{:02x}".format(*rest[1:])
    if rest[:1] == [5]:
        return str(rest[1])
    return str(code % 10 + (8 if code >= 90 else 0))


def _signs(app: AdtuiApp, system: ColorSystem) -> dict[str, str]:
    """A colour of the app's table, as it is sent → its sign. Empty for tables that are made of characters."""
    table = app.color_table
    if not table.rgb:
        return {}
    signs: dict[str, str] = {}
    for sign, rgb in zip(SIGNS, (*table.rgb, table.masked, table.guide, CURSOR_RGB), strict=True):
        segments = [Segment("▀", RichStyle(color=RichColor.from_rgb(*rgb), bgcolor=RichColor.from_rgb(*rgb)))]
        for line_filter in app.get_line_filters():
            segments = line_filter.apply(segments, Color(0, 0, 0))
        ((_, sgr),) = cells(segments, system)
        signs.setdefault(_style("▀", sgr)[1], sign)  # some of the 256 colours stand for several levels
    return signs


def _styles(screen: list[list[Drawn]], signs: dict[str, str], ground: str) -> Iterator[str]:
    """One line for each line of the screen, or for several neighbours that are drawn alike."""
    described = [(y, "  ".join(_runs(row, signs, ground))) for y, row in enumerate(screen)]
    for text, group in groupby(described, key=lambda line: line[1]):
        rows = [y for y, _ in group]
        yield f"{rows[0] if len(rows) == 1 else f'{rows[0]}-{rows[-1]}':<5}  {text}"


def _runs(row: list[Drawn], signs: dict[str, str], ground: str) -> Iterator[str]:
    for attention, group in groupby(row, key=lambda cell: _shows_attention(cell, signs)):
        run = list(group)
        upper, lower = _levels(run, signs) if attention else ("", "")
        if len(set(upper + lower)) > 1:  # else it may be a border or a bar in the colour of a level
            yield f"{len(run)} levels {upper}/{lower}"
        else:
            yield from _equal(run, ground)


def _shows_attention(cell: Drawn, signs: dict[str, str]) -> bool:
    char, (attributes, foreground, background) = cell
    return not attributes and background in signs and (char == " " or (char == "▀" and foreground in signs))


def _levels(run: list[Drawn], signs: dict[str, str]) -> tuple[str, str]:
    upper = "".join(signs[background if char == " " else foreground] for char, (_, foreground, background) in run)
    return upper, "".join(signs[background] for _, (_, _, background) in run)


def _equal(run: list[Drawn], ground: str) -> Iterator[str]:
    styles: list[Style] = []
    for char, style in run:
        joins = char == " " and style[:2] == ("", "-") and styles and styles[-1][2] == style[2]
        styles.append(styles[-1] if joins else style)
    for (attributes, foreground, background), group in groupby(styles):
        color = foreground if background == ground else f"{foreground}/{background}"
        yield f"{attributes} {len(list(group))}×{color}".lstrip()
