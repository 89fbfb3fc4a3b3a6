"""The command palette: every key of the screen below it by its explanation."""

from __future__ import annotations

from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider

from ..records.plain import to_ascii
from .key import Key
from .key_names import UNCHANGED, changed
from .keys import TABLES


class KeyCommands(Provider):
    """Offers the screen's table of keys; a command runs in the screen below the palette, as its key would."""

    @property
    def _keys(self) -> tuple[Key, ...]:
        place: str = getattr(self.screen, "PLACE", "explorer")
        keys = changed(TABLES[place], place, getattr(self.screen, "changes", UNCHANGED))
        return tuple(key for key in keys if key.action not in ("app.command_palette", "back"))

    async def discover(self) -> Hits:
        for key in self._keys:
            yield DiscoveryHit(key.explanation, partial(self._run, key), help=self._help(key))

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for key in self._keys:
            score = matcher.match(key.explanation)
            if score > 0:
                text = matcher.highlight(key.explanation)
                yield Hit(score, text, partial(self._run, key), help=self._help(key))

    def _help(self, key: Key) -> str:
        plain = getattr(self.screen, "plain", False)
        return f"key {to_ascii(key.shown, unless=not plain)}"

    async def _run(self, key: Key) -> None:
        await self.screen.run_action(key.action)
