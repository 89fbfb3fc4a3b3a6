"""Which answer a pane is waiting for, and the answers that it has had.

A key press asks for a new picture before the old one has come. Only the newest question of a pane counts: later
answers to older questions are kept for when the user goes back, but never shown.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import Generic, TypeVar

from ...records.messages import Request

Result = TypeVar("Result")


class Latest(Generic[Result]):
    """Questions of one pane and a small least-recently-used cache of their answers.

    Args:
        capacity: how many answers are kept.
    """

    def __init__(self, capacity: int = 64) -> None:
        self._capacity = capacity
        self._answers: OrderedDict[Request, Result] = OrderedDict()
        self._asked: dict[int, Request] = {}
        self._newest: int | None = None

    @property
    def waiting(self) -> bool:
        """True while the newest question has no answer."""
        return self._newest is not None

    def ask(self, request: Request) -> Result | None:
        """Make `request` the newest question. Returns its answer when it is known already: then nothing is pending."""
        question = replace(request, id=0)
        if question in self._answers:
            self._answers.move_to_end(question)
            self._newest = None
            return self._answers[question]
        self._newest = request.id
        self._asked[request.id] = question
        return None

    def foresee(self, request: Request) -> bool:
        """Note a question that nobody waits for yet. Returns False when its answer is known or on its way."""
        question = replace(request, id=0)
        if question in self._answers or question in self._asked.values():
            return False
        self._asked[request.id] = question
        return True

    def accept(self, request_id: int, answer: Result) -> bool:
        """Keep an answer. Returns True when it answers the newest question, so that it should be shown."""
        question = self._asked.pop(request_id, None)
        if question is None:
            return False  # asked before the last clear(): another checkpoint's numbers
        self._answers[question] = answer
        while len(self._answers) > self._capacity:
            self._answers.popitem(last=False)
        if request_id != self._newest:
            return False
        self._newest = None
        # The engine skips questions that were replaced while they waited, so nothing older will be answered.
        self._asked = {asked: question for asked, question in self._asked.items() if asked > request_id}
        return True

    def fail(self, request_id: int) -> bool:
        """Forget a question that failed. Returns True when it was the newest."""
        self._asked.pop(request_id, None)
        if request_id != self._newest:
            return False
        self._newest = None
        return True

    def withdraw(self) -> None:
        """Wait for no answer any more; those on their way are kept."""
        self._newest = None

    def clear(self) -> None:
        """Forget everything: the run has changed."""
        self._answers.clear()
        self._asked.clear()
        self._newest = None
