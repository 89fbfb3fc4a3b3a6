"""Every head in a table that sorts and filters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from ...insights.head_query import COLUMNS, EXAMPLES, HeadQuery, parse_query, sorted_by
from ...insights.head_table import HeadRow
from ...records.ablation import KL
from ...records.plain import to_ascii, to_ascii_cells
from ..renderables.head_table import head_table
from .box import inner_width
from .line import LineScreen
from .lists import step

ORDERS = ("", *COLUMNS)
HINT, SHORT_HINT = "o sort  O turn  / filter  Enter go to it  Esc", "o O / Enter Esc"


class HeadTableScreen(ModalScreen[HeadRow | None]):
    """Answers with the head that Enter was pressed on, None for Esc.

    Args:
        rows: every head.
        query: which are shown at first, in which order.
        at: (layer, head) of the one to begin with.
        samples: how many the numbers are over.
        divergence: what knock-outs are measured by, in short.
        plain: ASCII only.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "close", "clear the filter, or close"),
        Binding("down,j", "cursor(1)", "next"),
        Binding("up,k", "cursor(-1)", "previous"),
        Binding("o", "sort", "sort by the next column"),
        Binding("O", "turn", "turn the order round"),
        Binding("slash", "filter", "filter"),
    ]

    def __init__(
        self,
        rows: Sequence[HeadRow],
        query: HeadQuery,
        at: tuple[int, int] | None = None,
        *,
        samples: str = "",
        divergence: str = KL,
        plain: bool = False,
    ) -> None:
        super().__init__()
        self._rows, self._at, self._samples, self._plain = tuple(rows), at, samples, plain
        self._divergence = divergence
        self._query, self._by, self._largest = query, query.by, query.largest
        self.shown: tuple[HeadRow, ...] = ()
        self._titles = Static(id="titles")
        self._list = OptionList(id="table", compact=True)

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield self._titles
            yield self._list

    def on_mount(self) -> None:
        self._fill(self.app.size.width)
        self._list.focus()

    def on_resize(self, event: events.Resize) -> None:
        self._fill(event.size.width)

    def _fill(self, width: int) -> None:
        kept = [row for row in self._rows if self._query.takes(row)]
        self.shown = sorted_by(kept, self._by, self._largest)
        table = head_table(self.shown, inner_width(width), self._by, self._largest, self._divergence)
        head, *lines = map(self._signs, table)
        self._titles.update(Content(head))
        self._list.clear_options()
        self._list.add_options([Option(Content(line)) for line in lines])
        at = [index for index, row in enumerate(self.shown) if (row.layer, row.head) == self._at]
        self._list.highlighted = at[0] if at else 0 if self.shown else None
        box = self.query_one(".box")
        asked = f" · {self._query.text}" if self._query.text else ""
        title = f"heads {len(self.shown)}/{len(self._rows)}{asked} · {self._samples}"
        box.border_title = to_ascii(title, unless=not self._plain)
        box.border_subtitle = HINT if inner_width(width) > len(HINT) else SHORT_HINT

    def _signs(self, text: str) -> str:
        return to_ascii(to_ascii_cells(text, unless=not self._plain), unless=not self._plain)

    @on(OptionList.OptionHighlighted)
    def _moved(self, event: OptionList.OptionHighlighted) -> None:
        if event.option_index < len(self.shown):
            row = self.shown[event.option_index]
            self._at = row.layer, row.head

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self.shown[event.option_index])

    def action_cursor(self, by: int) -> None:
        """The next or previous head."""
        step(self._list, by)

    def action_sort(self) -> None:
        """By the next column, the largest first; the first head to the top."""
        self._by, self._largest = ORDERS[(ORDERS.index(self._by) + 1) % len(ORDERS)], True
        self._to_top()

    def action_turn(self) -> None:
        """The other way round."""
        self._largest = not self._largest
        self._to_top()

    def _to_top(self) -> None:
        self._at = None
        self._fill(self.app.size.width)

    def action_filter(self) -> None:
        """Type what heads must meet."""

        def take(query: HeadQuery | None) -> None:
            if query is not None:
                self._ask(query)

        hint = f"{', '.join(COLUMNS)} with > < =; statuses; kinds; max or min of a column; nothing shows all"
        line = LineScreen("Heads", parse_query, hint=hint, placeholder=EXAMPLES, plain=self._plain)
        self.app.push_screen(line, take)

    def _ask(self, query: HeadQuery) -> None:
        self._query = query
        if query.by:
            self._by, self._largest = query.by, query.largest
        self._to_top()

    def action_close(self) -> None:
        """Show every head again; with nothing to clear, back to the explorer."""
        if self._query.text:
            self._ask(HeadQuery())
        else:
            self.dismiss(None)
