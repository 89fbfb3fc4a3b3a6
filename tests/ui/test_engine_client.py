"""The client against real processes that stand in for the engine."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from typing import Any

import numpy as np
import pytest

from adtui.records import pipe
from adtui.records.attention import CellInfo, Sheet
from adtui.records.errors import EngineError
from adtui.records.messages import CellReady, Done, ExportAll, GetCell, OpenRun, Ready, Reply, SheetReady
from adtui.records.place import Place
from adtui.ui.engine_client import EngineClient, why
from adtui.ui.engine_process import started

PRELUDE = """
import os, signal, sys, time
from adtui.records.attention import *
from adtui.records.messages import *
from adtui.records.pipe import *
out = sys.stdout.buffer
pipe = Pipe(sys.stdin.buffer, out)
say = pipe.send
"""
LONGEST = 300.0


def client(script: str) -> EngineClient:
    return EngineClient([sys.executable, "-c", PRELUDE + script])


async def everything(engine: EngineClient) -> list[Reply]:
    async with asyncio.timeout(LONGEST):
        return [reply async for reply in engine.replies()]


async def test_requests_arrive_and_replies_come_back() -> None:
    engine = client(
        "say(Ready(0, os.getpid()))\nfor r in pipe:\n    say(CellReady(r.id, CellInfo(r.place, r.key, 0.5, 1, 9)))\n"
    )
    await engine.start()
    engine.send(GetCell(engine.next_id(), Place(0, 1, 2, 3), 4))
    seen: list[Reply] = []
    async with asyncio.timeout(LONGEST):
        async for reply in engine.replies():
            seen.append(reply)
            if isinstance(reply, CellReady):
                await engine.close(busy=True)
    assert seen == [Ready(0, engine.pid or 0), CellReady(1, CellInfo(Place(0, 1, 2, 3), 4, 0.5, 1, 9))]
    assert engine.reason is None


async def test_a_large_reply_arrives_whole() -> None:
    engine = client("import numpy as np\nsay(SheetReady(1, Sheet(0, np.arange(4e6, dtype='f4'), np.zeros(1))))\n")
    await engine.start()
    (reply,) = await everything(engine)
    assert isinstance(reply, SheetReady)
    np.testing.assert_array_equal(reply.sheet.thumbnails, np.arange(4e6, dtype="f4"))
    assert isinstance(reply.sheet, Sheet)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "killed by signal 9: probably out of memory"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "signal 11 (SIGSEGV)"),
        ("sys.exit(3)", "exit code 3"),
        ("raise ValueError('broken')", "exit code 1"),
        ("out.write(b'hello world, this is not a frame'); out.flush(); time.sleep(60)", "sent a frame of"),
        ("out.write(HEADER.pack(5) + b'hello'); out.flush(); time.sleep(60)", "5 bytes that is no message"),
        (
            "out.write(HEADER.pack(9) + b'hello'); out.flush(); os._exit(3)",
            "exit code 3, in the middle of a frame of 9 bytes, after 5",
        ),
    ],
)
async def test_why_the_engine_went(script: str, reason: str) -> None:
    engine = client(script)
    await engine.start()
    assert await everything(engine) == []
    assert reason in (engine.reason or "")


async def test_the_last_lines_of_its_log_are_kept() -> None:
    engine = client("for i in range(200): print('line', i, file=sys.stderr)\nraise ValueError('broken')\n")
    await engine.start()
    await everything(engine)
    assert len(engine.log) == 30
    assert engine.log[-1] == "ValueError: broken"


async def test_a_chatty_engine_does_not_stall() -> None:
    engine = client("sys.stderr.write('x' * 3_000_000); say(Ready(0, 1))\n")
    await engine.start()
    assert await everything(engine) == [Ready(0, 1)]


async def test_an_engine_that_ignores_its_closed_pipe_is_killed() -> None:
    engine = client("say(Ready(0, 1))\ntime.sleep(600)\n")
    await engine.start()
    async with asyncio.timeout(LONGEST):
        async for _ in engine.replies():
            await engine.close(busy=True)
    assert engine.reason is None


async def test_it_can_start_again_after_its_death() -> None:
    engine = client("say(Ready(0, 1))\n")
    for _ in range(2):
        await engine.start()
        assert engine.reason is None
        assert await everything(engine) == [Ready(0, 1)]
        assert engine.reason == "it left with exit code 0"
    engine.send(GetCell(engine.next_id(), Place(0, 0, 0, 0), 0))  # nobody listens: dropped, not raised
    await engine.close(busy=False)


def early(script: str) -> EngineClient:
    """A client whose engine runs before there is an event loop."""
    return EngineClient(process=started([sys.executable, "-c", PRELUDE + script]))


async def test_an_engine_that_was_started_early_hears_what_to_expect_first() -> None:
    engine = early("for r in pipe: say(Done(r.id, r.opening.path if isinstance(r, Expect) else 'asked'))\n")
    engine.expect(OpenRun(0, "runs/1"))
    await engine.start()
    engine.send(OpenRun(engine.next_id(), "runs/1"))
    heard = []
    async with asyncio.timeout(LONGEST):
        async for reply in engine.replies():
            heard.append(reply)
            if len(heard) == 2:
                await engine.close(busy=True)
    assert heard == [Done(0, "runs/1"), Done(1, "asked")]


async def test_an_early_engine_that_is_gone_is_told_as_any_other() -> None:
    process = started([sys.executable, "-c", "import sys; sys.exit(3)"])
    process.wait()
    engine = EngineClient(process=process)
    engine.expect(OpenRun(0, "runs/1"))
    await engine.start()
    assert await everything(engine) == []
    assert engine.reason == "it left with exit code 3"


async def test_an_early_engine_that_nobody_listened_to_is_ended() -> None:
    process = started([sys.executable, "-c", "import time; time.sleep(600)"])
    await EngineClient(process=process).close(busy=False)
    assert process.returncode == -signal.SIGKILL


async def test_a_command_that_does_not_exist_is_an_engine_error() -> None:
    with pytest.raises(EngineError, match="no-such-program"):
        await EngineClient(["/no-such-program"]).start()


def test_unknown_signals_have_words_too() -> None:
    assert "signal 63" in why(-63)


async def test_a_large_frame_is_decoded_off_the_event_loop() -> None:
    """Its unpickling asks which thread it is in."""
    engine = client(
        "import threading\n"
        "class Where:\n"
        "    def __reduce__(self): return threading.current_thread, ()\n"
        "say([Where(), None]); say([Where(), bytes(1 << 20)])\n"
    )
    await engine.start()
    said: list[Any] = await everything(engine)
    small, large = said
    here = threading.current_thread().name
    assert [reply[0].name == here for reply in (small, large)] == [True, False]


async def test_a_request_too_large_is_an_error_here(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = client("say(Ready(0, 1))\nfor r in pipe: say(Done(r.id, 'heard'))\n")
    await engine.start()
    monkeypatch.setattr(pipe, "MAX_FRAME", 1000)
    with pytest.raises(EngineError, match="ExportAll"):
        engine.send(ExportAll(1, "x" * 1000))
    engine.send(ExportAll(2, "x"))
    heard = []
    async with asyncio.timeout(LONGEST):
        async for reply in engine.replies():
            heard.append(reply)
            if isinstance(reply, Done):
                await engine.close(busy=True)
    assert heard == [Ready(0, 1), Done(2, "heard")], "the engine is still there"
