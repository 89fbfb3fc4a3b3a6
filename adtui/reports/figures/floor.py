"""The map as a figure: attention on the world's floor plan, the path, and the model's actions there; or as a film."""

from __future__ import annotations

import io

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle
from PIL import Image

from ...records.moment import Moment
from ...records.provenance import PROVENANCE
from ...records.sample import DOES
from .png import Press
from .style import DPI, INK, MASKED, QUERY, QUIET, REWARD, SMALL, TICK, TITLE, colourise, print_style

SIDE, NOTES = 7.0, 3.6
"""Inches: the floor plan's side, and the room for the actions beside it."""
STEPS = {"↓": (0, 1), "↑": (0, -1), "→": (1, 0), "←": (-1, 0)}
"""What an action does, drawn → its step on paper (right, down)."""
LIGHT = 0.4
"""Attention from which on a cell's colour is light."""
FILM_DPI, FRAME_MS, LAST_MS = 60.0, 250, 2000


def floor_figure(
    moment: Moment, *, title: str, began: bool = False, episode: int | None = None, dpi: float = DPI
) -> Figure:
    """One moment of a walk.

    Args:
        moment: with a floor plan.
        title: the run and its contexts, in words.
        began, episode: as `Moment.mass` takes them.
    """
    with print_style():
        figure = Figure(figsize=(SIDE + NOTES, SIDE + 1.3), dpi=dpi)
        width, height = figure.get_size_inches()
        axes = figure.add_axes((0.6 / width, 0.55 / height, (SIDE - 0.7) / width, (SIDE - 0.7) / height))
        _plan(axes, moment, began, episode)
        side = figure.add_axes(((SIDE + 0.75) / width, 0.55 / height, (NOTES - 1.0) / width, 2.2 / height))
        _actions(side, moment)
        head = "mean over heads" if moment.head is None else f"head {moment.head}"
        ends = "began" if began else "ended"
        context = moment.context
        when = f"episode {int(context.episode[-1])}, step {int(context.step[-1])}"
        figure.text(0.6 / width, 1 - 0.35 / height, f"Layer {moment.layer}, {head}: {when}", fontsize=TITLE, color=INK)
        only = "" if episode is None else f" of episode {episode}"
        words = f"attention of the query on transitions{only}, where they {ends}"
        figure.text(0.6 / width, 1 - 0.62 / height, words, fontsize=TICK, color=QUIET)
        figure.text(0.6 / width, 1 - 0.85 / height, f"{context.label} · {title}", fontsize=SMALL * 0.8, color=QUIET)
        _numbers(figure, moment, (SIDE + 0.75) / width, began, episode)
    return figure


def _plan(axes: Axes, moment: Moment, began: bool, episode: int | None) -> None:
    mass = moment.mass(began=began, episode=episode)
    size = len(mass)
    pixels = colourise(mass)
    axes.set(xlim=(-0.5, size - 0.5), ylim=(size - 0.5, -0.5), xticks=range(size), yticks=range(size))
    axes.set_xlabel("y")
    axes.set_ylabel("x")
    axes.tick_params(labelsize=SMALL, length=0)
    for x in range(size):
        for y in range(size):
            seen = bool(np.isfinite(mass[x, y]))
            colour = tuple(pixels[x, y, :3] / 255) if seen else MASKED
            axes.add_patch(Rectangle((y - 0.5, x - 0.5), 1, 1, facecolor=colour, edgecolor="white", linewidth=0.6))
            if seen and mass[x, y] >= 0.005:
                ink = INK if mass[x, y] > LIGHT else "white"
                axes.text(y + 0.44, x + 0.44, f"{mass[x, y]:.2f}", fontsize=SMALL * 0.7, ha="right", color=ink)
    context, shown = moment.context, moment.shown(episode)
    for x, y, u, v in np.column_stack([context.states[shown], context.next_states[shown]]).tolist():
        if abs(u - x) + abs(v - y) == 1:
            axes.plot([y, v], [x, u], color="white", linewidth=1.6, alpha=0.6, solid_capstyle="round")
    rewarded = context.next_states[shown][context.rewarded[shown]]
    axes.plot(rewarded[:, 1], rewarded[:, 0], "*", color=REWARD, markersize=11, linestyle="none")
    for letter, (x, y) in moment.landmarks.items():
        axes.text(y - 0.36, x - 0.18, letter, fontsize=TICK, color=REWARD, weight="bold", ha="center")
    x, y = context.query_state.tolist()
    axes.plot([y], [x], "o", color=QUERY, markersize=9)
    chances = moment.chances.full if moment.chances.without is None else moment.chances.without
    for action, sign in enumerate(context.arrows[: len(chances)]):
        right, down = STEPS.get(sign, (0, 0))
        if (right or down) and chances[action] >= 0.05:
            end = (y + 0.9 * right, x + 0.9 * down)
            width = 0.5 + 3 * float(chances[action])
            axes.add_patch(
                FancyArrowPatch((y, x), end, arrowstyle="-|>", mutation_scale=12, color=QUERY, linewidth=width)
            )


def _actions(axes: Axes, moment: Moment) -> None:
    """A bar for each action; with edits the probabilities before them beside it."""
    before, after = moment.chances.full, moment.chances.without
    rows = np.arange(len(before))
    axes.barh(rows - (0.2 if after is not None else 0), before, height=0.36 if after is not None else 0.7, color=QUIET)
    if after is not None:
        axes.barh(rows + 0.2, after, height=0.36, color=QUERY)
    axes.set(ylim=(len(before) - 0.4, -0.6), xlim=(0, 1), yticks=rows)
    named = [DOES.get(sign, sign) for sign in moment.context.arrows]
    axes.set_yticklabels([named[i] if i < len(named) else str(i) for i in rows], fontsize=SMALL)
    axes.set_xlabel("probability" if after is None else "probability: before edits, after", fontsize=SMALL)
    axes.tick_params(labelsize=SMALL)


def _numbers(figure: Figure, moment: Moment, left: float, began: bool, episode: int | None) -> None:
    mass = moment.mass(began=began, episode=episode)
    lines = [f"on the cells   {float(np.nansum(mass)):.3f}", f"on the query   {moment.own:.3f}"]
    lines += [f"on latents   {moment.other:.3f}"] if moment.other > 0 else []
    lines.append(f"return so far   {float(moment.returns[-1]):g}{moment.best_words}")
    if moment.chances.without is not None:
        lines += [f"{moment.chances.label}:", f"KL {moment.divergence:.3g} nats"]
    figure.text(left, 0.52, "\n".join(lines), fontsize=TICK, color=INK, va="bottom", linespacing=1.6)


class Film:
    """Moments one after another as an animated GIF: the same input gives the same bytes.

    Args:
        title: as `floor_figure` takes it.
        provenance: its text; in the file's comment, behind the title.
    """

    def __init__(self, title: str, provenance: str = "") -> None:
        self._title, self._press = title, Press()
        self._comment = f"{title}\n{PROVENANCE}: {provenance}" if provenance else title
        self._frames: list[Image.Image] = []

    def add(self, moment: Moment, *, began: bool = False) -> None:
        """One more frame, of a moment with a floor plan."""
        pixels = self._press.frame(floor_figure(moment, title=self._title, began=began, dpi=FILM_DPI))
        self._frames.append(Image.fromarray(pixels[:, :, :3]).quantize(64, dither=Image.Dither.NONE))

    def gif(self) -> bytes:
        """The whole film; at least one frame was added."""
        out, (first, *others) = io.BytesIO(), self._frames
        times = [FRAME_MS] * len(others) + [LAST_MS]
        about = self._comment.encode()
        first.save(out, "GIF", save_all=True, append_images=others, duration=times, loop=0, comment=about)
        return out.getvalue()
