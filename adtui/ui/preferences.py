"""What the user has settled for the app in `config.toml` (docs/config.md). Textual is imported for keys alone."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.color import Color

from ..files.places import settings_file
from ..records.errors import ConfigError
from ..records.look import SCALES
from .renderables.colors import ColorTable, choose_table
from .terminal.graphics_probe import CELLS, KITTY, SIXEL
from .themes import DARK, THEMES, textual_theme

if TYPE_CHECKING:
    from .app import AdtuiApp

MAX_BYTES = 1 << 16
AUTO = "auto"
COLORS = {AUTO: None, "truecolor": "truecolor", "256": "256", "16": "standard"}
"""Names in the file → what `ThriftyApp.sent_colors` takes."""
BLOCKS, ASCII = "blocks", "ascii"
PICTURES = {AUTO, KITTY, SIXEL}
"""Values of `graphics` that let the terminal be asked for pictures in pixels."""
CHOICES: Mapping[str, tuple[object, ...]] = {
    "theme": tuple(THEMES),
    "colors": tuple(COLORS),
    "graphics": (AUTO, KITTY, SIXEL, CELLS, BLOCKS, ASCII),
    "scale": SCALES,
    "mouse": (True, False),
    "slow_link": (True, False),
}


@dataclass(frozen=True)
class Preferences:
    """The file's settings, else what adtui does without one.

    Attributes:
        colors: one of `COLORS`; auto is what the terminal says of itself.
        graphics: auto is half blocks where the locale says UTF-8, and pixels where the terminal has said that it can;
            kitty and sixel the same with that protocol alone, cells without pixels; blocks always, ascii never.
        theme: one of `themes.THEMES`.
        scale: the heatmap's first colour scale.
        mouse: False leaves it to the terminal.
        slow_link: as `--slow-link`.
        keys: other keys, see `key_names.Changes`.
    """

    colors: str = AUTO
    graphics: str = AUTO
    scale: str = SCALES[0]
    mouse: bool = True
    slow_link: bool = False
    keys: Mapping[str, str] = field(default_factory=dict)
    theme: str = DARK


def load_preferences(path: Path | None = None) -> Preferences:
    """What stands in `path`, the user's own file by default; the defaults where there is none.

    Raises:
        ConfigError: it cannot be read, is no TOML, or a name or value in it is not known.
    """
    path = settings_file() if path is None else path
    text = None if path is None else _read(path)
    if path is None or text is None:
        return Preferences()
    given = _parsed(path, text)
    keys = given.pop("keys", None)
    for name, value in given.items():
        _check(path, name, value)
    if keys is not None:
        from .key_names import read_changes

        given["keys"] = read_changes(str(path), keys)
    return Preferences(**given)


def described(settled: Preferences) -> str:
    """What the file settles, in one line."""
    usual = Preferences()
    parts = [
        f"{name} = {_written(value)}" for name in CHOICES if (value := getattr(settled, name)) != getattr(usual, name)
    ]
    parts += [f"{name} = {_written(keys)}" for name, keys in settled.keys.items()]
    return ", ".join(parts) or "nothing that differs from the defaults"


def _read(path: Path) -> str | None:
    try:
        if not path.is_file():
            if path.exists():
                raise ConfigError(path, expected="a file", found="something else", action="move it away")
            return None
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise ConfigError(
                path, expected=f"settings of at most {MAX_BYTES >> 10} KB", found="more", action="make it shorter"
            )
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        found = f"a byte that is not at offset {error.start}"
        raise ConfigError(path, expected="UTF-8", found=found, action="save it as UTF-8") from None
    except OSError as error:
        found = error.strerror or type(error).__name__
        raise ConfigError(path, expected="a readable file", found=found, action="check its permissions") from None


def _parsed(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(path, expected="TOML", found=str(error), action="mend that line") from None
    except RecursionError:
        raise ConfigError(path, expected="TOML", found="values nested too deep", action="flatten them") from None


def _check(path: Path, name: str, value: object) -> None:
    if name not in CHOICES:
        import difflib

        near = difflib.get_close_matches(name, [*CHOICES, "keys"], n=1)
        action = f"did you mean {near[0]}?" if near else "see docs/config.md"
        raise ConfigError(path, expected=f"one of {', '.join([*CHOICES, '[keys.…]'])}", found=name, action=action)
    choices = CHOICES[name]
    if not any(type(value) is type(one) and value == one for one in choices):
        known = ", ".join(_written(one) for one in choices)
        raise ConfigError(
            f"{path}: {name}", expected=f"one of {known}", found=_written(value), action="choose one of them"
        )


def _written(value: object) -> str:
    """As TOML writes it."""
    return str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)


def chosen_table(settled: Preferences, color_system: str | None, utf8: bool, mono: bool = False) -> ColorTable:
    """The heatmap's colours, on a terminal of `color_system` that shows UTF-8 or not where nothing is settled."""
    theme = THEMES[settled.theme]
    shown = settled.graphics == BLOCKS or (utf8 and settled.graphics != ASCII)
    return choose_table(COLORS[settled.colors] or color_system, shown, theme.dark, theme.palette, mono)


def let_ask(app: AdtuiApp, wish: str, *, slow_link: bool, recorded: bool) -> None:
    """Have an app that has been told its colours ask the terminal for pictures in pixels, of the kinds of `graphics`.

    It does not where bytes are to be few, colours are less than 256, or a recording is made: another terminal shall be
    able to ask again what it asked.
    """
    table = app.color_table
    if wish in PICTURES and table.half_blocks and not table.mono and not slow_link and not recorded:
        app.ask_for_pictures(wish, app.explorer.panes.heatmap.sharpen)


def prefer(app: AdtuiApp, settled: Preferences) -> None:
    """Settle what an app that has not begun shows; whether it is plain, and for a slow link, it was told before."""
    app.sent_colors = COLORS[settled.colors] or app.sent_colors
    theme = THEMES[settled.theme]
    if settled.theme != DARK:  # which is Textual's own
        app.register_theme(textual_theme(settled.theme))
        app.theme = f"adtui-{settled.theme}"
    app.inks = {Color.from_rgb(*usual): Color.from_rgb(*own) for usual, own in theme.inks.items()}
    colors = app.sent_colors or app.console.color_system
    app.color_table = chosen_table(replace(settled, graphics=AUTO), colors, not app.plain, app.no_color)
    app.explorer.panes.heatmap.scale = settled.scale
    app.change_keys(settled.keys)
