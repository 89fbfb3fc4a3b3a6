"""Watching training through the app: checkpoints come, whole, half-written and damaged, while it runs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from app_driver import screen_text, there, until
from checkpoints import make_run
from direct_engine import DirectEngine
from training_app import app_on, step

from adtui.files.runs import find_run
from adtui.records.messages import OpenRun
from adtui.ui.app import AdtuiApp
from adtui.ui.screens.dialog import Dialog


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return make_run(tmp_path / "tiny", "pre", n_transit=12, step=10)


def add(run: Path, number: int, *, part: float = 1.0) -> bytes:
    """Write a checkpoint, or the first part of it, as training that writes in place does; gives the whole of it."""
    make_run(run.parent / "made", "pre", n_transit=12, step=number)
    content = (run.parent / "made" / f"ckpt-{number}.pt").read_bytes()
    (run / f"ckpt-{number}.pt").write_bytes(content[: round(part * len(content))])
    return content


async def test_new_checkpoints_open_by_themselves_at_the_same_place(run: Path) -> None:
    async with app_on(run, watch=True) as (app, _, pilot):
        await pilot.press("j", "l")
        add(run, 20)
        await until(pilot, lambda: step(app) == 20)
        add(run, 100)
        await until(pilot, lambda: step(app) == 100)
        chosen = app.explorer.presenter.selection
        assert (chosen.layer, chosen.head) == (1, 1)


async def test_a_half_written_one_is_waited_for_and_is_no_error(run: Path) -> None:
    async with app_on(run, watch=True) as (app, engine, pilot):
        content = add(run, 20, part=0.5)
        await until(pilot, lambda: "waiting for a checkpoint to be complete" in screen_text(app))
        asked = len(engine.asked(OpenRun))
        looks = app._last
        await until(pilot, lambda: app._last == looks and not app.jobs.newest)
        assert step(app) == 10
        assert not isinstance(app.screen, Dialog)
        assert len(engine.asked(OpenRun)) == asked  # tried once, not at every look
        (run / "ckpt-20.pt").write_bytes(content)
        await until(pilot, lambda: step(app) == 20)
        await until(pilot, lambda: "waiting" not in screen_text(app))


async def test_the_first_checkpoint_may_be_half_written_too(run: Path) -> None:
    content = (run / "ckpt-10.pt").read_bytes()
    (run / "ckpt-10.pt").write_bytes(content[:200])

    app = AdtuiApp(OpenRun(0, str(run), samples=2, device="cpu"), find_run(run), engine=DirectEngine(), watch=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "waiting for a checkpoint to be complete" in screen_text(app))
        (run / "ckpt-10.pt").write_bytes(content)
        await until(pilot, lambda: app.opened is not None)
        assert there(app.opened).step == 10


async def test_training_that_has_just_begun_is_waited_for(tmp_path: Path) -> None:
    run = tmp_path / "tiny"
    run.mkdir()
    (run / "config.yaml").write_text("env: darkroom\n")
    engine = DirectEngine()
    app = AdtuiApp(OpenRun(0, str(run), samples=2, device="cpu"), engine=engine, watch=True)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await until(pilot, lambda: "waiting for the first checkpoint in" in screen_text(app))
        await pilot.press("r", "w")
        await until(pilot, lambda: "it opens by itself" in screen_text(app))
        assert not engine.asked(OpenRun)
        content = add(run, 10, part=0.3)
        await until(pilot, lambda: "waiting for a checkpoint to be complete" in screen_text(app))
        (run / "ckpt-10.pt").write_bytes(content)
        await until(pilot, lambda: app.opened is not None and not app.jobs.newest)
        assert step(app) == 10
        add(run, 20)
        await until(pilot, lambda: step(app) == 20)


async def test_a_rewritten_newest_one_opens_again(run: Path) -> None:
    async with app_on(run, watch=True) as (app, engine, pilot):
        await until(pilot, lambda: app._baseline is not None)
        asked = len(engine.asked(OpenRun))
        os.utime(run / "ckpt-10.pt", ns=(1, 1))
        await until(pilot, lambda: len(engine.asked(OpenRun)) == asked + 1)
        await until(pilot, lambda: app.opening == app.shown)


async def test_who_has_gone_to_an_older_one_stays_there(run: Path) -> None:
    add(run, 20)
    async with app_on(run, watch=True) as (app, _, pilot):
        await pilot.press("comma")
        await until(pilot, lambda: step(app) == 10 and not app.jobs.newest)
        assert app._timer is not None
        app._timer.pause()  # a look of its own would end ours
        await until(pilot, lambda: not any(worker.name == "_look" and worker.is_running for worker in app.workers))
        add(run, 30)
        await app._look().wait()
        await app._look().wait()
        app.look_sometimes()
        await until(pilot, lambda: "step 30 is there: r" in screen_text(app))
        assert step(app) == 10
        await pilot.press("r")
        await until(pilot, lambda: step(app) == 30)


async def test_w_begins_and_ends_it(run: Path) -> None:
    async with app_on(run) as (app, _, pilot):
        assert app._timer is None
        await pilot.press("w")
        await until(pilot, lambda: app.watching and app._timer is not None)
        app.clear_notifications()
        await until(pilot, lambda: screen_text(app).splitlines()[0].rstrip().endswith("watching"))
        add(run, 20)
        await until(pilot, lambda: step(app) == 20)
        await pilot.press("w")
        await until(pilot, lambda: not app.watching and app._timer is None)
        await until(pilot, lambda: not screen_text(app).splitlines()[0].rstrip().endswith("watching"))
