"""What stands in the titles of the explorer's panes: what is selected now, whatever has been answered by then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ...records.insight import Insight
from ...records.run import RunInfo
from ..renderables.chances import chances_title
from ..renderables.readout import place
from ..renderables.title import PARTS
from .display import Display
from .panes import ACTIONS, COMPRESSOR, HEADS, HEATMAP, INSIGHTS, LATENTS, NUMBERS, QUERY, RECEIVED
from .selection import LAST


def titles(display: Display) -> dict[int, tuple[str, ...]]:
    """Pane → its title in the forms that it can take, the longest first. … is added while a picture is of before."""
    chosen, run = display.selection, display.run
    sample = f"s{chosen.sample} of {len(run.samples)}"
    query = "query" if chosen.query == LAST else f"q{display.row}"
    unit = f" · {chosen.unit}" if run.layout(chosen.sample).summed else ""
    waiting = " …" if display.waiting else ""
    found = {
        HEADS: chosen.where + _entropy(display) + _circuit(run),
        HEATMAP: f"{chosen.where}{waiting}{display.window_label}{flow_pass(run)}{unit} · {sample}",
        QUERY: f"{query} → history",
        RECEIVED: "mean over queries",
        NUMBERS: f"{chosen.where} · {sample}",
    }
    if run.compressor is not None:
        found[LATENTS] = f"{query} · {chosen.where}"
        if not display.rounds:
            found[COMPRESSOR] = "nothing compressed"
    at = display.chances
    actions = ("",) if at is None else chances_title(at, place(display.sample, at.index))
    return (
        {pane: (title,) for pane, title in found.items()}
        | {HEATMAP: _zoomed(found[HEATMAP], display)}
        | {INSIGHTS: _insights(display), ACTIONS: actions}
        | _rounds(display)
    )


def _zoomed(title: str, display: Display) -> tuple[str, ...]:
    """Of the heatmap: which rows it shows is said to the last where these are not all."""
    window, where = display.window_label.removeprefix(PARTS), display.selection.where
    rows = window.partition(" ")[0]
    return (title, f"{where}{PARTS}{window}", f"{where}{PARTS}{rows}", rows) if rows else (title,)


def _rounds(display: Display) -> dict[int, tuple[str, ...]]:
    """Of a sample that was compressed, in two spellings."""
    if not display.rounds:
        return {}
    at, last, where = display.selection.round, display.rounds, display.selection.memory_where
    return {COMPRESSOR: (f"round {at} of {last} · {where}", f"round {at}/{last} · {where}")}


def _insights(display: Display) -> tuple[str, ...]:
    """Where the analysis was stopped and how many insights there are go last."""
    only, gone = display.said
    briefly = gone.partition(":")[0]
    number, *statuses = counts(display.insights)
    where = display.stopped
    at = " ".join(where.partition(":")[0].split(" ")[:3])
    forms = [[only, number, *statuses, gone, where], [only, number, *statuses, briefly, where]]
    forms += [[only, number, *statuses[:-left], briefly, where] for left in range(1, len(statuses))]
    forms += [[only, number, *statuses[:1], where], [only, number, where], [only, number, at], [number, at]]
    if at and number:  # where both have no room, the number says that it is not the last word
        count = number.partition(" ")[0]
        forms += [[number, at.replace(" at ", " ")], [f"{count} so far"], [count]]
    else:
        forms += [[number or at.replace(" at ", " ")], [number or at.partition(" ")[0]]]
    return tuple(PARTS.join(part for part in form if part) for form in forms)


def _entropy(display: Display) -> str:
    """ " · H/ln n .83" of the selected head: what the numbers under the thumbnails are; "" without one."""
    sheet, chosen = display.sheet, display.selection
    if sheet is None or chosen.mean or sheet.sample != chosen.sample:
        return ""
    value = float(sheet.entropy_norm[chosen.layer, chosen.head])
    return f" · H/ln n {value:.2f}".replace(" 0.", " .") if value == value else ""


def _circuit(run: RunInfo) -> str:
    """ " · ◆ circuit" where one is certified, what the mark behind a head is; "" where nobody looked."""
    return "" if run.circuit is None else " · ◆ circuit" if run.circuit.heads else " · no circuit"


def flow_pass(run: RunInfo) -> str:
    """ " · prior pass" or " · flow step 2/5": which pass of a flow is on display; "" where there is none."""
    if not run.flow_steps:
        return ""
    return f" · flow step {run.flow_step}/{run.flow_steps}" if run.flow_step else " · prior pass"


def counts(insights: Sequence[Insight]) -> list[str]:
    """["54 found", "40 confirmed", "14 no evidence"]: how many say something, and of each status but "observed"."""
    if not insights:
        return [""]
    found = Counter(one.status for one in insights)
    parts = [f"{found[status]} {status}" for status in ("confirmed", "refuted", "no evidence") if found[status]]
    return [f"{len(insights) - found['no evidence']} found", *parts]
