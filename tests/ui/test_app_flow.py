"""`c` shows the passes of a flow in turn: the prior's, then each step's."""

from __future__ import annotations

from dataclasses import replace

import pytest
from app_driver import opened, screen_text, until
from fake_engine import FakeEngine

from adtui.records.messages import OpenRun


@pytest.mark.parametrize(("now", "wanted", "title"), [(0, 1, "flow step 1/2"), (2, 0, "prior pass")])
async def test_c_goes_through_the_passes_of_a_flow(now: int, wanted: int, title: str) -> None:
    engine = FakeEngine()
    engine.run = replace(engine.run, flow_steps=2, flow_step=now)
    async with opened(engine) as (app, _, pilot):
        assert title not in screen_text(app)
        engine.run = replace(engine.run, flow_step=wanted)
        await pilot.press("c")
        await until(pilot, lambda: title in screen_text(app))
        assert [request.flow_step for request in engine.asked(OpenRun)] == [None, wanted]


@pytest.mark.parametrize(("now", "wanted", "said"), [(0, 1, "flow step 1"), (2, 0, "the prior pass")])
async def test_what_is_being_opened_is_the_pass_and_no_newer_checkpoint(now: int, wanted: int, said: str) -> None:
    engine = FakeEngine()
    engine.run = replace(engine.run, flow_steps=2, flow_step=now)
    async with opened(engine) as (app, _, pilot):
        app.explorer.asked = replace(app.request, flow_step=now or None)
        engine.holding = (OpenRun,)
        await pilot.press("c")
        await until(pilot, lambda: len(engine.asked(OpenRun)) == 2)
        assert f"opening {said}" in screen_text(app)
