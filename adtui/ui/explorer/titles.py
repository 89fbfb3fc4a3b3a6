"""What stands in the titles of the explorer's panes: what is selected now, whatever has been answered by then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ...records.insight import Insight
from ...records.run import RunInfo
from ..renderables.chances import chances_title
from ..renderables.readout import place
from .display import Display
from .panes import ACTIONS, COMPRESSOR, HEADS, HEATMAP, INSIGHTS, LATENTS, NUMBERS, QUERY, RECEIVED
from .selection import LAST


def titles(display: Display) -> dict[int, str]:
    """Pane → its title. The heatmap's adds … while its picture is still that of before."""
    chosen, run = display.selection, display.run
    sample = f"s{chosen.sample} of {len(run.samples)}"
    query = "query" if chosen.query == LAST else f"q{display.row}"
    unit = f" · {chosen.unit}" if run.layout(chosen.sample).summed else ""
    waiting = " …" if display.waiting else ""
    only, gone = display.said
    said = only, counted(display.insights), gone, display.stopped
    found = {
        HEADS: chosen.where + _entropy(display) + _circuit(run),
        HEATMAP: f"{chosen.where}{waiting}{display.window_label}{flow_pass(run)}{unit} · {sample}",
        QUERY: f"{query} → history",
        RECEIVED: "mean over queries",
        NUMBERS: f"{chosen.where} · {sample}",
        INSIGHTS: " · ".join(part for part in said if part),
        ACTIONS: "" if (at := display.chances) is None else chances_title(at, place(display.sample, at.index)),
    }
    if run.compressor is not None:
        rounds = f"round {chosen.round} of {display.rounds} · {chosen.memory_where}"
        found[LATENTS] = f"{query} · {chosen.where}"
        found[COMPRESSOR] = rounds if display.rounds else "nothing compressed"
    return found


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


def counted(insights: Sequence[Insight]) -> str:
    """ "54 found · 40 confirmed · 14 no evidence": how many say something, and of each status but "observed"."""
    if not insights:
        return ""
    counts = Counter(one.status for one in insights)
    parts = [f"{counts[status]} {status}" for status in ("confirmed", "refuted", "no evidence") if counts[status]]
    return " · ".join([f"{len(insights) - counts['no evidence']} found", *parts])
