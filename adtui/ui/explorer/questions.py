"""One kind of question to the engine: asked, answered, shown while it is the newest.

A kind is what one pane shows: the heatmap's picture, the read-out of its cursor, the thumbnails, … Each has its own
`Questions`; which requests and answers they are about is what the type says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Generic, TypeVar

from ...records.errors import AdtuiError
from ...records.messages import Request
from ..engine_client import EngineLink
from .answers import Latest
from .look_ahead import LookAhead

Question = TypeVar("Question", bound=Request)
Answer = TypeVar("Answer")


class Questions(Generic[Question, Answer]):
    """Asks, keeps answers for going back, and drops those that nobody waits for any more.

    Args:
        engine: who answers.
        show: puts an answer on its pane.
        failed: says on the pane why there is no answer; without it, the pane stays as it is.
        keep: how many answers are kept.
        again: show an answer even if it was the last one shown, for a pane that forgets it by itself.
        unasked: what to do with an answer that nobody waits for, before it is needed.
        beside: the questions to which one key leads from another.
        look_ahead: ask those while nothing else is asked.

    Attributes:
        shown: the answer on display, None where there is none.
    """

    def __init__(
        self,
        engine: EngineLink,
        show: Callable[[Answer], None],
        *,
        failed: Callable[[str], None] | None = None,
        keep: int = 64,
        again: bool = False,
        unasked: Callable[[Answer], None] | None = None,
        beside: Callable[[Question], Iterable[Question]] = lambda _: (),
        look_ahead: bool = False,
    ) -> None:
        self.shown: Answer | None = None
        self._engine = engine
        self._show, self._failed, self._unasked = show, failed, unasked
        self._again, self._look_ahead = again, look_ahead
        self._latest: Latest[Answer] = Latest(keep)
        self._ahead = LookAhead(self.foresee, beside)

    @property
    def waiting(self) -> bool:
        """True while the newest question has no answer."""
        return self._latest.waiting

    def ask(self, question: Question) -> None:
        """Make this the newest question, and show its answer: at once where it is known. Its id is given here."""
        request = replace(question, id=self._engine.next_id())
        answer = self._latest.ask(request)
        if answer is None:
            self._ahead.asked(request)
            self._engine.send(request)
        elif self._again or answer is not self.shown:
            self._put(answer)
            if self._look_ahead:
                self._ahead.plan(request)

    def foresee(self, question: Question) -> bool:
        """Ask something that nobody waits for yet. Returns False when its answer is known or on its way."""
        request = replace(question, id=self._engine.next_id())
        if not self._latest.foresee(request):
            return False
        self._engine.send(request)
        return True

    def receive(self, request_id: int, answer: Answer) -> None:
        """Show an answer, unless the pane has moved on."""
        if self._latest.accept(request_id, answer):
            self._put(answer)
            if self._look_ahead:
                self._ahead.answered()
        elif self._unasked is not None:
            self._unasked(answer)

    def go_on(self) -> None:
        """Ask what comes next of what is beside."""
        self._ahead.go_on()

    def fail(self, request_id: int, error: AdtuiError) -> None:
        """There is no answer. Ids of other kinds of questions are not known here, and change nothing."""
        if self._latest.fail(request_id) and self._failed is not None:
            self.shown = None
            self._failed(str(error))

    def withdraw(self) -> None:
        """There is nothing to ask where the user has gone: what was asked before is not shown there."""
        self.shown = None
        self._latest.withdraw()

    def forget(self) -> None:
        """Show the next answer even if it is the one that was shown last: something else stands there now."""
        self.shown = None

    def clear(self) -> None:
        """Forget everything: the run has changed."""
        self.shown = None
        self._latest.clear()

    def _put(self, answer: Answer) -> None:
        self.shown = answer
        self._show(answer)
