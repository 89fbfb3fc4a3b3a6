"""What is taken where the user says nothing, wherever it is asked: the app, the commands and the engine agree.

Imports nothing: parsers and the app's first paint read it. Settings of training and collection stand in their own
classes, which describe each of them.
"""

from __future__ import annotations

from typing import Final

DEVICE = "auto"
TRUSTED = "adtui.yaml"
"""The file beside a run that may name an adapter."""
SEED = 0
SAMPLES = 144
"""Contexts that insights are stated and tested over; fewer where a model is so large that this would take long, see
`opening.usual_count`. Claims of fewer do not come back with other contexts: docs/validity.md."""
FIRST = 18
"""Contexts that figures and files are of, about six for each phase of learning. The app opens with them where they are
stored, and with those of the first rollout where they are not."""
WINDOWS = 5
"""Contexts with --window: one history, shifted by a step, says little more with more of them."""
THEMES = ("dark", "light", "safe")
"""The app's themes; `ui/themes.py` says how they look."""
GRAPHICS = ("auto", "kitty", "sixel", "cells")
"""How the heatmap may be shown; `ui/terminal/graphics_probe.py` finds out what the terminal can."""
FIGURES = "figs/attention"

STREAMS = 4
"""Histories per held-out goal when a model is evaluated."""
GOALS = 32
"""Held-out goals that returns are measured on, at most: the first of the split. Dark Room has 8; Key-to-Door 656, on
which one evaluation would take a day."""
CONTROL_SHARE = 4
"""A control takes one for so many of these."""
TRIAL_STREAMS = 16
"""The same in trials: 128 on eight held-out goals; half as many leave differences of 1 % in doubt."""
EPISODES = 40
"""Episodes of each, in evaluation and in trials."""
STRATEGIES = ("newest+rewarded", "recent", "uniform", "random")
BUDGETS = (10, 20, 40)
POSITIONS: Final = "reindexed"
MEMORY: Final = "online"
LEVEL: Final = "transition"
MARGIN = 0.05
"""Share of (full context − random actions) whose loss counts as none."""
SWEEP_FIGURES = "figs/compression"
CIRCUITS = "figs/circuit"
"""Where `adtui circuit` writes its report, and where the app looks for it."""
CIRCUIT_SHARE = 0.95
"""Share of the full model's return that a circuit has to keep."""
CIRCUIT_CONTEXTS = 48
"""Contexts that sets of heads are compared on, and as many rooms that means are taken from."""
CIRCUIT_EXAMPLES = 4
"""Contexts of each of these rooms that means are taken from."""
CIRCUIT_CHOICE = 4
"""A goal that a size is chosen on gets one history for so many of a held-out goal; there are more of them."""
PROBE_HISTORIES = 162
"""Histories that probes take contexts from: two on each of Dark Room's 81 tasks."""
TIMELINE_CONTEXTS = 36
"""Contexts that every checkpoint of a timeline is measured on: twelve of each phase of learning."""
TIMELINE_RETURNS = 32
"""Checkpoints of a timeline at which the return is measured, at most: it costs several times what all heads cost."""
TIMELINE_HISTORIES = 8
"""Histories there, as many tasks as there are at most."""
TIMELINE_LAST = 3
"""Episodes of each whose mean is the return: the last ones."""
