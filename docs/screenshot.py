"""Takes the README's pictures of the app from the app itself: `python docs/screenshot.py [PATH] [-o figs/app.svg]`.

The app runs without a terminal, with its real engine, until the run is analysed; then keys are pressed, each when what
the one before began has ended, and the screen is written as SVG. The lab: `-o figs/lab.svg --keys C s 2 up`; a first
screen (docs/first-screens.md): `--first -o figs/first-NAME.svg`.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path

os.environ["TEXTUAL_COLOR_SYSTEM"] = "truecolor"  # read when Textual is imported

from adtui.files.demos import demo_run
from adtui.records.messages import OpenRun
from adtui.ui.app import AdtuiApp
from adtui.ui.renderables.colors import choose_table

LONGEST = 1200.0


async def take(path: str, output: Path, size: tuple[int, int], keys: list[str], first: bool = False) -> None:
    """Open a run, wait until nothing is under way, press keys, write the picture.

    Args:
        first: wait for the panes only, not for the tests: the picture is what a user sees first.
    """
    app = AdtuiApp(OpenRun(0, path), telling=True)
    app.color_table = choose_table("truecolor", utf8=True)
    async with app.run_test(size=size) as pilot, asyncio.timeout(LONGEST):
        presenter = app.explorer.presenter
        while presenter.view is None or (not presenter.stats if first else app.jobs.newest is not None):
            if not app.is_running:
                sys.exit(f"{app.return_value}")
            await pilot.pause(0.1)
        for key in keys:
            await pilot.press(key)
            await pilot.pause(0.5)
            while presenter.waiting or (app.jobs.newest is not None and not first):
                await pilot.pause(0.1)
        while presenter.waiting:
            await pilot.pause(0.1)
        await pilot.pause()
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(app.export_screenshot(title=f"adtui {Path(path).name}"), encoding="utf-8")


def main() -> None:
    """Parse arguments and take the picture."""
    parser = argparse.ArgumentParser(description="Write a picture of the app as SVG.")
    parser.add_argument("path", nargs="?", help="run (default: the bundled one)")
    parser.add_argument("-o", "--output", type=Path, default=Path("figs/app.svg"))
    parser.add_argument("--size", type=int, nargs=2, default=(120, 40), metavar=("COLUMNS", "LINES"))
    parser.add_argument("--keys", nargs="*", default=[], help="Textual names of keys to press first")
    parser.add_argument("--first", action="store_true", help="the first screen, while tests go on")
    arguments = parser.parse_args()
    path = arguments.path or str(demo_run())
    asyncio.run(take(path, arguments.output, tuple(arguments.size), arguments.keys, arguments.first))
    print(arguments.output)


if __name__ == "__main__":
    main()
