"""Which pass of a flow is on display: the prior's, or that of one of its steps."""

from __future__ import annotations

from dataclasses import replace

from ..records.errors import ConfigError
from .model import Model


def show_flow_step(model: Model, step: int | None) -> Model:
    """The model with the pass of a flow step on display; 0 and None are the prior pass.

    What is captured is then that pass, read where its velocity is, and the logits beside it are those of the
    distribution that the step ends in. What the model does, alone or knocked out, is the whole flow as ever.

    Raises:
        ConfigError: it has no flow, or fewer steps.
    """
    steps = model.network.flow_steps
    if step is None:
        return model
    if not steps:
        raise ConfigError(
            "--flow-step", expected="a model of the flow family", found=model.family, action="leave it out"
        )
    if not 0 <= step <= steps:
        raise ConfigError(
            "--flow-step", expected=f"0, the prior pass, to {steps}", found=str(step), action="choose one of these"
        )
    others = tuple(note for note in model.notes if note not in model.network.notes)
    model.network.show_step(step)
    return replace(model, notes=(*others, *model.network.notes))
