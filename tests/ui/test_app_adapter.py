"""A model of the user's own code in the app: opened, muted, its trials run; and a mistake in it is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from app_driver import WIDE, screen_text, there, until
from checkpoints import make_run

from adtui.records.messages import OpenRun
from adtui.ui.app import AdtuiApp
from adtui.ui.engine_client import EngineClient
from adtui.ui.lab.state import BESIDE, LabSettings

ADAPTER = Path(__file__).parents[1] / "adapters" / "plain_adapter.py"


async def test_it_is_opened_and_its_trials_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run(tmp_path / "runs" / "tiny", n_transit=12)
    monkeypatch.chdir(tmp_path)
    request = OpenRun(0, str(run), samples=1, device="cpu", adapter=str(ADAPTER))
    app = AdtuiApp(request, engine=EngineClient())
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await until(pilot, lambda: app.explorer.presenter.view is not None and not app.jobs.newest)
        assert "adapted · Mine of plain_adapter.py" in screen_text(app)
        await pilot.press("l")
        await until(pilot, lambda: there(app.explorer.presenter.view).place.head == 1)
        await pilot.press("C")
        await until(pilot, lambda: there(app.desk.lab).ready)
        there(app.desk.lab).settings = LabSettings(frozenset(BESIDE), (4,), streams=1, episodes=3)
        await pilot.press("s")
        await until(pilot, lambda: there(app.desk.lab).report)
        report = there(there(app.desk.lab).report)
        assert report.about["family"] == "adapted · Mine of plain_adapter.py · causal"


async def test_a_mistake_in_it_is_told_where_it_is(tmp_path: Path) -> None:
    run = make_run(tmp_path / "runs" / "tiny", n_transit=12)
    (tmp_path / "mine.py").write_text("import adtui\n\nno_such_name\n")
    request = OpenRun(0, str(run), samples=1, device="cpu", adapter=str(tmp_path / "mine.py"))
    app = AdtuiApp(request, engine=EngineClient())
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: not app.is_running)
    assert app.return_code == 2
    assert "mine.py, line 3: expected code that runs, found NameError" in str(app.return_value)
