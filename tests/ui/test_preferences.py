"""The settings file: what it settles holds in the app, and what it gets wrong is one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from app_driver import opened, screen_text, shows, until
from fake_engine import FakeEngine

from adtui.cli.diagnosis import settings
from adtui.cli.main import main
from adtui.files.places import cache_directory, settings_file
from adtui.records.errors import ConfigError
from adtui.records.messages import OpenRun
from adtui.ui.app import AdtuiApp
from adtui.ui.key_names import RESERVED, key_name
from adtui.ui.keys import TABLES
from adtui.ui.preferences import Preferences, load_preferences, prefer
from adtui.ui.screens.help import HelpScreen
from adtui.ui.terminal.key_spelling import shown_key, textual_key


def written(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "config.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_where_the_file_is_looked_for() -> None:
    assert settings_file({"HOME": "/home/a"}) == Path("/home/a/.config/adtui/config.toml")
    assert settings_file({"HOME": "/home/a", "XDG_CONFIG_HOME": "/c"}) == Path("/c/adtui/config.toml")
    assert settings_file({"HOME": "/home/a", "XDG_CONFIG_HOME": "c"}) == Path("/home/a/.config/adtui/config.toml")
    assert cache_directory({"HOME": "/home/a"}) == Path("/home/a/.cache/adtui")


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert load_preferences(tmp_path / "config.toml") == Preferences()
    assert load_preferences(written(tmp_path, "")) == Preferences()


def test_what_a_file_settles(tmp_path: Path) -> None:
    text = 'colors = "16"\ngraphics = "ascii"\nscale = "row"\nmouse = false\nslow_link = true\n'
    text += '[keys.explorer]\nknock_out = "d"\nexport = ["?", "F5"]\nhelp = "e"\n[keys.lab]\nstart = "ctrl+g"\n'
    settled = load_preferences(written(tmp_path, text))
    keys = {
        "explorer.knock_out": "d",
        "explorer.export": "question_mark,f5",
        "explorer.help": "e",
        "lab.start": "ctrl+g",
    }
    assert settled == Preferences("16", "ascii", "row", False, True, keys)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ('scale = "cube"', ["config.toml: scale", '"log", "sqrt", "linear", "row"', '"cube"']),
        ("mouse = 1", ["config.toml: mouse", "true, false", "found 1"]),
        ("colors = 256", ["config.toml: colors", '"256"', "found 256"]),
        ('colour = "256"', ["found colour", "did you mean colors?"]),
        ("scale =", ["expected TOML", "Invalid value"]),
        ("\nscale 3", ["expected TOML", "line 2"]),
        ("a" * 70_000, ["64 KB"]),
        (b"scale = '\xff'", ["UTF-8", "offset 9"]),
        ("keys = 3", ["[keys.explorer] [keys.map] [keys.timeline] [keys.lab]"]),
        ('[keys]\nexport = "x"', ["keys.export", "[keys.explorer]"]),
        ('[keys.explorer]\nknockout = "z"', ["found knockout", "did you mean knock_out?"]),
        ('[keys.explorer]\ncommand_palette = "z"', ["found command_palette"]),
        ('[keys.explorer]\nexport = "hyper"', ["export in [keys.explorer]", "found hyper"]),
        ("[keys.explorer]\nexport = 3", ["export in [keys.explorer]", "found 3"]),
        ("[keys.explorer]\nexport = []", ["export in [keys.explorer]", "found []"]),
        ('[keys.explorer]\nexport = "ctrl+c"', ["always quits"]),
        ('[keys.explorer]\nexport = "x"', ["found x for knock_out and for export"]),
        ('[keys.map]\nact = "z"\nhide = "z"', ["found z for act and for hide", "[keys.map]"]),
        ("a = " + "[" * 5000, ["nested too deep"]),
    ],
)
def test_what_is_wrong_is_one_line(text: str | bytes, parts: list[str], tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_preferences(written(tmp_path, text))
    line = str(caught.value)
    assert "\n" not in line
    assert "config.toml" in line
    for part in parts:
        assert part in line


def test_a_directory_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.toml").mkdir()
    with pytest.raises(ConfigError, match="expected a file"):
        load_preferences(tmp_path / "config.toml")


def test_doctor_names_the_file_and_what_is_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    path = tmp_path / "adtui" / "config.toml"
    assert settings().found.startswith(f"{path} is not there")
    path.parent.mkdir()
    written(path.parent, 'scale = "row"\n[keys.explorer]\nexport = "d"')
    assert settings().found == f'{path}: scale = "row", explorer.export = "d"'
    written(path.parent, 'scale = "no"')
    assert settings().fatal
    assert str(path) in settings().found


def test_every_name_of_a_key_is_in_the_document_and_stands_for_one_thing() -> None:
    text = (Path(__file__).parents[2] / "docs" / "config.md").read_text()
    for place, keys in TABLES.items():
        names = [key_name(key.action) for key in keys]
        assert len(set(names)) == len(names)
        section = text.partition(f"### `[keys.{place}]`")[2].partition("\n#")[0]
        for key, name in zip(keys, names, strict=True):
            assert key.keys in RESERVED or f"| `{name}` | {key.shown} |" in section


@pytest.mark.parametrize("text", ["z", "Z", "?", "f5", "ctrl+g", "alt+x", "shift+up", "enter", "'"])
def test_a_key_is_found_by_what_people_write(text: str) -> None:
    key = textual_key(text)
    assert key is not None
    assert len(text) > 1 or shown_key(key) == text
    assert textual_key(key) == key  # Textual's own name does, too


async def test_the_users_keys_act_and_the_old_ones_do_not() -> None:
    app = AdtuiApp(OpenRun(0, "runs/latest"), engine=FakeEngine())
    changes = {"explorer.next_sample": "d,f5", "explorer.mean": "s", "explorer.scale": "m"}
    prefer(app, Preferences(scale="row", keys=changes))
    async with app.run_test(size=(120, 40)) as pilot:
        presenter = app.explorer.presenter
        await until(pilot, lambda: presenter.view is not None and not app.jobs.newest)
        await pilot.press("n")
        assert presenter.selection.sample == 0
        await pilot.press("d", "f5")
        assert presenter.selection.sample == 2
        assert app.explorer.panes.heatmap.scale == "row"
        await pilot.press("s")
        assert presenter.selection.mean
        await pilot.press("m")
        assert app.explorer.panes.heatmap.scale == "log"
        assert "d F5 sample" in screen_text(app)
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        assert shows(app, "d F5  ")


async def test_no_settings_leave_the_keys_as_they_are() -> None:
    async with opened() as (app, _engine, pilot):
        assert app.explorer.changes == {}
        await pilot.press("n")
        assert app.explorer.presenter.selection.sample == 1


def test_colours() -> None:
    app = AdtuiApp(OpenRun(0, "runs/latest"), engine=FakeEngine())
    prefer(app, Preferences(colors="16"))
    assert (app.sent_colors, app.color_table.name) == ("standard", "16")
    plain = AdtuiApp(OpenRun(0, "runs/latest"), engine=FakeEngine(), plain=True)
    prefer(plain, Preferences(colors="256", graphics="blocks"))
    assert plain.color_table.name == "ascii"


def test_the_doctor_draws_as_the_app_would(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "adtui").mkdir()
    written(tmp_path / "adtui", 'colors = "256"\ngraphics = "blocks"\ntheme = "safe"')
    assert main(["doctor", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["colors"] == "256"
