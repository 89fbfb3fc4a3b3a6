"""The heads pane marks a certified circuit of the open weights, and says what it is; nothing where there is none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from app_driver import opened, screen_text, until
from checkpoints import make_run
from fake_engine import FakeEngine, run_info

from adtui.engine.jobs import Engine
from adtui.records.circuit import Heads, KnownCircuit
from adtui.records.messages import Opened, OpenRun, Reply

WORDS = "a line about the circuit"


async def app_screen(circuit: KnownCircuit | None, *keys: str) -> str:
    async with opened(FakeEngine(replace(run_info(), circuit=circuit))) as (app, _, pilot):
        await until(pilot, lambda: app.explorer.panes.insights.insights)
        await pilot.press(*keys)
        return screen_text(app)


@pytest.mark.parametrize(("heads", "marks"), [(((0, 1), (2, 3)), 3), ((), 0)])
async def test_marks_stand_where_there_is_a_circuit_of_these_weights(heads: Heads, marks: int) -> None:
    shown = await app_screen(KnownCircuit(heads, WORDS))
    assert shown.count("◆") == marks  # the title explains it
    assert ("◆ circuit" in shown) == bool(marks)
    assert ("· no circuit" in shown) == (not marks)
    assert WORDS in await app_screen(KnownCircuit(heads, WORDS), "6", "enter", "enter")  # the log at full size


async def test_nothing_is_said_where_none_was_computed() -> None:
    shown = await app_screen(None)
    assert "◆" not in shown
    assert "circuit" not in shown


def test_the_engine_reads_what_is_stored_of_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    stored = tmp_path / "figs" / "circuit" / "tiny.json"
    stored.parent.mkdir(parents=True)
    stored.write_text("{}")
    replies: list[Reply] = []
    engine = Engine(replies.append)
    engine.handle(OpenRun(1, str(make_run(tmp_path / "tiny")), samples=1, device="cpu"))
    engine.advance()
    [opening] = [reply for reply in replies if isinstance(reply, Opened)]
    assert opening.run.circuit == KnownCircuit((), "figs/circuit/tiny.json cannot be read as a report: not shown")
