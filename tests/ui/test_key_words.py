"""Sentences name the keys that the user has: none of the usual ones is left in them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from app_driver import screen_text, there, until
from screen_engine import ScreenEngine
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Static

import adtui
from adtui.engine.failures import failure
from adtui.records.messages import Cancelled, OpenRun, Progress
from adtui.ui.app import AdtuiApp
from adtui.ui.explorer.panes import HEATMAP, INSIGHTS
from adtui.ui.key_bars import bar, screen_bar
from adtui.ui.key_names import RESERVED, key_name
from adtui.ui.key_words import MARK, PALETTE, filled, key_for
from adtui.ui.keys import TABLES
from adtui.ui.lab.screen import LabScreen
from adtui.ui.messages import EngineDied
from adtui.ui.screens.dialog import Dialog
from adtui.ui.screens.help import text as help_text
from adtui.ui.sides.screen import SidesScreen

LETTERS = [chr(code) for code in range(0x430, 0x450)] + [chr(code) for code in range(0x410, 0x430)] + list("αβγδεζηθ")
ODD = {
    f"{place}.{key_name(key.action)}": letter
    for place, keys in TABLES.items()
    for key, letter in zip((key for key in keys if key.keys not in RESERVED), LETTERS, strict=False)
}
"""Another key for everything that has one, as a settings file can give them."""
VERBS = (
    "again|chooses|compares|copies|closes|first|goes|hides|leads|lists|marks|mutes|opens|or|quits|restarts|resumes|"
    "sets|shows|sorts|starts|stops|takes|to try|toggles|tries|undoes|zooms"
)
USUAL = re.compile(
    rf"(?<![\w'./<])([A-Za-z=+?/]) (?:{VERBS})\b"  # "r resumes"
    r"|(?<!\w)\([A-Za-z=+?/]\)"  # "zoom in (+)"
    r"|: [a-z=]$|^stop: \w"  # "the checkpoint has changed: r"
    r"|\b[Pp]ress (?!<)\S|\bcopy with \w\b"
    r"|\b(?:Enter|Esc|Space|Tab|Shift)\b"
)
OWN = {
    "key.py", "keys.py", "list_keys.py", "key_bars.py", "key_names.py", "key_spelling.py",  # the tables, and spelling
    "ablations.py", "answer.py", "bookmarks.py", "dialog.py", "head_table.py", "knock_outs.py", "picker.py", "help.py",
}  # fmt: skip
"""Files of the tables of keys, and of dialogs, whose keys nobody can change."""


def sentences(path: Path) -> Iterator[str]:
    """The texts in a module, but for those that explain it."""
    tree = ast.parse(path.read_text())
    explaining = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values]
            explaining |= {id(part) for part in node.values}
            yield "".join(parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in explaining:
            yield node.value


def modules(*packages: str) -> list[Path]:
    return [path for package in packages for path in sorted((Path(adtui.__file__).parent / package).rglob("*.py"))]


def test_no_sentence_in_the_code_names_a_key_itself() -> None:
    told = [
        f"{path.name}: {said}"
        for path in modules("ui", "engine", "records", "insights")
        if path.name not in OWN
        for said in sentences(path)
        if USUAL.search(said)
    ]
    assert told == []


def test_every_mark_names_something_that_keys_do() -> None:
    told = [said for path in modules("ui", "engine") for said in sentences(path)]
    marks = [f"{place}.{name}" for said in told for place, name in MARK.findall(said)]
    assert len(marks) > 40
    for mark in marks:
        assert key_for(mark)


@pytest.mark.parametrize("said", ["r resumes", "zoom in (+)", "a search (o): quick", "press c first", "Esc cancels"])
def test_what_the_tests_here_look_for_is_found(said: str) -> None:
    assert USUAL.search(said)


def test_a_sentence_has_the_first_of_the_users_keys_or_the_palette() -> None:
    said = "stopped: <explorer.reload> resumes"
    assert filled(said) == "stopped: r resumes"
    assert filled(said, {"explorer.reload": "f5,z"}) == "stopped: F5 resumes"
    assert filled(said, {"explorer.reload": "left_square_bracket"}, markup=True) == r"stopped: \[ resumes"
    assert filled(said, {"explorer.reload": ""}) == f"stopped: {PALETTE} resumes"
    assert filled("<explorer.nothing> <none.at_all> <b>") == "<explorer.nothing> <none.at_all> <b>"
    assert filled("<sides.full>") == "Enter"


def test_an_error_of_the_engine_names_what_to_do_and_no_key() -> None:
    said = str(failure(1, ValueError("x")).error)
    assert not USUAL.search(said)


def test_the_help_and_the_bars_have_the_users_keys_only() -> None:
    usual = help_text()
    for title in ("THE MAP (v)", "THE TRAINING RUN (T)", "THE COMPRESSION LAB (C)", "LIST OF RUNS (R)"):
        assert title in usual
    assert MARK.search(usual) is None
    changed = help_text(changes=ODD)
    told, _, own = changed.partition("LIST OF RUNS (")
    assert f"THE MAP ({ODD['explorer.map']})" in told
    assert f"{ODD['lab.start']} or {ODD['lab.search']} goes on" in told
    assert f"{ODD['explorer.zoom_in']} zooms in" in own
    lists = re.compile("Enter on a part|Enter goes to one, d takes it away|Enter opens, Esc goes back")  # of dialogs
    found = [line for line in told.splitlines() if USUAL.search(lists.sub("", line))]
    assert [line for line in found if "RUNS COMPARED" not in line] == []
    letters = "".join(ODD[f"explorer.{name}"] for name in ("left", "up", "down", "right"))
    assert f"[b $accent]{letters}[/] layer/head" in bar(200, heatmap=False, changes=ODD)
    assert "[b $accent]arrows[/] layer/head" in bar(200, heatmap=False, plain=True)
    assert "[b $accent]F1/↓[/] move" in screen_bar("lab", 200, changes={"lab.up": "f1"})


class Told:
    """What an app says: on its screen, in its toasts and dialogs."""

    def __init__(self, app: AdtuiApp, pilot: Pilot[str], toasts: list[str]) -> None:
        self.app, self.pilot, self.toasts = app, pilot, toasts

    async def check(self, *expected: str) -> None:
        """Nothing that is said names a usual key, and all that is expected is said."""
        await until(self.pilot, lambda: all(any(one in said for said in self._said()) for one in expected))
        for said in self._said():
            assert not USUAL.search(said), said
            assert not MARK.search(said), said

    def _said(self) -> list[str]:
        titles = [str(pane.border_title) for pane in self.app.screen.query("*") if pane.border_title]
        texts = [str(text.render()) for text in self.app.screen.query(Static)]  # wrapped on the screen
        return [*screen_text(self.app).splitlines(), *self.toasts, *titles, *texts]

    async def press(self, *names: str) -> None:
        """The user's keys for what has these names."""
        await self.pilot.press(*(ODD[name] for name in names))


@pytest.fixture
def toasts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is said in toasts; none is shown, so that none covers what is said elsewhere or goes away unseen."""
    said: list[str] = []

    def notify(self: App[str], message: str, *, title: str = "", **options: object) -> None:
        del self, options
        said.append(f"{title}\n{message}")

    monkeypatch.setattr(App, "notify", notify)
    return said


async def settled(app: AdtuiApp, pilot: Pilot[str]) -> None:
    await until(pilot, lambda: app.explorer.presenter.view is not None and not app.jobs.newest)
    await pilot.pause()


async def test_no_usual_key_is_left_on_the_screens(toasts: list[str]) -> None:
    engine = ScreenEngine(cells=4)
    engine.rounds = 1
    app = AdtuiApp(OpenRun(0, "runs/latest"), engine=engine)
    app.change_keys(ODD)
    async with app.run_test(size=(120, 40)) as pilot:
        told = Told(app, pilot, toasts)
        await settled(app, pilot)
        await told.check(f"({ODD['explorer.lab']}) to try", f"{ODD['explorer.help']} help")
        await told.press("explorer.undo", "explorer.knock_outs", "explorer.bookmarks")
        hide, mark = ODD["explorer.knock_out"], ODD["explorer.bookmark"]
        await told.check(f"{hide} hides", f"{hide} takes", f"{mark} sets")
        await told.press(f"explorer.pane_{HEATMAP + 1}")
        app.explorer.panes.heatmap.goto(None, 5)
        await told.press("explorer.knock_out", "explorer.knock_out")
        await told.check(f"({ODD['explorer.knock_outs']} lists all)", f"{ODD['explorer.undo']} shows it again")
        await told.press("explorer.mean", "explorer.pane_1", "explorer.knock_out")
        await told.check(f"{ODD['explorer.mean']} goes back")

        shown = there(app.shown)  # Esc in the middle of an analysis
        app._analysed = False
        app.jobs.begin(shown, "analysis")
        app.jobs.update(Progress(shown, "analysis", 1, 5))
        engine.say(Cancelled(shown, "analysis"))
        await told.press(f"explorer.pane_{INSIGHTS + 1}", "explorer.whole")
        await told.check(f"{ODD['explorer.reload']} resumes")
        await told.press("explorer.whole")

        await told.press("explorer.lab")
        await until(pilot, lambda: isinstance(app.screen, LabScreen) and there(app.desk.lab).ready)
        start, search, stop = ODD["lab.start"], ODD["lab.search"], ODD["lab.stop"]
        await told.press("lab.export")
        await told.check(f"{start}, or {ODD['lab.enter']} here", f"({search})", f"no trials yet: {start} starts them")
        await told.press("lab.start")
        await until(pilot, lambda: len(there(app.desk.lab).found.trials) == 3)
        await told.press("lab.start")
        await told.check(f"running: {stop} stops them", f"stop: {stop}")
        await told.press("lab.stop")
        await told.check(f": {start} goes on.")
        await told.press("lab.search")
        await until(pilot, lambda: there(app.desk.lab).found.rounds)
        await told.press("lab.search", "lab.stop")
        await told.check(f"running: {stop} stops it", f": {search} goes on.")
        await told.press("lab.back")

        app.explorer.note("step 1000 is there: <explorer.reload>")
        await told.check(f"is there: {ODD['explorer.reload']}")
        app.explorer.stopped_opening()
        await told.check(f"{ODD['explorer.reload']} tries again, {ODD['explorer.quit']} quits")
        app.push_screen(Dialog("that failed", "press <explorer.round> first"))
        await until(pilot, lambda: isinstance(app.screen, Dialog))
        assert f"press {ODD['explorer.round']}" in str(app.screen.query_one("#text", Static).render())
        await pilot.press("escape")
        app.post_message(EngineDied("gone"))
        await until(pilot, lambda: isinstance(app.screen, Dialog))
        await pilot.press("escape")
        await told.check(f"{ODD['explorer.reload']} restarts it")


async def test_no_usual_key_is_left_beside_another_run(toasts: list[str]) -> None:
    app = AdtuiApp(OpenRun(0, "runs/latest"), engine=ScreenEngine(), beside="b.pt")
    app.change_keys(ODD)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, SidesScreen) and app.screen.state.view is not None)
        told = Told(app, pilot, toasts)
        await told.check(f"{ODD['sides.help']} help")
        assert isinstance(app.screen, SidesScreen)
        assert app.screen.panes._claims(60, 2)[-1].plain == f"… more at full size ({ODD['sides.full']})"
