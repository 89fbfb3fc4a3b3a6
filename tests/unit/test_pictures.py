"""The first pictures of an opening: shown before the model is there, and only while they are what the model says."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest
from checkpoints import make_run

from adtui.engine import pictures as module
from adtui.engine import remembering
from adtui.engine.pictures import MOST, Pictures, keep, place_of, plain, read
from adtui.engine.remembering import LOADING, RememberingEngine
from adtui.records.messages import (
    Cancel,
    Cancelled,
    ChancesReady,
    Expect,
    Failed,
    GetChances,
    GetView,
    Opened,
    OpenRun,
    Progress,
    Reply,
    Request,
    StatsReady,
    ViewReady,
)
from adtui.records.place import Frame, Place

One = TypeVar("One", bound=Reply)
FRAME = Frame(8, 8)


class App:
    """What an app is told by an engine of its own."""

    def __init__(self) -> None:
        self.told: list[Reply] = []
        self.engine = RememberingEngine(self.told.append)

    def until(self, kind: type[One], number: int = 1) -> list[One]:
        """Go on until so many replies of a kind are there; they come back."""
        for _ in range(100_000):
            found = [reply for reply in self.told if isinstance(reply, kind)]
            if len(found) >= number:
                return found
            self.engine.advance()
        raise AssertionError(f"no {kind.__name__}")

    def analysed(self) -> None:
        while not any(isinstance(r, Progress) and r.what == "analysis" and r.done == r.total for r in self.told):
            self.engine.advance()
        self.engine.cancel_all()


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run whose contexts are rolled out, and a cache of this test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return make_run(tmp_path / "run")


def view(number: int, head: int = 0) -> Request:
    return GetView(number, Place(0, 0, head, -1), FRAME)


@pytest.fixture
def first(run: Path) -> App:
    """An app that has opened the run, looked at a head and asked for chances, and seen all first contexts analysed."""
    app = App()
    app.engine.handle(OpenRun(1, str(run)))
    app.until(Opened)
    app.engine.handle(view(2))
    app.engine.handle(GetChances(3, 0, 4))
    app.analysed()
    return app


def test_the_second_opening_shows_the_first_picture_before_the_model_is_there(run: Path, first: App) -> None:
    app = App()
    app.engine.handle(OpenRun(7, str(run)))
    [opened] = app.until(Opened)
    assert app.engine.session is None
    assert plain(replace(opened, id=1)) == plain(first.until(Opened)[0])
    app.engine.handle(view(8))
    app.engine.handle(GetChances(9, 0, 4))
    assert app.engine.session is None
    assert plain(replace(app.until(ViewReady)[0], id=2)) == plain(first.until(ViewReady)[0])
    assert plain(replace(app.until(ChancesReady)[0], id=3)) == plain(first.until(ChancesReady)[0])
    assert any(isinstance(reply, Progress) and reply.what == LOADING for reply in app.told)
    app.engine.handle(view(10, head=1))  # not kept: the model answers
    app.until(ViewReady, 2)
    assert len(app.until(StatsReady)) >= len(opened.run.samples)
    app.analysed()
    assert len(app.until(Opened)) == 1
    third = App()
    third.engine.handle(OpenRun(1, str(run)))
    third.until(Opened)
    for number in (0, 1):
        third.engine.handle(view(number, head=number))
    assert third.engine.session is None
    assert len(third.until(ViewReady, 2)) == 2
    third.engine.cancel_all()


@pytest.mark.parametrize("soon", [True, False])
def test_what_is_asked_for_just_after_the_analysis_is_kept_as_well(
    run: Path, first: App, monkeypatch: pytest.MonkeyPatch, soon: bool
) -> None:
    """The app goes to the most focused head when it has all numbers, and must find that head's picture next time."""
    monkeypatch.setattr(remembering, "LATER", 3600.0 if soon else 0.0)
    first.engine.handle(view(4, head=1))
    first.until(ViewReady, 2)
    app = App()
    app.engine.handle(OpenRun(7, str(run)))
    app.until(Opened)
    app.engine.handle(view(8, head=1))
    assert (len([one for one in app.told if isinstance(one, ViewReady)]) == 1) == soon
    app.engine.cancel_all()


@pytest.fixture
def imported(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grows when torch is imported beside the questions."""
    found: list[str] = []
    honest = remembering._import_opening

    def spy() -> threading.Thread:
        found.append("torch")
        return honest()

    monkeypatch.setattr(remembering, "_import_opening", spy)
    return found


def test_what_is_expected_is_read_before_it_is_asked_for(
    run: Path, first: App, imported: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = App()
    app.engine.handle(Expect(0, OpenRun(0, str(run))))
    assert app.told == []
    assert imported == []
    monkeypatch.setattr(remembering, "read", lambda place: None)
    app.engine.handle(OpenRun(7, str(run)))
    app.until(Opened)
    assert app.engine.session is None


def test_what_has_changed_since_it_was_expected_is_not_shown(run: Path, first: App) -> None:
    app = App()
    app.engine.handle(Expect(0, OpenRun(0, str(run))))
    (run / "config.yaml").write_text("seed: 3\n")
    app.engine.handle(OpenRun(7, str(run)))
    app.until(Opened)
    assert app.engine.session is not None


def test_torch_is_imported_at_once_where_nothing_was_kept(run: Path, imported: list[str]) -> None:
    app = App()
    app.engine.handle(Expect(0, OpenRun(0, str(run))))
    assert imported == ["torch"]
    assert app.told == []
    app.engine.handle(OpenRun(1, str(run)))
    app.until(Opened)
    app.engine.cancel_all()


def test_torch_waits_until_what_was_kept_has_been_asked_for(
    run: Path, first: App, imported: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembering, "PATIENCE", 1e9)
    for last in (GetChances(4, 0, 4), view(4, head=1)):  # the last that was kept, and one that only the model answers
        app = App()
        app.engine.handle(OpenRun(1, str(run)))
        for request in (None, view(2), view(3)):
            if request is not None:
                app.engine.handle(request)
            for _ in range(5):
                app.engine.advance()
            assert imported == []
        app.engine.handle(last)
        app.engine.advance()
        assert imported.pop() == "torch"
        app.engine.cancel_all()


def test_torch_does_not_wait_for_what_nobody_asks(
    run: Path, first: App, imported: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembering, "PATIENCE", 0.0)
    app = App()
    app.engine.handle(OpenRun(1, str(run)))
    app.until(Opened)
    app.engine.advance()
    assert imported == ["torch"]
    app.engine.cancel_all()


def test_what_the_model_says_otherwise_replaces_what_was_kept(run: Path, first: App) -> None:
    place = place_of(OpenRun(1, str(run)))
    assert place is not None
    kept = read(place)
    assert kept is not None
    keep(place, replace(kept, info=replace(kept.info, source="elsewhere")))
    app = App()
    app.engine.handle(OpenRun(1, str(run)))
    assert app.until(Opened)[0].run.source == "elsewhere"
    _stale, live = app.until(Opened, 2)
    assert live.run.source == kept.info.source
    app.analysed()


def test_another_checkpoint_or_question_is_another_place(run: Path, first: App) -> None:
    usual = OpenRun(1, str(run))
    place = place_of(usual)
    assert place == place_of(replace(usual, id=5))
    for other in ({"seed": 1}, {"context": 9}, {"causal": False}, {"device": "cpu"}, {"samples": 3}):
        assert place_of(replace(usual, **other)) != place
    assert place_of(replace(usual, adapter="a.py")) is None
    assert place_of(replace(usual, histories="h")) is None
    (run / "config.yaml").write_text("seed: 3\n")
    assert place_of(usual) != place
    (run / "config.yaml").unlink()
    assert place_of(usual) == place
    make_run(run, n_layer=1)
    assert place_of(usual) != place


@pytest.mark.parametrize("damage", [b"", b"[" * 100_000, b'["t", 1, 2, 3]', b'["t"]', b"null", b"\xff"])
def test_a_damaged_file_is_not_shown(run: Path, first: App, damage: bytes) -> None:
    place = place_of(OpenRun(1, str(run)))
    assert place is not None
    assert read(place) is not None
    place.write_bytes(damage)
    assert read(place) is None


def test_so_many_openings_are_kept(run: Path, first: App) -> None:
    place = place_of(OpenRun(1, str(run)))
    assert place is not None
    kept = read(place)
    assert isinstance(kept, Pictures)
    for number in range(MOST + 2):
        keep(place.with_name(f"{number}.json"), kept)
    assert len(list(place.parent.iterdir())) == MOST


def test_who_stops_meanwhile_has_the_model(run: Path, first: App) -> None:
    app = App()
    app.engine.handle(OpenRun(1, str(run)))
    app.until(Opened)
    app.engine.handle(Cancel(2, 1))
    app.until(Cancelled)
    assert app.engine.session is not None
    assert not app.engine.jobs


def test_a_model_that_cannot_be_loaded_is_said(run: Path, first: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "sha256_once", lambda path, identity: "the same")
    make_run(run)
    app = App()
    app.engine.handle(OpenRun(1, str(run)))
    app.until(Opened)
    app.engine.handle(view(2))
    app.analysed()
    (run / "ckpt-7.pt").write_bytes(b"no checkpoint")
    app = App()
    app.engine.handle(OpenRun(1, str(run)))
    app.until(Opened)
    app.engine.handle(view(2))
    assert app.until(Failed)
