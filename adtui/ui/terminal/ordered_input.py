"""A line to type in that keeps the order of what was typed."""

from __future__ import annotations

from textual import events
from textual.widgets import Input


class OrderedInput(Input):
    """Deletes and submits in the order in which keys were typed.

    Textual runs bindings after the characters that came in the same packet, as over a slow line: what was typed as
    "2, Backspace, 3" would end as "2".
    """

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "backspace":
            self.action_delete_left()
        elif event.key == "enter":
            await self.action_submit()
        else:
            await super()._on_key(event)
            return
        event.stop()
        event.prevent_default()
