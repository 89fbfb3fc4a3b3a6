"""One moment of the map as text and as JSON, schema "adtui.map/1"."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from ..records.moment import Moment
from ..records.plain import to_ascii
from ..records.sample import DOES

SCHEMA = "adtui.map/1"


def map_lines(moment: Moment, title: str, *, began: bool = False, episode: int | None = None) -> list[str]:
    """The floor plan in hundredths of the row's attention, then the actions."""
    context, head = moment.context, "mean" if moment.head is None else f"H{moment.head}"
    lines = [
        title,
        f"sample {moment.sample}: {context.label} · L{moment.layer} {head} · "
        f"moment {moment.number} of {moment.length}, episode {int(context.episode[-1])} step {int(context.step[-1])}",
    ]
    if moment.size is not None:
        lines += _plan(moment, began, episode)
    else:
        lines += _arms(moment) if moment.context.stateless else ["states of this world are no cells"]
    other = f", latents and marks {moment.other:.3f}" if moment.other > 0 else ""
    lines.append(f"all transitions {float(moment.weights.sum()):.3f}, the query itself {moment.own:.3f}{other}")
    lines.append("actions  " + "  ".join(_actions(moment)))
    lines.append(f"return of the episode so far {float(moment.returns[-1]):g}{moment.best_words}")
    return lines


def _arms(moment: Moment) -> list[str]:
    """A bandit's arms, which has no floor plan."""
    lines = ["arm   pulls   mean paid   attention"]
    for arm, (pulls, mean, mass) in enumerate(moment.arms.tolist()):
        lines.append(f"{arm:>3} {pulls:>7.0f} {f'{mean:.3f}' if pulls else '-':>11} {mass:>11.3f}")
    return lines


def _plan(moment: Moment, began: bool, episode: int | None) -> list[str]:
    mass = moment.mass(began=began, episode=episode)
    marks = {cell: letter for letter, cell in moment.landmarks.items()}
    x, y = moment.context.query_state.tolist()
    marks[int(x), int(y)] = "@"
    lines = ["     " + "".join(f"{column:>5}" for column in range(len(mass))) + "   y"]
    for row, values in enumerate(mass):
        cells = (f"{_hundredths(value) + marks.get((row, column), ''):>5}" for column, value in enumerate(values))
        lines.append(f"{row:>5}" + "".join(cells))
    ends, only = "began" if began else "ended", "" if episode is None else f", of episode {episode} alone"
    named = "".join(f", {letter} at {cell}" for letter, cell in moment.landmarks.items())
    return [*lines, f"% of the row's attention on transitions that {ends} in a cell (x down){only}; @ query{named}"]


def _told(moment: Moment) -> list[dict[str, float | None]]:
    rows = moment.arms.tolist()
    return [{"pulls": pulls, "paid": paid if pulls else None, "attention": mass} for pulls, paid, mass in rows]


def _hundredths(value: float) -> str:
    """ "13", "<1" for less than a half, "." where no transition counts."""
    if not np.isfinite(value):
        return "."
    return f"{100 * value:.0f}" if value >= 0.005 or value == 0 else "<1"


def _actions(moment: Moment) -> list[str]:
    chances = moment.chances
    if not chances.head.continuous:
        return [f"{name} {chance:.3f}" for name, chance in _chances(moment).items()]
    size = chances.head.size
    spread = [f" +- {sd:.3f}" for sd in chances.full[size:]] or [""] * size
    return [f"a{i} {mean:.3f}{sd}" for i, (mean, sd) in enumerate(zip(chances.full[:size], spread, strict=True))]


def _chances(moment: Moment) -> dict[str, float]:
    named = [to_ascii(DOES.get(sign, sign)) for sign in moment.context.arrows]
    chances = enumerate(moment.chances.full.tolist())
    return {named[i] if i < len(named) else f"a{i}": chance for i, chance in chances}


def map_document(moment: Moment, title: str, *, began: bool = False, episode: int | None = None) -> dict[str, Any]:
    """Everything of one moment as plain lists, dicts and numbers; NaN is null.

    `mass` is (S, S), x by y; `transitions` are those of the context, oldest first, with their weights.
    """
    context = moment.context
    mass = None
    if moment.size is not None:
        values = moment.mass(began=began, episode=episode)
        mass = [[float(v) if np.isfinite(v) else None for v in row] for row in values]
    return {
        "schema": SCHEMA,
        "about": title,
        "sample": moment.sample,
        "label": context.label,
        "layer": moment.layer,
        "head": moment.head,
        "moment": moment.number,
        "moments": moment.length,
        "recorded": moment.recorded,
        "cells_where": "began" if began else "ended",
        "episode": episode,
        "mass": mass,
        **({"arms": _told(moment)} if context.stateless else {}),
        "query": {
            "state": context.query_state.tolist(),
            "episode": int(context.episode[-1]),
            "step": int(context.step[-1]),
            "attention": moment.own,
        },
        "other_tokens": moment.other,
        "landmarks": {letter: list(cell) for letter, cell in moment.landmarks.items()},
        "action_head": asdict(moment.chances.head),
        "actions": moment.chances.full.tolist(),
        "returns": moment.returns.tolist(),
        "first_episode": moment.first_episode,
        "best_return": moment.best,
        "transitions": [
            {
                "state": context.states[i].tolist(),
                "action": context.actions[i].tolist(),
                "reward": float(context.rewards[i]),
                "next_state": context.next_states[i].tolist(),
                "episode": int(context.episode[i]),
                "step": int(context.step[i]),
                "attention": float(moment.weights[i]),
            }
            for i in range(context.n_context)
        ],
    }
