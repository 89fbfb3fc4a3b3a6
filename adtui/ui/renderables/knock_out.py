"""What a knock-out found, in words: the change, what chance does, and the action."""

from __future__ import annotations

import numpy as np

from ...records.insight import KnockOut
from ...records.plain import to_ascii
from ...records.sample import ARROWS
from .readout import action_arrow, weight


def knock_out_text(result: KnockOut, label: str, utf8: bool = True, arrows: str = ARROWS) -> str:
    """ "without ep3 t7: KL 0.031 nats, random others 0.002 (more than 31 of 32); action stays down".

    Of actions that are numbers the divergence that they have, and "a2 moves most, +0.42 → +0.11".

    Args:
        label: what was taken away.
        arrows: see `Sample.arrows`.
    """
    took = "muting" if result.muted else "without"
    parts = [f"{took} {label}: {to_ascii(result.head.measured(weight(result.kl)), unless=utf8)}"]
    controls = result.control_kl
    if controls.size:
        beaten = int(np.count_nonzero(controls < result.kl))
        others = "its layer's other heads" if result.muted else _others(result)
        parts.append(f"{others} {weight(float(controls.mean()))} on average (more than {beaten} of {controls.size})")
    else:
        parts.append("no control: too few others are left")
    if result.head.continuous:
        return "; ".join([*parts, _moved(result, utf8)])
    before, after = (action_arrow(action, utf8, arrows) for action in (result.action_before, result.action_after))
    arrow = to_ascii("→", unless=utf8)
    parts.append(f"action {before} {arrow} {after}" if result.changed else f"action stays {before}")
    return "; ".join(parts)


def _moved(result: KnockOut, utf8: bool) -> str:
    """ "a2 moves most, +0.42 → +0.11": of the numbers of an action, the one whose mean goes farthest."""
    before, after = result.chances[:, : result.head.size]
    most = int(np.abs(after - before).argmax())
    return to_ascii(f"a{most} moves most, {before[most]:+.2f} → {after[most]:+.2f}", unless=utf8)


def _others(result: KnockOut) -> str:
    count = len(result.transitions)
    return "a random transition" if count == 1 else f"{count} random transitions"
