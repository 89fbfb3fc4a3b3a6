"""A line of a table of keys, and the lines that tables share."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Key:
    """One or more keys that do one thing.

    Attributes:
        keys: Textual's names, comma separated.
        shown: how people write them.
        action: of the explorer, or of the lab.
        label: one or two words, for the key bar; empty where the bar leaves it out.
        explanation: one line, for the help screen and the command palette.
        only: what there must be for the bar to name the key: VIEWS_DIFFER or COMPRESSOR in the run, HEATMAP,
            INSIGHTS or HEADS in focus; "" is nothing special.
        there: what there must be for the key to do something else, INSIGHTS in focus, and the label of that.
    """

    keys: str
    shown: str
    action: str
    label: str
    explanation: str
    only: str = ""
    there: tuple[str, str] = ("", "")


VIEWS_DIFFER, COMPRESSOR, HEATMAP, INSIGHTS, HEADS = "views", "compressor", "heatmap", "insights", "heads"

EVERYWHERE = (
    Key("question_mark", "?", "help", "help", "every key and every number, explained"),
    Key("q", "q", "app.quit", "quit", "quit; Ctrl+C too"),
    Key("ctrl+l", "Ctrl+L", "app.redraw", "", "paint the screen anew, after something else has written on it"),
    Key("ctrl+z", "Ctrl+Z", "app.suspend_process", "", "back to the shell; fg there goes on here"),
    Key("ctrl+p", "Ctrl+P", "app.command_palette", "", "every command by name"),
)
"""At the end of every screen's keys."""


def pane_keys(*panes: str) -> tuple[Key, ...]:
    """To the next pane, to the previous one, and to each by its number; `panes` says what each is."""
    return (
        Key("tab", "Tab", "pane(1)", "pane", "next pane"),
        Key("shift+tab", "⇧Tab", "pane(-1)", "", "previous pane"),
        *(
            Key(str(index + 1), str(index + 1), f"go_pane({index})", "", f"pane {index + 1}: {what}")
            for index, what in enumerate(panes)
        ),
    )
