"""The keys of bookmarks: set one here, list them, go to one."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from ...files.bookmarks import Bookmark, bookmarks_file, load_bookmarks, save_bookmarks
from ...records.errors import AdtuiError
from ...records.plain import to_ascii
from ..screens.bookmarks import BookmarksScreen, Wanted
from .reading import ReadingScreen
from .selection import Selection


class MarkingScreen(ReadingScreen):
    """Bookmarks of the open checkpoint, read when they are first asked for.

    What cannot be read or kept is said once, and the bookmarks then last until the app ends.
    """

    _marked: tuple[Bookmark, ...] = ()
    _of: str | None = None
    _opened = False
    _file: Path | None = None

    def forget_bookmarks(self) -> None:
        """A run has opened: its checkpoint may be another one of the same name."""
        self._opened = False

    async def action_bookmark(self) -> None:
        """Keep the place on display."""
        if not await self._read():
            return
        mark = marked(self.presenter.selection)
        if mark in self._marked:
            self.notify(f"there is a bookmark here: {self._words(mark)}", timeout=3, markup=False)
            return
        self._marked = (*self._marked, mark)
        if self._keep():
            self.notify(f"bookmark {len(self._marked)}: {self._words(mark)}", timeout=3, markup=False)

    async def action_bookmarks(self) -> None:
        """List them; go to one, or take one away."""
        if not await self._read():
            return
        if not self._marked:
            self.notify("no bookmark of this checkpoint yet: <explorer.bookmark> sets one", timeout=3)
            return
        self.app.push_screen(BookmarksScreen(self._marked, self._file is not None, self.plain), self._go)

    def _go(self, wanted: Wanted | None) -> None:
        if wanted is None:
            return
        if wanted.away:
            self._marked = tuple(one for one in self._marked if one != wanted.bookmark)
            self._keep()
            return
        there = selected(wanted.bookmark, self.presenter.selection)
        self.select(there)
        if marked(self.presenter.selection) != wanted.bookmark:
            said = f"{wanted.bookmark.words} is not among the samples and tokens that are open: the nearest is shown"
            self.notify(to_ascii(said, unless=not self.plain), severity="warning", markup=False)

    async def _read(self) -> bool:
        """Know the open checkpoint's bookmarks; False while no run is open."""
        run = self.presenter.run
        if run is None:
            self.notify("no place to keep yet: the run is opening", severity="warning")
            return False
        if self._of != run.path or not self._opened:
            only_here = self._marked if self._of == run.path and self._file is None else ()
            self._of, self._marked, self._file, self._opened = run.path, only_here, None, True
            try:
                self._file = await asyncio.to_thread(bookmarks_file, Path(run.path))
                self._marked = load_bookmarks(self._file)
            except AdtuiError as error:
                self._say(error)
        return True

    def _keep(self) -> bool:
        """Write them; False where that has just failed, and has been said."""
        if self._file is None:
            return True
        try:
            save_bookmarks(self._file, self._marked)
        except AdtuiError as error:
            self._file = None
            self._say(error)
            return False
        return True

    def _say(self, error: AdtuiError) -> None:
        self.notify(to_ascii(str(error), unless=not self.plain), severity="warning", timeout=8, markup=False)

    def _words(self, mark: Bookmark) -> str:
        return to_ascii(mark.words, unless=not self.plain)


def marked(chosen: Selection) -> Bookmark:
    """The place of a selection."""
    return Bookmark(chosen.sample, chosen.layer, chosen.head, chosen.mean, chosen.query, chosen.unit)


def selected(mark: Bookmark, before: Selection) -> Selection:
    """A bookmark's place; the whole matrix, since a window may be of another sample."""
    return replace(
        before,
        sample=mark.sample,
        layer=mark.layer,
        head=mark.head,
        mean=mark.mean,
        query=mark.query,
        unit=mark.unit,
        window=None,
    )
