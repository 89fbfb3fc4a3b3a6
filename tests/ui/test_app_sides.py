"""Two runs side by side through the app: the engine answers in the test's own process."""

from __future__ import annotations

from pathlib import Path

import pytest
from app_driver import screen_text, there, until
from checkpoints import make_run, reference, save_checkpoint, settings
from textual.pilot import Pilot
from training_app import app_on

from adtui.files.runs import find_run
from adtui.records.head_comparison import INDEX, ROWS
from adtui.records.messages import Cancel, OpenRun
from adtui.records.side_messages import ExportPair, GetPair, SetBeside
from adtui.ui.app import AdtuiApp
from adtui.ui.renderables.sides import pair_name
from adtui.ui.screens.help import HelpScreen
from adtui.ui.screens.picker import PickerScreen
from adtui.ui.sides.keys import SIDES
from adtui.ui.sides.panes import SidesPanes
from adtui.ui.sides.screen import SidesScreen
from adtui.ui.timeline.screen import TimelineScreen
from adtui.ui.widgets.side_picture import SidePicture


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """AD-a; AD-b, which is it with one head that attends evenly; AD-c, of another world; two checkpoints of AD-a."""
    directory = tmp_path_factory.mktemp("runs")
    make_run(directory / "AD-a", "pre", n_transit=12, step=10)
    make_run(directory / "AD-a", "pre", n_transit=12, step=20, seed=1)
    weights = reference("pre", n_transit=12, seed=1).state_dict()
    weights["transformer_encoder.layers.1.self_attn.in_proj_weight"][8:16] = 0  # the queries of L1H1
    weights["transformer_encoder.layers.1.self_attn.in_proj_bias"][8:16] = 0
    save_checkpoint(directory / "AD-b" / "ckpt-5.pt", weights, settings(n_transit=12))
    save_checkpoint(directory / "AD-c" / "ckpt-5.pt", weights, settings(n_transit=12, env="darkkeytodoor"))
    return directory


async def enter(app: AdtuiApp, pilot: Pilot[str], name: str = "AD-b") -> SidesScreen:
    """The run of a name beside AD-a, chosen in the list."""
    await pilot.press("equals_sign")
    await until(pilot, lambda: isinstance(app.screen, PickerScreen))
    await pilot.press("slash", *name, "enter")
    await until(pilot, lambda: isinstance(app.screen, SidesScreen) and app.screen.state.view is not None)
    assert isinstance(app.screen, SidesScreen)
    return app.screen


def pair(screen: SidesScreen) -> str:
    return pair_name(there(screen.state.pair))


async def test_the_head_that_was_changed_is_first_and_every_key_does_what_the_help_says(runs: Path) -> None:
    async with app_on(runs / "AD-a") as (app, engine, pilot):
        await pilot.press("n")
        screen = await enter(app, pilot)
        text = screen_text(app)
        assert pair(screen) == "L1H1"
        assert "AD-a · step 20" in text
        assert "AD-b · step 5" in text
        assert "by rows · 1/4" in text
        assert engine.asked(SetBeside)[0].run.path.endswith("ckpt-20.pt")
        assert engine.asked(GetPair)[-1].sample == 1
        first = [pair_name(one) for one in there(screen.state.found).pairs]
        for keys, expected in (("j", first[1]), ("jj", first[3]), ("k", first[2])):
            await pilot.press(*keys)
            assert pair(screen) == expected
        for key, expected in (("h", "L0H0"), ("l", "L0H1"), ("right", "L1H0"), ("left", "L0H1")):
            await pilot.press(*(["h"] * 4 if key == "h" else [key]))
            assert pair(screen) == expected
        await pilot.press("p", "left_square_bracket")
        await until(
            pilot,
            lambda: (
                there(screen.state.view).query == screen.state.n_context - 1 and there(screen.state.view).sample == 0
            ),
        )
        await pilot.press("right_square_bracket", "left_curly_bracket")
        asked = engine.asked(GetPair)[-1]
        assert 0 <= asked.query < screen.state.n_context - 1
        await pilot.press("right_curly_bracket")
        assert screen.state.query > asked.query or screen.state.query == -1
        await pilot.press("m")
        await until(pilot, lambda: there(screen.state.found).matched == INDEX)
        assert pair(screen) == "L0H1"
        await pilot.press("m", "s")
        await until(pilot, lambda: there(screen.state.found).matched == ROWS and "sqrt 0" in screen_text(app))
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen) and "TWO RUNS SIDE BY SIDE" in screen_text(app))
        await pilot.press("escape", "4", "f")
        await until(pilot, lambda: screen.panes.full)
        await pilot.press("q")
        await until(pilot, lambda: not screen.panes.full)
        assert app.screen is screen
        await pilot.press("q")
        await until(pilot, lambda: app.screen is app.explorer)
        await pilot.press("equals_sign")  # what was compared is kept
        await until(pilot, lambda: isinstance(app.screen, SidesScreen))
        assert len(engine.asked(SetBeside)) == 1
        assert app.is_running


async def test_what_is_shown_leaves_as_a_figure_a_table_and_a_command(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with app_on(runs / "AD-a") as (app, engine, pilot):
        await enter(app, pilot)
        await pilot.press("e")
        await until(pilot, lambda: "wrote 1 figure" in screen_text(app))
        assert (engine.asked(ExportPair)[0].first, engine.asked(ExportPair)[0].second) == ((1, 1), (1, 1))
        assert list(tmp_path.rglob("pair_sample0_layer1_head1_layer1_head1.png"))
        await pilot.press("y")
        await until(pilot, lambda: app.clipboard.startswith("first\tsecond\trows_differ\t"))
        assert app.clipboard.splitlines()[1].startswith("L1H1\tL1H1\t")
        await pilot.press("Y")
        await until(pilot, lambda: app.clipboard.startswith("adtui compare "))
        a, b = runs / "AD-a" / "ckpt-20.pt", runs / "AD-b" / "ckpt-5.pt"
        assert app.clipboard == f"adtui compare {a} {b} --head-by-head --device cpu --samples 2"


async def test_what_cannot_be_compared_is_said_in_the_explorer(runs: Path) -> None:
    async with app_on(runs / "AD-a") as (app, _, pilot):
        await pilot.press("equals_sign")
        await until(pilot, lambda: isinstance(app.screen, PickerScreen))
        await pilot.press("slash", *"AD-c", "enter")
        await until(pilot, lambda: "found darkkeytodoor" in screen_text(app))
        assert app.screen is app.explorer
        await pilot.press("equals_sign")
        await until(pilot, lambda: isinstance(app.screen, PickerScreen))
        await pilot.press("slash", *"AD-a", "enter")
        await until(pilot, lambda: "that is the checkpoint" in screen_text(app))


async def test_leaving_stops_a_comparison_under_way(runs: Path) -> None:
    async with app_on(runs / "AD-a") as (app, engine, pilot):
        engine.holding = (SetBeside,)
        await pilot.press("equals_sign")
        await until(pilot, lambda: isinstance(app.screen, PickerScreen))
        await pilot.press("slash", *"AD-b", "enter")
        await until(pilot, lambda: isinstance(app.screen, SidesScreen) and "comparing" in screen_text(app))
        assert "A AD-a/ckpt-20.pt, B AD-b/ckpt-5.pt " in screen_text(app)
        await pilot.press("2")
        for size in ((120, 40), (60, 20), (200, 50)):
            await pilot.resize_terminal(*size)
            while app.screen.query_one(SidesPanes).region.width != size[0]:
                await pilot.pause()
            await pilot.pause()
            pane = app.screen.query_one("#side-first", SidePicture)
            text = [line.text for line in map(pane.render_line, range(pane.size.height))]
            assert [line.strip() for line in text if line.strip()] == ["comparing …"]
            (at,) = (y for y, line in enumerate(text) if line.strip())
            assert text[at].index("c") == (pane.size.width - len("comparing …")) // 2
        await pilot.press("escape")
        await until(pilot, lambda: engine.asked(Cancel))
        assert engine.asked(Cancel)[0].job == engine.asked(SetBeside)[0].id
        await until(pilot, lambda: app.screen is app.explorer)


async def test_two_checkpoints_of_one_run_from_the_timeline(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    async with app_on(runs / "AD-a") as (app, _, pilot):
        await pilot.press("T")
        await until(pilot, lambda: isinstance(app.screen, TimelineScreen) and not app.jobs.newest)
        await pilot.press("comma", "equals_sign")
        await until(pilot, lambda: isinstance(app.screen, SidesScreen) and app.screen.state.view is not None)
        assert "AD-a · step 10" in screen_text(app)
        await pilot.press("equals_sign")
        await until(pilot, lambda: isinstance(app.screen, TimelineScreen))


async def test_named_on_the_command_line_it_is_there_at_once(runs: Path) -> None:
    from direct_engine import DirectEngine

    engine = DirectEngine()
    request = OpenRun(0, str(runs / "AD-a"), samples=2, device="cpu")
    beside = str(runs / "AD-b" / "ckpt-5.pt")
    app = AdtuiApp(request, find_run(runs / "AD-a"), engine=engine, beside=beside)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await until(pilot, lambda: isinstance(app.screen, SidesScreen) and app.screen.state.view is not None)
        await pilot.press("R")
        await until(pilot, lambda: isinstance(app.screen, PickerScreen) and "beside AD-a" in screen_text(app))
        await pilot.press("enter")  # another run than A is highlighted; the newest of them is of another world
        await until(pilot, lambda: "found darkkeytodoor" in screen_text(app))


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 20), (40, 10)])
async def test_it_holds_in_every_size(runs: Path, size: tuple[int, int]) -> None:
    async with app_on(runs / "AD-a", size) as (app, _, pilot):
        await enter(app, pilot)
        for key in ("1", "2", "3", "4", "5", "6", "enter", "tab"):
            await pilot.press(key)
            await pilot.pause()
            assert max(len(line) for line in screen_text(app).splitlines()) <= size[0]
            assert "q back" in screen_text(app)
        await pilot.press("escape", "escape")
        await until(pilot, lambda: app.screen is app.explorer)


def test_every_key_of_the_table_is_pressed_above() -> None:
    shared = {"up", "down", "n", "shift+tab", "ctrl+p", "ctrl+l", "ctrl+z"}
    pressed = set("jkhlpmsqeyYRf123456") | {"right", "left", "enter", "escape", "tab", "question_mark", "equals_sign"}
    pressed |= {f"{side}_{kind}_bracket" for side in ("left", "right") for kind in ("square", "curly")}
    assert {one for key in SIDES for one in key.keys.split(",")} <= shared | pressed
