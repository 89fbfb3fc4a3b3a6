"""Panes that share the screen: all at once where there is room, one at a time elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.markup import escape
from textual import events
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Static

from ...records.plain import to_ascii
from ..key_words import filled_for
from ..renderables.title import PARTS
from ..terminal.titles import Titled

WIDE, HIGH = 100, 32
"""From this many columns and lines on, all panes fit at once."""
LONGEST = 10_000
"""Cells: more than any title has."""


class PaneStack(Vertical):
    """Panes, one of them active: it has the focus, and it is the one on display when only one fits.

    Whoever composes it yields a `Static` with the id "tabs" above its panes.

    Args:
        panes: in the order of their numbers.
        plain: ASCII only.
    """

    @dataclass
    class Activated(Message):
        """Another pane has become the active one."""

        index: int

    NAMES: ClassVar[tuple[str, ...]] = ()
    """The panes' names, in their order."""
    CONTAINERS: ClassVar[tuple[str, ...]] = ()
    """From the innermost outwards: a container is on display when one of its children is."""

    def __init__(self, panes: Sequence[Titled], plain: bool = False) -> None:
        super().__init__()
        self._plain = plain
        self.all = tuple(panes)
        self.active = 0
        self.folded = False
        self.full = False
        for index in range(len(self.all)):
            self.name_pane(index)

    @property
    def single(self) -> bool:
        """True while one pane has the screen to itself."""
        return self.folded or self.full

    @property
    def count(self) -> int:
        """How many panes there are now."""
        return len(self.all)

    @property
    def hidden(self) -> frozenset[int]:
        """Panes that are not on display although there is room for all."""
        return frozenset()

    def name_pane(self, index: int, *texts: str) -> None:
        """Set a pane's title: its key, its name, and what it shows.

        Args:
            texts: ways to say that, from the longest to the shortest, of which the longest that fits is shown; see
                `renderables.title.fitted`.
        """
        name = f"{index + 1} {self.NAMES[index]}"
        forms = [name + (f"{PARTS}{text}" if text else "") for text in texts] or [name]
        titles = [self.words(form) for form in forms]
        if not self.all[index].entitle(titles, to_ascii(PARTS, unless=not self._plain)):
            return
        if self.folded and index == self.active:
            self._draw_tabs()

    def words(self, text: str) -> str:
        """A text as it is shown: with the user's keys, see `key_words`, and in ASCII where nothing else is."""
        return to_ascii(filled_for(self.app, text) if "<" in text else text, unless=not self._plain)

    def activate(self, index: int) -> None:
        """Give a pane the focus, and the screen where only one fits."""
        self.active = index % self.count
        swapped = self._swap()
        if self.single or swapped:
            self._arrange()
        self.screen.set_focus(self.all[self.active], scroll_visible=False)
        self.post_message(self.Activated(self.active))

    def _swap(self) -> bool:
        """The active pane takes the place of another, if it has to. Returns whether it did."""
        return False

    def set_full(self, full: bool) -> None:
        """Give the active pane the whole screen, or take it back."""
        self.full = full
        self._arrange()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The mouse can move the focus as well.

        Such events come late: one of a pane that has lost the focus again must not take it back, else two that are
        under way at once exchange it for ever.
        """
        if event.widget is not self.screen.focused or event.widget not in self.all:
            return
        if (index := self.all.index(event.widget)) != self.active:
            self.activate(index)

    def fold(self, width: int, height: int) -> None:
        """Choose between all panes and one, for a screen of this size."""
        self.folded = width < WIDE or height < HIGH
        self.set_class(height < 16, "-short")
        self._arrange()

    def _arrange(self) -> None:
        for index, pane in enumerate(self.all):
            pane.display = index == self.active if self.single else index not in self.hidden
        for name in self.CONTAINERS:
            container = self.query_one(name)
            container.display = any(child.display for child in container.children)
        self.set_class(self.single, "-single")
        self.query_one("#tabs").display = self.folded
        if self.folded:
            self._draw_tabs()

    def _draw_tabs(self) -> None:
        # Short screens have no room for borders, so the tab carries the title.
        names, width = self.NAMES[: self.count], self.app.size.width
        title = self.all[self.active].title if self.has_class("-short") else None
        self.query_one("#tabs", Static).update(_tabs(names, self.active, width, title))


def _tabs(names: Sequence[str], active: int, width: int, title: Callable[[int], str] | None = None) -> str:
    """The line of tabs, with their names, or where these do not fit their numbers, or none but the active one.

    Args:
        title: gives what the active tab has in so many cells; it says less before the numbers of the others go.
    """
    numbered = [f"{index + 1} {name}" for index, name in enumerate(names)]
    numbers = [str(index + 1) for index in range(len(names))]
    whole = numbered[active] if title is None else title(LONGEST)
    for others, between in ((numbered, 2), (numbers, 2), (numbers, 1)):
        room = width - 2 - sum(len(name) + between for index, name in enumerate(others) if index != active)
        shown = whole if title is None or between == 2 else title(room)
        if len(numbered[active]) <= len(shown) <= room:
            before, after = others[:active], others[active + 1 :]
            pad = " " * (between - 1)
            parts = [*(f"{pad}{name} " for name in before), f"[reverse] {escape(shown)} [/]"]
            return "".join([*parts, *(f" {name}{pad}" for name in after)])
    return f"[reverse] {escape(whole if title is None else title(width - 2))} [/]"
