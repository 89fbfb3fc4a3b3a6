"""One kind of question: what is asked, what is shown, what is dropped, what is asked ahead."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adtui.records.errors import EngineError
from adtui.records.messages import GetCell, Reply, Request
from adtui.records.place import Place
from adtui.ui.explorer import look_ahead
from adtui.ui.explorer.questions import Questions

PLACE = Place(0, 0, 0, 0)
FAULT = EngineError("cell", expected="a weight", found="none", action="choose another")


class Link:
    """Keeps what is sent, and answers nothing."""

    reason, log = None, ()

    def __init__(self) -> None:
        self.sent: list[Request] = []
        self._ids = itertools.count(1)

    def next_id(self) -> int:
        return next(self._ids)

    def send(self, request: Request) -> None:
        self.sent.append(request)

    async def start(self) -> None: ...

    async def close(self, *, busy: bool) -> None: ...

    async def replies(self) -> AsyncIterator[Reply]:
        return
        yield


class Pane:
    """Questions whose answers are text, and what was shown of them."""

    def __init__(
        self,
        *,
        beside: Callable[[GetCell], Iterable[GetCell]] = lambda _: (),
        again: bool = False,
        look_ahead: bool = False,
    ) -> None:
        self.link = Link()
        self.shown: list[str] = []
        self.unasked: list[str] = []
        self.failed: list[str] = []
        self.questions: Questions[GetCell, str] = Questions(
            self.link,
            self.shown.append,
            failed=self.failed.append,
            unasked=self.unasked.append,
            beside=beside,
            again=again,
            look_ahead=look_ahead,
        )

    def ask(self, key: int) -> None:
        self.questions.ask(cell(key))

    def answer(self, request: Request) -> None:
        assert isinstance(request, GetCell)
        self.questions.receive(request.id, f"k{request.key}")

    @property
    def keys(self) -> list[int]:
        """What was asked, in order."""
        return [request.key for request in self.link.sent if isinstance(request, GetCell)]


def cell(key: int) -> GetCell:
    return GetCell(0, PLACE, key)


def test_an_answer_is_shown_once_and_an_unanswered_question_waits() -> None:
    pane = Pane()
    pane.ask(1)
    assert (pane.questions.waiting, pane.questions.shown) == (True, None)
    pane.answer(pane.link.sent[0])
    assert not pane.questions.waiting
    assert pane.shown == ["k1"]
    assert pane.questions.shown == "k1"


def test_an_answer_to_a_question_that_was_replaced_is_kept_and_not_shown() -> None:
    pane = Pane()
    pane.ask(1)
    pane.ask(2)
    pane.answer(pane.link.sent[0])
    assert pane.shown == []
    assert pane.unasked == ["k1"]
    pane.answer(pane.link.sent[1])
    pane.ask(1)
    assert pane.shown == ["k2", "k1"]
    assert pane.keys == [1, 2], "the second time it was known"


@pytest.mark.parametrize(("again", "shown"), [(False, ["k1"]), (True, ["k1", "k1"])])
def test_what_is_on_display_is_drawn_again_only_for_a_pane_that_forgets_it(again: bool, shown: list[str]) -> None:
    pane = Pane(again=again)
    pane.ask(1)
    pane.answer(pane.link.sent[0])
    pane.ask(1)
    assert pane.shown == shown


def test_only_the_failure_of_the_newest_question_empties_the_pane() -> None:
    pane = Pane()
    pane.ask(1)
    pane.answer(pane.link.sent[0])
    pane.ask(2)
    pane.ask(3)
    pane.questions.fail(pane.link.sent[1].id, FAULT)
    pane.questions.fail(12345, FAULT)
    assert (pane.questions.shown, pane.failed) == ("k1", [])
    pane.questions.fail(pane.link.sent[2].id, FAULT)
    assert (pane.questions.shown, pane.failed) == (None, [str(FAULT)])
    pane.ask(3)
    assert pane.keys == [1, 2, 3, 3], "a failure is no answer"


def test_where_there_is_nothing_to_ask_nothing_is_shown() -> None:
    pane = Pane()
    pane.ask(1)
    pane.questions.withdraw()
    pane.answer(pane.link.sent[0])
    assert pane.shown == []
    assert pane.questions.shown is None
    pane.ask(1)
    assert pane.shown == ["k1"], "it was kept for going back"


def test_answers_of_another_run_are_not_shown() -> None:
    pane = Pane()
    pane.ask(1)
    pane.answer(pane.link.sent[0])
    pane.ask(2)
    pane.questions.clear()
    pane.answer(pane.link.sent[1])
    assert pane.shown == ["k1"]
    assert pane.questions.shown is None
    pane.ask(1)
    assert pane.keys == [1, 2, 1]


@given(st.lists(st.tuples(st.sampled_from(["ask", "answer", "fail"]), st.integers(0, 3))))
def test_what_is_shown_is_the_answer_to_the_newest_question_or_what_was_there(steps: list[tuple[str, int]]) -> None:
    pane = Pane()
    newest = None
    for what, number in steps:
        pending = pane.link.sent
        before = pane.questions.shown
        if what == "ask":
            pane.ask(number)
            newest = number
        elif pending and what == "answer":
            pane.answer(pending[number % len(pending)])
        elif pending:
            pane.questions.fail(pending[number % len(pending)].id, FAULT)
        assert pane.questions.shown in (before, f"k{newest}", None)
    assert len({request.id for request in pane.link.sent}) == len(pane.link.sent)


def beside(shown: GetCell) -> list[GetCell]:
    """The keys at the left and at the right."""
    return [replace(shown, key=shown.key - 1), replace(shown, key=shown.key + 1)]


def test_what_is_beside_is_asked_one_at_a_time_once_nothing_else_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look_ahead, "QUICK_SECONDS", float("inf"))
    pane = Pane(beside=beside, look_ahead=True)
    pane.ask(5)
    assert pane.keys == [5]
    pane.answer(pane.link.sent[0])
    assert pane.keys == [5, 4]
    pane.answer(pane.link.sent[1])
    pane.questions.go_on()
    assert pane.keys == [5, 4, 6]
    assert pane.shown == ["k5"]
    pane.answer(pane.link.sent[2])
    pane.ask(6)
    assert pane.shown == ["k5", "k6"]
    assert pane.keys == [5, 4, 6, 7], "6 and 5 were known; 7 is beside 6"


def test_nothing_is_asked_ahead_of_an_answer_that_took_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look_ahead, "QUICK_SECONDS", 0.0)
    pane = Pane(beside=beside, look_ahead=True)
    pane.ask(5)
    pane.answer(pane.link.sent[0])
    assert pane.keys == [5]


def test_a_question_of_the_user_ends_what_was_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look_ahead, "QUICK_SECONDS", float("inf"))
    pane = Pane(beside=beside, look_ahead=True)
    pane.ask(5)
    pane.answer(pane.link.sent[0])
    pane.ask(9)
    pane.answer(pane.link.sent[1])
    pane.questions.go_on()
    assert pane.keys == [5, 4, 9]
