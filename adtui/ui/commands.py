"""The command palette: every key of the screen below it by its name, with its explanation."""

from __future__ import annotations

from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider

from ..records.plain import to_ascii
from .key import Key
from .key_names import UNCHANGED, changed, key_name
from .keys import TABLES

BY_EXPLANATION = 0.5
"""What a match of the explanation counts beside one of the name."""


class KeyCommands(Provider):
    """Offers the screen's table of keys; a command runs in the screen below the palette, as its key would.

    A command has the name that its key has in a settings file.
    """

    @property
    def _keys(self) -> tuple[Key, ...]:
        place: str = getattr(self.screen, "PLACE", "explorer")
        keys = changed(TABLES[place], place, getattr(self.screen, "changes", UNCHANGED))
        return tuple(key for key in keys if key.action not in ("app.command_palette", "back"))

    async def discover(self) -> Hits:
        for key in self._keys:
            yield DiscoveryHit(_name(key), partial(self._run, key), help=self._help(key))

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for key in self._keys:
            score = max(matcher.match(_name(key)), BY_EXPLANATION * matcher.match(key.explanation))
            if score > 0:
                yield Hit(score, matcher.highlight(_name(key)), partial(self._run, key), help=self._help(key))

    def _help(self, key: Key) -> str:
        return to_ascii(f"{key.shown}: {key.explanation}", unless=not getattr(self.screen, "plain", False))

    async def _run(self, key: Key) -> None:
        await self.screen.run_action(key.action)


def _name(key: Key) -> str:
    return key_name(key.action).replace("_", " ")
