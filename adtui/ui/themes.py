"""The app's themes: colours of frames and texts, and of the heatmap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ..records.colours import RGB
from ..records.look import DUSK, EMBER

if TYPE_CHECKING:
    from textual.theme import Theme as TextualTheme

ACCENT, REWARD, FAINT, CONFIRMED, REFUTED = (
    (0, 175, 215),
    (255, 175, 0),
    (138, 138, 138),
    (0, 175, 95),
    (215, 95, 95),
)
"""The inks that renderables write texts and signs with, as on a dark ground."""


@dataclass(frozen=True)
class Theme:
    """How one looks.

    Attributes:
        says: one line for the help.
        dark: whether the ground is dark.
        palette: of the heatmap, one of `renderables.palettes.PALETTES`.
        inks: what stands for each of the usual inks; all of them on a light ground.
        colors: of Textual's theme, where they differ from its dark or light one.
    """

    says: str
    dark: bool = True
    palette: str = EMBER
    inks: Mapping[RGB, RGB] = field(default_factory=dict)
    colors: Mapping[str, str] = field(default_factory=dict)


THEMES = {
    "dark": Theme("dark ground, black to pale yellow by violet and red"),
    "light": Theme(
        "light ground, more attention is darker",
        dark=False,
        inks={
            ACCENT: (0, 95, 135),
            REWARD: (135, 95, 0),
            FAINT: (88, 88, 88),
            CONFIRMED: (0, 95, 0),
            REFUTED: (175, 0, 0),
        },
        colors={"background": "#eeeeee", "surface": "#e4e4e4", "panel": "#d0d0d0", "accent": "#875f00"},
    ),
    "safe": Theme(
        "dark ground, black to yellow by blue, for red-green colour blindness",
        palette=DUSK,
        inks={CONFIRMED: (255, 255, 135), REFUTED: (215, 95, 0)},
        colors={"error": "#d55e00", "success": "#56b4e9"},
    ),
}
DARK = "dark"


def textual_theme(name: str) -> TextualTheme:
    """A theme as Textual takes it, named "adtui-" and `name`."""
    from textual.theme import BUILTIN_THEMES

    theme = THEMES[name]
    base = BUILTIN_THEMES["textual-dark" if theme.dark else "textual-light"]
    made = replace(base, name=f"adtui-{name}")
    for role, color in theme.colors.items():
        setattr(made, role, color)
    return made
