"""One cell, run by whoever has time: the worker opens the checkpoint by itself and returns raw numbers."""

from __future__ import annotations

import contextlib
import json
import math
import multiprocessing
import signal
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from pydantic import TypeAdapter

from ...files.checkpoint import Checkpoint, load_checkpoint
from ...models.loading import load_model
from ...models.model import Model
from ...records.arrays import Doubles, Ints
from ...records.trial_cost import Cost
from ...worlds.world import IntArray, Rewards
from ..caching import budgets_of, in_cache
from ..choice import Choice, parse
from ..remembered import remembering
from ..sharing import Duo
from .closed_loop import returns_and_actions
from .costs import cost
from .open_loop import Reference, compare, reference_of
from .plan import FULL, ModelSource, Plan
from .retrieval import on_training, retrieval_heads

_COST = TypeAdapter(Cost)


@dataclass(frozen=True)
class Outcome:
    """Raw numbers of one cell.

    Attributes:
        returns: (H, E).
        actions: (H, T) for the full context, which later cells are compared on; else None.
        compared: lists over C contexts, `history`, `rewarded` (transitions in the full context), `kept`, `agree`
            (0 or 1) and `kl`; None for a control that has no open loop.
        cost: see `trial_cost.Cost`; None for that control.
        heads: (L, H) of a cache, entries of each head, mean over contexts; else None.
    """

    returns: Rewards
    actions: IntArray | None = None
    compared: dict[str, list[float]] | None = None
    cost: Cost | None = None
    heads: Doubles | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values that `from_json` reads back to the last bit."""
        digits: list[Any] | None = None
        if self.actions is not None:  # a digit each; the numbers themselves where there are more than ten actions
            digits = [row if max(row) > 9 else "".join(map(str, row)) for row in self.actions.tolist()]
        return {
            "returns": self.returns.tolist(),
            **({} if np.issubdtype(self.returns.dtype, np.integer) else {"graded": True}),
            "actions": digits,
            "compared": self.compared,
            "cost": None if self.cost is None else asdict(self.cost),
            **({} if self.heads is None else {"heads": self.heads.tolist()}),
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Outcome:
        """What `to_json` wrote."""
        digits = values["actions"]
        actions = None if digits is None else np.array([[int(one) for one in row] for row in digits], dtype=np.int64)
        return cls(
            np.array(values["returns"], dtype=np.float64 if values.get("graded") else np.int64),
            actions,
            values["compared"],
            _cost(values),
            _heads(values),
        )


def _heads(values: dict[str, Any]) -> Doubles | None:
    """(L, H) of a cell of a cache.

    Raises:
        ValueError, TypeError: it is something else.
    """
    if "heads" not in values:
        return None
    found = np.array(values["heads"], dtype=np.float64)
    if found.ndim != 2:
        raise ValueError("heads")
    return found


def _cost(values: dict[str, Any]) -> Cost | None:
    """Of a cell as it is written now, or as before 0.3: the ratio's median alone, and the accelerator's memory.

    Raises:
        ValueError: it is neither.
    """
    if "cost" in values:
        return None if values["cost"] is None else _COST.validate_json(json.dumps(values["cost"]), strict=True)
    ratio = values["step_ratio"]
    if ratio is None:
        return None
    former = {"ratio": {"median": ratio, "low": math.nan, "high": math.nan}, "peak_memory": values["peak_memory"]}
    return _COST.validate_json(json.dumps(former), strict=True)


def run_cell(
    opening: ModelSource,
    plan: Plan,
    label: str,
    full_actions: IntArray | None,
    progress: Callable[[int, int], None] | None = None,
) -> Outcome:
    """Run one cell; its numbers depend on the arguments alone, never on the order or on who runs it.

    Args:
        label: of a choice; `plan.WIPED` for the control.
        full_actions: (H, T) of the full-context cell; None for that cell itself and for the control.
        progress: see `closed_loop.returns_and_actions`.
    """
    leave_interrupts_to_the_parent()
    torch.set_num_threads(1)  # the workers are the parallelism, and one thread sums in one order
    model, _ = opened(opening)
    choice: Choice | None = parse(label) if full_actions is not None or label == FULL else None
    lively = remembering(model)
    budgets = None if choice is None else _budgets(opening, plan, choice, lively)
    returns, actions = returns_and_actions(lively, plan, choice, progress, budgets)
    if choice is None:
        return Outcome(returns)
    acted = actions if full_actions is None else full_actions
    reference = _reference(opening, plan, acted.shape, np.ascontiguousarray(acted, np.int64).tobytes())
    found = compare(lively, reference, choice, plan.positions, plan.seed, budgets)
    del lively  # what it remembers is no part of what acting costs
    compared = {
        "history": reference.history.tolist(),
        "rewarded": (reference.contexts.rewards > 0).sum(axis=1).tolist(),
        "kept": found.each.tolist(),
        "agree": found.agree.astype(int).tolist(),
        "kl": found.divergence.tolist(),
    }
    spent = cost(model, reference.contexts, choice, plan.positions, plan.memory, budgets, plan.level)
    return Outcome(returns, actions if full_actions is None else None, compared, spent, found.heads)


def _budgets(opening: ModelSource, plan: Plan, choice: Choice, model: Model) -> Ints | None:
    """(L, H) of a cache's heads; None where transitions are dropped, or nothing."""
    if not in_cache(choice, plan.level):
        return None
    retrieval = None
    if isinstance(choice.shared, Duo):
        retrieval = retrieval_heads(model, plan, choice, _on_training(opening, plan))
    return budgets_of(model, choice, plan.n_context, retrieval)


@lru_cache(maxsize=1)
def _on_training(opening: ModelSource, plan: Plan) -> Reference:
    """The same once per worker, for all cells that have retrieval heads."""
    return on_training(opened(opening)[0], plan)


@lru_cache(maxsize=1)
def _reference(opening: ModelSource, plan: Plan, shape: tuple[int, ...], actions: bytes) -> Reference:
    """The same once per worker: all cells of a sweep are compared with the same contexts."""
    return reference_of(opened(opening)[0], plan, np.frombuffer(actions, np.int64).reshape(shape))


@lru_cache(maxsize=1)
def opened(opening: ModelSource) -> tuple[Model, Checkpoint]:
    """The model and its checkpoint, once per worker."""
    checkpoint = load_checkpoint(opening.checkpoint)
    model = load_model(
        checkpoint, device=opening.device, heads=opening.heads, causal=opening.causal, adapter=opening.adapter
    )
    return model, checkpoint


def leave_interrupts_to_the_parent() -> None:
    """Ctrl+C reaches every process of the terminal's group; in a worker it would only print a traceback."""
    if multiprocessing.parent_process() is not None and threading.current_thread() is threading.main_thread():
        with contextlib.suppress(ValueError):
            signal.signal(signal.SIGINT, signal.SIG_IGN)
