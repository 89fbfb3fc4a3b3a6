"""A model of the user's own code in the app, with the engine in the test's own process."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from app_driver import WIDE, screen_text, until
from checkpoints import make_run, write_histories
from direct_engine import DirectEngine
from fake_engine import run_info
from references import rad

from adtui.engine import trials_stream
from adtui.records.messages import AskKnockOut, OpenRun, Reply
from adtui.records.trial_messages import SweepReady
from adtui.ui.app import AdtuiApp
from adtui.ui.explorer.panes import COMPRESSOR
from adtui.ui.lab.settings import BESIDE, LabSettings
from adtui.ui.lab.state import Lab

ADAPTER = Path(__file__).parents[1] / "adapters" / "plain_adapter.py"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)
    return make_run(tmp_path / "runs" / "tiny", n_transit=12)


async def test_it_is_opened_and_answers(run: Path) -> None:
    engine = DirectEngine()
    app = AdtuiApp(OpenRun(0, str(run), samples=1, device="cpu", adapter=str(ADAPTER)), engine=engine)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await until(pilot, lambda: app.explorer.presenter.view is not None and not app.jobs.newest)
        await pilot.pause()
        assert "adapted · Mine of plain_adapter.py" in screen_text(app)
        assert app.opened is not None
        assert "layer 0: 2 heads each, seen by scaled_dot_product_attention" in app.opened.notes
        await pilot.press("l", "x")
        await until(pilot, lambda: engine.asked(AskKnockOut))
        await until(pilot, lambda: "knock-out" in screen_text(app))


async def test_a_compressor_has_its_panes(tmp_path: Path) -> None:
    write_histories(tmp_path / "datasets" / "history_darkroom_PPO_alg-seed42.hdf5", length=40, streams=1)
    made = rad.make_run(tmp_path / "runs" / "rad", n_transit=12)
    request = OpenRun(0, str(made), samples=1, device="cpu", context=15, adapter=str(ADAPTER.parent / "rad_adapter.py"))
    app = AdtuiApp(request, engine=DirectEngine())
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await until(pilot, lambda: app.explorer.presenter.view is not None and not app.jobs.newest)
        await pilot.press(str(COMPRESSOR + 1), "c")
        await until(pilot, lambda: f"{COMPRESSOR + 1} compressor · round 1/" in screen_text(app))


async def test_a_mistake_in_it_ends_the_app_with_one_line(run: Path) -> None:
    Path("mine.py").write_text("import adtui\n\nno_such_name\n")
    app = AdtuiApp(OpenRun(0, str(run), samples=1, device="cpu", adapter="mine.py"), engine=DirectEngine())
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: not app.is_running)
    assert app.return_code == 2
    assert "mine.py, line 3: expected code that runs, found NameError" in str(app.return_value)


def test_the_labs_trials_are_of_it(run: Path) -> None:
    lab = Lab()
    lab.open(OpenRun(0, str(run), device="cpu", adapter=str(ADAPTER)), run_info(), 1)
    lab.settings = LabSettings(frozenset(BESIDE), (4,), streams=1, episodes=3)
    request = lab.request(3)
    assert request.adapter == str(ADAPTER)
    said: list[Reply] = []
    trials_stream.answer(replace(request, path=str(run)), said.append)  # the stand-in's names no file
    report = next(one.report for one in said if isinstance(one, SweepReady))
    assert report.about["family"] == "adapted · Mine of plain_adapter.py · causal"
